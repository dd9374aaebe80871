"""The API: what the page does, any program can do; no request makes it fail."""

from __future__ import annotations

import contextlib
import email.message
import email.utils
import smtplib
import threading
import time
import urllib.error
import urllib.request
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.specs.openapi.checks import response_schema_conformance

from host.web.conftest import Site, mail
from umail_host.fake_smtp import FakeServer, ManualClock
from umail_host.fake_smtp.pytest_plugin import PASSWORD, USER
from umail_host.web import spam
from umail_host.web.operations import openapi
from umail_host.web.server import WebServer

API = "/api/v1"
# They wait, send mails or never end: tested by themselves.
SLOW = {("GET", API + "/wait"), ("POST", API + "/sessions"), ("GET", API + "/events")}


def test_list_get_search_and_delete(site):
    one, two = site.send(mail("warm"), mail("cold", "icy"))
    status, found = site.ask(f"{API}/mails?limit=1")
    assert (status, found["total"], [row["id"] for row in found["mails"]]) == (200, 2, [two])
    assert [row["id"] for row in site.ask(f"{API}/mails?offset=1")[1]["mails"]] == [one]
    assert [row["id"] for row in site.ask(f"{API}/mails?q=icy")[1]["mails"]] == [two]
    whole = site.ask(f"{API}/mails/{two}")[1]
    assert (whole["subject"], whole["text"].strip(), whole["sender"], whole["user"]) == ("cold", "icy", USER, USER)
    assert site.ask(f"{API}/mails/{two}", "DELETE") == (200, {"deleted": 1})
    assert site.ask(f"{API}/mails/{two}")[0] == site.ask(f"{API}/mails/{two}", "DELETE")[0] == 404
    assert site.ask(f"{API}/mails", "DELETE") == (200, {"deleted": 1})
    assert not list((site.server.inbox.path / "new").iterdir())


def test_every_answer_is_as_openapi_describes_it(site):
    (key,) = site.send(mail())
    number = site.ask(f"{API}/sessions", "POST", {"client": "smtplib"})[1]["session"]
    for path in ("/mails", "/wait?timeout=5", "/server", "/sessions", "/faults", "/limits", "/boards"):
        assert site.described(path) is not None
    assert site.described(f"/mails/{key}", "/mails/{id}")["threaded"] == 1
    assert site.described(f"/mails/{key}/standing", "/mails/{id}/standing")["asked_dns"] is False
    session = site.described(f"/sessions/{number}", "/sessions/{number}")
    assert session["mails"][0]["subject"] == "Freezer 3: -9 °C"
    for operation in site.web.api.operations:
        assert bool(operation.gives) == (operation.media == "application/json"), operation.path


def test_a_parameter_that_is_mistyped_deletes_nothing(site):
    site.send(mail("one"))
    for method in ("DELETE", "GET"):
        status, told = site.ask(f"{API}/mails?subjekt=two", method)
        assert (status, told["error"].partition(";")[0]) == (422, "no parameter 'subjekt'")
    assert site.ask(f"{API}/mails/{'x' * 20}?q=1", "DELETE")[0] == 422
    assert site.ask(f"{API}/mails")[1]["total"] == 1


def test_what_takes_long_does_not_keep_others_waiting(site, monkeypatch):
    go_on = threading.Event()
    monkeypatch.setattr(spam, "spamassassin", lambda content: go_on.wait(20) and None)
    keys = site.send(*[mail(f"mail {number}") for number in range(50)])
    asking = [threading.Thread(target=site.ask, args=(f"{API}/mails/{key}/standing",)) for key in keys]
    for one in asking:
        one.start()
    assert site.ask(f"{API}/mails?limit=1")[1]["total"] == 50
    assert any(one.is_alive() for one in asking)
    go_on.set()
    for one in asking:
        one.join(20)


def test_wait_returns_when_the_mail_comes_and_says_so_if_none_does(site):
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(site.ask(f"{API}/wait?subject=second&timeout=20")))
    waiting.start()
    site.send(mail("first"))
    assert not answers
    site.send(mail("second"))
    waiting.join(10)
    assert answers[0][1]["mails"][0]["subject"] == "second"
    status, told = site.ask(f"{API}/wait?q=never&timeout=0")
    assert (status, told) == (408, {"error": "0 of 1 mails came within 0 s"})


def test_readyz_tells_whether_connections_are_taken(site):
    assert site.ask("/readyz?wait=5") == (200, {"ready": True})
    site.ask(f"{API}/faults", "PUT", {"plan": "connect-refused"})
    assert site.ask("/readyz") == (503, {"ready": False})
    site.ask(f"{API}/faults", "PUT", {"plan": ""})
    for wait in ("wait=5", "wait"):
        assert site.ask(f"/readyz?{wait}")[0] == 200


def test_scripted_faults_strike_by_number_and_limits_are_true_limits(site):
    assert site.ask(f"{API}/faults", "PUT", {"plan": "rcpt-550@2"})[1]["plan"] == "rcpt-550@2"
    for expected in (200, 200):
        assert site.ask(f"{API}/sessions", "POST", {"client": "smtplib"})[0] == expected
    first, second = (site.ask(f"{API}/sessions/{number}")[1] for number in (1, 2))
    assert (first["messages"], first["faults"]) == (1, [])
    assert (second["messages"], second["faults"]) == (0, ["rcpt-550"])
    assert [one["lines"][0][:15] for one in second["flights"] if one["fault"]] == ["fault rcpt-550:"]
    site.ask(f"{API}/faults", "PUT", {"plan": ""})
    assert site.ask(f"{API}/limits", "PUT", {"per_hour": 1})[1]["per_hour"] == 1
    number = site.ask(f"{API}/sessions", "POST", {"client": "smtplib"})[1]["session"]
    told = site.ask(f"{API}/sessions/{number}")[1]
    assert told["messages"] == 0
    assert any("Excessive message rate" in line for one in told["flights"] for line in one["lines"])


def test_the_flights_of_a_session_show_its_round_trips_and_no_secret(site):
    trips = {}
    for client in ("umail", "smtplib"):
        number = site.ask(f"{API}/sessions", "POST", {"client": client})[1]["session"]
        session = site.ask(f"{API}/sessions/{number}")[1]
        shown = [one["trip"] for one in session["flights"] if one["trip"]]
        trips[client] = session["round_trips"]
        assert shown[: trips[client]] == list(range(1, trips[client] + 1))
        assert PASSWORD not in str(session)
        assert session["tls"].startswith("TLSv1")
        told = [line for one in session["flights"] if one["from"] == "!" for line in one["lines"]]
        assert told[0] == "TCP: 127.0.0.1"
        assert told[1] == f"TLS: {session['tls']} {session['cipher']}"
        assert told[2].startswith("delivered ")
        times = [one["at"] for one in session["flights"]]
        assert times == sorted(times)
        for one in session["flights"]:
            assert len(one["times"]) == len(one["lines"])
            assert one["times"] == sorted(one["times"])
            assert one["at"] == one["times"][0] <= one["times"][-1] <= one["until"]
        assert times[-1] > times[0] == 0
        assert session["certificate"]["names"] == ["localhost", "127.0.0.1"]
        assert [row["subject"] for row in session["mails"]] == ["Freezer 3: -9 °C"]
    assert trips == {"umail": 5, "smtplib": 9}


def test_the_session_that_is_compared_is_never_another_clients(site):
    ended = threading.Event()

    def others() -> None:
        while not ended.is_set():
            with smtplib.SMTP("localhost", site.server.port, local_hostname="other.example", timeout=20) as client:
                client.noop()

    crowd = [threading.Thread(target=others) for _ in range(3)]
    for one in crowd:
        one.start()
    try:
        for client in ("umail", "smtplib") * 2:
            number = site.ask(f"{API}/sessions", "POST", {"client": client})[1]["session"]
            assert site.ask(f"{API}/sessions/{number}")[1]["ehlo"].startswith(f"{client}-")
    finally:
        ended.set()
        for one in crowd:
            one.join()


def test_a_client_that_is_turned_away_before_it_spoke_still_has_its_session(site):
    site.ask(f"{API}/faults", "PUT", {"plan": "banner-554"})
    number = site.ask(f"{API}/sessions", "POST", {"client": "smtplib"})[1]["session"]
    assert site.ask(f"{API}/sessions/{number}")[1]["faults"] == ["banner-554"]
    site.ask(f"{API}/faults", "PUT", {"plan": "connect-refused"})
    status, told = site.ask(f"{API}/sessions", "POST", {"client": "umail"})
    assert status == 409
    assert told["error"].startswith("umail has no dialogue to show: ")


WARNED = {
    "no-date no-from no-message-id no-subject": "X: 1\n\nx\n",
    "raw-8bit": "{whole}X: grün\n\nx\n",
    "from-not-login not-aligned": "{whole}\n\nx\n".replace("{whole}", "{foreign}"),
    "date-off": "{whole}\n\nx\n".replace("{whole}", "{old}"),
    "twice-subject": "{whole}Subject: again\n\nx\n",
    "long-line": "{whole}\n" + "x" * 999 + "\n",
    "html-only remote": "{whole}MIME-Version: 1.0\nContent-Type: text/html\n\n<img src='http://evil.example/x'>\n",
    "": "{whole}\nx\n",
}


def test_what_a_provider_would_object_to_is_said(site):
    date, old = email.utils.formatdate(), email.utils.formatdate(1e9)
    rest = "Message-ID: <1@contoso.com>\nSubject: s\n"
    words = {
        "whole": f"From: {USER}\nDate: {date}\n{rest}",
        "foreign": f"From: someone@else.example\nDate: {date}\n{rest}",
        "old": f"From: {USER}\nDate: {old}\n{rest}",
    }
    keys = site.send(*[text.format(**words).encode() for text in WARNED.values()])
    for expected, key in zip(WARNED, keys, strict=True):
        found = site.ask(f"{API}/mails/{key}")[1]["warnings"]
        assert [one["key"] for one in found] == expected.split()
        assert all(one["text"].endswith(".") for one in found)


def test_a_rate_limit_is_a_true_one_late_beyond_the_minute_and_refused_beyond_the_day(site):
    site.ask(f"{API}/limits", "PUT", {"per_minute": 2, "recipients_a_day": 3})
    site.server.policy.clock = clock = ManualClock(time.time())
    site.server.clock = clock
    site.send(mail("one"), mail("two"))
    began, before = threading.Thread(target=lambda: site.send(mail("three"))), clock.time()
    began.start()
    while began.is_alive() and clock.time() < before + 100:
        assert len(site.server.inbox) == (2 if clock.time() < before + 55 else len(site.server.inbox))
        clock.move(5)
        time.sleep(0.05)
    began.join(20)
    assert len(site.server.inbox) == 3
    with pytest.raises(smtplib.SMTPDataError, match="Quota"):
        site.send(mail("four"))


def test_attachments_source_and_mbox_are_the_bytes_that_came(site):
    octets = bytes(range(256)) * 40
    message = email.message.EmailMessage()
    message["From"], message["Subject"] = USER, "file"
    message.set_content("From the top\n")
    message.add_attachment(octets, maintype="application", subtype="x", filename="../../etc/ü\nlog.csv")
    (key,) = site.send(message.as_bytes())
    (part,) = [one for one in site.ask(f"{API}/mails/{key}")[1]["parts"] if one["attachment"]]
    assert part["name"] == "ülog.csv" or part["name"] == "ü log.csv"
    assert site.ask(f"{API}/mails/{key}/parts/{part['index']}")[1] == octets
    assert site.ask(f"{API}/mails/{key}/parts/99")[0] == site.ask(f"{API}/mails/{key}/parts/x")[0] == 404
    assert site.ask(f"{API}/mails/{key}/source")[1] == site.server.inbox.deliveries[0].content
    mbox = site.ask(f"{API}/export")[1]
    assert mbox.startswith(b"From esp32@contoso.com ")
    assert b"\n>From the top\n" in mbox


def test_the_page_asks_nothing_of_the_memory_that_grows_with_the_mails(tmp_path):
    server = FakeServer("generic", mailboxes={USER: PASSWORD}, maildir=tmp_path / "Maildir", keep=3, capture=False)
    with WebServer(server) as web, server:
        site = Site(server, web)
        for _ in range(4):
            site.send(*[mail()] * 3)
        assert (len(server.inbox), len(server.inbox.deliveries), server.connections) == (12, 3, 4)
        assert len(server.sessions) <= 6
        assert site.ask(f"{API}/mails")[1]["total"] == 12


@pytest.mark.parametrize(
    "body", ["[]", "{", '{"plan": 5}', '{"plan": ""', '{"nothing": 1}', "{}", '{"plan": "x", "seed": true}']
)
def test_a_body_that_is_wrong_is_answered_in_a_sentence(site, body):
    request = urllib.request.Request(f"{site.url}{API}/faults", data=body.encode(), method="PUT")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=10)
    assert caught.value.code == 422
    assert "error" in caught.value.read().decode()


def fuzz(site: Site, operation: Any, mode: schemathesis.GenerationMode, asked: set[str]) -> None:
    @settings(max_examples=6, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: schemathesis.Case) -> None:
        answer = case.call(base_url=site.url, timeout=20)
        assert answer.status_code < 500, (operation.label, answer.text)
        described = {*operation.definition.raw["responses"], "405"}
        assert str(answer.status_code) in described, (operation.label, answer.request.url, answer.text)
        if answer.status_code != 405:
            case.validate_response(answer, checks=[response_schema_conformance])
        asked.add(operation.label)

    ask()


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
def test_an_openapi_fuzzer_gets_no_500_and_no_answer_that_is_not_described(site, mode):
    for number in range(3):
        site.send(mail(f"mail {number}"))
    schema = schemathesis.openapi.from_dict(openapi(site.web.api.operations))
    asked = set()
    for found in schema.get_all_operations():
        operation = found.ok()
        if (operation.method.upper(), operation.path) in SLOW:
            continue

        with contextlib.suppress(Unsatisfiable):  # what has no parameter can't be asked wrongly
            fuzz(site, operation, mode, asked)
    assert len(asked) >= (18 if mode is schemathesis.GenerationMode.POSITIVE else 10)
    assert site.ask("/readyz")[0] in (200, 503)

"""The fixtures mail_api and playground, as someone else's tests use them: each button of the page is a method."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

PLUGIN = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest", "--strict-markers")
MAILS = """
import smtplib
import pytest
from umail_host.web.client import Refused

def send(server, subject="warm"):
    with smtplib.SMTP("localhost", server.port, timeout=5) as client:
        client.starttls(context=server.ssl_context)
        client.login("esp32@contoso.com", "fake-Passw0rd")
        client.sendmail("esp32@contoso.com", ["ops@contoso.com"], f"Subject: {subject}\\r\\n\\r\\nwarm\\r\\n".encode())

def test_what_arrives_is_found_read_and_deleted(smtp_server, mail_api):
    send(smtp_server)
    send(smtp_server, "cold")
    found = mail_api.wait(subject="cold", timeout=20)[0]
    assert mail_api.mail(found["id"])["text"].strip() == "warm"
    assert mail_api.source(found["id"]).startswith(b"Subject: cold\\r\\n")
    assert mail_api.part(found["id"], 0) == b"warm\\r\\n"
    assert len(mail_api.wait(count=2, timeout=20)) == 2
    assert mail_api.export().count(b"From esp32@contoso.com ") == 2
    assert mail_api.delete(found["id"]) == 1
    assert [row["subject"] for row in mail_api.mails(q="warm")] == ["warm"]
    assert mail_api.delete() == 1
    with pytest.raises(Refused, match="no mail") as refused:
        mail_api.mail(found["id"])
    assert refused.value.status == 404

def test_faults_limits_and_dialogues(smtp_server, mail_api):
    mail_api.faults("content-451@1")
    with pytest.raises(smtplib.SMTPDataError):
        send(smtp_server)
    assert mail_api.session(1)["faults"] == ["content-451"]
    mail_api.faults("")
    assert mail_api.limits(per_hour=1)["per_hour"] == 1
    send(smtp_server)
    with pytest.raises(smtplib.SMTPDataError, match="rate"):
        send(smtp_server)
    mail_api.limits(per_hour=0)
    assert mail_api.compare("umail")["round_trips"] < mail_api.compare("smtplib")["round_trips"]
    assert len(mail_api.sessions()) == 5
"""
BOARDS = """
import pytest

def test_an_alert_survives_a_lost_wifi_a_cut_of_the_power_and_a_server_that_refuses(playground):
    board, api = playground.board, playground.api
    playground.wait_for("5 °C")
    api.faults("content-451@1")
    board.wifi_drop()
    board.sensor(11)
    playground.wait_for("mail waits")
    assert [", limit 8 °C" in mail["subject"] for mail in board.outbox] == [True]
    board.power_off()
    assert not board.state["powered"]
    board.wifi_up()
    board.power_on()
    assert "Temperature 11.0 °C" in api.wait(subject="limit 8 °C (freezer)", timeout=60)[0]["subject"]

@pytest.mark.playground(2, limit=20.0, name="cellar")
def test_every_button(playground):
    board = playground.boards["cellar"]
    assert sorted(playground.boards) == ["cellar", "cellar-2"]
    assert board.state["limit"] == 20.0
    playground.wait_for("5 °C")
    for do, key, expected in (
        (board.wifi_refuse, "wifi", "refusing"), (board.wifi_drop, "wifi", "gone"),
        (lambda: board.ntp(False), "ntp", False), (lambda: board.ntp(True), "ntp", True),
        (lambda: board.network(500), "latency", 500), (lambda: board.network(0), "latency", 0),
        (board.unplug, "sensor", {"celsius": 5.0, "gone": True}),
        (board.plug, "sensor", {"celsius": 5.0, "gone": False}),
        (lambda: board.warm(2), "sensor", {"celsius": 7.0, "gone": False}),
    ):
        do()
        assert board.state[key] == expected
    before = board.state["clock"]
    board.move_clock(86400)
    assert board.state["clock"] - before > 86000
    board.reset()
    playground.wait_for("alertnode")
    board.fill_flash()
    board.free_flash()
    assert playground.boards["cellar-2"].state["powered"]
"""


def test_mails_are_tested_by_the_fixture_mail_api(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(MAILS)
    result = pytester.runpytest_subprocess(*PLUGIN)
    result.assert_outcomes(passed=2)


@pytest.mark.long
def test_boards_in_trouble_are_tested_by_the_fixture_playground(pytester: pytest.Pytester, micropython: str) -> None:
    pytester.makepyfile(BOARDS)
    result = pytester.runpytest_subprocess(*PLUGIN)
    result.assert_outcomes(passed=2)
    assert "playground(boards=1" in pytester.runpytest_subprocess("--markers").stdout.str()

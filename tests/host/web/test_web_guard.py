"""Who may ask: no foreign page, no name that DNS points here, and from elsewhere nobody without the token."""

from __future__ import annotations

import http.client
import json
import socket
import time

import pytest

from umail_host.fake_smtp import FakeServer
from umail_host.web.server import WebServer


def ask(web: WebServer, path: str, method: str = "GET", body: bytes = b"", **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=10)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.putrequest(method, path, skip_host="Host" in names)
    for name, value in {**names, "Content-Length": str(len(body))}.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    answer = connection.getresponse()
    answer.text = answer.read()  # type: ignore[attr-defined]
    connection.close()
    return answer


OWN = socket.gethostname().partition(".")[0].lower()
OPENER = "Cross-Origin-Opener-Policy"
PLAN = b'{"plan": "mail-451"}'


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://localhost:{port}"}, 403),
        ({"Origin": "http://localhost:1"}, 403),
        ({"Origin": "http://localhost:{port}", "Host": "localhost:{port}"}, 200),
        ({"Host": "evil.example:{port}"}, 421),
        ({"Host": "localhost.evil.example"}, 421),
        ({"Host": ""}, 421),
        ({"Host": "[::1]:{port}"}, 200),
        ({"Host": "{own}.local:{port}"}, 421),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
        ({"Sec_Fetch_Site": "same-origin"}, 200),
    ],
)
def test_a_change_from_another_origin_or_by_another_name_is_refused(site, headers, status):
    filled = {name: value.format(port=site.web.port, own=OWN) for name, value in headers.items()}
    assert ask(site.web, "/api/v1/faults", "PUT", PLAN, **filled).status == status
    assert bool(site.server.plan.faults) == (status == 200)


def test_another_site_may_not_read_either_but_may_link_to_the_page(site):
    cross = {"Sec_Fetch_Site": "cross-site"}
    assert ask(site.web, "/api/v1/mails", **cross).status == 403
    assert ask(site.web, "/api/v1/mails", Sec_Fetch_Mode="navigate", **cross).status == 403
    assert ask(site.web, "/", Sec_Fetch_Mode="navigate", **cross).status == 200


def test_every_answer_has_a_strict_policy_and_is_not_sniffed(site):
    for path in ("/", "/static/main.js", "/api/v1/mails", "/nothing", "/readyz"):
        answer = ask(site.web, path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, path
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_a_page_that_another_site_opened_is_parted_from_it(site, watched):
    assert ask(site.web, "/", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate").headers[OPENER] == "same-origin"
    assert ask(site.web, "/").headers[OPENER] == "same-origin"
    # It would cost a tenth of a second to part a page from nobody.
    assert OPENER not in ask(site.web, "/", Sec_Fetch_Site="none", Sec_Fetch_Mode="navigate").headers
    watched.page.route("http://evil.example/", lambda route: route.fulfill(body="<p>x", content_type="text/html"))
    watched.page.goto("http://evil.example/")
    with watched.page.context.expect_page() as opening:
        watched.page.evaluate("url => { window.opened = window.open(url); }", site.url)
    opening.value.wait_for_selector(".live.on")
    assert opening.value.evaluate("window.opener") is None
    assert watched.page.evaluate("window.opened.closed")


def test_no_answer_waits_for_an_acknowledgement(site):
    connection = http.client.HTTPConnection("127.0.0.1", site.web.port, timeout=10)
    took = []
    for _ in range(20):
        began = time.monotonic()
        connection.request("GET", "/readyz")
        connection.getresponse().read()
        took.append(time.monotonic() - began)
    connection.close()
    # On a busy machine some take long for other reasons.
    assert sorted(took)[5] < 0.03, "Nagle's algorithm and a delayed acknowledgement are 40 ms"


def test_an_address_that_others_reach_needs_a_token():
    with pytest.raises(ValueError, match="token"):
        WebServer(FakeServer("generic"), host="0.0.0.0")


def test_the_token_becomes_a_cookie_that_no_script_reads_or_is_sent_as_bearer():
    server = FakeServer("generic")
    with WebServer(server, host="0.0.0.0", token="s3cret-token") as web, server:
        for path in ("/", "/api/v1/mails", "/static/main.js", "/readyz", "/?token=wrong"):
            answer = ask(web, path)
            assert answer.status == 401, path
            assert "s3cret" not in json.loads(answer.text)["error"]  # type: ignore[attr-defined]
        welcome = ask(web, "/?token=s3cret-token")
        assert (welcome.status, welcome.headers["Location"]) == (303, "/")
        cookie = welcome.headers["Set-Cookie"]
        assert {"HttpOnly", "SameSite=strict"} <= {part.strip() for part in cookie.split(";")}
        assert "s3cret" not in cookie
        assert ask(web, "/api/v1/mails", Cookie=cookie.partition(";")[0]).status == 200
        assert ask(web, "/api/v1/mails", Cookie=cookie.partition("=")[0] + "=guess").status == 401
        assert ask(web, "/api/v1/mails", Authorization="Bearer s3cret-token").status == 200
        assert ask(web, "/api/v1/mails", Authorization="Bearer s3cret").status == 401
        assert ask(web, "/api/v1/mails", Authorization="Bearer s3cret-token", Host="rebound.example").status == 421
        foreign = {"Authorization": "Bearer s3cret-token", "Origin": "http://evil.example"}
        assert ask(web, "/api/v1/mails", "DELETE", **foreign).status == 403
        assert ask(web, "/readyz", Authorization="Bearer s3cret-token", Host=f"{OWN}.local:{web.port}").status == 200
    with WebServer(FakeServer("generic"), host="0.0.0.0", token="s3cret-token") as again:
        given = cookie.partition("=")[2].partition(";")[0]
        assert ask(again, "/api/v1/mails", Cookie=f"umail-{again.port}={given}").status == 200, "a page that was open"
    with WebServer(FakeServer("generic"), host="0.0.0.0", token="another") as other:
        assert ask(other, "/api/v1/mails", Cookie=f"umail-{other.port}={given}").status == 401

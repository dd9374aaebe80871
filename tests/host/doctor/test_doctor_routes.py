"""`umail doctor` where there are two routes, tokens, or someone in between: a firewall, a sign-in page."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import trustme
from fake_dns import FakeDns

import umail_host.doctor.diagnosis
from host.doctor.test_doctor import LOGIN, NO_LOGIN, ZONE, Doctor, closed_port, stage, states
from host.firmware.firmware_rig import PASSWORD, ROOT, USER, WIFI_PASSWORD, rig, settings
from umail_host.device import maintenance
from umail_host.doctor import findings
from umail_host.doctor.check import Check
from umail_host.fake_oauth import FakeOAuth
from umail_host.fake_smtp import FakeServer
from umail_host.fake_smtp.server.tls import Authority

SECOND = {"route": "smtp", "host": "localhost", "username": USER, "trust": "/certs/second.der"}
SERVER = "smtp.office365.com"


@pytest.fixture
def doctor(tmp_path):
    zone = ZONE | {(SERVER, "A"): ["127.0.0.1"]}
    with FakeDns(zone) as server:
        yield Doctor(tmp_path, server)


@pytest.fixture
def node(flash, tmp_path):
    with rig(flash, tmp_path / "board", basic_auth=False) as made:
        yield made


def second(server: FakeServer) -> dict:
    return SECOND | {"port": server.port}


def red(report: dict) -> list[tuple[str, str, str]]:
    return [(row["where"], row["route"], row["name"]) for row in report["stages"] if row["state"] == "failed"]


def oauth(endpoint: FakeOAuth, flow: str) -> dict:
    service = endpoint.service
    found = {"flow": flow, "tenant": service.tenant, "client_id": service.client_id}
    return found | {"host": "localhost", "port": endpoint.port}


def test_both_routes_are_looked_at_and_a_mail_goes_by_each(doctor):
    with (
        FakeServer(mailboxes={USER: PASSWORD}) as server,
        FakeServer("generic", mailboxes={USER: "other"}) as other,
    ):
        (doctor.folder / "second.der").write_bytes(other.ca_der)
        line = ("--file", f"{doctor.folder}/second.der:/certs/second.der", "--send")
        code, report = doctor.from_host(server, *line, mail={"fallback": second(other)})
        # The second route's password is not known here: only its login is left out.
        assert code == 0, report
        assert states(report, route="fallback")["login"] == "skipped"
        env = LOGIN | {"UMAIL_SECRET_MAIL_PASSWORD_2": "other"}
        code, report = doctor.from_host(server, *line, mail={"fallback": second(other)}, env=env)
        assert code == 0, report
        assert set(states(report, route="fallback")) - set(states(report)) == {f"port {other.port}"}
        assert states(report, route="fallback")["send"] == "ok"
        assert "by the second route" in other.inbox.wait(1, 5)[0]["Subject"]
        assert "by the second route" not in server.inbox.wait(1, 5)[0]["Subject"]
        env["UMAIL_SECRET_MAIL_PASSWORD_2"] = "wrong"
        code, report = doctor.from_host(server, *line, mail={"fallback": second(other)}, env=env)
        assert (code, red(report)) == (4, [("host", "fallback", "login")])
        code, output = doctor.run("--config", doctor.folder / "config.json", *line[:2], *trusted(doctor), env=env)
    assert "by the second route, mail.fallback\n" in output


def trusted(doctor) -> tuple:
    return ("--file", f"{doctor.folder}/root.der:{ROOT}", "--ports", closed_port())


def test_the_board_looks_at_both_routes_and_fetches_its_token(doctor, node):
    with FakeOAuth(node.server) as endpoint, FakeServer("generic", mailboxes={USER: PASSWORD}) as other:
        config = settings(node.server)
        config["mail"] |= {"oauth": oauth(endpoint, "refresh_token"), "fallback": second(other)}
        secrets = {
            "refresh_token": endpoint.service.issue_refresh_token(),
            "mail_password_2": PASSWORD,
            "wifi_password": WIFI_PASSWORD,
        }
        node.start(config, {"/certs/second.der": other.ca_der}, secrets)
        node.wait_for("Wi-Fi lab is up")
        code, report = doctor.look("--port", node.board.port, "--ports", closed_port(), env=NO_LOGIN)
        assert code == 0, report
        first, fallback = states(report, "board"), states(report, "board", "fallback")
        assert (first["token"], first["login"], fallback["login"]) == ("ok", "ok", "ok")
        assert "token" not in fallback
        assert "localhost gives an access token" in stage(report, "token")["text"] + str(report["stages"])
        # A refresh token that is used here would be void on the board.
        assert states(report)["token"] == "skipped"
        assert {request.form["grant_type"] for request in endpoint.requests} == {"refresh_token"}
        assert len(endpoint.requests) == 1
        endpoint.service.revoke()
        code, report = doctor.look("--port", node.board.port, "--ports", closed_port(), "--no-host")
        assert red(report) == [("board", "", "token")]
        assert "AADSTS50173" in stage(report, "token")["text"]
        assert "sign the board in again" in stage(report, "token")["remedy"]
        # All that needs no login is told all the same.
        assert states(report, "board")["ehlo after TLS"] == "ok"


@pytest.mark.parametrize(
    ("fail", "number", "remedy"),
    [
        (0, "AADSTS7000215", "make a new one under Certificates & secrets"),
        (700016, "AADSTS700016", "check client id and tenant id"),
        (65001, "AADSTS65001", "grants consent"),
        (53003, "AADSTS53003", "Conditional Access"),
    ],
)
def test_a_token_that_is_refused_is_a_stage_with_its_remedy(doctor, fail, number, remedy):
    with FakeServer(basic_auth=False) as server, FakeOAuth(server) as endpoint:
        endpoint.service.fail = fail
        section = {"oauth": oauth(endpoint, "client_credentials")}
        env = NO_LOGIN | {"UMAIL_SECRET_OAUTH_SECRET": "wrong"}
        code, report = doctor.from_host(server, mail=section, env=env)
        found = stage(report, "token")
        assert (code, red(report)) == (4, [("host", "", "token")])
        assert number in found["text"]
        assert remedy in found["remedy"]
        assert states(report)["login"] == "skipped"
        if not fail:
            env["UMAIL_SECRET_OAUTH_SECRET"] = endpoint.service.client_secret
            code, report = doctor.from_host(server, mail=section, env=env)
            assert (code, states(report)["token"], states(report)["login"]) == (0, "ok", "ok")
            assert "Add-MailboxPermission" in report["powershell"]
            assert f"$App = '{endpoint.service.client_id}'" in report["powershell"]


class Gateway(Authority):
    """A company's firewall: certificates for any server's name, signed by its own root."""

    def __init__(self) -> None:
        super().__init__([SERVER, "localhost", "127.0.0.1"])
        self.root = trustme.CA(organization_name="Contoso Web Gateway")
        self.intermediate = self.root.create_child_ca()

    def server(self, name: str = "good"):
        return self.issue(self.names, issuer=self.root)


def test_a_firewall_that_opens_tls_is_known_by_who_signed_for_a_name_that_is_right(doctor):
    with FakeServer(mailboxes={USER: PASSWORD}, authority=Gateway()) as server:
        # The bundled roots and the real server's name: what a board behind such a firewall meets.
        code, report = without_trust(doctor, server, {"host": SERVER})
        found = stage(report, "certificate")
        assert (code, red(report)) == (4, [("host", "", "certificate")])
        assert "issued by Contoso Web Gateway" in found["text"]
        assert found["key"] == "interception"
        assert "have it exempt this host from inspection" in found["remedy"]
        # Nothing secret went through it.
        assert not [entry for entry in server.transcript if entry.data.startswith(b"AUTH")]


def without_trust(doctor, server, mail):
    """As a configuration without roots of the user's own."""
    config = settings(server)
    config["mail"] |= mail
    del config["mail"]["trust"]
    (doctor.folder / "config.json").write_text(json.dumps(config))
    return doctor.look("--config", doctor.folder / "config.json", "--ports", closed_port())


def test_one_that_opens_tls_at_once_or_towards_the_token_endpoint_is_known_too(doctor):
    with FakeServer("gmail-465", mailboxes={USER: PASSWORD}, authority=Gateway()) as server:
        code, report = without_trust(doctor, server, {"route": "smtp", "host": "localhost", "security": "tls"})
        assert (code, red(report), stage(report, "certificate")["key"]) == (
            *(4, [("host", "", "certificate")], "interception"),
        )
    with FakeServer(basic_auth=False) as server, FakeOAuth(server, authority=Gateway()) as endpoint:
        env = NO_LOGIN | {"UMAIL_SECRET_OAUTH_SECRET": endpoint.service.client_secret}
        code, report = doctor.from_host(server, mail={"oauth": oauth(endpoint, "client_credentials")}, env=env)
        assert red(report) == [("host", "", "token")]
        assert "issued by Contoso Web Gateway" in stage(report, "token")["text"]
        # There are roots of the user's own: it may be theirs that is missing.
        assert "have it exempt this host" in stage(report, "token")["remedy"]
        assert not endpoint.requests


@pytest.mark.parametrize(
    ("other", "trusted", "key"),
    [
        (None, False, "cert_unknown_root"),
        (Check("certificate", "ok", "verified for x, issued by DigiCert Inc, ends"), False, "interception_there"),
        (Check("certificate", "ok", "verified for x, issued by Contoso, ends"), True, "other_root"),
        (Check("certificate", "failed", "TLS, issued by Contoso, ends", key="interception"), False, "interception"),
    ],
)
def test_what_the_board_meets_is_compared_with_what_this_computer_does(other, trusted, key):
    text, found = findings.seen_elsewhere("TLS", "cert_unknown_root", other, trusted)
    assert found == key
    assert other is None or "issued by " in text
    assert found not in findings.REMEDIES or "exempt this host" in findings.REMEDIES[found]


def test_a_secret_that_ends_soon_is_yellow_and_one_that_has_ended_red(doctor):
    dates = [time.strftime("%Y-%m-%d", time.gmtime(time.time() + days * 86400)) for days in (100, 10, -10)]
    config = {"client secret": dates[0], "lease of the address": dates[1], "old secret": dates[2]}
    with FakeServer(mailboxes={USER: PASSWORD}) as server:
        code, report = doctor.from_host(server, top={"expires": config})
    found = {re.split(" end(?:s|ed) ", row["text"])[0]: row for row in report["stages"] if row["name"] == "expires"}
    assert code == 4
    assert [found[name]["state"] for name in config] == ["ok", "warning", "failed"]
    assert "renew it, then umail provision" in found["old secret"]["remedy"]


def test_a_port_whose_packets_a_firewall_drops_is_told_from_one_that_is_closed(doctor, monkeypatch):
    monkeypatch.setattr(umail_host.doctor.diagnosis, "_CONNECT", 1)
    with contextlib.ExitStack() as stack:
        elsewhere = stack.enter_context(FakeServer())
        # Nobody accepts, and the queue is full: what comes is dropped.
        full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        reference = ("--reference", f"127.0.0.1:{elsewhere.port}")
        port = full.getsockname()[1]
        code, report = doctor.from_host(elsewhere, *reference, mail={"port": port})
    found = stage(report, f"port {port}")
    assert (code, found["key"]) == (4, "port_blocked")
    assert "silent (no answer)" in found["text"]
    assert "have the firewall let this host and port through" in found["remedy"]


@contextlib.contextmanager
def answering(first: bytes, to_request: bytes = b"") -> Iterator[int]:
    """A port that says ``first``, and ``to_request`` to whatever it is told."""

    def serve(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.sendall(first)
            while data := connection.recv(1000):
                if to_request and data.startswith(b"GET "):
                    connection.sendall(to_request)

    def listen() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=listen, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


PAGE = b"HTTP/1.1 302 Found\r\nLocation: http://login.hotel.example/\r\nContent-Length: 0\r\n\r\n"


def test_the_board_behind_such_a_firewall_says_that_nobody_it_trusts_signed(doctor, node):
    config = settings(node.server)
    del config["mail"]["trust"]
    node.start(config, secrets={"mail_password": PASSWORD, "wifi_password": WIFI_PASSWORD})
    node.wait_for("Wi-Fi lab is up")
    code, report = doctor.look("--port", node.board.port, "--ports", closed_port())
    assert (code, red(report)) == (4, [("host", "", "certificate"), ("board", "", "certificate")])
    for row in report["stages"]:
        if row["name"] == "certificate":
            # MicroPython does not tell whose certificate it is; this computer does.
            assert (row["key"], "issued by" in row["text"]) == ("interception", True), row
    # The same code as on this computer tells a sign-in page from a port that speaks TLS at once.
    with answering(b"", PAGE) as port, FakeServer("gmail-465") as at_once:
        for number, key in ((port, "captive_portal"), (at_once.port, "tls_at_once")):
            config["mail"]["port"] = number
            with maintenance.held(node.board.port) as link:
                link.put("/config.json", json.dumps(config).encode())
            line = ("--port", node.board.port, "--ports", number, "--no-host", "--timeout", "1")
            _, report = doctor.look(*line)
            assert (red(report), stage(report, "banner")["key"]) == ([("board", "", "banner")], key)


@pytest.mark.parametrize(
    ("first", "to_request", "key", "remedy"),
    [
        (PAGE, b"", "captive_portal", "by its MAC address"),
        (b"<html><title>Please sign in</title>\r\n", b"", "captive_portal", "use a network without such a page"),
        (b"", PAGE, "captive_portal", "a web server answers in place of the mail server"),
        (b"* OK IMAP4rev1 ready\r\n", b"", "not_smtp", "check mail.host and mail.port"),
        (b"", b"", "silent_port", "without inspection"),
    ],
    ids=["page-at-once", "html", "page-when-asked", "imap", "silent"],
)
def test_what_is_not_a_mail_server_is_known_by_what_it_says(doctor, first, to_request, key, remedy):
    with FakeServer() as server, answering(first, to_request) as port:
        code, report = doctor.from_host(server, "--timeout", "1", mail={"port": port})
    assert (code, red(report)) == (4, [("host", "", "banner")])
    assert stage(report, "banner")["key"] == key
    assert remedy in stage(report, "banner")["remedy"]


def test_a_port_with_tls_from_the_first_octet_is_known(doctor):
    with FakeServer("gmail-465", mailboxes={USER: PASSWORD}) as server:
        code, report = doctor.from_host(server, "--timeout", "1")
    assert (code, stage(report, "banner")["key"]) == (4, "tls_at_once")
    assert 'set mail.security to "tls"' in stage(report, "banner")["remedy"]


def test_a_public_server_at_a_private_address_is_looked_at(doctor):
    with FakeServer(mailboxes={USER: PASSWORD}, hostnames=[SERVER]) as server:
        code, report = doctor.from_host(server, mail={"host": SERVER})
        assert (code, stage(report, "name")["state"]) == (0, "warning")
        assert "sign-in page or a security appliance" in stage(report, "name")["remedy"]
        # A server of one's own may be anywhere.
        assert stage(doctor.from_host(server)[1], "name")["state"] == "ok"

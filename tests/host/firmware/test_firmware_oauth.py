"""The alert node on a virtual board that fetches its own tokens, knows a second way, and warns of what ends."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from host.firmware.firmware_rig import PASSWORD, USER, WIFI_PASSWORD, Rig, rig, settings, stored
from umail_host.device.board import Board
from umail_host.fake_oauth import FakeOAuth
from umail_host.fake_smtp import FakeServer

DAY = 86400


@pytest.fixture
def node(flash: Path, tmp_path: Path) -> Iterator[Rig]:
    with rig(flash, tmp_path / "board", basic_auth=False) as made:
        yield made


@pytest.fixture
def endpoint(node: Rig) -> Iterator[FakeOAuth]:
    with FakeOAuth(node.server) as made:
        yield made
        assert made.service.client_secret not in node.board.console.text


def configured(node: Rig, endpoint: FakeOAuth, flow: str, **changes: Any) -> dict[str, Any]:
    config = settings(node.server, **changes)
    service = endpoint.service
    config["mail"]["oauth"] = {
        "flow": flow,
        "tenant": service.tenant,
        "client_id": service.client_id,
        "host": "localhost",
        "port": endpoint.port,
    }
    return config


def secret(node: Rig, name: str) -> str:
    with Board(node.board.port) as board:
        board.enter()
        return stored(board, name)


def test_a_refresh_token_rotates_outlives_a_reset_and_what_ends_is_told(node: Rig, endpoint: FakeOAuth) -> None:
    service = endpoint.service
    service.client_secret = "not-needed-by-a-public-application"
    first = service.issue_refresh_token()
    ends = time.strftime("%Y-%m-%d", time.gmtime(node.server.clock.time() + 10.5 * DAY))
    config = configured(node, endpoint, "refresh_token", expires={"client secret": ends}, heartbeat=0.00003)
    node.celsius = 35
    node.start(config, secrets={"refresh_token": first, "wifi_password": WIFI_PASSWORD})
    console = node.wait_for("alert mailed to ops@contoso.com in 5 round trips")
    assert "client secret expires in " in console
    node.subjects(2)
    beat = next(mail for mail in node.server.inbox.wait(2, 5) if str(mail["Subject"]).startswith("At work"))
    assert "client secret expires in " in beat.get_content()
    assert " days: renew it" in beat.get_content()
    node.board.console.skip()
    node.board.hard_reset()
    node.wait_for("mailed to ops@contoso.com")
    assert [request.status for request in endpoint.requests] == [200, 200]
    assert first not in node.board.console.text
    # Only the latest is valid, and it is on the board; what was provisioned is untouched.
    assert secret(node, "refresh_token") == first
    assert secret(node, "refresh_now").endswith(tuple(service._refresh))


def test_on_battery_a_token_outlives_the_sleep_in_the_secret_store_and_stands_nowhere_else(
    node: Rig, endpoint: FakeOAuth
) -> None:
    config = configured(node, endpoint, "client_credentials", battery={"budget": 30}, interval=600)
    node.celsius = 35
    secrets = {"oauth_secret": endpoint.service.client_secret, "wifi_password": WIFI_PASSWORD}
    node.start(config, secrets=secrets)
    node.wait_for("35 °C is above 30 °C: alert mailed")
    # It is valid for an hour, and the board sleeps for ten minutes.
    for celsius, told in ((20, "recovery mailed"), (36, "alert mailed")):
        node.celsius = celsius
        node.wait_for(told, 30)
    assert len(endpoint.requests) == 1
    node.wait_for("asleep for")
    tokens = list(node.server.tokens)
    assert len(tokens) == 1
    kept = secret(node, "access_now")
    assert tokens[0] in kept
    assert tokens[0][-40:] not in node.board.console.text
    with Board(node.board.port) as link:
        link.enter()
        assert tokens[0].encode() not in link.get("/log.txt")


def test_the_second_way_is_taken_where_the_application_is_refused(node: Rig, endpoint: FakeOAuth) -> None:
    with FakeServer(mailboxes={USER: PASSWORD}) as second:
        config = configured(node, endpoint, "client_credentials")
        config["mail"]["fallback"] = {
            "route": "smtp",
            "host": "localhost",
            "port": second.port,
            "username": USER,
            "trust": "/certs/second.der",
        }
        secrets = {"oauth_secret": "wrong-secret", "mail_password_2": PASSWORD, "wifi_password": WIFI_PASSWORD}
        node.celsius = 35
        node.start(config, {"/certs/second.der": second.ca_der}, secrets)
        node.wait_for("alert mailed to ops@contoso.com")
        assert len(second.inbox.wait(1, 5)) == 1
        assert [request.error for request in endpoint.requests] == ["invalid_client"]
        # The right secret, and the first way is taken. Another rule, as alerts of the same are held back.
        config["rules"] = [{"name": "air", "when": "above", "limit": 30}]
        node.start(config, secrets=secrets | {"oauth_secret": endpoint.service.client_secret})
        node.wait_for("air 35 °C is above 30 °C: alert mailed to ops@contoso.com in 5 round trips")
        node.subjects(1)
        assert PASSWORD not in node.board.console.text


def test_high_volume_email_takes_an_applications_token_and_reaches_the_tenant_only(flash: Path, tmp_path: Path) -> None:
    with (
        rig(flash, tmp_path / "board", profile="m365-hve", basic_auth=False) as node,
        FakeOAuth(node.server) as endpoint,
    ):
        config = configured(node, endpoint, "client_credentials")
        config["mail"] |= {"route": "m365.hve", "to": ["ops@contoso.com", "night@elsewhere.example"]}
        node.celsius = 35
        node.start(config, secrets={"oauth_secret": endpoint.service.client_secret, "wifi_password": WIFI_PASSWORD})
        console = node.wait_for("night@elsewhere.example was refused by the server")
        assert "alert mailed to ops@contoso.com in " in console
        assert "External sending is not supported" in node.wait_for("\n")
        assert [message["To"] for message in node.server.inbox.wait(1, 5)] == [
            "ops@contoso.com, night@elsewhere.example"
        ]
        # High Volume Email's own resource: other than that of a mailbox's submission.
        assert endpoint.requests[0].form["scope"] == "https://outlook.office.com/.default"
        assert endpoint.service.client_secret not in node.board.console.text


def test_high_volume_email_takes_a_password_too(flash: Path, tmp_path: Path) -> None:
    with rig(flash, tmp_path / "board", profile="m365-hve") as node:
        config = settings(node.server)
        config["mail"]["route"] = "m365.hve"
        node.celsius = 35
        node.start(config)
        node.wait_for("alert mailed to ops@contoso.com in 6 round trips")
        assert len(node.server.inbox.wait(1, 5)) == 1
        # What a connection needs for a moment has left RAM again; what every alert needs has not.
        with Board(node.board.port) as link:
            link.enter()
            link.exec("import sys")
            resident = link.eval("list(sys.modules)")
        assert {"umail.delivery", "umail.queue.flush"} <= set(resident)
        assert not {f"umail.{name}" for name in ("dns", "net.tls", "smtp.handshake", "smtp.failure")} & set(resident)

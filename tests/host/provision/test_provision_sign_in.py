"""A board is signed in by a code: its token is in its own store only, and what fails is one sentence."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from host.firmware.firmware_rig import USER, WIFI_PASSWORD, Rig, rig, stored
from host.provision.test_provision_fleet import toml
from umail_host.cli import main
from umail_host.device import maintenance
from umail_host.errors import UserError
from umail_host.fake_oauth import FakeOAuth, TokenService
from umail_host.fake_smtp.server.clock import ManualClock
from umail_host.provision import sign_in
from umail_host.settings import Oauth, Route


@pytest.fixture
def node(flash: Path, tmp_path: Path) -> Iterator[Rig]:
    with rig(flash, tmp_path / "board", basic_auth=False) as made:
        yield made


def section(endpoint: FakeOAuth, **more: object) -> dict[str, object]:
    service = endpoint.service
    oauth = {"flow": "device_code", "tenant": service.tenant, "client_id": service.client_id}
    return {"route": "m365.submission", "oauth": oauth | {"host": "localhost", "port": endpoint.port} | more}


def route(mail: dict[str, Any]) -> Route:
    """The route of a section ``mail``."""
    return Route(mail["route"], username=USER, oauth=Oauth(**mail["oauth"]))


def test_a_board_is_signed_in_by_a_code_and_its_token_is_in_its_store_only(
    node: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("UMAIL_SECRET_WIFI_PASSWORD", WIFI_PASSWORD)
    with FakeOAuth(node.server) as endpoint:
        service = endpoint.service
        service.interval = 1
        lines = "".join(f"oauth.{key} = {json.dumps(value)}\n" for key, value in section(endpoint)["oauth"].items())
        file = toml(node.server, tmp_path, '[[board]]\nboard_name = "freezer-1"\n', lines)

        def person() -> None:
            # Enters the code after it was asked for twice in vain.
            while len(endpoint.requests) < 3:
                time.sleep(0.05)
            service.approve()

        threading.Thread(target=person, daemon=True).start()
        monkeypatch.setattr("sys.argv", ["umail", "provision", str(file), "--port", node.board.port])
        with pytest.raises(SystemExit) as ended:
            main()
        shown = capsys.readouterr()
        text = shown.out + shown.err
        assert not ended.value.code, text
        code = text.partition("enter the code ")[2][:9]
        assert (
            f"open https://microsoft.com/devicelogin in any browser, enter the code {code}, and sign in as {USER}"
            in text
        )
        errors = [request.error for request in endpoint.requests]
        assert errors[:3] == ["", "authorization_pending", "authorization_pending"]
        assert not any(errors[3:]), "it polled too often, or was refused"
        assert "✓ token" in text
        assert "SMTP.Send and offline_access" in text
        assert len(node.server.inbox.wait(1, 5)) == 1
        node.wait_for("Wi-Fi lab is up")
        with maintenance.held(node.board.port) as link:
            config = json.loads(link.get("/config.json"))
            token = stored(link, "refresh_token")
        assert config["mail"]["oauth"]["flow"] == "refresh_token"
        assert token.startswith("0.fake-refresh-")
        assert token not in text
        assert "fake-refresh" not in json.dumps(config)
        assert config["expires"] == {"client secret": "2127-03-01"}


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("declined", "The sign-in was declined"),
        ("late", "start the sign-in again"),
        (700016, "check client id and tenant id"),
        (53003, "Conditional Access"),
        (7000218, "Allow public client flows"),
        ("tenant", "AADSTS90002"),
    ],
)
def test_a_sign_in_that_fails_is_one_sentence_with_what_to_do(what: str | int, words: str) -> None:
    with FakeOAuth(service=TokenService(interval=1, clock=ManualClock())) as endpoint:
        service = endpoint.service
        shown = []

        def show(address: str, code: str) -> None:
            shown.append(code)
            if what == "declined":
                service.deny(code)
            elif what == "late":
                service.clock.move(1000)
            else:
                service.fail = int(what)

        mail = section(endpoint, **({"tenant": "other.example"} if what == "tenant" else {}))
        if isinstance(what, int):
            service.fail = what
        with pytest.raises(UserError, match=words) as caught:
            sign_in.refresh_token(route(mail), [endpoint.ca_der], show)
        assert caught.value.exit_code == 4
        assert str(caught.value).startswith("the sign-in failed: ")
        assert len(shown) == (what in ("declined", "late"))


def test_nobody_in_between_gets_a_sign_in() -> None:
    with FakeOAuth() as endpoint, FakeOAuth() as other:
        with pytest.raises(UserError, match="No trusted root signed"):
            sign_in.refresh_token(route(section(endpoint)), [other.ca_der], print)
        assert not endpoint.requests


def test_high_volume_email_is_signed_in_for_its_own_resource() -> None:
    with FakeOAuth(service=TokenService(interval=1, clock=ManualClock())) as endpoint:

        def show(address: str, code: str) -> None:
            endpoint.service.clock.move(2)
            endpoint.service.approve(code)

        mail = section(endpoint) | {"route": "m365.hve"}
        assert sign_in.refresh_token(route(mail), [endpoint.ca_der], show).startswith("0.fake-refresh-")
        assert endpoint.requests[0].form["scope"] == "https://outlook.office.com/.default offline_access"

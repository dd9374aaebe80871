"""A personal account (Outlook.com, Hotmail): what docs/microsoft-365.md shows signs in at ``consumers``."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import umail
from umail import Message, m365, oauth
from umail_host.fake_oauth import FakeOAuth
from umail_host.fake_smtp import FakeServer
from umail_host.provision import sign_in
from umail_host.settings import Settings

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "microsoft-365.md").read_text(encoding="utf-8")
SHOWN = re.search(r"```json\n(.*?)```", PAGE.partition("## Outlook.com and Hotmail")[2], re.DOTALL)


def configuration() -> dict[str, Any]:
    """What the page shows, with what any configuration must have besides."""
    assert SHOWN is not None
    more = {"board_name": "b", "wifi": {"ssid": "s"}, "sensor": {"type": "contact", "pin": 4}}
    return json.loads(SHOWN[1]) | more | {"rules": [{"name": "door", "when": "open"}]}


def test_the_page_shows_a_configuration_that_signs_in_and_sends() -> None:
    config = configuration()
    oauth_section = config["mail"]["oauth"]
    address = config["mail"]["username"]
    with FakeServer("m365-submission", mailboxes={address: ""}, basic_auth=False) as server, FakeOAuth(server) as there:
        service, roots = there.service, [there.ca_der]
        service.tenant, service.client_secret, service.user, service.interval = "consumers", "", address, 1
        oauth_section |= {"host": "localhost", "port": there.port}
        (route,) = Settings.of(config, sign_in=True).routes
        token = sign_in.refresh_token(route, roots, lambda address, code: service.approve(code))
        asked = {request.path for request in there.requests}
        assert asked == {"/consumers/oauth2/v2.0/devicecode", "/consumers/oauth2/v2.0/token"}
        source = oauth.RefreshToken(
            "consumers",
            oauth_section["client_id"],
            sign_in._Memory(),
            token,
            host="localhost",
            port=there.port,
            trust=roots,
        )
        way = m365.submission(address, token=source, host="localhost", port=server.port, trust=[server.ca_der])
        assert umail.send(way, Message(address, address, "Freezer 3", text="-9 °C")).round_trips == 5
        assert len(server.inbox.wait(1)) == 1


def test_the_board_is_given_a_configuration_that_the_firmware_takes() -> None:
    (route,) = Settings.of(configuration(), sign_in=True).routes
    assert (route.host, route.route) == ("smtp-mail.outlook.com", "m365.submission")
    assert route.oauth is not None
    assert (route.oauth.tenant, route.oauth.flow) == ("consumers", "refresh_token")

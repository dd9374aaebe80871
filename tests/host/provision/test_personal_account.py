"""A personal account (Outlook.com, Hotmail): what docs/microsoft-365.md shows signs in at ``consumers``."""

from __future__ import annotations

import json
import re
from pathlib import Path

import umail
from umail import Message, m365, oauth
from umail_host import firmware_rules
from umail_host.deploy import image
from umail_host.device import boards
from umail_host.fake_oauth import FakeOAuth
from umail_host.fake_smtp import FakeServer
from umail_host.provision import sign_in

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "microsoft-365.md").read_text(encoding="utf-8")
SHOWN = re.search(r"```json\n(.*?)```", PAGE.partition("## Outlook.com and Hotmail")[2], re.DOTALL)


def test_the_page_shows_a_configuration_that_signs_in_and_sends() -> None:
    assert SHOWN is not None
    mail = json.loads(SHOWN[1])["mail"]
    address = mail["username"]
    with FakeServer("m365-submission", mailboxes={address: ""}, basic_auth=False) as server, FakeOAuth(server) as there:
        service = there.service
        service.tenant, service.client_secret, service.user, service.interval = "consumers", "", address, 1
        mail["oauth"] |= {"host": "localhost", "port": there.port}
        token = sign_in.refresh_token(mail, [there.ca_der], lambda address, code: service.approve(code))
        asked = {request.path for request in there.requests}
        assert asked == {"/consumers/oauth2/v2.0/devicecode", "/consumers/oauth2/v2.0/token"}
        store = sign_in._Memory()
        source = oauth.RefreshToken(
            "consumers",
            mail["oauth"]["client_id"],
            store,
            token,
            host="localhost",
            port=there.port,
            trust=[there.ca_der],
        )
        route = m365.submission(address, token=source, host="localhost", port=server.port, trust=[server.ca_der])
        assert umail.send(route, Message(address, address, "Freezer 3", text="-9 °C")).round_trips == 5
        assert len(server.inbox.wait(1)) == 1


def test_the_firmware_takes_it() -> None:
    assert SHOWN is not None
    config = json.loads(SHOWN[1])
    config["mail"]["oauth"]["flow"] = "refresh_token"
    config |= {"board_name": "b", "wifi": {"ssid": "s"}, "sensor": {"type": "contact", "pin": 4}, "rules": []}
    config["rules"] = [{"name": "door", "when": "open"}]
    assert (
        firmware_rules.checked(image.config_file(config, boards.load("virtual")))["mail"]["host"]
        == "smtp-mail.outlook.com"
    )

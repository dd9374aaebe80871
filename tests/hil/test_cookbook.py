"""Every recipe of docs/cookbook.md runs on a board as it stands there, and its mails arrive."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from hil_node import TRUST, Online
from umail_host.fake_oauth import FakeOAuth
from umail_host.fake_smtp import FakeServer
from umail_host.hil.dut import Dut
from umail_host.hil.network import Wifi

pytestmark = [pytest.mark.hil, pytest.mark.virtual_only]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "cookbook.md"
RECIPES = dict(re.findall(r"^## (.+?)\n.*?^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S))
MAILS = {"Several mails over one connection": 3}
MAILBOXES = {"me@gmail.com": "an app password", "esp32@contoso.com": "its password"}
# The recipes name the real providers: here their routes lead to the fake server.
ELSEWHERE = """
from umail import m365, oauth, routes
def here(function, **there):
    def call(*arguments, **named):
        named.update(there)
        return function(*arguments, **named)
    return call
m365.submission = here(m365.submission, host="localhost", port=%(port)d, trust=%(trust)r)
routes.gmail = here(routes.gmail, host="localhost", port=%(port)d, trust=%(trust)r)
oauth.ClientCredentials = here(oauth.ClientCredentials, host="localhost", port=%(oauth)d, trust=%(trust)r)
"""


@pytest.mark.parametrize("title", RECIPES)
def test_a_recipe_does_what_it_says(board: Dut, wifi: Wifi, title: str, serve: Callable[..., FakeServer]) -> None:
    server = serve("gmail" if "Gmail" in title else "m365-submission")
    server.policy.mailboxes.update(MAILBOXES)
    wifi.join()
    Online(board, server, "localhost")
    board.put("/log.csv", b"time,value\n12:00,-18.2\n")
    with FakeOAuth(server) as endpoint:
        names = {"port": server.port, "trust": TRUST, "oauth": endpoint.port}
        service = endpoint.service
        recipe = RECIPES[title].replace("client id", service.client_id).replace("client secret", service.client_secret)
        board.exec(ELSEWHERE % names)
        board.exec(recipe.replace('Credentials("contoso.com"', f'Credentials("{service.tenant}"'), timeout=60)
    assert len(server.inbox.wait(MAILS.get(title, 1))) == MAILS.get(title, 1)
    if "WDT" in recipe:
        board.reset(hard=True)


def test_all_recipes_are_found() -> None:
    assert len(RECIPES) == PAGE.read_text(encoding="utf-8").count("\n```python\n") >= 8

"""The boards on the page: what a user would try is a button, an API call and a fixture, and no alert is lost by it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from host.web.conftest import Site, Watched
from host.web.test_web_page import barriers, shot
from umail_host import demo_web

API = "/api/v1"


class Play(Site):
    """The demo with two boards, and its page."""

    def __init__(self, found: demo_web.Playground) -> None:
        super().__init__(found.server, found.page)
        self.boards = found.boards

    def act(self, board: str, action: str, value: float = 0) -> None:
        status, told = self.ask(f"{API}/boards/{board}", "POST", {"action": action, "value": value})
        assert status == 200, told

    def wait(self, subject: str) -> None:
        status, told = self.ask(f"{API}/wait?subject={quote(subject)}&timeout=60")
        assert status == 200, told


@pytest.fixture
def play(micropython: str, flash: Path, request: pytest.FixtureRequest) -> Iterator[Play]:
    number = getattr(request, "param", 2)
    with demo_web.playground(number, 8.0, 1.0, "freezer", installed=flash) as found:
        for name in found.boards.names:
            found.boards.board(name).wait_for("5 °C", 30)
        yield Play(found)


def button(watched: Watched, name: str) -> None:
    watched.page.get_by_role("button", name=name, exact=True).click()


def test_a_power_cut_by_the_button_during_a_send_loses_no_alert_and_the_other_board_goes_on(play, watched):
    watched.page.goto(f"{play.url}/#/boards/freezer")
    expect(watched.page.locator(".chart svg")).to_be_visible()
    play.act("freezer", "network", 3000)  # the send lasts
    before = play.server.connections
    button(watched, "Warmer")
    button(watched, "Warmer")
    expect(watched.page.locator(".chips")).to_contain_text("11 °C")
    board = play.boards.board("freezer")
    for _ in range(300):
        if play.server.connections > before:
            break
        watched.page.wait_for_timeout(100)
    assert play.server.connections > before
    button(watched, "Cut the power")
    expect(watched.page.locator(".chips")).to_contain_text("Power off")
    assert not play.server.inbox.deliveries
    play.act("freezer-2", "sensor", 20)
    play.wait("freezer-2")
    button(watched, "Fast network")
    button(watched, "Power on")
    play.wait("freezer: temperature")
    board.wait_for("mailed to ops@contoso.com", 30)
    expect(watched.page.locator(".console")).to_contain_text("mailed to ops@contoso.com")
    expect(watched.page.locator(".mark.alert").first).to_be_attached()
    shot(watched, "board")
    button(watched, "Look")
    watched.page.wait_for_selector(".card:has-text('Outbox') .quiet, .card:has-text('Outbox') table")
    for scheme, width in (("light", 1280), ("dark", 1280), ("dark", 390)):
        watched.page.emulate_media(color_scheme=scheme)
        watched.page.set_viewport_size({"width": width, "height": 844})
        assert not barriers(watched), (scheme, width)
        assert watched.page.evaluate("document.documentElement.scrollWidth") <= width
    assert not watched.errors


@pytest.mark.parametrize("play", [1], indirect=True)
def test_a_mail_that_waits_is_seen_in_the_outbox_while_the_board_goes_on(play):
    board = play.boards.board("freezer")
    play.act("freezer", "wifi-drop")
    play.act("freezer", "sensor", 20)
    board.wait_for("mail waits", 60)
    status, found = play.ask(f"{API}/boards/freezer/outbox")
    assert status == 200
    assert ["is above 8 °C" in mail["subject"] for mail in found] == [True]
    assert board.powered
    assert not play.server.inbox.deliveries
    play.act("freezer", "wifi-up")
    play.wait("freezer: temperature")
    board.wait_for("alert mailed", 30)
    assert play.ask(f"{API}/boards/nobody", "POST", {"action": "reset"})[0] == 404
    assert play.ask(f"{API}/boards/freezer", "POST", {"action": "explode"})[0] == 422

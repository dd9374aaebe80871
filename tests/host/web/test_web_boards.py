"""The boards on the page: what a user would try is a button, an API call and a fixture, and no alert is lost by it."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from host.web.conftest import Site, Watched
from host.web.test_web_page import barriers, shot
from umail_host import demo_web

API = "/api/v1"
BUSY = "the board is busy with what it was asked before"


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


@pytest.mark.long
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
    tabs = watched.page.locator(".tabs a")  # both are seen, whichever is looked at
    expect(tabs.nth(0)).to_have_text("freezer ⚠ off")
    expect(tabs.nth(1)).to_have_text("freezer-2 20 °C")
    assert [one["powered"] for one in play.described("/boards")] == [False, True]
    assert play.described("/boards/freezer-2", "/boards/{name}")["readings"][-1][1] == 20
    button(watched, "Fast network")
    button(watched, "Power on")
    play.wait("limit 8 °C (freezer)")
    board.wait_for("mailed to ops@contoso.com", 30)
    expect(watched.page.locator(".console")).to_contain_text("mailed to ops@contoso.com")
    expect(watched.page.locator(".mark.alert").first).to_be_attached()
    marks = watched.page.eval_on_selector_all(".mark circle", "marks => marks.map(mark => mark.cx.baseVal.value)")
    assert all(44 <= x <= 632 for x in marks), "a mark stands in the chart, though no reading came since"
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
def test_a_mail_that_waits_or_was_given_up_is_seen_in_the_outbox_while_the_board_goes_on(play, watched):
    board = play.boards.board("freezer")
    play.act("freezer", "wifi-drop")
    play.act("freezer", "sensor", 20)
    board.wait_for("mail waits", 60)
    found = play.described("/boards/freezer/outbox", "/boards/{name}/outbox")
    assert [", limit 8 °C" in mail["subject"] for mail in found] == [True]
    assert found[0]["state"] != "dead"
    assert board.powered
    assert not play.server.inbox.deliveries
    play.act("freezer", "wifi-up")
    play.wait("limit 8 °C (freezer)")
    board.wait_for("alert mailed", 30)
    play.ask(f"{API}/faults", "PUT", {"plan": "content-554"})
    play.act("freezer", "sensor", 5)
    board.wait_for("gave up on a mail", 60)
    watched.page.goto(f"{play.url}/#/boards/freezer")
    button(watched, "Look")
    row = watched.page.locator(".parts tbody tr")
    expect(row.locator("td").nth(1)).to_have_text("given up")
    expect(row.locator("td").nth(2)).to_have_text("–")
    expect(row.locator("td").last).to_contain_text("554 5.6.0 Content refused")
    assert not barriers(watched), "a table of mails"
    assert play.ask(f"{API}/boards/nobody", "POST", {"action": "reset"})[0] == 404
    assert play.ask(f"{API}/boards/freezer", "POST", {"action": "explode"})[0] == 422
    # What no sensor measures and no clumsy finger may break.
    for action, value in (("sensor", 1e9), ("sensor", -56), ("warm", 1e9)):
        status, told = play.ask(f"{API}/boards/freezer", "POST", {"action": action, "value": value})
        assert (status, "from -55 to 125 °C" in told["error"]) == (409, True)
    for _ in range(2):
        for action in ("power-off", "power-off", "reset", "unplug", "power-on", "power-on", "plug"):
            play.act("freezer", action)
    board.wait_for("5 °C", 30)
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(play.ask, f"{API}/boards/freezer", "POST", {"action": "fill"}) for _ in range(3)]
        answers = [one.result() for one in asked]
    assert {status for status, _ in answers} == {200, 409}
    assert {told["error"].partition(":")[0] for status, told in answers if status == 409} == {BUSY}
    play.act("freezer", "empty")
    board.wait_for("5 °C", 30)


BUTTONS = (
    ("Drop the Wi-Fi", "wifi", "gone"),
    ("Refuse the Wi-Fi", "wifi", "refusing"),
    ("NTP off", "ntp", False),
    ("NTP on", "ntp", True),
    ("Slow network", "latency", 1500),
    ("Fast network", "latency", 0),
    ("Unplug", "sensor", {"celsius": 5.0, "gone": True}),
    ("Plug in", "sensor", {"celsius": 5.0, "gone": False}),
    ("Warmer", "sensor", {"celsius": 8.0, "gone": False}),
    ("Cooler", "sensor", {"celsius": 5.0, "gone": False}),
    ("Cut the power", "powered", False),
    ("Power on", "powered", True),
)


@pytest.mark.long
@pytest.mark.parametrize("play", [1], indirect=True)
def test_every_button_of_the_page_does_what_it_says_and_the_chart_shows_limit_alert_and_recovery(play, watched):
    board, state = play.boards.board("freezer"), lambda: play.ask(f"{API}/boards/freezer")[1]
    watched.page.goto(f"{play.url}/#/boards/freezer")
    watched.page.wait_for_selector(".chart svg")
    play.act("freezer", "sensor", 11)
    play.wait("limit 8 °C (freezer)")
    play.act("freezer", "sensor", 5)
    play.wait("back to normal")
    for shown in (".band", ".limit", ".normal", ".mark.alert", ".mark.recovery"):
        expect(watched.page.locator(f".chart {shown}").first).to_be_attached()
    for name, key, expected in BUTTONS:
        button(watched, name)
        for _ in range(100):
            if state()[key] == expected:
                break
            watched.page.wait_for_timeout(50)
        assert state()[key] == expected, name
    clock = board.clock.now()
    button(watched, "+1 hour")
    expect(watched.page.locator(".console .act").last).to_contain_text("clock 3600")
    assert board.clock.now() >= clock + 3600
    button(watched, "−1 hour")
    expect(watched.page.locator(".console .act").last).to_contain_text("clock -3600")
    button(watched, "Reset")
    expect(watched.page.locator(".chips")).to_contain_text("last reset")
    assert state()["cause"]
    button(watched, "Wi-Fi on")
    expect(watched.page.locator(".chips")).to_contain_text("Network connected", timeout=40_000)
    for name, action in (("Fill the flash", "fill"), ("Free the flash", "empty")):
        button(watched, name)
        expect(watched.page.locator(".console .act").last).to_contain_text(action)
        expect(watched.page.get_by_role("button", name=name, exact=True)).to_be_enabled(timeout=40_000)
    watched.page.select_option("#fault", "content-554")
    button(watched, "Apply")
    expect(watched.page.locator(".plan")).to_have_text("⚡ content-554")
    assert play.server.plan.has("content-554")
    assert not watched.errors

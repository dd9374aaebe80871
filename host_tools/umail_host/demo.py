"""The whole way on one machine: a trace is read by a virtual board, which mails its alerts to a fake Microsoft 365."""

from __future__ import annotations

import csv
import math
import secrets
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from umail_host import files, terminal
from umail_host.deploy import image, transfer
from umail_host.device import boards, maintenance
from umail_host.errors import UserError
from umail_host.fake_smtp import FakeServer
from umail_host.fake_smtp.record.show import Show
from umail_host.settings import Settings
from umail_host.virtual_board import VirtualBoard

USER, RECIPIENT = "esp32@contoso.com", "ops@contoso.com"
_TRUST = "/certs/demo.der"
_TRACE = "/trace.csv"
_PATIENCE = 25.0  # seconds without a line of the board


@dataclass(frozen=True)
class Recording:
    """A CSV file ``timestamp,value`` that a person gave.

    Attributes:
        octets: the file; values: the readings that are numbers, in order; rows: all rows but the header.
    """

    octets: bytes
    values: list[float]
    rows: int

    @classmethod
    def read(cls, path: Path) -> Recording:
        """Read and check one.

        Raises:
            UserError: it can't be read, or holds no number under ``timestamp,value``.
        """
        octets = files.read(path, f"the trace {path}")
        text = files.text(octets, f"the trace {path}")
        rows = [row for row in csv.reader(text.splitlines()) if row]
        if rows and not _number(rows[0]):
            rows = rows[1:]
        values = [value for value in map(_number, rows) if value is not None]
        if not values:
            raise UserError(
                f"the trace {path} has no row of the form timestamp,value, such as 2026-11-24 12:00:00,21.5"
            )
        return cls(octets, values, len(rows))

    def excursions(self, limit: float, hysteresis: float) -> tuple[int, int]:
        """Return alerts and recoveries that ``limit`` must give, counted apart from the firmware."""
        beyond, counts = False, [0, 0]
        for value in self.values:
            if value <= limit - hysteresis if beyond else value > limit:
                counts[beyond] += 1
                beyond = not beyond
        return counts[0], counts[1]


def _number(row: list[str]) -> float | None:
    try:
        value = float(row[1])
    except (ValueError, IndexError):
        return None
    return value if math.isfinite(value) else None


class Lines:
    """The board's console, line by line, once it is switched on."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self.on = False
        self.last = time.monotonic()
        self._show = show
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Take what the board prints, in its thread."""
        if not self.on:
            return
        self.last = time.monotonic()
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._show(line.decode(errors="replace").rstrip("\r"))


def configuration(server: FakeServer, limit: float, hysteresis: float, unit: str, name: str) -> Settings:
    """Return what becomes /config.json on the board."""
    return Settings.of(
        {
            "board_name": name,
            "wifi": {"ssid": "demo"},
            "mail": {
                "route": "m365.submission",
                "username": USER,
                "to": [RECIPIENT],
                "host": server.hostname,
                "port": server.port,
                "trust": _TRUST,
            },
            "sensor": {"type": "trace", "path": _TRACE, "unit": unit},
            "rules": [{"name": "temperature", "when": "above", "limit": limit, "hysteresis": hysteresis}],
            "clock": {"ntp": "pool.ntp.org", "zone": "UTC0"},
        }
    )


def run(recording: Recording, limit: float, hysteresis: float, unit: str, name: str, console: Console) -> None:
    """Show it all as it happens, and check that the mails are those that the recording must give.

    Raises:
        UserError: the board did not start or stopped, or the mails are others.
    """
    mail_password, wifi_password = secrets.token_urlsafe(12), secrets.token_urlsafe(12)
    show = Show(console)

    def tell(text: str, style: str = "bold") -> None:
        console.print(Text(text, style=style), soft_wrap=True)

    lines = Lines(lambda line: tell(f"board │ {line}", "bright_white"))
    with tempfile.TemporaryDirectory(prefix="umail-demo-") as folder:
        server = FakeServer(
            "m365-submission",
            mailboxes={USER: mail_password},
            on_entry=show.entry,
            on_delivery=show.delivery,
            capture=False,
        )
        show.masker = server.masker
        with server, VirtualBoard(Path(folder), "virtual", on_console=lines.feed) as board:
            tell(f"fake Microsoft 365 (submission) on {server.hostname}:{server.port}")
            tell(f"virtual ESP32 behind {board.port}")
            board.wifi.ssid, board.wifi.password = "demo", wifi_password
            stored = {"mail_password": mail_password, "wifi_password": wifi_password}
            config = configuration(server, limit, hysteresis, unit, name)
            extra = {_TRUST: server.ca_der, _TRACE: recording.octets}
            with maintenance.held(board.port, reset=False) as link:
                _deploy(link, image.build(boards.load("virtual"), config=config, extra_files=extra), stored, console)
            begun = time.monotonic()
            lines.on = True
            board.console.skip()
            board.hard_reset()
            _watch(board, lines)
            lines.on = False
            _check(recording.excursions(limit, hysteresis), server, time.monotonic() - begun, tell)


def _deploy(link: transfer.Link, built: dict[str, bytes], stored: dict[str, str], console: Console) -> None:
    with terminal.bar("deploying", console=console) as show:
        report = transfer.deploy(link, built, secrets=stored, progress=show)
    text = f"deployed with mpremote: {len(report.written)} files, {report.octets / 1000:.1f} kB, each verified"
    console.print(Text(text, style="bold"))


def _watch(board: VirtualBoard, lines: Lines) -> None:
    # Until the trace has ended; a board that says that it cannot start, or nothing any more, ends it too.
    lines.last = time.monotonic()
    while True:
        printed = board.console.text
        if "trace finished" in printed:
            board.wait_for("trace finished", 1)
            return
        for sign in ("alertnode: not started", "crashed"):
            if sign in printed:
                raise UserError("the board stopped; it says why above", exit_code=1)
        if time.monotonic() - lines.last > _PATIENCE:
            raise UserError(f"the board has printed nothing for {_PATIENCE:.0f} s", exit_code=3)
        threading.Event().wait(0.05)


def _check(expected: tuple[int, int], server: FakeServer, seconds: float, tell: Callable[[str], None]) -> None:
    messages = server.inbox.wait(sum(expected), 10) if sum(expected) else []
    recoveries = sum("back to normal" in str(message["Subject"]) for message in messages)
    got = (len(messages) - recoveries, recoveries)
    trips = [session.round_trips for session in server.sessions]
    tell(
        f"{got[0]} alerts and {got[1]} recoveries arrived; counted apart from the firmware, the recording has "
        f"{expected[0]} and {expected[1]}; {seconds:.1f} s; round trips of each connection: "
        + ", ".join(map(str, trips[:10]))
        + (" …" if trips[10:] else "")
    )
    if got != expected:
        raise UserError("the mails are not those that the recording must give: this is a defect of umail", exit_code=1)

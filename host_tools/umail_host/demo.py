"""The whole way on one machine: a trace is read by a virtual board, which mails its alerts to a fake Microsoft 365."""

from __future__ import annotations

import contextlib
import re
import secrets
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from umail_host import files, terminal, trace_file
from umail_host.deploy import image, transfer
from umail_host.device import boards, maintenance
from umail_host.errors import UserError
from umail_host.fake_smtp import FakeServer
from umail_host.fake_smtp.record.show import Show
from umail_host.settings import Settings
from umail_host.terminal import count
from umail_host.virtual_board import VirtualBoard

USER, RECIPIENT = "esp32@contoso.com", "ops@contoso.com"
_TRUST = "/certs/demo.der"
_TRACE = "/trace.csv"
_PATIENCE = 25.0  # seconds without a line of the board


@dataclass(frozen=True)
class Recording:
    """A CSV file ``timestamp,value`` that a person gave, as the board reads it.

    Attributes:
        octets: the file; values: the readings that are numbers, in order; column: name of the values' column, or "".
    """

    octets: bytes
    values: list[float]
    column: str = ""

    @classmethod
    def read(cls, path: Path, column: str = "") -> Recording:
        """Read and check one.

        Raises:
            UserError: it can't be read, a time in it can't, or it holds no number under ``timestamp,value``.
        """
        octets = files.read(path, f"the trace {path}")
        rows = trace_file.rows(octets, str(path), column)
        return cls(octets, [value for _, value, _ in rows if value is not None], column)

    def excursions(self, limit: float, hysteresis: float) -> tuple[int, int]:
        """Return alerts and recoveries that ``limit`` must give, counted apart from the firmware."""
        beyond, counts = False, [0, 0]
        for value in self.values:
            if value <= limit - hysteresis if beyond else value > limit:
                counts[beyond] += 1
                beyond = not beyond
        return counts[0], counts[1]


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
            self._show(line.decode(errors="replace"))


def configuration(
    server: FakeServer, limit: float, hysteresis: float, unit: str, name: str, column: str = "", cable: bool = False
) -> Settings:
    """Return what becomes /config.json on the board; one with a ``cable`` uses that."""
    return Settings.of(
        {
            "board_name": name,
            **({"ethernet": {}} if cable else {"wifi": {"ssid": "demo"}}),
            "mail": {
                "route": "m365.submission",
                "username": USER,
                "to": [RECIPIENT],
                "host": server.hostname,
                "port": server.port,
                "trust": _TRUST,
            },
            "sensor": {"type": "trace", "path": _TRACE, "unit": unit} | ({"column": column} if column else {}),
            "rules": [{"name": "temperature", "when": "above", "limit": limit, "hysteresis": hysteresis}],
            "clock": {"ntp": "pool.ntp.org", "zone": "UTC0"},
        }
    )


def run(
    recording: Recording,
    limit: float,
    hysteresis: float,
    unit: str,
    name: str,
    console: Console,
    board_name: str = "virtual",
) -> None:
    """Show it all as it happens, and check that the mails are those that the recording must give.

    Args:
        board_name: the board whose stand-in runs it, a folder under boards/.

    Raises:
        UserError: there is no such board, it did not start or stopped, or the mails are others.
    """
    spec = boards.load(board_name)
    mail_password, wifi_password = secrets.token_urlsafe(12), secrets.token_urlsafe(12)
    show = Show(console)

    def tell(text: str, style: str = "bold") -> None:
        console.print(Text(terminal.printable(text), style=style), soft_wrap=True)

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
        with server, VirtualBoard(Path(folder), board_name, on_console=lines.feed) as board:
            tell(f"fake Microsoft 365 (submission) on {server.hostname}:{server.port}")
            kind = "ESP32" if spec.chip == "virtual" else spec.title
            tell(f"virtual {kind} behind {board.port}")
            board.wifi.ssid, board.wifi.password = "demo", wifi_password
            stored = {"mail_password": mail_password, "wifi_password": wifi_password}
            config = configuration(server, limit, hysteresis, unit, name, recording.column, spec.cable)
            extra = {_TRUST: server.ca_der, _TRACE: recording.octets}
            with maintenance.held(board.port, reset=False) as link:
                deploy(link, image.build(spec, config=config, extra_files=extra), stored, console)
            begun = time.monotonic()
            lines.on = True
            board.console.skip()
            board.hard_reset()
            _watch(board, lines)
            lines.on = False
            _check(recording.excursions(limit, hysteresis), board.console.text, server, time.monotonic() - begun, tell)


def deploy(link: transfer.Link, built: dict[str, bytes], stored: dict[str, str], console: Console) -> None:
    """Deploy files and secrets, and say how much that was."""
    with terminal.bar("deploying", console=console) as show:
        report = transfer.deploy(link, built, secrets=stored, progress=show)
    text = f"deployed with mpremote: {count(len(report.written), 'file')}, {report.octets / 1000:.1f} kB, each verified"
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
            raise UserError(
                f"the board has printed nothing for {_PATIENCE:.0f} s: run the command again; if that fails too, "
                "`umail board --console` shows what it does",
                exit_code=3,
            )
        threading.Event().wait(0.05)


def _check(
    expected: tuple[int, int], printed: str, server: FakeServer, seconds: float, tell: Callable[[str], None]
) -> None:
    """Compare what the board found, and the mails that arrived, with what the recording must give.

    Of one kind, the board holds those back that follow within a quarter of an hour: several are then one mail.
    """
    held = printed.count("held back with others")
    with contextlib.suppress(TimeoutError):
        server.inbox.wait(sum(expected), 1 if held else 10)
    messages = list(server.inbox)
    recoveries = sum("back to normal" in str(message["Subject"]) for message in messages)
    told = re.search(r"trace finished: \d+ readings?, (\d+) alerts?, (\d+) recover", printed)
    found = (int(told[1]), int(told[2])) if told else (0, 0)
    trips = [session.round_trips for session in server.sessions]
    due = f"{count(expected[0], 'alert')} and {_recoveries(expected[1])}"
    tell(
        f"{count(len(messages) - recoveries, 'alert')} and {_recoveries(recoveries)} arrived; counted apart from the "
        f"firmware, the recording has {due}"
        + (f", of which {held} were held back with others and told in one mail" if held else "")
        + f"; {seconds:.1f} s; round trips of each connection: "
        + ", ".join(map(str, trips[:10]))
        + (" …" if trips[10:] else "")
    )
    right = (len(messages) - recoveries, recoveries) == expected
    if found != expected or not (right or (held and sum(expected) - held <= len(messages) < sum(expected))):
        raise UserError("the mails are not those that the recording must give: this is a defect of umail", exit_code=1)


def _recoveries(number: int) -> str:
    return "1 recovery" if number == 1 else f"{number} recoveries"

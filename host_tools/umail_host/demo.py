"""The whole way on one machine: a trace is read by a virtual board, which mails its alerts to a fake Microsoft 365."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from umail_host import files, trace_file
from umail_host.demo_stage import Lines, stage
from umail_host.errors import UserError
from umail_host.fake_smtp import FakeServer
from umail_host.terminal import count
from umail_host.virtual_board import VirtualBoard

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
        rows = trace_file.rows(octets, str(path), column, by="""--column NAME (make demo: ARGS="--column 'NAME'")""")
        return cls(octets, [value for _, value, _ in rows if value is not None], column)

    def excursions(self, limit: float, hysteresis: float) -> tuple[int, int]:
        """Return alerts and recoveries that ``limit`` must give, counted apart from the firmware."""
        beyond, counts = False, [0, 0]
        for value in self.values:
            if value <= limit - hysteresis if beyond else value > limit:
                counts[beyond] += 1
                beyond = not beyond
        return counts[0], counts[1]


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
    with stage(board_name, console) as it:
        it.tell(f"fake Microsoft 365 (submission) on {it.server.hostname}:{it.server.port}")
        kind = "ESP32" if it.spec.chip == "virtual" else it.spec.title
        it.tell(f"virtual {kind} behind {it.board.port}")
        column = {"column": recording.column} if recording.column else {}
        given = {
            "board_name": name,
            "sensor": {"type": "trace", "path": _TRACE, "unit": unit} | column,
            "rules": [{"name": "temperature", "when": "above", "limit": limit, "hysteresis": hysteresis}],
        }
        it.start(given, {_TRACE: recording.octets})
        begun = time.monotonic()
        _watch(it.board, it.lines)
        it.lines.on = False
        expected = recording.excursions(limit, hysteresis)
        _check(expected, it.board.console.text, it.server, time.monotonic() - begun, it.tell)


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
        + f"; {seconds:.1f} s"
        + ("; round trips of each connection: " + ", ".join(map(str, trips[:10])) if trips else "")
        + (" …" if trips[10:] else "")
    )
    right = (len(messages) - recoveries, recoveries) == expected
    if found != expected or not (right or (held and sum(expected) - held <= len(messages) < sum(expected))):
        raise UserError("the mails are not those that the recording must give: this is a bug in umail", exit_code=1)


def _recoveries(number: int) -> str:
    return "1 recovery" if number == 1 else f"{number} recoveries"

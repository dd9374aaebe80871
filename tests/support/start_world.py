"""The real start of the alert node on CPython: its flash in a folder, its chip and its time made up, a mail server.

``Board.live`` is one life of the node, from its start to a reset or to the end of the time it is given. What the
firmware and the library read and write at the root of their file system lies under the board's folder.
"""

from __future__ import annotations

import builtins
import gc
import importlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from outbox_world import Hearing, field

EPOCH = 1_790_000_000
CONFIG = {
    "board_name": "freezer-3",
    "wifi": {"ssid": "lab"},
    "mail": {"route": "smtp", "host": "mail", "port": 25, "security": "plain", "sender": "b@x.org", "to": ["o@x.org"]},
    "sensor": {"type": "adc", "pin": 1},
    "rules": [{"name": "voltage", "when": "above", "limit": 1}],
    "interval": 60,
}
# What lies at the root of a board's file system, as its name or as what its name begins with.
ROOTS = ("/outbox", "/state.json", "/clock", "/log.txt", "/reset.txt", "/config.json", "/secrets.json", "/maintenance")
_MOVED = ("stat", "rename", "replace", "remove", "mkdir", "listdir", "statvfs", "open")


class Reset(BaseException):
    """The board restarts."""


class Over(BaseException):
    """The time is up."""


class Board:
    """One board.

    Attributes:
        flash: the folder that holds its files; memory: its RTC memory; lines: what its console showed.
        seconds: since it was made; server: the mail server.
    """

    def __init__(self, flash: Path) -> None:
        self.flash = flash
        self.memory = b""
        self.cause = 1
        self.lines: list[str] = []
        self.milliseconds = 0
        self.end = 0
        self.server = Hearing(True)
        # Nobody resolves it.
        self.server.lookup = lambda host: ["192.0.2.1"]  # type: ignore[attr-defined]

    @property
    def seconds(self) -> int:
        """Seconds since the board was made."""
        return self.milliseconds // 1000

    def subjects(self) -> list[str]:
        """The subjects of the mails that the server took."""
        return [str(field(octets, "Subject")) for _, _, octets in self.server.taken]

    def path(self, path: Any) -> Any:
        """Where a file of the board lies."""
        if isinstance(path, str) and path.startswith(ROOTS):
            return str(self.flash) + path
        return path

    def sleep(self, milliseconds: int) -> None:
        """Let time pass."""
        self.milliseconds += milliseconds
        if self.milliseconds >= self.end:
            raise Over

    def live(self, seconds: int) -> None:
        """Start the node, and let it run until it resets the board or ``seconds`` have passed."""
        self.end = self.milliseconds + seconds * 1000
        with self._there():
            start = importlib.import_module("alertnode.start")
            platform = importlib.import_module("alertnode.platform")
            outbox = importlib.import_module("umail.outbox")
            vars(platform).update(time=self._time(), _kept=None, _soft=None, ntp=lambda host: EPOCH + self.seconds)
            app = importlib.import_module("alertnode.app")
            app.SLICE = 30_000  # type: ignore[attr-defined]
            made = []
            flush, take = outbox.Outbox.flush, outbox.Outbox._take
            outbox.Outbox.flush = lambda box, budget=None: self.server.run(box.flushing(budget))
            outbox.Outbox._take = lambda box, path: made.append(box) or take(box, path)
            try:
                start.main()
                raise AssertionError("the node came back to the REPL: " + "\n".join(self.lines[-5:]))
            except Reset:
                self.cause = 2
            except Over:
                pass
            finally:
                outbox.Outbox.flush, outbox.Outbox._take = flush, take
                for box in made:
                    box.close()

    def _show(self, *words: object) -> None:
        line = " ".join(str(word) for word in words)
        # Readings, all of them the same, are not worth keeping.
        if not line.endswith(" 2 V"):
            self.lines.append(line)

    def _time(self) -> SimpleNamespace:
        return SimpleNamespace(
            ticks_ms=lambda: self.milliseconds % (1 << 30),
            ticks_add=lambda ticks, more: (ticks + more) % (1 << 30),
            sleep_ms=self.sleep,
            gmtime=lambda seconds: (1970, 1, 1),
            time=lambda: EPOCH + self.seconds,
            time_ns=lambda: (EPOCH * 1000 + self.milliseconds) * 1_000_000,
        )

    def _machine(self) -> ModuleType:
        board = self

        class RTC:
            def memory(self, data: bytes | None = None) -> bytes | None:
                if data is None:
                    return board.memory
                if len(data) > 2048:
                    raise ValueError("buffer too long")
                board.memory = bytes(data)
                return None

            def datetime(self, fields: object) -> None: ...

        def reset() -> None:
            raise Reset

        machine: Any = ModuleType("machine")
        machine.RTC, machine.reset, machine.reset_cause = RTC, reset, lambda: self.cause
        machine.PWRON_RESET, machine.HARD_RESET, machine.WDT_RESET = 1, 2, 3
        machine.Pin = lambda number: number
        machine.ADC = lambda pin: SimpleNamespace(read_uv=lambda: 2_000_000)
        machine.WDT = lambda timeout: SimpleNamespace(feed=lambda: None)
        return machine

    @contextmanager
    def _there(self) -> Iterator[None]:
        """Put the board's modules, files and console in the place of the computer's."""
        durable = importlib.import_module("umail.durable")
        usual = {name: getattr(os, name) for name in _MOVED}
        real_open, real_print, real_exception = builtins.open, builtins.print, getattr(sys, "print_exception", None)

        def moved(function: Any) -> Any:
            return lambda *args, **more: function(*[self.path(arg) for arg in args], **more)

        def shown(error: BaseException, into: Any = None) -> None:
            if into:
                into.write("%s: %s\n" % (type(error).__name__, error))
            self.lines.append(repr(error))

        others = {name: sys.modules.pop(name) for name in list(sys.modules) if name.startswith("alertnode")}
        # A node that waits lets go of the library.
        library = {name: module for name, module in sys.modules.items() if name.split(".")[0] == "umail"}
        threshold = getattr(gc, "threshold", None)  # other tests may have put theirs
        gc.threshold = lambda octets: None  # type: ignore[attr-defined]
        sys.modules["machine"] = self._machine()
        try:
            for name, function in usual.items():
                setattr(os, name, moved(function))
            durable._rename = os.replace  # type: ignore[attr-defined]
            builtins.open = moved(real_open)
            builtins.print = self._show
            sys.print_exception = shown  # type: ignore[attr-defined]
            yield
        finally:
            builtins.open, builtins.print = real_open, real_print
            for name, function in usual.items():
                setattr(os, name, function)
            durable._rename = os.replace  # type: ignore[attr-defined]
            if real_exception is None:
                del sys.print_exception  # type: ignore[attr-defined]
            del sys.modules["machine"], gc.threshold  # type: ignore[attr-defined]
            if threshold is not None:
                gc.threshold = threshold  # type: ignore[attr-defined]
            for name in [name for name in sys.modules if name.startswith("alertnode")]:
                del sys.modules[name]
            sys.modules.update(others | library)


def write(flash: Path, path: str, octets: bytes) -> None:
    """Put a file onto a board's flash."""
    target = Path(str(flash) + path)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(octets)


def configured(flash: Path) -> Board:
    """Return a board with a configuration."""
    write(flash, "/config.json", json.dumps(CONFIG).encode())
    return Board(flash)

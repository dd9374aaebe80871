"""The virtual boards that the page shows: what they print, measure and hold, and what a user does to them."""

from __future__ import annotations

import re
import shutil
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from umail_host.errors import UserError
from umail_host.fake_smtp.faults.toxics import Proxy, Toxics

if TYPE_CHECKING:
    from umail_host.virtual_board import VirtualBoard

_LINES, _READINGS, _LONGEST = 1000, 600, 400
_RANGE = (-55, 125)  # °C that a DS18B20 measures, by its data sheet
_RESET = re.compile(r"rst:0x[0-9a-f]+ \((\w+)\)|MPY: (soft reboot)")
_READING = re.compile(r"(?:\d\d:\d\d|--:--) (-?\d+(?:\.\d+)?) \S{1,4}(?:,.*)?\Z")
_MARKS = (("alert", re.compile(r" is (?:above|below) |\S, limit -?\d")), ("recovery", re.compile(r"back to normal")))
_FILL = """
import os
def fill(leave):
 piece=bytes(4096)
 with open('/fill.bin','ab') as file:
  while True:
   s=os.statvfs('/')
   if s[1]*s[3]<=leave: break
   try:
    file.write(piece)
    file.flush()
   except OSError: break
fill(0)
"""
_EMPTY = "import os\ntry:\n os.remove('/fill.bin')\nexcept OSError:\n pass"


@dataclass
class Shown:
    """One board, and what is kept of it for the page.

    Args:
        board: the virtual board; ``folder``: where its flash lies.
        limit, hysteresis, unit: of the rule that the chart shows.
        pin: of its DS18B20; None if its sensor is a recording.
        network: the proxy on its way to the mail server.
    """

    board: VirtualBoard
    folder: Path
    limit: float | None = None
    hysteresis: float = 0.0
    unit: str = "°C"
    pin: int | None = None
    network: Proxy | None = None
    lines: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=_LINES))
    readings: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=_READINGS))
    marks: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=100))
    cause: str = ""
    ntp: bool = True
    rest: bytes = b""
    busy: threading.Lock = field(default_factory=threading.Lock)

    def hear(self, data: bytes) -> None:
        """Take what the board prints, in its thread."""
        *lines, self.rest = (self.rest + data).split(b"\n")
        self.rest = self.rest[-_LONGEST:]
        for octets in lines:
            self._line("".join(c for c in octets.decode("utf-8", "replace") if c.isprintable())[:_LONGEST])

    def _line(self, line: str) -> None:
        now = time.time()
        self.lines.append({"time": now, "text": line})
        if reset := _RESET.search(line):
            self.cause = reset[1] or "SOFT_RESET"
        if reading := _READING.match(line):
            self.readings.append((now, float(reading[1])))
        for kind, sign in _MARKS:
            if sign.search(line):
                self.marks.append({"time": now, "kind": kind, "text": line})


class Boards:
    """The boards of one server, by name.

    Attributes:
        told: called with a board's name when something about it has changed, in any thread.
    """

    def __init__(self) -> None:
        self._shown: dict[str, Shown] = {}
        self._asking = threading.Lock()
        self.told: Callable[[str], None] = lambda name: None

    def add(self, name: str, shown: Shown) -> None:
        """Show a board from now on."""
        self._shown[name] = shown
        console, before = shown.board.console, shown.board.console.on_console

        def hear(data: bytes) -> None:
            if before is not None:
                before(data)
            shown.hear(data)
            self.told(name)

        console.on_console = hear

    @property
    def names(self) -> list[str]:
        """Names of all boards."""
        return list(self._shown)

    def board(self, name: str) -> VirtualBoard:
        """Return the board of that name."""
        return self._shown[name].board

    def folder(self, name: str) -> Path:
        """Return where the flash of the board of that name lies."""
        return self._shown[name].folder

    def brief(self, name: str) -> dict[str, Any]:
        """Return what is known of a board without asking it."""
        one = self._shown[name]
        thermometer = one.board.sensors.ds18b20(one.pin) if one.pin is not None else None
        return {
            "name": name,
            "powered": one.board.powered,
            "wifi": one.board.wifi.state,
            "ntp": one.board.clock.ntp,
            "clock": one.board.clock.now(),
            "cause": one.cause,
            "sensor": None if thermometer is None else {"celsius": thermometer.celsius, "gone": thermometer.gone},
            "reading": one.readings[-1][1] if one.readings else None,
            "latency": None if one.network is None else round(one.network.down.latency * 2000),
            "limit": one.limit,
            "hysteresis": one.hysteresis,
            "unit": one.unit,
        }

    def state(self, name: str) -> dict[str, Any]:
        """Return that and what the board printed and measured."""
        one = self._shown[name]
        return self.brief(name) | {
            "lines": list(one.lines)[-300:],
            "readings": list(one.readings),
            "marks": list(one.marks),
        }

    def outbox(self, name: str) -> list[dict[str, Any]]:
        """Return the mails on a board's flash; the board is not disturbed.

        A copy of its flash, as a power cut would leave it, is read by a second board that has no network.

        Raises:
            UserError: umail is not on it.
        """
        from umail_host import outbox
        from umail_host.virtual_board import VirtualBoard  # a server without boards has no use for them

        one = self._shown[name]
        with self._asking, tempfile.TemporaryDirectory(prefix="umail-look-") as folder:
            copy = Path(folder) / "flash"
            copy.mkdir()
            shutil.copyfile(one.folder / "flash.img", copy / "flash.img")
            with VirtualBoard(copy, one.board.name) as twin:
                twin.wifi.drop()
                twin.clock.set(one.board.clock.now())
                return outbox.mails(twin.port)

    def act(self, name: str, action: str, value: float = 0) -> None:
        """Do to a board what a user would.

        Raises:
            UserError: it has no such sensor or network, or does not answer.
        """
        one = self._shown[name]
        one.lines.append({"time": time.time(), "text": f"» {action}" + (f" {value:g}" if value else ""), "act": True})
        ACTIONS[action](one, value)
        self.told(name)


def _sensor(one: Shown) -> Any:
    if one.pin is None:
        raise UserError("this board reads a recording, so its sensor can't be changed")
    return one.board.sensors.ds18b20(one.pin)


def _set(one: Shown, value: float) -> None:
    sensor, (least, most) = _sensor(one), _RANGE
    if not least <= value <= most:
        raise UserError(f"the sensor, a DS18B20, measures from {least} to {most} °C, not {value:g}")
    sensor.celsius = value


def _warm(one: Shown, value: float) -> None:
    _set(one, _sensor(one).celsius + value)


def _plug(one: Shown, gone: bool) -> None:
    _sensor(one).gone = gone


def _ntp(one: Shown, on: bool) -> None:
    one.board.clock.ntp = on


def _slow(one: Shown, value: float) -> None:
    if one.network is None:
        raise UserError("this board's network can't be made slow")
    half = Toxics(latency=min(max(value, 0), 60_000) / 2000)
    one.network.up = one.network.down = half


def _on_board(one: Shown, code: str) -> None:
    if not one.board.powered:
        raise UserError("the board is off: switch it on first")
    if not one.busy.acquire(blocking=False):
        raise UserError("the board is busy with what it was asked before: wait for that")
    from umail_host.device import maintenance

    try:
        with maintenance.held(one.board.port) as link:
            link.exec(code, timeout=60)
    finally:
        one.busy.release()


# What the page's buttons do: the board, and a number where one belongs to it.
ACTIONS: dict[str, Callable[[Shown, float], None]] = {
    "reset": lambda one, value: one.board.hard_reset(),
    "power-off": lambda one, value: one.board.power_off(),
    "power-on": lambda one, value: one.board.power_on(),
    "wifi-up": lambda one, value: one.board.wifi.up(),
    "wifi-drop": lambda one, value: one.board.wifi.drop(),
    "wifi-refuse": lambda one, value: one.board.wifi.refuse(),
    "ntp-on": lambda one, value: _ntp(one, True),
    "ntp-off": lambda one, value: _ntp(one, False),
    "clock": lambda one, value: one.board.clock.advance(value),
    "sensor": _set,
    "warm": _warm,
    "unplug": lambda one, value: _plug(one, True),
    "plug": lambda one, value: _plug(one, False),
    "fill": lambda one, value: _on_board(one, _FILL),
    "empty": lambda one, value: _on_board(one, _EMPTY),
    "network": _slow,
}

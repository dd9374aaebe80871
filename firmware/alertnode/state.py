"""Keeps what must survive a reset: which excursions are under way, and what the board was doing when it was reset.

The file is written only when an excursion begins or ends, which spares the flash; a board on battery keeps the rest
(the counting of readings, pauses of the radio) in the RTC's memory, which lasts through deep sleep. A state that is
damaged, or written by a newer version in another form, counts as none.
"""

import json

from alertnode.rules import is_number

PATH = "/state.json"
# The last lines of the log before a reset that nobody asked for; they travel in the next mail.
LAST_WORDS = "/reset.txt"
_VERSION = 1
_LINES = 12
_LONGEST = 1500


class State:
    """Loads and saves; ``port`` is the module platform, ``slept`` is True after a deep sleep."""

    def __init__(self, port, slept, path=PATH):
        self._port = port
        self._path = path
        self._kept = None
        self.values = (slept and _parse(port.memory())) or _parse(port.read(path)) or {}

    def number(self, name):
        """Return the number that ``save`` was given as ``name``, 0 if there is none."""
        value = self.values.get(name)
        return value if is_number(value) and value >= 0 else 0

    def restore(self, rules, moment):
        """Give ``rules`` their excursions back; ``moment(unix)`` turns Unix seconds into the sensor's time line."""
        known = self.values.get("rules")
        for rule in rules:
            kept = known.get(rule.name) if isinstance(known, dict) else None
            if isinstance(kept, dict):
                rule.load(kept, moment)
        self._kept = _events(rules)

    def save(self, rules, unix, lasting=False, **more):
        """Save ``rules`` if ``unix(at)`` is the opposite of ``moment``; ``more`` lasts through deep sleep only.

        The file is written if an event changed something, or if an excursion is ``lasting`` that is no event yet.
        Raises OSError if the flash is full.
        """
        kept = {}
        for rule in rules:
            record = rule.dump(unix)
            if record:
                kept[rule.name] = record
        self.values = {"version": _VERSION, "rules": kept}
        self.values.update(more)
        data = json.dumps(self.values).encode()
        self._port.remember(data)
        events = _events(rules)
        if lasting or events != self._kept:
            self._port.write(self._path, data)
            self._kept = events

    def told(self):
        """Forget the last words: they are on their way to a person."""
        self._port.remove(LAST_WORDS)


def _events(rules):
    return [(rule.name, rule.told, rule.stepped, rule.known) for rule in rules if rule.active]


def _parse(data):
    """Return the values in ``data`` (bytes or None), or None if it is not a state of this version."""
    try:
        values = json.loads(data.decode())
    except (AttributeError, ValueError):
        return None
    return values if isinstance(values, dict) and values.get("version") == _VERSION else None


def keep_last_words(port, why, log="/log.txt", path=LAST_WORDS):
    """Keep the log's last lines, with ``why`` the board was reset, for the next mail.

    What an earlier reset left, and nobody was told yet, stays: the first cause explains the most.
    """
    before = port.read(path)
    if before:
        if len(before) < 2 * _LONGEST:
            _write(port, path, before + b"\n" + why.split(" Its log")[0].encode())
        return
    lines = []
    try:
        with open(log, "rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _LONGEST))
            lines = file.read(_LONGEST).split(b"\n")[-_LINES - 1 :]
    except OSError:
        pass
    _write(port, path, b"\n".join([why.encode()] + lines))


def _write(port, path, data):
    try:
        port.write(path, data)
    except OSError:
        pass


def last_words(port, path=LAST_WORDS):
    """Return the lines that ``keep_last_words`` kept, or an empty list."""
    lines = []
    for line in (port.read(path) or b"").split(b"\n"):
        try:
            text = line.decode().strip()
        except ValueError:
            # The first line may begin in the middle of a character, and a damaged log may hold anything.
            continue
        if text:
            lines.append("".join([c if c >= " " else " " for c in text]))
    return lines

"""Keeps what must survive a reset: which excursions are under way, and what the board was doing when it was reset.

The file is written only when an excursion begins or ends, which spares the flash, and at most once in 15 minutes when a
time begins to run that an alert waits for. The RTC's memory has it, too, and lasts through a reset; for a board on
battery, which reads it after each sleep, it has more (the counting of readings, pauses of the radio). A state that is
damaged, or written by a newer version in another form, counts as none.
"""

import json

from alertnode.rules import is_number

PATH = "/state.json"
# The last lines of the log before a reset that nobody asked for; they travel in the next mail.
LAST_WORDS = "/reset.txt"
_VERSION = 1
# Milliseconds between two writes because of a time that runs.
_RUNNING_EVERY = 15 * 60 * 1000


class State:
    """Loads and saves.

    ``port`` is the module platform; ``awake`` is True if the RTC's memory may be newer than the file: after a deep
    sleep, and on mains after any start.
    """

    def __init__(self, port, awake, path=PATH):
        self._port = port
        self._path = path
        self._kept = None
        # Which times ran when they were kept in the RTC's memory, and on flash; when that was.
        self._running: list = []
        self._written: list = []
        self._at = None
        # Rules whose times wait for the date.
        self._late: dict = {}
        self.values = (awake and _parse(port.memory())) or _parse(port.read(path)) or {}

    def number(self, name):
        """Return the number that ``save`` was given as ``name``, 0 if there is none."""
        value = self.values.get(name)
        return value if is_number(value) and value >= 0 else 0

    def numbers(self, name, count):
        """Return the ``count`` whole numbers that ``save`` was given as the list ``name``; zeros if there is none."""
        values = self.values.get(name)
        good = isinstance(values, list) and len(values) == count and not [v for v in values if type(v) is not int]
        return values if good else [0] * count

    def restore(self, rules, moment):
        """Give ``rules`` their excursions back; ``moment(unix)`` turns Unix seconds into the sensor's time line."""
        known = self.values.get("rules")
        for rule in rules:
            kept = known.get(rule.name) if isinstance(known, dict) else None
            if isinstance(kept, dict):
                rule.load(kept, moment)
                if moment(0) is None:
                    self._late[rule.name] = kept
        self._kept = _events(rules)

    def follow(self, rules, unix, moment, uptime):
        """Keep which times run in ``rules`` that an alert waits for, if that has changed; see ``save``.

        ``uptime`` is in milliseconds. Raises OSError if the flash is full.
        """
        for rule in rules if self._late else ():
            if not (rule.row or rule.active or rule.when == "stuck"):
                # It was normal meanwhile.
                self._late.pop(rule.name, None)
            if rule.name in self._late and moment(0) is not None:
                rule.resume(self._late.pop(rule.name), moment)
        running = [(rule.name, rule.running()) for rule in rules if rule.running() is not None]
        if running != self._running:
            self._running = running
            self.save(rules, unix)
        if running != self._written and (self._at is None or uptime - self._at >= _RUNNING_EVERY):
            self._written, self._at = running, uptime
            self._port.write(self._path, json.dumps(self.values).encode())

    def save(self, rules, unix, **more):
        """Save ``rules`` if ``unix(at)`` is the opposite of ``moment``; ``more`` lasts through deep sleep only.

        The file is written if an event changed something.
        Raises OSError if the flash is full.
        """
        kept = {}
        for rule in rules:
            record = rule.dump(unix)
            if record:
                kept[rule.name] = record
        net = self.values.get("net")
        self.values = {"version": _VERSION, "rules": kept}
        if net:
            # (See kept.py.)
            self.values["net"] = net
        self.values.update(more)
        data = json.dumps(self.values).encode()
        self._port.remember(data)
        events = _events(rules)
        if events != self._kept:
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

"""Counts what a summary tells: the values, how long they were outside their limits, alerts, mails; says when it is due.

All of it is kept in ``/day.json`` once an hour, together with the readings (history.py): a power cut takes an hour of
it at most. A board on battery keeps it in the RTC's memory, too.
"""

import json
from binascii import a2b_base64, b2a_base64

from alertnode import due
from alertnode.history import History, Hour
from alertnode.rules import is_number

PATH = "/day.json"
_VERSION = 1
_LIMITS = ("above", "below", "outside", "open", "closed")
# From one reading to the next, a value counts as outside its limits for so many seconds at most.
_GAP = 3600
# A summary tells of so many seconds at most.
LONGEST = 32 * 86400
_LATER = 600


class Day:
    """What there was since the last summary of ``app``, an App.

    Args:
        section: the section ``summary`` of the configuration; late: seconds that this board is later than others.
        port: the module platform; kept: what ``kept`` returned before a deep sleep, None without one.

    Attributes:
        since: Unix seconds, None while no date was known.
        values: by name, a list: readings, lowest, highest, mean (None without any), seconds outside the limits.
    """

    def __init__(self, app, section, late, port, kept=None, history=None):
        self.app = app
        self.section = section
        self.names = [of for source in app.sensor.sources for of, _unit in source.values]
        self.history = history or History(self.names)
        self._late = late
        self._port = port
        # Of the Wi-Fi in dBm, when it was used last.
        self.strength = None
        # The values that were outside their limits at their last reading, and when that was.
        self._outside: dict = {}
        self._due = None
        self._again = 0
        self._seen = 0
        self._begin(None)
        self._take(kept or _parse(port.read(PATH)) or {}, bool(kept))

    def _begin(self, since):
        self.since = since
        self.values: dict = {name: [0, None, None, None, 0] for name in self.names}
        self.alerts = self.recoveries = self.sent = 0
        self._due = None

    def take(self, readings):
        """Count ``readings``, after the rules have seen them; without a date they are not kept."""
        now = self.app.clock.now()
        if now is None:
            return
        self._turn(now)
        if self.since is None:
            self._begin(now)
        for reading in readings:
            found = self.values.get(reading.of)
            if found is None:
                continue
            before = self._outside.pop(reading.of, None)
            if before is not None:
                found[4] += min(max(now - before, 0), _GAP)
            value = reading.value
            if value is None:
                continue
            found[0] += 1
            found[1] = value if found[1] is None else min(found[1], value)
            found[2] = value if found[2] is None else max(found[2], value)
            mean = value if found[3] is None else found[3]
            found[3] = mean + (value - mean) / found[0]
            self.history.add(reading.of, now, value)
            for rule in self.app.rules:
                if rule.of == reading.of and rule.when in _LIMITS and rule.beyond(reading):
                    self._outside[reading.of] = now

    def count(self, alerts, recoveries):
        """Count what was put into a mail."""
        self.alerts += alerts
        self.recoveries += recoveries

    def tick(self):
        """Keep what there is as an hour ends, and put the summary into the outbox if it is due; call it once a minute.

        Return True if it was put.
        """
        now = self.app.clock.now()
        if now is None:
            return False
        self._turn(now)
        if self.since is None or not 0 <= now - self.since < LONGEST:
            # It is the first start, or the clock was wrong.
            self._begin(now)
            self.save()
        if now < self.due() or self.app.clock.uptime() < self._again:
            return False
        return self._put(now)

    def due(self):
        """Return when the next summary is due, in Unix seconds."""
        if self._due is None:
            plan = self.section
            self._due = due.after(self.app.clock.zone, self.since, plan["at"], plan["every"], plan["on"], self._late)
        return self._due

    def _turn(self, now):
        hour = now // 3600
        if hour != self.history.hour:
            begun = self.history.hour
            self.history.turn(now)
            if begun is not None:
                self.save()

    def _put(self, now):
        self.history.flush()
        message = _summary(self, now)
        if not self.app.mailer.keep(message, message.subject):
            # The flash is full: tried again.
            self._again = self.app.clock.uptime() + _LATER * 1000
            return False
        self._begin(now)
        self.save()
        return True

    def mailed(self):
        """Return the mails that were sent since the last summary."""
        sent = getattr(self.app.mailer, "sent", 0)
        self.sent += sent - self._seen
        self._seen = sent
        return self.sent

    def save(self):
        """Keep the counts on flash; what it refuses is in RAM."""
        try:
            self._port.write(PATH, json.dumps(self._dump()).encode())
        except OSError:
            pass

    def _dump(self):
        return {
            "version": _VERSION,
            "since": self.since,
            "values": self.values,
            "counts": [self.alerts, self.recoveries, self.mailed()],
            "outside": self._outside,
            "strength": self.strength,
        }

    def kept(self):
        """Return what must last through a deep sleep: a dict for JSON."""
        kept = self._dump()
        kept["hour"] = self.history.hour
        kept["readings"] = {
            name: str(b2a_base64(self.history.hours[name].dump()), "ascii").strip() for name in self.history.hours
        }
        return kept

    def _take(self, kept, slept):
        """Take up what ``_dump`` or ``kept`` gave, a dict that may hold anything."""
        if kept.get("version") != _VERSION or not is_number(kept.get("since")):
            return
        self._begin(int(kept["since"]))
        values = kept.get("values")
        for name in self.names:
            found = values.get(name) if isinstance(values, dict) else None
            if isinstance(found, list) and len(found) == 5 and _all_numbers(found if found[0] else found[::4]):
                self.values[name] = found
        counts = kept.get("counts")
        if isinstance(counts, list) and len(counts) == 3 and _all_numbers(counts):
            self.alerts, self.recoveries, self.sent = counts
        if is_number(kept.get("strength")):
            self.strength = kept["strength"]
        outside = kept.get("outside")
        if isinstance(outside, dict):
            self._outside = {name: outside[name] for name in outside if is_number(outside[name])}
        hour = kept.get("hour")
        if slept and is_number(hour) and 0 <= hour < 1 << 24:
            self.history.hour = int(hour)
            self._readings(kept.get("readings"))

    def _readings(self, kept):
        for name in self.names:
            if isinstance(kept, dict) and isinstance(kept.get(name), str):
                hour = self.history.hours[name] = Hour()
                try:
                    hour.load(a2b_base64(kept[name].encode()))
                except Exception:
                    # (What is not base64 is a plain Exception to the binascii of some builds.)
                    self.history.hours[name] = Hour()

    def part(self, source, name, kind, cid):
        """Return an attachment that is made when it is sent: see made.py."""
        from alertnode.made import Made

        return Made(source, name, kind, cid, self)


def _summary(day, now):
    from alertnode import summary, unload

    try:
        return summary.message(day, now)
    finally:
        for name in ("summary", "summary_texts"):
            unload(name)


def _all_numbers(values):
    return not [value for value in values if not is_number(value)]


def _parse(data):
    try:
        values = json.loads(data.decode())
    except (AttributeError, ValueError):
        return None
    return values if isinstance(values, dict) else None

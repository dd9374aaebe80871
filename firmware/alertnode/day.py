"""Counts what a summary tells: the values, how long they were outside their limits, alerts, mails; says when it is due.

All of it is kept in ``/day.json`` once an hour, together with the readings (history.py): a power cut takes an hour of
it at most. A board on battery keeps it in the RTC's memory, too.
"""

from alertnode.history import History

PATH = "/day.json"
_LIMITS = ("above", "below", "outside", "open", "closed")
# From one reading to the next, a value counts as outside its limits for this many seconds at most.
_GAP = 3600
# A summary tells of this many seconds at most.
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
        self.outside: dict = {}
        self._due = None
        self._again = 0
        self._seen = 0
        self.begin(None)
        _kept().take(self, port.read(PATH), kept)

    def begin(self, since):
        """Count again from ``since``."""
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
            self.begin(now)
        for reading in readings:
            found = self.values.get(reading.of)
            if found is None:
                continue
            before = self.outside.pop(reading.of, None)
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
                    self.outside[reading.of] = now

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
            self.begin(now)
            self.save()
        if now < self.due() or self.app.clock.uptime() < self._again:
            return False
        return self._put(now)

    def due(self):
        """Return when the next summary is due, in Unix seconds."""
        if self._due is None:
            from alertnode import due, unload

            unload("due")
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
        kept = False
        try:
            self.history.flush()
            message = _summary(self, now)
            kept = self.app.mailer.keep(message, message.subject)
        except MemoryError:
            self.app.log.show("memory is short: the summary is put off")
        if not kept:
            # (Or the flash is full.) It is tried again.
            self._again = self.app.clock.uptime() + _LATER * 1000
            return False
        self.begin(now)
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
            self._port.write(PATH, _kept().text(self))
        except OSError:
            pass

    def kept(self):
        """Return what must last through a deep sleep: a dict for JSON."""
        return _kept().kept(self)

    def look(self):
        """Note how strong the Wi-Fi is; after each flush."""
        wifi = self.app.wifi
        if wifi is not None and wifi.kind == "Wi-Fi" and wifi.nic.isconnected():
            self.strength = wifi.nic.status("rssi")

    def part(self, source, name, kind, cid):
        """Return an attachment that is made when it is sent: see made.py."""
        from alertnode.made import Made

        return Made(source, name, kind, cid, self)


def _kept():
    from alertnode import day_kept, unload

    unload("day_kept", "history_read")
    return day_kept


def _summary(day, now):
    from alertnode import summary, unload

    try:
        return summary.message(day, now)
    finally:
        unload("summary")

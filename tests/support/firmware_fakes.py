"""The world around the alert node, faked for its tests on either interpreter: time, network, files' failures, mail."""

import sys

from alertnode.clock import Clock, Uptime
from alertnode.sensors.reading import Reading
from alertnode.zone import Zone, seconds

NOON = seconds(2026, 11, 24, 12, 0, 0)


def with_machine(machine, make):
    """Return what ``make()`` does while ``import machine`` gives ``machine``."""
    old = sys.modules.get("machine")
    sys.modules["machine"] = machine
    try:
        return make()
    finally:
        del sys.modules["machine"]
        if old:
            sys.modules["machine"] = old


class Port:
    """Stands for the module alertnode.platform; time passes only in ``sleep`` and ``pass_time``."""

    UPDATE = "/update/state"

    def __init__(self, unix=946684800):
        self.milliseconds = 1073741000
        self.clock = unix * 1000
        self.servers = {}
        self.asked = []
        self.files = {}
        self.full = False
        self.kept = b""
        self.slept_for = None
        self.marks = {}
        self.resets = 0
        # What was armed: the seconds of each watchdog; how often one was fed.
        self.armed = []
        self.fed = 0

    def sleep(self, milliseconds):
        """Whole milliseconds: a float would lose them on a board."""
        if not isinstance(milliseconds, int):
            raise TypeError("a time of %r" % milliseconds)
        self.milliseconds += milliseconds
        self.clock += milliseconds

    def pass_time(self, seconds):
        self.sleep(seconds * 1000)

    def exists(self, path):
        return path in self.files

    def unix(self):
        return self.clock // 1000

    def unix_ms(self):
        return self.clock

    def set_unix(self, now):
        self.clock = now * 1000

    def ntp(self, host):
        self.asked.append(host)
        if host not in self.servers:
            raise OSError(110)
        answer = self.servers[host]
        return answer() if callable(answer) else answer

    # As a real port does, the counter wraps at 2**30 milliseconds.
    def ticks(self):
        return self.milliseconds % 1073741824

    def since(self, ticks):
        return (self.ticks() - ticks) % 1073741824

    def remove(self, path):
        self.files.pop(path, None)

    def remember(self, data):
        self.kept = data

    def memory(self):
        return self.kept

    def deepsleep(self, seconds, feed):
        self.slept_for = seconds

    def slept(self):
        return True

    def mark(self, place, value):
        self.marks[place] = value

    def marked(self, place):
        return self.marks.get(place, 0)

    def watchdog(self, seconds):
        self.marks[6] = seconds
        self.armed.append(seconds)
        return self._feed

    def _feed(self):
        self.fed += 1

    def reset(self):
        self.resets += 1

    def write(self, path, data):
        if self.full:
            raise OSError(28)
        self.files[path] = data

    def read(self, path, most=8192, bare=False):
        return self.files.get(path)


class Said:
    """Takes console lines and keeps them."""

    def __init__(self):
        self.lines = []

    def __call__(self, text):
        self.lines.append(text)

    def text(self):
        return "\n".join(self.lines)


class MailError(Exception):
    """As umail's."""

    def __init__(self, kind, stage="rcpt", text="451 later", key=""):
        super().__init__(text)
        self.kind = kind
        self.stage = stage
        self.text = text
        self.key = key
        self.advice = "Do something about it."

    def __str__(self):
        return "%s: %s (%s)" % (self.stage, self.text, self.kind)


class Receipt:
    def __init__(self, refused=()):
        self.refused = refused
        self.round_trips = 5


class Message:
    count = 0

    def __init__(self, sender, to, subject, text=None):
        Message.count += 1
        self.sender = sender
        self.recipients = list(to)
        self.subject = subject
        self.text = text
        self.message_id = "<%d>" % Message.count


class Umail:
    """Stands for the library without its outbox."""

    MailError = MailError
    Message = Message

    def __init__(self):
        self.sent = []
        self.failures = []

    def send(self, route, message, timeout, deadline, tick):
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(message)
        return Receipt()


class Entry:
    def __init__(self, message, key, recovery):
        self.message = message
        self.key = key
        self.recovery = recovery
        self.more = 0
        self.until = 0


class Notes:
    """Counts what the next mail must tell, as umail's do."""

    dropped = 0


class Outbox:
    """Stands for umail's: in order, ``failures`` are met first, one a flush; a failure pauses a minute."""

    route = timeout = deadline = tick = before_send = None

    def __init__(self, uptime):
        self.uptime = uptime
        self.entries = []
        self.sent = []
        self.failures = []
        self.refused = ()
        self.full = False
        self.hold = 0
        self.until = 0
        self.budgets = []
        self.buried = []
        self.notes = Notes()
        self.unwritten = False
        self.unread = None
        self.tells = 0

    def now(self):
        return self.uptime() // 1000

    def settle(self):
        return True

    def tell(self):
        self.tells += 1

    def put(self, message, key, recovery, priority=1):
        if self.full:
            raise OSError(28)
        entry = Entry(message, key, recovery)
        entry.more, entry.until = (1, self.now() + self.hold) if self.hold else (0, 0)
        self.entries.append(entry)
        return entry

    def pending(self):
        return self.entries

    def dead(self):
        return self.buried

    def wait(self):
        return max(0, self.until - self.now()) if self.entries else None

    def flush(self, budget=None):
        self.budgets.append(budget)
        while self.entries and not self.wait():
            if self.failures:
                error = self.failures.pop(0)
                if error.kind == "permanent":
                    entry = self.entries.pop(0)
                    entry.why = str(error)
                    self.buried.append(entry)
                    message = entry.message
                else:
                    message = self.entries[0].message
                    self.until = self.now() + 60
                self.report(message, error)
            else:
                message = self.entries.pop(0).message
                self.sent.append(message)
                self.report(message, Receipt(self.refused))


class Sensor:
    """Gives the values of a list, None if it is gone; each reading takes its own minute."""

    unit = "°C"

    def __init__(self, clock, values):
        self.clock = clock
        self.values_left = list(values)

    @property
    def finished(self):
        return not self.values_left

    def read(self):
        value = self.values_left.pop(0)
        return Reading(value, self.unit, self.clock.uptime(), "" if value is not None else "no answer")

    def take(self):
        return [self.read()]

    def text(self, at):
        return self.clock.text(at)

    def unix(self, at):
        return self.clock.unix(at)

    def recorded(self, at):
        return ""

    def pause(self, interval):
        return interval

    def urgent(self):
        return False

    def finish(self, app):
        pass


class Wifi:
    """Up or not, as told."""

    kind = "Wi-Fi"

    def __init__(self, is_up=True):
        self.is_up = is_up

        self.on = False
        self.gone = 0

    def away(self):
        return self.gone

    def gateway(self):
        return ""

    def up(self):
        # How often it was switched on.
        self.tries = getattr(self, "tries", 0) + (not self.on)
        self.on = True
        return self.is_up

    def down(self):
        self.on = False


def clock(port, said, rule="UTC0", servers=("pool",), keep="/clock", chip=None):
    """A Clock over ``port``."""
    return Clock(port, Uptime(port), Zone(rule), servers, said, keep, chip)


def network_settings(**changes):
    """Return the checked section ``network`` of a configuration that says nothing there but ``changes``."""
    plain = {"hostname": "", "address": "", "mask": "255.255.255.0", "gateway": "", "dns": "", "country": ""}
    plain["tx_power"] = 0
    plain.update(changes)
    return plain

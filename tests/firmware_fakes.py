"""The world around the alert node, faked for its tests on either interpreter: time, network, files' failures, mail."""

from alertnode.clock import Clock, Uptime
from alertnode.sensors import Reading
from alertnode.zone import Zone, seconds

NOON = seconds(2026, 11, 24, 12, 0, 0)


class Port:
    """Stands for the module alertnode.port; time passes only in ``sleep`` and ``pass_time``."""

    def __init__(self, unix=946684800):
        self.milliseconds = 1073741000
        self.clock = unix
        self.servers = {}
        self.asked = []
        self.files = {}
        self.full = False

    def pass_time(self, seconds):
        self.milliseconds += round(seconds * 1000)
        self.clock += seconds

    sleep = pass_time

    def unix(self):
        return int(self.clock)

    def set_unix(self, now):
        self.clock = now

    def ntp(self, host):
        self.asked.append(host)
        if host not in self.servers:
            raise OSError(110)
        return self.servers[host]

    # As a real port does, the counter wraps at 2**30 milliseconds.
    def ticks(self):
        return self.milliseconds % 1073741824

    def since(self, ticks):
        return (self.milliseconds - ticks) % 1073741824

    def write(self, path, data):
        if self.full:
            raise OSError(28)
        self.files[path] = data


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

    def __init__(self, kind, stage="rcpt", text="451 later"):
        super().__init__(text)
        self.kind = kind
        self.stage = stage
        self.advice = "Do something about it."


class Receipt:
    def __init__(self, refused=()):
        self.refused = refused
        self.round_trips = 5


class Message:
    def __init__(self, sender, to, subject, text=None):
        self.sender = sender
        self.recipients = list(to)
        self.subject = subject
        self.text = text


class Umail:
    """Stands for the library: keeps what was sent; ``failures`` are raised first, one a try."""

    MailError = MailError
    Message = Message

    def __init__(self):
        self.sent = []
        self.failures = []
        self.refused = ()
        self.connections = 0

    def send(self, route, message, timeout, deadline, tick):
        self.connections += 1
        return self._take(message)

    def Client(self, route, timeout, deadline, tick):
        self.connections += 1
        return _Client(self._take)

    def _take(self, message):
        if self.failures:
            failure = self.failures.pop(0)
            if failure:
                raise failure
        self.sent.append(message)
        return Receipt(self.refused)


class _Client:
    def __init__(self, send):
        self.send = send

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


class Sensor:
    """Gives the values of a list, None where it is gone; each reading takes its own minute."""

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

    def text(self, at):
        return self.clock.text(at)

    def recorded(self, at):
        return ""

    def pause(self, interval):
        return interval

    def urgent(self):
        return False


class Wifi:
    """Up or not, as told."""

    def __init__(self, is_up=True):
        self.is_up = is_up

    def up(self):
        return self.is_up


def clock(port, said, rule="UTC0", servers=("pool",), keep="/nowhere/clock", chip=None):
    """A Clock over ``port``."""
    return Clock(port, Uptime(port), Zone(rule), servers, said, keep, chip)

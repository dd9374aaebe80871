"""Shows each step and its milliseconds on the console; loaded if the configuration says ``"debug": true``.

It puts itself around what the node does anyway, so that a node without it has nothing of it.
"""

# Steps of the library, by its stages; all others are SMTP.
_STAGES = {"resolve": "DNS", "connect": "TCP", "starttls": "TLS"}
# What these follow.
_AFTER = {"connect": ("DNS",), "greeting": ("TCP", "TLS")}
# Milliseconds between two looks at the network.
_LOOK = 10


def watch(app, port):
    """Tell each step of ``app``, an App that has not yet begun; ``port`` is the module platform."""
    steps = Steps(app.log.show, port)
    app.sense = steps.around("sensors", app.sense)
    app.clock.sync = steps.around("NTP", app.clock.sync)
    app.flush = steps.sending(app.flush)
    join = app.join

    def joined(link):
        join(link)
        if link is not None:
            link.wait = lambda timeout: steps.network(link, timeout)

    app.join = joined
    sleep = port.deepsleep

    def deepsleep(*arguments):
        steps.begin()
        app.log.show("debug: asleep after %d ms" % steps.total)
        sleep(*arguments)
        # (An rp2 goes on here.)
        steps.anew("wake")

    port.deepsleep = deepsleep


class Steps:
    """Tells a step as it ends, by ``show``; ticks count from power-on, or from the end of a deep sleep."""

    def __init__(self, show, port):
        self._show = show
        self._port = port
        self._last = 0
        self._step = "start"
        self._hooked = None
        self.total = 0

    def anew(self, step):
        """Begin the first ``step`` after a sleep."""
        self._last, self._step, self.total = self._port.ticks(), step, 0

    def begin(self, step=""):
        """End what was under way, and begin ``step``; "": nothing that is shown."""
        now = self._port.ticks()
        took = self._port.since(self._last)
        self._last = now
        self.total += took
        if self._step:
            self._show("debug: %s %d ms, %d ms in all" % (self._step, took, self.total))
        self._step = step

    def around(self, step, function):
        """Return ``function`` as a step."""

        def told(*arguments):
            self.begin(step)
            try:
                return function(*arguments)
            finally:
                self.begin()

        return told

    def sending(self, flush):
        """Return ``flush``, the App's, with each step of the library told."""

        def told(*arguments):
            from umail.smtp.session import Session

            if Session is not self._hooked:
                # (It is loaded again for later mails.)
                self._hooked = Session
                setattr(Session, "stage", property(lambda session: session._stage, self._staged))
            self.begin("outbox")
            try:
                flush(*arguments)
            finally:
                self.begin()

        return told

    def network(self, link, timeout):
        """Wait as Link.wait does, and tell when the board was let in and when it had its address."""
        end = link.uptime() + round(timeout * 1000)
        inside = False
        self.begin("association" if link.kind == "Wi-Fi" else "cable")
        try:
            while not link.nic.isconnected():
                if not inside and _inside(link.nic):
                    inside = True
                    self.begin("DHCP")
                if link.uptime() >= end:
                    return False
                link.feed()
                link.sleep(_LOOK)
            return True
        finally:
            self.begin()

    def _staged(self, session, stage):
        session._stage = stage
        if self._step not in _AFTER.get(stage, (self._step,)):
            # (What is set before a name is asked for is not yet a step.)
            return
        self.begin(_STAGES.get(stage) or "SMTP %s" % stage)


def _inside(nic):
    """Return True if a Wi-Fi has let the board in: there is a signal strength, or, on an rp2, 2 for "no address"."""
    try:
        return nic.status() == 2 or (nic.status("rssi") or 0) < 0
    except (OSError, TypeError, ValueError):
        return False

"""Notices that Wi-Fi or Ethernet is lost or back, and tries again with growing pauses; its lines are kept few."""

from alertnode import platform, texts

_FIRST_PAUSE = 5000
_LONGEST_PAUSE = 300000
STEP = 200
_HOUR = 3600 * 1000
# So long without the network, and the interface is switched off and on.
_STALE = 600 * 1000
# So many lines an hour are logged.
_MOST_LINES = 20
# So many milliseconds without network, and the board restarts; doubled each time, up to a day.
_AWAY = 3600 * 1000
_LONGEST_AWAY = 24 * 3600 * 1000
# The same reason for waiting is logged again after this many milliseconds.
_LOG_EVERY = 600 * 1000


class Link:
    """A network interface of the board.

    ``network`` is MicroPython's module, ``settings`` the section of that name; ``sleep`` waits, and ``uptime`` counts,
    in milliseconds; ``feed`` feeds the watchdog; ``say`` takes console lines, ``show`` those that no log need keep.

    Attributes:
        kind: what it is, in a word; ``name``: which one; ``anew``: what is done to one that fails for long.
        connecting: called before an attempt to connect.
        welcome: takes the line that the network is there, which need not be kept at each wake of a board on battery.
    """

    kind = name = anew = ""
    connecting = welcome = None
    # A Kept, on a board on battery.
    kept = None

    def __init__(self, network, settings, uptime, sleep, feed, say, show=None):
        self.network = network
        self.nic = None
        self.settings = settings
        self.uptime = uptime
        self.sleep = sleep
        self.feed = feed
        self._say = say
        self._show = show or say
        self._pause = _FIRST_PAUSE
        self._due = 0
        self._was_up = False
        # When the network was last there, and when the interface was last switched on.
        self._seen = self._fresh = uptime()
        self._idle = False
        # Whether it was there since it was last switched on.
        self._reached = False
        self._lines = 0
        self._lines_since = 0
        if settings.get("hostname"):
            network.hostname(settings["hostname"])

    def connect(self):
        """Try to connect; return "", or why that failed."""
        raise NotImplementedError

    def ready(self):
        """Return True while connected; that a connection came or went is reported once."""
        up = self.nic is not None and bool(self.nic.isconnected())
        if up:
            self._reached = True
            self._seen = self._fresh = self.uptime()
            self._name_server()
        if up != self._was_up:
            self._was_up = up
            if up:
                text = "%s is up, address %s" % (self.name, self.nic.ifconfig()[0])  # type: ignore[union-attr]
                (self.welcome or self.report)(text)
            else:
                self.report("%s is lost" % self.name)
            self._due = 0
            self._pause = _FIRST_PAUSE
        return up

    def up(self):
        """Connect unless connected or still pausing after a failure; return True if connected."""
        if self.ready():
            return True
        if self.uptime() < self._due:
            return False
        if self._idle:
            self._idle = False
            self._fresh = self.uptime()
            if self._reached:
                # Switched off on purpose: nobody missed the network meanwhile.
                self._seen = self._fresh
            self._reached = False
        if self.uptime() - self._fresh >= _STALE:
            # Some failures are over only when the interface was off.
            self.report("%s: %s is switched off and on" % (self.name, self.anew))
            self._off()
            self.sleep(STEP)
            self._fresh = self.uptime()
        if self.connecting:
            self.connecting()
        reason = self.connect()
        if self.ready():
            return True
        self.report("%s: %s; tried again in %d s" % (self.name, reason, self._pause // 1000))
        self._due = self.uptime() + self._pause
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        return False

    def away(self):
        """Return the milliseconds since the network was last there."""
        return self.uptime() - self._seen

    def down(self):
        """Switch the interface off until ``up``."""
        self._idle = True
        self._off()

    def gateway(self):
        """Return the router's address, which often answers NTP; "" if it is unknown."""
        try:
            address = self.nic.ifconfig()[2]  # type: ignore[union-attr]
        except (AttributeError, OSError, IndexError):
            return ""
        return "" if address == "0.0.0.0" else address

    def address(self):
        """Give the interface its fixed address, if it has one; it must be switched on."""
        fixed = self.settings
        if fixed.get("address"):
            parts = fixed["address"], fixed["mask"], fixed["gateway"], fixed["dns"] or fixed["gateway"]
            self.nic.ifconfig(parts)  # type: ignore[union-attr]

    def wait(self, timeout):
        """Wait until connected; return False after ``timeout`` seconds."""
        end = self.uptime() + round(timeout * 1000)
        while not self.nic.isconnected():  # type: ignore[union-attr]
            if self.uptime() >= end:
                return False
            self.feed()
            self.sleep(STEP)
        return True

    def report(self, text):
        """Log ``text``; of a network that comes and goes, only this many lines an hour: the flash would wear."""
        now = self.uptime()
        if now - self._lines_since >= _HOUR:
            if self._lines > _MOST_LINES:
                self._say("%d more lines on the %s were not kept" % (self._lines - _MOST_LINES, self.kind))
            self._lines = 0
            self._lines_since = now
        self._lines += 1
        (self._say if self._lines <= _MOST_LINES else self._show)(text)

    def _name_server(self):
        """Ask the configured DNS server: each answer of DHCP puts its own in that place."""
        server = self.settings.get("dns")
        if server and not self.settings["address"] and self.network.ipconfig("dns") != server:
            self.network.ipconfig(dns=server)

    def _off(self):
        self._was_up = False
        if self.nic is None:
            return
        for leave in (getattr(self.nic, "disconnect", None), lambda: self.nic.active(False)):
            try:
                if leave:
                    leave()
            except (OSError, RuntimeError):
                pass


def is_down(app):
    """Note that the network of ``app``, an App, is down, and restart the board if that lasts; return False."""
    port = app.port
    if port is not None and app.state is not None:
        away = app.wifi.away()
        resets = port.marked(platform.RESETS)
        # After an hour, in case only that helps; then after twice as long.
        if away >= min(_AWAY << resets, _LONGEST_AWAY):
            port.mark(platform.RESETS, min(resets + 1, 5))
            app.log.say("no network for %s: restarting the board" % texts.duration(away // 1000))
            port.reset()
    return cannot(app, "%s is down" % app.wifi.kind)


def cannot(app, why):
    """Note why no mail of ``app``, an App, can go, and say so once while mails wait; return False."""
    waiting = app.mailer.pending() if app.told != why else 0
    if waiting:
        app.told = why
        now = app.clock.uptime()
        # A network that comes and goes must not wear the flash.
        again = why == app.logged and now - app.logged_at < _LOG_EVERY
        if not again:
            app.logged, app.logged_at = why, now
        say = app.log.show if again else app.log.say
        say("%s: %s" % (texts.count(waiting, "1 mail waits", "%d mails wait"), why))
    return False

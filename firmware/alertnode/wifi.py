"""Connects to the Wi-Fi, watches the connection, tries again with growing pauses, and puts failures in words."""

_FIRST_PAUSE = 5000
_LONGEST_PAUSE = 300000
_STEP = 200
_HOUR = 3600 * 1000
# So long without the network, and the radio is switched off and on.
_STALE = 600 * 1000
# So many lines an hour are logged.
_MOST_LINES = 20

# The names of `network`'s constants, and the ESP-IDF reason codes that `status()` returns on boards without the name.
_REASONS = (
    ("STAT_WRONG_PASSWORD", (202, -3), "wrong password: correct the secret wifi_password"),
    ("STAT_NO_AP_FOUND", (201, 210, 211, 212, -2), "no access point with this name: check wifi.ssid and the distance"),
    ("STAT_HANDSHAKE_TIMEOUT", (204, 15), "the handshake timed out: a weak signal, or a wrong password"),
    ("STAT_ASSOC_FAIL", (203,), "the access point turned the board away"),
    ("STAT_BEACON_TIMEOUT", (200,), "the access point is no longer heard"),
    ("STAT_CONNECT_FAIL", (205, -1), "the connection failed"),
)


class Wifi:
    """The board's station interface.

    ``network`` is MicroPython's module; ``sleep`` waits, and ``uptime`` counts, in milliseconds; ``feed`` feeds the
    watchdog; ``timeout`` is in seconds; ``say`` takes console lines, ``show`` those that the log need not keep.
    """

    def __init__(self, network, ssid, password, uptime, sleep, feed, say, timeout=20, show=None):
        self._network = network
        self._wlan = None
        self._ssid = ssid
        self._password = password
        self._uptime = uptime
        self._sleep = sleep
        self._feed = feed
        self._say = say
        self._show = show or say
        self._timeout = round(timeout * 1000)
        self._pause = _FIRST_PAUSE
        self._due = 0
        self._was_up = False
        # When the network was last there, and when the radio was last switched on.
        self._seen = self._fresh = uptime()
        self._idle = False
        self._lines = 0
        self._lines_since = 0
        # Takes the line that the network is there, which is not worth keeping at each wake of a board that sleeps.
        self.welcome = None
        # Called before an attempt to connect.
        self.connecting = None

    def ready(self):
        """Return True while connected; that a connection came or went is reported once."""
        up = self._wlan is not None and bool(self._wlan.isconnected())
        if up:
            self._seen = self._fresh = self._uptime()
        if up != self._was_up:
            self._was_up = up
            if up:
                text = "Wi-Fi %s is up, address %s" % (self._ssid, self._wlan.ifconfig()[0])  # type: ignore[union-attr]
                (self.welcome or self._report)(text)
            else:
                self._report("Wi-Fi %s is lost" % self._ssid)
            self._due = 0
            self._pause = _FIRST_PAUSE
        return up

    def up(self):
        """Connect unless connected or still pausing after a failure; return True if connected."""
        if self.ready():
            return True
        if self._uptime() < self._due:
            return False
        if self._idle:
            # Switched off on purpose: nobody missed the network meanwhile.
            self._idle = False
            self._seen = self._fresh = self._uptime()
        if self._uptime() - self._fresh >= _STALE:
            # Some failures of a radio are over only when it was off.
            self._report("Wi-Fi %s: the radio is switched off and on" % self._ssid)
            self._off()
            self._sleep(_STEP)
            self._fresh = self._uptime()
        reason = self._connect()
        if self.ready():
            return True
        self._report("Wi-Fi %s: %s; tried again in %d s" % (self._ssid, reason, self._pause // 1000))
        self._due = self._uptime() + self._pause
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        return False

    def away(self):
        """Return the milliseconds since the network was last there."""
        return self._uptime() - self._seen

    def down(self):
        """Switch the radio off until ``up``."""
        self._idle = True
        self._off()

    def _off(self):
        self._was_up = False
        if self._wlan is None:
            return
        try:
            self._wlan.disconnect()
        except (OSError, RuntimeError):
            pass
        try:
            self._wlan.active(False)
        except (OSError, RuntimeError):
            pass

    def gateway(self):
        """Return the router's address, which often answers NTP; "" if it is unknown."""
        try:
            address = self._wlan.ifconfig()[2]  # type: ignore[union-attr]
        except (AttributeError, OSError, IndexError):
            return ""
        return "" if address == "0.0.0.0" else address

    def _report(self, text):
        """Log ``text``; of a network that comes and goes, only so many lines an hour: the flash would wear."""
        now = self._uptime()
        if now - self._lines_since >= _HOUR:
            if self._lines > _MOST_LINES:
                self._say("%d more lines on the Wi-Fi were not kept" % (self._lines - _MOST_LINES))
            self._lines = 0
            self._lines_since = now
        self._lines += 1
        (self._say if self._lines <= _MOST_LINES else self._show)(text)

    def _connect(self):
        if self.connecting:
            self.connecting()
        # An ESP32 up to MicroPython 1.25 raises RuntimeError, later ones OSError, if it lacks memory for the Wi-Fi.
        try:
            if self._wlan is None:
                self._wlan = self._network.WLAN(getattr(self._network, "STA_IF", 0))
            self._wlan.active(True)
        except (OSError, RuntimeError) as error:
            return "the radio refuses (%s)" % error
        wlan = self._wlan
        try:
            # On an ESP32 a running attempt must end before the next may begin.
            wlan.disconnect()
        except (OSError, RuntimeError):
            pass
        try:
            wlan.connect(self._ssid, self._password)
        except (OSError, ValueError, RuntimeError) as error:
            return "the radio refuses (%s)" % error
        end = self._uptime() + self._timeout
        while not wlan.isconnected():
            if self._uptime() >= end:
                return self._reason() or "no connection within %d s" % (self._timeout // 1000)
            self._feed()
            self._sleep(_STEP)
        return ""

    def _reason(self):
        status = self._wlan.status()  # type: ignore[union-attr]
        for name, codes, text in _REASONS:
            if status == getattr(self._network, name, None) or status in codes:
                return text
        return ""

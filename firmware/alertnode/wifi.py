"""Connects to the Wi-Fi, watches the connection, tries again with growing pauses, and puts failures in words."""

_FIRST_PAUSE = 5000
_LONGEST_PAUSE = 300000
_STEP = 200

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
    watchdog; ``timeout`` is in seconds; ``say`` takes console lines.
    """

    def __init__(self, network, ssid, password, uptime, sleep, feed, say, timeout=20):
        self._network = network
        self._wlan = network.WLAN(getattr(network, "STA_IF", 0))
        self._ssid = ssid
        self._password = password
        self._uptime = uptime
        self._sleep = sleep
        self._feed = feed
        self._say = say
        self._timeout = round(timeout * 1000)
        self._pause = _FIRST_PAUSE
        self._due = 0
        self._was_up = False

    def ready(self):
        """Return True while connected; that a connection came or went is reported once."""
        up = bool(self._wlan.isconnected())
        if up != self._was_up:
            self._was_up = up
            self._due = 0
            self._pause = _FIRST_PAUSE
            if up:
                self._say("Wi-Fi %s is up, address %s" % (self._ssid, self._wlan.ifconfig()[0]))
            else:
                self._say("Wi-Fi %s is lost" % self._ssid)
        return up

    def up(self):
        """Connect unless connected or still pausing after a failure; return True if connected."""
        if self.ready():
            return True
        if self._uptime() < self._due:
            return False
        reason = self._connect()
        if self.ready():
            return True
        self._say("Wi-Fi %s: %s; tried again in %d s" % (self._ssid, reason, self._pause // 1000))
        self._due = self._uptime() + self._pause
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        return False

    def down(self):
        """Switch the radio off."""
        self._was_up = False
        self._wlan.active(False)

    def gateway(self):
        """Return the router's address, which often answers NTP; "" if it is unknown."""
        try:
            address = self._wlan.ifconfig()[2]
        except (OSError, IndexError):
            return ""
        return "" if address == "0.0.0.0" else address

    def _connect(self):
        wlan = self._wlan
        try:
            wlan.active(True)
            # On an ESP32 a running attempt must end before the next may begin.
            wlan.disconnect()
        except OSError:
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
        status = self._wlan.status()
        for name, codes, text in _REASONS:
            if status == getattr(self._network, name, None) or status in codes:
                return text
        return ""

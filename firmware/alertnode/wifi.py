"""Connects to the first Wi-Fi of a list that takes the board, and puts failures in words (lost: net_watch.py)."""

from alertnode.net_watch import Link

# The names of `network`'s constants, and the ESP-IDF reason codes that `status()` returns on boards without the name.
_REASONS = (
    ("STAT_WRONG_PASSWORD", (202, -3), "wrong password: umail deploy --secret %s"),
    ("STAT_NO_AP_FOUND", (201, 210, 211, 212, -2), "no access point with this name: check wifi.ssid and the distance"),
    ("STAT_HANDSHAKE_TIMEOUT", (204, 15), "the handshake timed out: a weak signal, or a wrong password"),
    ("STAT_ASSOC_FAIL", (203,), "the access point turned the board away"),
    ("STAT_BEACON_TIMEOUT", (200,), "the access point is no longer heard"),
    ("STAT_CONNECT_FAIL", (205, -1), "the connection failed"),
)


class Wifi(Link):
    """The board's station interface.

    ``networks`` is a list of (ssid, password, seconds that an attempt may take, name of the password's secret), tried
    in that order; the rest is as for Link.
    """

    kind = "Wi-Fi"
    anew = "the radio"

    def __init__(self, network, networks, settings, uptime, sleep, feed, say, show=None):
        super().__init__(network, settings, uptime, sleep, feed, say, show)
        self._networks = networks
        self.name = "Wi-Fi %s" % networks[0][0]

    def connect(self):
        # An ESP32 up to MicroPython 1.25 raises RuntimeError, later ones OSError, if it lacks memory for the Wi-Fi.
        try:
            if self.nic is None:
                if self.settings.get("country"):
                    self.network.country(self.settings["country"])
                self.nic = self.network.WLAN(getattr(self.network, "STA_IF", 0))
            self.nic.active(True)
            if self.settings.get("tx_power"):
                self.nic.config(txpower=self.settings["tx_power"])
            self.address()
        except (OSError, RuntimeError) as error:
            return "the radio refuses (%s)" % error
        reason = ""
        for one in self._networks:
            if reason:
                self.report("%s: %s; the next one is tried" % (self.name, reason))
            self.name = "Wi-Fi %s" % one[0]
            reason = self._join(*one)
            if not reason:
                break
        return reason

    def _join(self, ssid, password, timeout, secret):
        wlan = self.nic
        try:
            # On an ESP32 a running attempt must end before the next may begin.
            wlan.disconnect()
        except (OSError, RuntimeError):
            pass
        try:
            if self.kept:
                self.kept.join(wlan, ssid)
            wlan.connect(ssid, password)
        except (OSError, ValueError, RuntimeError) as error:
            return "the radio refuses (%s)" % error
        if self.wait(timeout):
            if self.kept:
                self.kept.joined(wlan, ssid)
            return ""
        status = wlan.status()
        for name, codes, text in _REASONS:
            if status == getattr(self.network, name, None) or status in codes:
                return text % secret if "%s" in text else text
        return "no connection within %d s" % timeout

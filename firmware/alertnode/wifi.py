"""Connects to the first Wi-Fi of a list that takes the board, and puts failures in words (lost: net_watch.py)."""

from alertnode.net_watch import Link


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
        from alertnode import seldom, unload

        unload("seldom")
        return seldom.no_wifi(self.network, wlan.status(), secret) or "no connection within %d s" % timeout

"""Brings up Ethernet: an ESP32's `network.LAN`, or the `network.WIZNET5K` of rp2 boards that are made with one."""

from alertnode.net_watch import Link


def check(network, settings):
    """Raise ValueError, with a sentence, if this board's MicroPython has no such interface."""
    if not hasattr(network, "LAN"):
        if not hasattr(network, "WIZNET5K"):
            raise ValueError('"ethernet": the MicroPython of this board has none; give "wifi": {"ssid": "…"} instead')
        return
    from alertnode.config_network import lacks

    missing = lacks(settings)
    if missing:
        raise ValueError('"ethernet.%s" is missing: give it as the board\'s documentation has it' % missing[0])
    if not hasattr(network, "PHY_" + settings["phy_type"]):
        raise ValueError('"ethernet.phy_type": this MicroPython knows no %s: flash a newer one' % settings["phy_type"])


def make(section, secret, network, *more):
    """Return the Ethernet of a ``section`` that was checked; ``more`` as for Link."""
    return Ethernet(network, section, *more)


class Ethernet(Link):
    """The board's wired interface; ``section`` is the configuration's, the rest is as for Link."""

    kind = name = "Ethernet"
    anew = "the interface"

    def __init__(self, network, section, settings, uptime, sleep, feed, say, show=None):
        super().__init__(network, settings, uptime, sleep, feed, say, show)
        self._section = section
        self._failed = ""

    def connect(self):
        # A `network.LAN` that failed once has taken what a second one needs (esp_netif_new): only a restart helps.
        if self._failed:
            return self._failed
        try:
            if self.nic is None:
                self.nic = _open(self.network, self._section)
        except (OSError, ValueError, TypeError) as error:
            self._failed = "it cannot be set up (%s): check phy_type, phy_addr and the pins of ethernet" % error
            return self._failed
        try:
            self.nic.active(True)
            self.address()
        except OSError as error:
            return "it cannot be switched on (%s)" % error
        if self.wait(self._section["timeout"]):
            return ""
        # LAN: a link, and no address yet; WIZNET5K: 2 is a link, 0 none.
        if self.nic.status() == getattr(self.network, "ETH_CONNECTED", 2):
            return "the router gave no address: check its DHCP, or give network.address"
        return "no signal on the cable: check it, and what it is plugged into"


def _open(network, section):
    if not hasattr(network, "LAN"):
        # These boards' firmware knows their pins.
        return network.WIZNET5K()
    from machine import Pin

    names = ("mdc", "mdio", "reset", "power", "cs", "int", "ref_clk")
    more = {name: Pin(section[name]) for name in names if section[name] != ""}
    if section["cs"] != "":
        from machine import SPI

        lines = {name: Pin(section[name]) for name in ("sck", "mosi", "miso")}
        more["spi"] = SPI(section["spi"], **lines)
    if section["ref_clk_mode"]:
        more["ref_clk_mode"] = Pin.OUT if section["ref_clk_mode"] == "out" else Pin.IN
    phy = getattr(network, "PHY_" + section["phy_type"])
    return network.LAN(phy_type=phy, phy_addr=section["phy_addr"], **more)

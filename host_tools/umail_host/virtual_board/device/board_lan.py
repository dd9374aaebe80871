"""Ethernet as a board has it: `network.LAN` of an ESP32, or `network.WIZNET5K` of an rp2."""

import time

import board_machine
from board_link import call, chip

_BEHIND_MAC = ["LAN8710", "LAN8720", "IP101", "RTL8201", "DP83848", "KSZ8041", "KSZ8081"]
if chip == "esp32":
    _BEHIND_MAC.append("LAN8670")
_BEHIND_MAC.append("GENERIC")
_FIRST_ON_SPI = 100
# Names and numbers of network.PHY_… (modnetwork.h).
PHYS = [(name, number) for number, name in enumerate(_BEHIND_MAC)]
PHYS += [("KSZ8851SNL", _FIRST_ON_SPI), ("DM9051", _FIRST_ON_SPI + 1), ("W5500", _FIRST_ON_SPI + 2)]
_PINS = ("mdc", "mdio", "reset", "power", "cs", "int", "ref_clk")
_P4_PINS = ("crs_dv", "rxd0", "rxd1", "tx_en", "txd0", "txd1", "clk_in", "clk_out")
_lan = None
nics = []


class _Wired:
    def isconnected(self):
        return call("eth.isconnected")

    def ifconfig(self, config=None):
        found = tuple(call("eth.ifconfig", config if config is None or config == "dhcp" else list(config)))
        return found if config is None else None

    def ipconfig(self, *parameter, **settings):
        address, mask, gateway, _ = call("eth.ifconfig", None)
        if settings:
            if "addr4" in settings and settings["addr4"] != "dhcp":
                address, mask = settings["addr4"]
            call("eth.ifconfig", [address, mask, settings.get("gw4", gateway), "0.0.0.0"])
            return None
        known = {"addr4": (address, mask), "gw4": gateway, "dhcp4": True}
        if parameter[0] not in known:
            raise ValueError("unexpected key")
        return known[parameter[0]]

    def config(self, *parameter, **settings):
        if settings:
            return None
        if parameter != ("mac",):
            raise ValueError("unknown config param")
        return bytes(call("eth.mac"))


class _Lan(_Wired):
    def active(self, on=None):
        return call("eth.active", None if on is None else bool(on))

    def status(self):
        return call("eth.status")


def LAN(id=None, **settings):  # noqa: N802
    global _lan
    if call("eth.open", None):
        # Whatever is asked for: the first set-up stays, over soft resets too.
        _lan = _lan or _Lan()
        return _lan
    known = _PINS + (_P4_PINS if chip == "esp32p4" else ()) + ("phy_type", "phy_addr", "spi", "ref_clk_mode")
    for name in settings:
        if name not in known:
            raise TypeError("extra keyword arguments given")
    for name in ("phy_addr", "phy_type"):
        if name not in settings:
            raise TypeError("'%s' argument required" % name)
    if id:
        raise ValueError("invalid LAN interface identifier")
    for name in _PINS:
        if settings.get(name) is not None and not isinstance(settings[name], board_machine.Pin):
            board_machine.Pin(settings[name])
    phy, address = settings["phy_type"], settings["phy_addr"]
    if not 0 <= address <= 31:
        raise ValueError("invalid phy address")
    if phy not in [number for _, number in PHYS]:
        raise ValueError("invalid phy type")
    if phy < _FIRST_ON_SPI:
        if chip not in ("esp32", "esp32p4"):
            # These chips have no MAC for it.
            raise OSError("esp_eth_driver_install failed with invalid argument")
        if settings.get("mdc") is None or settings.get("mdio") is None:
            raise ValueError("mdc and mdio must be specified")
    call("eth.open", [phy, address])
    _lan = _Lan()
    return _lan


class WIZNET5K(_Wired):
    """The boards that have one know its pins, so no argument is needed."""

    def __init__(self, spi=None, cs=None, rst=None, intn=None):
        # The interface is brought down while it is configured.
        call("eth.active", False)

    def active(self, on=None):
        if on is None:
            return call("eth.active", None)
        if on and not call("eth.active", None):
            time.sleep_ms(410)
            if self not in nics:
                nics.append(self)
        call("eth.active", bool(on))
        return None

    def status(self):
        return (2 if call("eth.active", None) else 1) if call("eth.link") else 0

    def regs(self):
        pass

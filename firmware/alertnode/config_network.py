"""The part of the configuration that says how the board reaches the network: its tables (see config.py), its checks."""

# Chips behind the MAC of an ESP32 or ESP32-P4, and those with a MAC of their own, on SPI; the pins that each needs.
PHYS = ("LAN8710", "LAN8720", "LAN8670", "IP101", "RTL8201", "DP83848", "KSZ8041", "KSZ8081", "GENERIC")
ON_SPI = ("W5500", "DM9051", "KSZ8851SNL")
_PINS = ("mdc", "mdio")
_SPI_PINS = ("sck", "mosi", "miso", "cs", "int")
WIFI = {"ssid": ("text", None), "timeout": ("number", 20, 2, 60)}
MOST = 9
_ANY_PIN = ("pin", "")
# As `network.LAN` of an ESP32 calls them.
ETHERNET = {
    "phy_type": (PHYS + ON_SPI, ""),
    "phy_addr": ("whole", 0, 0, 31),
    "mdc": _ANY_PIN,
    "mdio": _ANY_PIN,
    "reset": _ANY_PIN,
    "power": _ANY_PIN,
    "ref_clk": _ANY_PIN,
    "ref_clk_mode": (("in", "out"), ""),
    "spi": ("whole", 1, 0, 2),
    "sck": _ANY_PIN,
    "mosi": _ANY_PIN,
    "miso": _ANY_PIN,
    "cs": _ANY_PIN,
    "int": _ANY_PIN,
    "timeout": ("number", 20, 2, 60),
}
NETWORK = {
    "hostname": ("label", ""),
    "address": ("ipv4", ""),
    "mask": ("ipv4", "255.255.255.0"),
    "gateway": ("ipv4", ""),
    "dns": ("ipv4", ""),
    "country": ("country", ""),
    "tx_power": ("whole", 0, 2, 21),
}


def check(config, given, problems):
    """Check the ways to the network against each other; ``given`` is the configuration as it was written."""
    for number, one in enumerate(config["wifi"] or ()):
        if one and one["ssid"] and len(one["ssid"].encode()) > 32:
            where = "wifi.ssid" if len(config["wifi"]) == 1 else "wifi[%d].ssid" % number
            problems.add(where, "is longer than the 32 bytes that a network's name has")
    ways = [key for key in ("wifi", "ethernet", "modem") if key in given]
    if not ways:
        problems.add("wifi", "is missing")
    if len(ways) > 1:
        problems.add(ways[1], "and %s do not go together" % ways[0])
    network = config["network"] or {}
    if network.get("address") and network["gateway"] == "":
        problems.add("network.gateway", "is missing, and network.address needs it")
    if config["ethernet"]:
        for key in ("country", "tx_power"):
            if network.get(key):
                problems.add("network." + key, "is of the Wi-Fi, and this board has ethernet")


def lacks(ethernet):
    """Return the keys that a `network.LAN` needs and ``ethernet`` leaves out: a list, empty if there are none."""
    if not ethernet["phy_type"]:
        return ["phy_type"]
    return [key for key in (_SPI_PINS if ethernet["phy_type"] in ON_SPI else _PINS) if ethernet[key] == ""]


def text(kind, value):
    """Say what is wrong with ``value`` as a text of this ``kind``; "" if nothing is."""
    if kind == "ipv4":
        parts = value.split(".")
        if len(parts) != 4 or [part for part in parts if not part.isdigit() or len(part) > 3 or int(part) > 255]:
            return "is not an IPv4 address"
    if kind == "country" and (len(value) != 2 or not value.isalpha() or value != value.upper()):
        return "is not the two letters of a country"
    return ""

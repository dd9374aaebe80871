"""`network` as a board has it: a station that is refused or loses its access point, Ethernet, or both."""

from board_link import call, late, platform

_WIFI, _WIRED = call("power.network")
STA_IF = 0
AP_IF = 1
if platform == "rp2":
    STAT_IDLE, STAT_CONNECTING, STAT_GOT_IP = 0, 1, 3
    STAT_CONNECT_FAIL, STAT_NO_AP_FOUND, STAT_WRONG_PASSWORD = -1, -2, -3
else:
    STAT_IDLE, STAT_CONNECTING, STAT_GOT_IP = 1000, 1001, 1010
    STAT_BEACON_TIMEOUT, STAT_NO_AP_FOUND, STAT_WRONG_PASSWORD = 200, 201, 202
    STAT_CONNECT_FAIL = STAT_ASSOC_FAIL = 203
    STAT_HANDSHAKE_TIMEOUT = 204
    STAT_NO_AP_FOUND_W_COMPATIBLE_SECURITY = 210
    STAT_NO_AP_FOUND_IN_AUTHMODE_THRESHOLD = 211
    STAT_NO_AP_FOUND_IN_RSSI_THRESHOLD = 212
    MODE_11B, MODE_11G, MODE_11N = 1, 2, 4
    AUTH_OPEN, AUTH_WPA_PSK, AUTH_WPA2_PSK, AUTH_WPA_WPA2_PSK, AUTH_WPA3_PSK = 0, 2, 3, 4, 6

    def phy_mode(mode=None):
        return MODE_11B | MODE_11G | MODE_11N


# The host tells the state by its name.
_STATUS = {
    "idle": STAT_IDLE,
    "connecting": STAT_CONNECTING,
    "no address": 2 if platform == "rp2" else STAT_CONNECTING,
    "connected": STAT_GOT_IP,
    "no access point": STAT_NO_AP_FOUND,
    "wrong password": STAT_WRONG_PASSWORD,
}


class WLAN:
    IF_STA = 0
    IF_AP = 1
    PM_NONE = 0
    PM_PERFORMANCE = 1
    PM_POWERSAVE = 2
    SEC_OPEN = 0
    if platform == "rp2":
        PM_NONE, PM_PERFORMANCE, PM_POWERSAVE = 0x10, 0xA11142, 0x11
    else:
        SEC_WPA2 = 3

    def __init__(self, interface=STA_IF):
        if interface not in (STA_IF, AP_IF):
            raise ValueError("invalid WLAN interface identifier")
        call("wlan.open")
        self._interface = interface

    def active(self, on=None):
        return call("wlan.active", self._interface, None if on is None else bool(on))

    def connect(self, ssid=None, key=None, *, bssid=None):
        call("wlan.connect", ssid, key)

    def disconnect(self):
        call("wlan.disconnect")

    def isconnected(self):
        return call("wlan.isconnected", self._interface)

    def status(self, parameter=None):
        if parameter is None:
            return _STATUS[call("wlan.status")] if self._interface == STA_IF else None
        if parameter == "stations":
            return []
        if parameter != "rssi":
            raise ValueError("unknown status param")
        return call("wlan.rssi")

    def scan(self):
        return [(bytes(found[0]), bytes(found[1])) + tuple(found[2:]) for found in call("wlan.scan")]

    def ifconfig(self, config=None):
        return tuple(call("wlan.ifconfig", config if config is None or config == "dhcp" else list(config)))

    def ipconfig(self, *parameter, **settings):
        if settings:
            if "addr4" in settings and settings["addr4"] != "dhcp":
                address = settings["addr4"]
                old = call("wlan.ifconfig", None)
                call("wlan.ifconfig", [address[0], address[1], settings.get("gw4", old[2]), old[3]])
            return None
        address, mask, gateway, dns = call("wlan.ifconfig", None)
        return {
            "addr4": (address, mask),
            "gw4": gateway,
            "dhcp4": True,
            "has_dhcp4": self.isconnected(),
            "dns": dns,
        }[parameter[0]]

    def config(self, *parameter, **settings):
        if parameter and settings:
            raise TypeError("either pos or kw args are allowed")
        if not parameter:
            return call("wlan.configure", settings)
        if len(parameter) != 1:
            raise TypeError("can query only one param")
        value = call("wlan.config", parameter[0])
        return bytes(value) if parameter[0] == "mac" else value


def __getattr__(name):
    if name == "PPP" and platform == "esp32":
        return late("modem", name)
    raise AttributeError("module has no attribute '%s'" % name)


_hostname = "mpy-esp32" if platform == "esp32" else "PicoW" if _WIFI else "W5500-EVB"
_country = "XX"


def hostname(name=None):
    global _hostname
    if name is None:
        return _hostname
    if len(name) > 32:
        raise ValueError
    _hostname = name
    return None


def country(code=None):
    global _country
    if code is None:
        return _country
    if len(code) != 2:
        raise ValueError
    _country = code
    return None


def ipconfig(*parameter, **settings):
    """Set up the whole stack; ``dns`` is its one DNS server."""
    if parameter:
        if parameter[0] != "dns":
            raise ValueError("unexpected key")
        return call("eth.ifconfig" if call("eth.isconnected") else "wlan.ifconfig", None)[3]
    for key in settings:
        if key != "dns":
            raise ValueError("unexpected key")
        call("wlan.dns", settings[key])
        call("eth.dns", settings[key])
    return None


if not _WIFI:
    # modnetwork_globals.h: an ESP32 without Wi-Fi lacks all that belongs to it.
    del WLAN
    if platform == "esp32":
        del STA_IF, AP_IF, MODE_11B, MODE_11G, MODE_11N
        del AUTH_OPEN, AUTH_WPA_PSK, AUTH_WPA2_PSK, AUTH_WPA_WPA2_PSK, AUTH_WPA3_PSK
    else:
        del STAT_IDLE, STAT_CONNECTING, STAT_GOT_IP, STAT_CONNECT_FAIL, STAT_NO_AP_FOUND, STAT_WRONG_PASSWORD

if _WIRED == "LAN":
    from board_lan import LAN, PHYS  # noqa: F401

    for _name, _number in PHYS:
        globals()["PHY_" + _name] = _number
    ETH_INITIALIZED, ETH_STARTED, ETH_STOPPED, ETH_CONNECTED, ETH_DISCONNECTED, ETH_GOT_IP = range(6)
elif _WIRED:
    from board_lan import WIZNET5K, nics  # noqa: F401

if platform == "rp2":

    def route():
        """MicroPython's own list of interfaces, which those on a Pico W's Wi-Fi chip are not in."""
        return nics if _WIRED else []

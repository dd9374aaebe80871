"""The part of the configuration that says how a modem is wired and dialled: its table (see config.py), its checks."""

from alertnode.config_kinds import REQUIRED, is_made_of, table

_ANY_PIN = ("pin", "")
MODEM = {
    "apn": ("text", ""),
    "username": ("text", ""),
    "auth": (("pap", "chap"), "pap"),
    "dial": ("text", "*99#"),
    "uart": ("whole", 1, 1, 2),
    "tx": ("pin", REQUIRED),
    "rx": ("pin", REQUIRED),
    "baud": ("whole", 115200, 9600, 3000000),
    "power": _ANY_PIN,
    "power_key": _ANY_PIN,
    "timeout": ("number", 60, 10, 300),
}


def section(value, network, problems):
    """Return the section ``modem`` with its defaults, after it was checked; ``network`` is the one of that name."""
    made = table("modem.", value, MODEM, problems)
    # Both go into a command, which nothing in them may end.
    if not is_made_of(made["apn"] or "", ".-_"):
        problems.add("modem.apn", "holds other characters than letters, digits, dots and dashes")
    if (made["dial"] or "").strip("0123456789*#"):
        problems.add("modem.dial", "holds other characters than digits, * and #")
    for key in ("address", "gateway", "country", "tx_power"):
        if (network or {}).get(key):
            problems.add("network." + key, "is not for a modem, whose provider settles it")
    return made

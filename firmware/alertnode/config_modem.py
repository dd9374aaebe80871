"""The part of the configuration that says how a modem is wired and dialled: its table (see config.py), its checks."""

from alertnode.config_kinds import REQUIRED, table

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
    for key, more, what in (("apn", ".-_", "letters, digits, dots and dashes"), ("dial", "*#", "digits, * and #")):
        text = made[key] or ""
        if [c for c in text if not (c.isdigit() or c in more or (key == "apn" and c.isalpha() and ord(c) < 128))]:
            problems.add("modem." + key, "holds other characters than " + what)
    for key in ("address", "gateway", "country", "tx_power"):
        if (network or {}).get(key):
            problems.add("network." + key, "is not for a modem, whose provider settles it")
    return made

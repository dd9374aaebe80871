"""Reads ``/config.json``, checks it against tables, and completes it with its defaults.

All problems are found in one pass and reported as one sentence each, with the key and how to fix it. The remedies are
in ``config_help``, which is loaded only if something is wrong. No value is repeated that could be a secret.
"""

import json

from alertnode import config_network

PATH = "/config.json"
_LONGEST = 16384
REQUIRED = None

# key: (kind, default, lowest, highest). A kind is "number", "whole", "pin", one of text (see _text; with an s behind it
# one or several), a tuple of the words that are allowed, or a table of its own. The default REQUIRED means that the key
# must be there.
_OAUTH = {
    "flow": (("client_credentials", "refresh_token"), REQUIRED),
    "tenant": ("text", REQUIRED),
    "client_id": ("text", REQUIRED),
    "scope": ("text", ""),
    "host": ("name", ""),
    "port": ("whole", 0, 1, 65535),
}
_ROUTE = {
    "route": (("m365.submission", "m365.hve", "m365.direct_send", "m365.relay", "smtp"), REQUIRED),
    "username": ("text", ""),
    "sender": ("address", ""),
    "domain": ("name", ""),
    "host": ("name", ""),
    "port": ("whole", 0, 1, 65535),
    "security": (("starttls", "tls", "opportunistic", "plain"), ""),
    "trust": ("roots", ()),
    "ehlo": ("word", ""),
    "certificate": ("paths", ()),
    "private_key": ("path", ""),
    "oauth": (_OAUTH, ()),
}
_MAIL: dict = {
    "to": ("addresses", REQUIRED),
    "timeout": ("number", 30, 5, 300),
    "deadline": ("number", 120, 10, 600),
    "per_minute": ("whole", "", 0, 10000),
    "per_day": ("whole", "", 0, 1000000),
    "fallback": (_ROUTE, ()),
}
_MAIL.update(_ROUTE)
# Mails a minute and recipients a day that a route takes from one mailbox, 0: any number; else a careful guess.
_LIMITS = {"m365.submission": (30, 10000), "m365.hve": (0, 0)}
_ANY_LIMITS = (10, 300)
_CLOCK = {
    "ntp": ("names", ("pool.ntp.org",)),
    "zone": ("text", "UTC0"),
    "ds3231": ({"scl": ("pin", REQUIRED), "sda": ("pin", REQUIRED)}, ()),
}
_TOP = {
    "board_name": ("text", REQUIRED),
    "wifi": ("networks", ()),
    "ethernet": (config_network.ETHERNET, ()),
    "network": (config_network.NETWORK, {}),
    "mail": (_MAIL, REQUIRED),
    "sensor": (dict, REQUIRED),
    "rules": (list, REQUIRED),
    "interval": ("number", 60, 0.1, 86400),
    "clock": (_CLOCK, {}),
    "battery": ({"budget": ("number", 60, 10, 600)}, ()),
    "heartbeat": ("number", 7, 0, 366),
    "expires": (dict, ()),
    "watchdog": ("number", 120, 0, 3600),
    "log_size": ("whole", 16384, 0, 1000000),
}
_PIN = ("pin", REQUIRED)
_SENSORS = {
    "trace": {
        "path": ("path", REQUIRED),
        "column": ("text", ""),
        "speed": ("number", 0, 0, 1e6),
        "step": ("number", 0, 0, 1e7),
    },
    "adc": {
        "pin": _PIN,
        "scale": ("number", 1, -1e9, 1e9),
        "offset": ("number", 0, -1e9, 1e9),
        "samples": ("whole", 16, 1, 1000),
    },
    "ds18b20": {"pin": _PIN, "address": ("digits", "")},
    "dht22": {"pin": _PIN, "quantity": (("temperature", "humidity"), "temperature")},
    "contact": {
        "pin": _PIN,
        "closed": ("whole", 0, 0, 1),
        "pull": (("up", "down", "none"), "up"),
        "debounce": ("number", 0.05, 0, 1),
    },
}
_UNITS = {"ds18b20": "°C", "dht22": "°C", "adc": "V"}
_STATE = {"readings": ("whole", 1, 1, 100)}
_LIMIT = {"limit": ("number", REQUIRED, -1e9, 1e9), "hysteresis": ("number", 0, 0, 1e9), "readings": _STATE["readings"]}
_GONE = {"readings": ("whole", 3, 0, 100)}
# Kinds of text, several and one.
_TEXTS = {"addresses": "address", "names": "name", "paths": "path", "roots": "root"}
_ONE = ("text", "word", "address", "name", "path", "digits", "label", "ipv4", "country")
_RULES = {"above": _LIMIT, "below": _LIMIT, "gone": _GONE, "open": _STATE, "closed": _STATE}


class Problems:
    """Collects what is wrong with a configuration: ``sentences``, to be shown to a person."""

    def __init__(self):
        self.sentences = []

    def add(self, key, what, words=()):
        """Note that ``key`` (dotted) is ``what``; ``words`` are those that would be right."""
        from alertnode import config_help

        self.sentences.append(config_help.sentence(key, what, words))


def load(path=PATH):
    """Return (configuration as a dict, list of sentences) of a file; the dict is valid if the list is empty.

    OSError if the file cannot be read.
    """
    from alertnode import platform

    # (A longer one is cut off, and so is not JSON.)
    text = platform.fetch(path, _LONGEST)
    if text is None:
        return {}, ["%s is missing: copy one to the board, by umail deploy or mpremote cp" % path]
    try:
        value = json.loads(text.decode())
        # MicroPython up to 1.25 takes {"interval": 30 for whole, though it was cut off before a 0 and the rest.
        if not _closed(text):
            raise ValueError
    except (ValueError, MemoryError, RuntimeError) as error:
        from alertnode import config_help

        return {}, ["%s is not JSON: %s" % (path, config_help.where(text, error))]
    return check(value)


def _closed(text):
    """Return True if every bracket in ``text`` (bytes), which MicroPython takes for JSON, is closed."""
    depth = 0
    quoted = escaped = False
    for c in text:
        if escaped:
            escaped = False
        elif c == 0x5C:
            escaped = quoted
        elif c == 0x22:
            quoted = not quoted
        elif not quoted:
            depth += (c in b"{[") - (c in b"}]")
    return not depth and not quoted


def check(value):
    """Return the same for a configuration that is read already."""
    problems = Problems()
    if not isinstance(value, dict):
        problems.add("", "is not an object of keys and values in braces { }")
        return {}, problems.sentences
    config = _table("", value, _TOP, problems)
    if isinstance(config.get("sensor"), dict):
        config["sensor"] = _kind("sensor", config["sensor"], "type", _SENSORS, {"unit": ("text", "")}, problems)
        unit = config["sensor"]["unit"] or _UNITS.get(config["sensor"].get("type"), "")
        config["sensor"]["unit"] = "%" if config["sensor"].get("quantity") == "humidity" else unit
    if isinstance(config.get("rules"), list):
        config["rules"] = _rules(config["rules"], config["sensor"] or {}, problems)
        if config["battery"] and (config["sensor"] or {}).get("type") == "trace":
            problems.add("battery", "does not go with a trace, which ends with the first sleep")
    if config["mail"]:
        _mail(config["mail"], problems)
    if config["expires"]:
        config["expires"] = _dates(config["expires"], problems)
    if config["clock"]:
        _zone(config["clock"], problems)
    config_network.check(config, value, problems)
    if config["watchdog"] and config["watchdog"] < 2:
        problems.add("watchdog", "is %s, less than the 2 that may pass between two steps" % config["watchdog"])
    return config, sorted(problems.sentences)


def _table(path, value, table, problems):
    """Return ``value`` with defaults, after each key was checked against ``table``."""
    result = {}
    for key in value:
        if key not in table:
            problems.add(path + key, "unknown", sorted(table))
    for key in table:
        kind, default = table[key][:2]
        if key in value:
            result[key] = _value(path + key, value[key], kind, table[key][2:], problems)
        elif isinstance(kind, dict) and default == {}:
            result[key] = _table(path + key + ".", {}, kind, problems)
        else:
            result[key] = default
            if result[key] is REQUIRED:
                problems.add(path + key, "is missing")
    return result


def _value(path, value, kind, limits, problems):
    if isinstance(kind, dict):
        if isinstance(value, dict):
            return _table(path + ".", value, kind, problems)
        what = "is not an object of keys and values in braces { }"
    elif isinstance(kind, tuple):
        if value in kind:
            return value
        what = "is not one of the words that it may be" if not isinstance(value, str) else 'is "%s"' % value[:40]
        problems.add(path, what, kind)
        return REQUIRED
    elif kind == "pin":
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
        what = _text("word", value) if isinstance(value, str) else "is not a pin's number"
        if not what:
            return value
    elif kind == "networks":
        value = [value] if isinstance(value, dict) else value
        if isinstance(value, list) and 0 < len(value) <= config_network.MOST:
            where = [path if len(value) == 1 else "%s[%d]" % (path, number) for number in range(len(value))]
            return [_value(where[i], one, config_network.WIFI, (), problems) for i, one in enumerate(value)]
        what = "is neither a network in braces { } nor a list of up to %d" % config_network.MOST
    elif kind in _TEXTS:
        value = [value] if isinstance(value, str) else value
        if isinstance(value, list) and value:
            what = [what for what in [_text(_TEXTS[kind], item) for item in value] if what]  # type: ignore[assignment]
            if not what:
                return value
            what = what[0]
        else:
            what = "is neither a text nor a list of texts"
    elif kind in _ONE:
        what = _text(kind, value)
        if not what:
            return value
    elif kind in ("number", "whole"):
        allowed = int if kind == "whole" else (int, float)
        if isinstance(value, bool) or not isinstance(value, allowed):
            what = "is not a %s without quotes" % ("whole number" if kind == "whole" else "number")
        elif limits[0] <= value <= limits[1]:
            return value
        else:
            what = "is %s, outside of %s to %s" % ((value,) + limits)
    elif isinstance(value, kind):
        return value
    else:
        what = "is not a list in brackets [ ]" if kind is list else "is not an object of keys and values in braces { }"
    problems.add(path, what)
    return REQUIRED


def _text(kind, value):
    """Say what is wrong with ``value`` as a text of this ``kind``; "" if nothing is.

    A "word" has no spaces, a "name" is a host's or domain's, a "path" one on the board, a "root" a path or the word
    insecure, "digits" are a sensor's address.
    """
    if not isinstance(value, str):
        return "is not a text in double quotes"
    if not value.strip():
        return "is empty"
    for c in value:
        # What goes into a header or onto the console must not end it.
        if ord(c) < 32 or 127 <= ord(c) < 160:
            return "holds a line break or another control character"
    if kind == "text" or (kind == "root" and value == "insecure"):
        return ""
    if kind in ("path", "root"):
        return "" if value[0] == "/" and value[-1] != "/" else "is not the absolute path of a file on the board"
    if " " in value:
        return "holds a space"
    if kind == "address":
        name, _, domain = value.partition("@")
        # RFC 5321, 4.1.2, in short: a quoted name is not worth its code.
        bad = not name or not domain or [c for c in value[len(name) + 1 :] + name if c in '@,;:<>()[]"\\']
        return "holds a text that is not an address" if bad else ""
    if kind == "name":
        # Two colons: an IPv6 address.
        for c in '/@,;<>()[]"\\' + ("" if value.count(":") > 1 else ":"):
            if c in value:
                return 'holds "%s", which a name never has' % c
        return "begins or ends with a dot" if value[0] == "." or value[-1] == "." else ""
    if kind == "digits" and (len(value) != 16 or [c for c in value if c not in "0123456789abcdefABCDEF"]):
        return "is not 16 hexadecimal digits"
    return config_network.text(kind, value)


def _kind(path, value, key, kinds, common, problems):
    """Check ``value`` against the table that its own ``key`` chooses among ``kinds``."""
    table = dict(common)
    table[key] = (tuple(sorted(kinds)), REQUIRED)
    chosen = value.get(key)
    if isinstance(chosen, str) and chosen in kinds:
        table.update(kinds[chosen])
    else:
        # Only the choice itself can be judged.
        value = {name: value[name] for name in value if name in table}
    return _table(path + ".", value, table, problems)


def _rules(rules, sensor, problems):
    result = []
    names = []
    for number, rule in enumerate(rules):
        path = "rules[%d]" % number
        if not isinstance(rule, dict):
            problems.add(path, "is not an object of keys and values in braces { }")
            continue
        rule = _kind(path, rule, "when", _RULES, {"name": ("text", REQUIRED)}, problems)
        if rule["name"] in names:
            problems.add(path + ".name", 'is "%s" once more' % rule["name"])
        names.append(rule["name"])
        if rule["when"] in ("open", "closed") and sensor.get("type") != "contact":
            problems.add(path + ".when", 'is "%s", which only a contact can be' % rule["when"])
        result.append(rule)
    # A broken sensor must not look like a quiet one. In a recording the gaps are the recording's.
    if sensor.get("type") != "trace" and not [rule for rule in result if rule["when"] == "gone"]:
        result.append({"name": "sensor", "when": "gone", "readings": 3})
    return result


def _mail(mail, problems):
    limits = _LIMITS.get(mail["route"], _ANY_LIMITS)
    for i, key in enumerate(("per_minute", "per_day")):
        if mail[key] == "":
            mail[key] = limits[i]
    _route("mail.", mail, problems)
    if mail["fallback"]:
        _route("mail.fallback.", mail["fallback"], problems)


def _route(path, mail, problems):
    route = mail["route"]
    mailbox = route in ("m365.submission", "m365.hve")
    tenant = route in ("m365.direct_send", "m365.relay")
    for key in ("username",) if mailbox else ("domain", "sender") if tenant else ("host",) if route == "smtp" else ():
        if mail[key] == "":
            problems.add(path + key, "is missing, and the route %s needs it" % route)
    if route == "smtp" and not mail["sender"] and not mail["username"]:
        problems.add(path + "sender", "is missing, and so is %susername" % path)
    if mailbox and mail["username"] and _text("address", mail["username"]):
        problems.add(path + "username", "is not an address")
    if tenant:
        if mail["domain"] and "." not in mail["domain"]:
            problems.add(path + "domain", "is not a domain")
        if mail["host"] and (mail["host"][-1].isdigit() or ":" in mail["host"]):
            problems.add(path + "host", "is an IP address, which no certificate names and Microsoft moves")
    if mail["security"] in ("plain", "opportunistic") and (mail["certificate"] or (mail["username"] and not tenant)):
        problems.add(path + "security", "would let a login or certificate out without verified TLS")
    if mail["ehlo"] and "." not in mail["ehlo"] and mail["ehlo"][0] != "[":
        # Exchange Online refuses others (501 5.5.4).
        problems.add(path + "ehlo", "is not a full domain name")
    if bool(mail["certificate"]) != bool(mail["private_key"]):
        problems.add(path + "certificate", "and %sprivate_key go together, but only one is there" % path)
    oauth = mail["oauth"]
    if not oauth:
        return
    if tenant or (route == "smtp" and not mail["username"]):
        problems.add(path + "oauth", "gets a token for a login, but there is no login here")
    for key in ("tenant", "client_id"):
        if [c for c in oauth[key] or "" if not (c.isalpha() or c.isdigit() or c in ".-_")]:
            problems.add("%soauth.%s" % (path, key), "holds a character that none has")


def _dates(dates, problems):
    """Return (name, Unix seconds) of each date ``2027-03-01``."""
    from alertnode import zone

    result = []
    for name in dates:
        try:
            date = [int(part) for part in dates[name].split("-")]
            unix = zone.seconds(*date)
            if not name.strip() or len(date) != 3 or list(zone.fields(unix)[:3]) != date:
                raise ValueError
        except (ValueError, TypeError, AttributeError, IndexError):
            # The value is not repeated: someone may have put the secret itself there.
            problems.add("expires", 'has no date for "%s"' % name[:40])
            continue
        result.append((name, unix))
    return result


def _zone(clock, problems):
    from alertnode.zone import Zone

    if clock["zone"] is REQUIRED:
        return
    try:
        Zone(clock["zone"])
    except ValueError as error:
        problems.add("clock.zone", "is %s" % error)

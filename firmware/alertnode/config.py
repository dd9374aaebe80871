"""Reads ``/config.json``, checks it against tables, and completes it with the defaults that they hold.

The tables of sensors, rules and outputs are in config_parts.py and their modules, others in config_network.py and the
like, those of the rest here.

All problems are found in one pass and reported as one sentence each, with the key and how to fix it. The remedies are
in ``config_help``, which is loaded only if something is wrong. No value is repeated that could be a secret.
"""

import json

from alertnode import config_network
from alertnode.config_kinds import REQUIRED, Problems, is_made_of, table, wrong_text

PATH = "/config.json"
_LONGEST = 16384

_OAUTH = {
    "flow": (("client_credentials", "refresh_token"), REQUIRED),
    "tenant": ("text", REQUIRED),
    "client_id": ("text", REQUIRED),
    "scope": ("text", ""),
    "host": ("name", ""),
    "port": ("whole", 0, 1, 65535),
}
_ROUTE = {
    "route": (("m365.submission", "m365.hve", "m365.direct_send", "m365.relay", "gmail", "azure", "smtp"), REQUIRED),
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
_LIMITS = {"m365.submission": (30, 10000), "m365.hve": (0, 0), "gmail": (10, 500), "azure": (30, 2400)}
_ANY_LIMITS = (10, 300)
_CLOCK = {
    "ntp": ("names", ("pool.ntp.org",)),
    "zone": ("text", "UTC0"),
    "ds3231": ({"scl": ("pin", REQUIRED), "sda": ("pin", REQUIRED)}, ()),
}
# As umail's Policy has it: seconds in which alerts of a rule become one mail, doubled up to; mails an hour.
_STORM = {
    "window": ("whole", 900, 0, 86400),
    "widest": ("whole", 14400, 0, 604800),
    "per_hour": ("whole", 20, 0, 1000),
}
# Where this board's updates are handed out, and when it asks: every so many hours, or at an hour.
_UPDATE = {"url": ("word", REQUIRED), "trust": ("roots", ()), "every": ("number", 24, 0.001, 720), "at": ("text", "")}
_TEXTS = {"subject": ("text", ""), "text": ("lines", ()), "own": ("part", "")}
_TOP = {
    "board_name": ("text", REQUIRED),
    "language": ("word", "en"),
    "texts": (_TEXTS, ()),
    "wifi": ("networks", ()),
    "ethernet": (config_network.ETHERNET, ()),
    "modem": (dict, ()),
    "network": (config_network.NETWORK, {}),
    "mail": (_MAIL, REQUIRED),
    "sensor": (dict, ()),
    "sensors": (dict, ()),
    "outputs": (dict, ()),
    "rules": (list, REQUIRED),
    "quiet": ("text", ""),
    "storm": (_STORM, {}),
    "interval": ("number", 60, 0.1, 86400),
    "clock": (_CLOCK, {}),
    "battery": ({"budget": ("number", 60, 10, 600)}, ()),
    "heartbeat": ("hour", 7, 0, 366),
    "summary": ("hour", ()),
    "expires": (dict, ()),
    "watchdog": ("number", 120, 0, 3600),
    "update": (_UPDATE, ()),
    "ping": ("text", ""),
    "ping_trust": ("roots", ()),
    "log_size": ("whole", 16384, 0, 1000000),
    "debug": ("switch", False),
}


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
        if _is_lenient():
            from umail import load_transient

            if not load_transient("net.truncated_json").closed(text):
                raise ValueError
    except (ValueError, MemoryError, RuntimeError) as error:
        from alertnode import config_help

        return {}, ["%s is not JSON: %s" % (path, config_help.where(text, error))]
    return check(value)


def _is_lenient():
    """Tell whether the parser takes {"interval": 30, cut off before a 0 and the rest: MicroPython up to 1.25 does."""
    try:
        return json.loads("[") == []
    except ValueError:
        return False


def check(value):
    """Return the same for a configuration that is read already."""
    from alertnode import config_parts

    problems = Problems()
    if not isinstance(value, dict):
        problems.add("", "is not an object of keys and values in braces { }")
        return {}, problems.sentences
    config = table("", value, _TOP, problems)
    config_parts.check(config, problems)
    if config["mail"]:
        _mail(config["mail"], problems)
    if config["expires"]:
        config["expires"] = _dates(config["expires"], problems)
    if config["clock"]:
        _zone(config["clock"], problems)
    for key in ("summary", "heartbeat"):
        if isinstance(config[key], (str, dict)):
            from alertnode import config_summary

            config[key] = config_summary.section(key, config[key], problems)
    if config["quiet"]:
        _quiet(config["quiet"], problems)
    if config["update"] and config["update"]["url"]:
        _url(config["update"]["url"], problems)
    if config["update"] and config["update"]["at"]:
        from alertnode import config_summary

        config_summary.hour("update", config["update"], problems)
    if config["ping"]:
        _ping(config["ping"], problems)
    if "insecure" in (config["ping_trust"] or ()):
        problems.add("ping_trust", "would let anybody take the ping")
    if config["texts"]:
        from alertnode import own_texts

        own_texts.check(config["texts"], problems)
    if config["modem"]:
        from alertnode import config_modem

        config["modem"] = config_modem.section(config["modem"], config["network"], problems)
    config_network.check(config, value, problems)
    if config["watchdog"] and config["watchdog"] < 2:
        problems.add("watchdog", "is %s, less than the 2 that may pass between two steps" % config["watchdog"])
    return config, sorted(problems.sentences)


def _url(url, problems):
    scheme, _, rest = url.partition("://")
    host, colon, port = rest.partition("/")[0].partition(":")
    good = not colon or (port.isdigit() and 0 < int(port) < 65536)
    if scheme not in ("http", "https") or not good or wrong_text("name", host):
        problems.add("update.url", "is not the address of a server")


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
    if mail["port"] == 465 and not mail["security"]:
        # RFC 8314, 3.3: the port of TLS from the first byte.
        mail["security"] = "tls"
    mailbox = route in ("m365.submission", "m365.hve", "gmail")
    tenant = route in ("m365.direct_send", "m365.relay")
    login = mailbox or route == "azure"
    for key in ("username",) if login else ("domain", "sender") if tenant else ("host",) if route == "smtp" else ():
        if mail[key] == "":
            problems.add(path + key, "is missing, and the route %s needs it" % route)
    if route == "smtp" and not mail["sender"] and not mail["username"]:
        problems.add(path + "sender", "is missing, and so is %susername" % path)
    if route == "azure" and mail["username"] and not mail["sender"] and wrong_text("address", mail["username"]):
        problems.add(path + "sender", "is missing, and %susername is not an address" % path)
    if mailbox and mail["username"] and wrong_text("address", mail["username"]):
        problems.add(path + "username", "is not an address")
    if tenant:
        if mail["domain"] and "." not in mail["domain"]:
            problems.add(path + "domain", "is not a domain")
        if mail["host"] and (mail["host"][-1:].isdigit() or ":" in mail["host"]):
            problems.add(path + "host", "is an IP address, which no certificate names and Microsoft moves")
    if mail["security"] in ("plain", "opportunistic") and (mail["certificate"] or (mail["username"] and not tenant)):
        problems.add(path + "security", "would let a login or certificate out without verified TLS")
    if mail["ehlo"] and "." not in mail["ehlo"] and mail["ehlo"][:1] != "[":
        # Exchange Online refuses others (501 5.5.4).
        problems.add(path + "ehlo", "is not a full domain name")
    if bool(mail["certificate"]) != bool(mail["private_key"]):
        problems.add(path + "certificate", "and %sprivate_key go together, but only one is there" % path)
    oauth = mail["oauth"]
    if not oauth:
        return
    if tenant or (route == "smtp" and not mail["username"]):
        problems.add(path + "oauth", "gets a token for a login, but there is no login here")
    if route in ("gmail", "azure"):
        problems.add(path + "oauth", "asks Microsoft for tokens, and the route %s logs in by a password" % route)
    for key in ("tenant", "client_id"):
        if not is_made_of(oauth[key] or "", ".-_"):
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
    from alertnode import zone_rule

    if clock["zone"] is REQUIRED:
        return
    try:
        zone_rule.parts(clock["zone"])
    except ValueError as error:
        problems.add("clock.zone", "is %s" % error)


def _ping(url, problems):
    from alertnode import ping

    try:
        ping.parts(url)
    except ValueError:
        problems.add("ping", "is not an https URL")


def _quiet(hours, problems):
    from alertnode import due

    try:
        due.minutes(hours)
    except ValueError:
        problems.add("quiet", "is not two times of the day with a dash between them")

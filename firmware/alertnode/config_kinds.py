"""Checks values of the configuration by their kind, and fills in the defaults of config*.py's tables, and the sensors'.

A table holds for each key: (kind, default, lowest, highest). A kind is "number", "numbers" (one, or several by name),
"whole", "switch" (true or false), "pin", "i2c" (118 or "0x76"), "hour" (a time of the day, a section with one, or a
number within limits, if there are some), one of text (see ``wrong_text``; with an s behind it
one or several), a tuple of the words that are allowed, or a table of its own. The default REQUIRED means that the key
must be there.
"""

from alertnode import config_network

REQUIRED = None
_HEXADECIMAL = "0123456789abcdefABCDEF"
# Kinds of text, several and one.
_TEXTS = {"texts": "text", "lines": "line", "addresses": "address", "names": "name", "paths": "path", "roots": "root"}
_ONE = ("text", "word", "address", "name", "path", "digits", "part", "label", "ipv4", "country")


class Problems:
    """Collects what is wrong with a configuration: ``sentences``, to be shown to a person."""

    def __init__(self):
        self.sentences = []

    def add(self, key, what, words=()):
        """Note that ``key`` (dotted) is ``what``; ``words`` are those that would be right."""
        from alertnode import config_help

        self.sentences.append(config_help.sentence(key, what, words))


def table(path, value, keys, problems):
    """Return ``value`` with defaults, after each key was checked against the table ``keys``."""
    result = {}
    for key in value:
        if key not in keys:
            problems.add(path + key, "unknown", sorted(keys))
    for key in keys:
        kind, default = keys[key][:2]
        if key in value:
            result[key] = _value(path + key, value[key], kind, keys[key][2:], problems)
        elif isinstance(kind, dict) and default == {}:
            result[key] = table(path + key + ".", {}, kind, problems)
        else:
            result[key] = default
            if result[key] is REQUIRED:
                problems.add(path + key, "is missing")
    return result


def _value(path, value, kind, limits, problems):
    if isinstance(kind, dict):
        if isinstance(value, dict):
            return table(path + ".", value, kind, problems)
        kind = dict
    if isinstance(kind, tuple):
        if value in kind:
            return value
        what = 'is "%s"' % value[:40] if isinstance(value, str) else "is not one of the words that it may be"
        problems.add(path, what, kind)
        return REQUIRED
    if kind == "networks":
        value = [value] if isinstance(value, dict) else value
        if isinstance(value, list) and 0 < len(value) <= config_network.MOST:
            where = [path if len(value) == 1 else "%s[%d]" % (path, number) for number in range(len(value))]
            return [_value(where[i], one, config_network.WIFI, (), problems) for i, one in enumerate(value)]
    elif kind in _TEXTS:
        value = [value] if isinstance(value, str) else value
    elif kind == "numbers" and isinstance(value, dict) and value:
        for name in value:
            _value("%s.%s" % (path, name[:40]), value[name], "number", limits, problems)
        return value
    elif kind == "i2c":
        # Data sheets have it in hexadecimal, which JSON does not know.
        digits = value[2:] if isinstance(value, str) and value[:2] == "0x" else ""
        if digits and not digits.strip(_HEXADECIMAL):
            value = int(digits, 16)
        kind = "whole"
    what = _wrong(value, kind, limits)
    if not what:
        return value
    problems.add(path, what)
    return REQUIRED


def _wrong(value, kind, limits):
    # What is wrong with ``value`` as one of this kind: str, "" if nothing is.
    if kind == "networks":
        return "is neither a network in braces { } nor a list of up to %d" % config_network.MOST
    if kind in _TEXTS:
        if not isinstance(value, list) or not value:
            return "is neither a text nor a list of texts"
        for item in value:
            what = wrong_text(_TEXTS[kind], item)
            if what:
                return what
        return ""
    if kind == "pin":
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return ""
        return wrong_text("word", value) if isinstance(value, str) else "is not a pin's number"
    if kind in _ONE:
        return wrong_text(kind, value)
    if kind == "switch":
        return "" if isinstance(value, bool) else "is neither true nor false"
    if kind == "hour" and isinstance(value, (str, dict)):
        # See config_summary.py.
        return ""
    if kind == "hour" and not limits:
        return "is neither a time of the day nor an object of keys and values in braces { }"
    if kind in ("number", "numbers", "whole", "hour"):
        if isinstance(value, bool) or not isinstance(value, int if kind == "whole" else (int, float)):
            return "is not a whole number without quotes" if kind == "whole" else "is not a number without quotes"
        return "" if limits[0] <= value <= limits[1] else "is %s, outside of %s to %s" % ((value,) + limits)
    if isinstance(value, kind):
        return ""
    return "is not a list in brackets [ ]" if kind is list else "is not an object of keys and values in braces { }"


def is_made_of(text, more):
    """Tell whether ``text`` has ASCII letters, digits and the characters ``more`` only."""
    # (Each character by itself would be a name, which MicroPython keeps.)
    return not text.strip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789" + more)


def wrong_text(kind, value):
    """Say what is wrong with ``value`` as a text of this ``kind``; "" if nothing is.

    A "line" may be empty, a "word" has no spaces, a "name" is a host's or domain's, a "path" one on the board, a "root"
    a path or the word insecure, "digits" are a sensor's address, a "part" is the name of a module.
    """
    if not isinstance(value, str):
        return "is not a text in double quotes"
    if kind != "line" and not value.strip():
        return "is empty"
    data = value.encode("utf-8", "surrogatepass")
    for i, c in enumerate(data):
        # What goes into a header or onto the console must not end it. (U+0080 to U+009F: 0xC2 and that byte.)
        if c < 32 or c == 127 or 128 <= c < 160 and data[i - 1] == 0xC2:
            return "holds a line break or another control character"
    if kind in ("text", "line") or (kind == "root" and value == "insecure"):
        return ""
    if kind in ("path", "root"):
        return "" if value[:1] == "/" and value[-1:] != "/" else "is not the absolute path of a file on the board"
    if " " in value:
        return "holds a space"
    if kind == "address":
        name, _, domain = value.partition("@")
        # RFC 5321, 4.1.2, in short: a quoted name is not worth its code.
        bad = not name or not domain or [c for c in data.replace(b"@", b"", 1) if c in b'@,;:<>()[]"\\']
        return "holds a text that is not an address" if bad else ""
    if kind == "name":
        # Two colons: an IPv6 address.
        for c in b'/@,;<>()[]"\\:':
            if c in data and not (c == 58 and data.count(b":") > 1):
                return 'holds "%s", which a name never has' % chr(c)
        return "begins or ends with a dot" if value[:1] == "." or value[-1:] == "." else ""
    if kind == "part":
        good = is_made_of(value, "_") and value == value.lower()
        return "" if good else "holds other characters than small letters, digits and _"
    if kind == "digits" and (len(value) != 16 or value.strip(_HEXADECIMAL)):
        return "is not 16 hexadecimal digits"
    if kind == "label" and not (len(value) <= 32 and is_made_of(value, "-")):
        return "is not up to 32 letters, digits and dashes"
    return config_network.text(kind, value)


def section(path, value, key, kinds, common, problems):
    """Check ``value`` against the table that its own ``key`` chooses among ``kinds``."""
    keys = dict(common)
    keys[key] = (tuple(sorted(kinds)), REQUIRED)
    chosen = value.get(key)
    if isinstance(chosen, str) and chosen in kinds:
        keys.update(kinds[chosen])
    else:
        # Only the choice itself can be judged.
        value = {name: value[name] for name in value if name in keys}
    return table(path + ".", value, keys, problems)

"""Says what kind of failure a server's refusal is, from one table that is searched in order and dropped again."""

from umail import load_transient

_KINDS = {"t": "temporary", "p": "permanent", "c": "configuration", "s": "security", "u": "uncertain"}


def _lines(table):
    start = 0
    while start < len(table):
        end = table.find(b"\n", start)
        yield str(table[start:end], "utf-8")
        start = end + 1


def _covers(pattern, enhanced):
    """Whether a code such as 5.7.1, or a range such as 5.7.606-649, covers this one."""
    low, dash, high = pattern.partition("-")
    if not dash:
        return low == enhanced
    prefix, _, first = low.rpartition(".")
    start, _, last = enhanced.rpartition(".")
    return start == prefix and last.isdigit() and int(first) <= int(last) <= int(high)


def _find(module, stage, code, enhanced, text):
    for line in _lines(module.ROWS):
        at, number, codes, fragment, key = line.split(";")
        if (
            (not at or at == stage)
            and (not number or int(number) == code)
            and (not codes or _covers(codes, enhanced))
            and fragment in text
        ):
            return int(key)
    return -1


def classify(stage, code, enhanced, text):
    """What a refusal means.

    Args:
        stage: where it came, as `MailError.stage` has it, or "token" for a token endpoint.
        code: the reply code, 0 where there is none.
        enhanced: the enhanced status code as str, "" where there is none.
        text: the reply's text (str).

    Returns:
        (kind, key): the key names an advice; without a matching row it is the kind's own name. A 4xx is temporary
        and a 5xx permanent unless the table knows better.
    """
    kind = "temporary" if code < 500 and stage != "token" else "permanent"
    try:
        module = load_transient("tables.tokens" if stage == "token" else "tables.replies")
        number = _find(module, stage, code, enhanced, text.lower())
        for line in _lines(module.KEYS):
            if not number:
                letter, _, key = line.split(";")
                return _KINDS[letter], key
            number -= 1
    except MemoryError:
        # The table did not fit. A mail is not given up on the strength of that: a person decides.
        if code >= 500:
            return "configuration", "configuration"
    return kind, kind


def retry_after(key):
    """Seconds to wait at least before another try after the failure ``key``; 0 where the usual back-off serves."""
    for line in _lines(load_transient("tables.replies").KEYS):
        _, seconds, name = line.split(";")
        if name == key:
            return int(seconds)
    return 0

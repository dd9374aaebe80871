"""Says whether a server's refusal is for good, for now or for a person to act on, by one table, searched in order.

How it works. The table, tables/replies.py, is made of lib/replies/*.toml, loaded for a refusal
and dropped again. A line of it begins with the number of a key and the letters of the stages at which it holds, then
come patterns of reply code, enhanced code and words. The first that matches decides: the lines are in the order of how
much their patterns tell, and the last ones take whatever came at a stage.
"""

from umail import load_transient

_KINDS = {"t": "temporary", "p": "permanent", "c": "configuration"}
_EARLY = ("greeting", "ehlo", "starttls", "auth")


def _lines(pieces):
    for piece in pieces:
        start = 0
        while start < len(piece):
            end = piece.find(b"\n", start)
            yield str(piece[start:end], "utf-8")
            start = end + 1


def _covers(pattern, enhanced):
    """Tell whether a code such as 5.7.1, .7.1 (of either class) or a range such as 5.7.606-649 covers this one."""
    low, _, high = pattern.partition("-")
    subject, _, first = low.rpartition(".")
    ours, _, last = enhanced.rpartition(".")
    return (subject == ours or subject == ours[1:]) and last.isdigit() and int(first) <= int(last) <= int(high or first)


def _holds(text, words):
    """Tell whether all parts of ``words``, between asterisks, stand in ``text``, in their order."""
    at = 0
    for part in words.split("*"):
        at = text.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return True


def _found(rows, letter, code, enhanced, text):
    """Yield the numbers of the keys whose patterns match, in the table's order."""
    for line in _lines(rows):
        number, _, patterns = line.partition("|")
        stages = number.lstrip("0123456789")
        if stages and letter not in stages:
            continue
        for pattern in patterns.split("|"):
            digits = codes = ""
            if ";" in pattern:
                digits, _, codes = pattern.partition(";")
                codes, _, pattern = codes.partition(";")
            if code.startswith(digits) and (not codes or _covers(codes, enhanced)) and _holds(text, pattern):
                yield int(number[: len(number) - len(stages)])
                break


def _aadsts(text):
    """Microsoft's number of a token endpoint's refusal (str of digits), or ""."""
    end = at = text.find("aadsts") + 6
    while at > 5 and text[end : end + 1].isdigit():
        end += 1
    return text[at:end]


def classify(stage, code, enhanced, text):
    """Return what a refusal means.

    Args:
        stage: where it came, as `MailError.stage` has it, or "token" for a token endpoint.
        code: the reply code, or the HTTP status of a token endpoint; 0 if there is none.
        enhanced: the enhanced status code as str, "" if there is none.
        text: the reply's text (str).

    Returns:
        (kind, key): the key names an advice. Only what is known to be about this mail is permanent; an unknown 4xx is
        temporary, and after any other unknown refusal a person must act.
    """
    token = stage == "token"
    if token and (code == 429 or code >= 500):
        # The endpoint is in trouble (RFC 6585, 4; RFC 9110, 15.6), whatever it says about us.
        return "temporary", "token_busy"
    kind = "temporary" if code < 500 and not token else "configuration"
    try:
        # Words of the table may begin with a space.
        text = " " + text.lower()
        if token:
            enhanced = _aadsts(text)
        elif enhanced:
            # Each line of a reply begins with it.
            text = text.replace(enhanced + " ", "")
        module = load_transient("tables.tokens" if token else "tables.replies")
        for number in _found(module.ROWS, stage[0], str(code), enhanced, text):
            for line in _lines(module.KEYS):
                if not number:
                    flags, _, key = line.split(";")
                    break
                number -= 1
            if flags[1:] and stage in _EARLY:
                # It is about a mail, and there is none yet.
                continue
            if flags[0] in "t" or (kind == "temporary" and flags[0] in "pc"):
                return "temporary", key
            return _KINDS[flags[0].lower()], key
    except MemoryError:
        # The table did not fit. A mail is not given up on the strength of that: a person decides.
        pass
    return kind, kind


def retry_after(key):
    """Seconds to wait at least before another try after the failure ``key``; 0 if the usual back-off serves."""
    for line in _lines(load_transient("tables.replies").KEYS):
        _, seconds, name = line.split(";")
        if name == key:
            return int(seconds)
    return 0

"""What a reply says, for people and for the tables: its text, its enhanced status code (RFC 2034, 3463)."""


def printable(data):
    """Return server bytes as a str that cannot move a cursor or forge a line: all outside 32–126 becomes ``?``."""
    # (Each character by itself would be a name, which MicroPython keeps.)
    return bytes([c if 32 <= c < 127 else 63 for c in data]).decode()


def format(one):
    """Return what a ``Reply`` or a ``Receipt`` shows itself as (str)."""
    if hasattr(one, "accepted"):
        return "Receipt(accepted=%r, refused=%r, round_trips=%d)" % (one.accepted, one.refused, one.round_trips)
    return "%d %s" % (one.code, one.text)


def get(reply, name):
    """Return a reply's ``text`` or, as ``enhanced``, the enhanced status code of its first line ("" or "2.1.5").

    It begins the text (RFC 2034), or stands behind a number sign, as qmail and its heirs write it: ``(#5.7.1)``.
    """
    if name == "text":
        return printable(b" ".join(reply.lines))
    if name != "enhanced":
        raise AttributeError(name)
    words = reply.lines[0].split(b" ")
    for word in words:
        if word is words[0] or b"#" in word:
            word = word.strip(b"#()[]:;,.")
            parts = word.split(b".")
            # RFC 2034, 4: the class is the code's first digit. Exchange breaks that at times: the form counts.
            if len(parts) == 3 and len(word) < 10 and parts[0] in (b"2", b"4", b"5"):
                if parts[1].isdigit() and parts[2].isdigit():
                    return word.decode()
    return ""

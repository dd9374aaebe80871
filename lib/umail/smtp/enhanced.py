"""What a reply says, for people and for the tables: its text, its enhanced status code (RFC 2034, 3463)."""

from ..message import printable


def of(reply, name):
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

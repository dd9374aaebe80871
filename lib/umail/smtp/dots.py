"""Dot-stuffing, for servers that take a mail by DATA."""


class DotStuffer:
    """Doubles the dot at the beginning of a line (RFC 5321, section 4.5.2), wherever the chunks are cut."""

    def __init__(self):
        self._fresh = True

    def feed(self, chunk):
        """Stuff one bytes-like ``chunk``; returns bytes."""
        data = bytes(chunk)
        if not data:
            return data
        out = data.replace(b"\n.", b"\n..")
        if self._fresh and data[0] == 46:
            out = b"." + out
        self._fresh = data[-1] == 10
        return out

    def end(self):
        """The end of the mail: a lone dot, on a line of its own."""
        return b".\r\n" if self._fresh else b"\r\n.\r\n"

"""Attachments that are made when they are sent, piece by piece: on flash there is only their name."""

from umail.attachment import Attachment


class Made(Attachment):
    """An attachment of ``day``, a Day; ``source`` says what it shows: ``:minutes/FROM/TO``, see ``open``."""

    again = True

    def __init__(self, source, name, type, cid, day):
        Attachment.__init__(self, source, name, type, cid)
        self._day = day

    def size(self):
        """Return None: only making it tells."""

    def open(self):
        """Return an object with ``readinto`` at the first byte. Raises ValueError if the source is unknown."""
        kind, *rest = self.source[1:].split("/")
        if kind == "chart":
            return Reader(_module("chart").pieces(self._day.history, *rest))
        if kind in ("minutes", "quarters"):
            day = self._day
            return Reader(_module("readings_csv").pieces(day.history, day.app.clock.zone, kind, *rest))
        raise ValueError("unknown source")


class Reader:
    """Gives the bytes of a generator of bytes to whoever has a buffer."""

    def __init__(self, pieces):
        self._pieces = pieces
        self._piece = b""
        self._at = 0

    def readinto(self, room):
        """Fill ``room``; return how many bytes there were, 0 at the end."""
        count = 0
        while count < len(room):
            if self._at == len(self._piece):
                self._at = 0
                try:
                    self._piece = next(self._pieces)
                except StopIteration:
                    self._piece = b""
                    break
            some = min(len(room) - count, len(self._piece) - self._at)
            room[count : count + some] = self._piece[self._at : self._at + some]
            self._at += some
            count += some
        return count

    def close(self):
        """Let go of the generator, its module, and what it has open."""
        self._pieces.close()
        self._pieces = None


def _module(name):
    """Return a module of this package that leaves RAM with its use, and so does what it reads with."""
    import sys

    full = "alertnode." + name
    __import__(full)
    found = sys.modules[full]
    from alertnode import unload

    unload(name, "history_read")
    return found

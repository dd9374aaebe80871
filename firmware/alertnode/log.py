"""Writes the log: console lines that a person understands, the last of them in RAM and in a file of bounded size."""

import os

_LONGEST = 300


def printable(text):
    """Return ``text`` with a space for each control character: none may move a cursor or forge a line."""
    data = text.encode()
    if data and (min(data) < 32 or 127 in data):
        # (A character by itself would be a name, which MicroPython keeps.)
        text = bytes([32 if c < 32 or c == 127 else c for c in data]).decode()
    return text


def _no_time(long=False):
    return "--:--"


class Log:
    """Prints lines with their time, keeps the last ``lines`` in RAM, and two files of at most ``size`` / 2 bytes each.

    ``stamp(long)`` returns the time of a line, as a short or a long text; ``show`` prints.
    """

    def __init__(self, path="/log.txt", size=16384, lines=20, show=print):
        self.stamp = _no_time
        self.lines = []
        self._many = lines
        self._path = path
        self._half = size // 2
        self._print = show
        self._full = False

    def say(self, text):
        """Print ``text`` and keep it."""
        # A server's words may be in a line.
        text = printable(text[:_LONGEST])
        self.show(text)
        line = "%s %s" % (self.stamp(True), text)
        self.lines.append(line)
        if len(self.lines) > self._many:
            self.lines.pop(0)
        self._keep(line)

    def note(self, text):
        """Keep ``text`` in the files only; it has no control characters."""
        self._keep("%s %s" % (self.stamp(True), text))

    def show(self, text):
        """Print ``text`` and forget it."""
        self._print("%s %s" % (self.stamp(), text))

    def _keep(self, line):
        if not self._half:
            return
        line = (line + "\n").encode()
        try:
            try:
                if os.stat(self._path)[6] + len(line) > self._half:
                    self._turn()
            except OSError:
                pass
            with open(self._path, "ab") as file:
                file.write(line)
            self._full = False
        except OSError:
            if not self._full:
                self._full = True
                self.show("flash is full or worn: the log is kept in RAM only")
        except MemoryError:
            # It has been shown, and brings nothing down.
            pass

    def _turn(self):
        old = self._path + ".old"
        try:
            os.remove(old)
        except OSError:
            pass
        os.rename(self._path, old)

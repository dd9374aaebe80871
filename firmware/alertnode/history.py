"""Keeps the readings on flash: 48 hours by the minute, and 31 days of quarters of an hour: minimum, mean, maximum.

Flash is written once an hour (day_kept.py; the files are described in history_read.py), and what a power cut can
take is the hour that has not ended, which is here.
"""

from array import array
from binascii import crc32

FOLDER = "/history"


class Hour:
    """Collects the readings of one value in one hour."""

    def __init__(self):
        nothing = float("nan")
        self.minutes = array("f", [nothing] * 60)
        # Minimum, mean and maximum of each quarter, and how many readings it has.
        self.quarters = array("f", [nothing] * 12)
        self._counts = [0, 0, 0, 0]
        self._minute = -1
        self._count = 0

    def add(self, minute, value):
        """Take a reading of the ``minute`` (0 to 59)."""
        if minute != self._minute:
            self._minute, self._count = minute, 0
            self.minutes[minute] = value
        self._count += 1
        self.minutes[minute] += (value - self.minutes[minute]) / self._count
        quarter = minute // 15
        three = self.quarters
        low, mean, high = range(3 * quarter, 3 * quarter + 3)
        self._counts[quarter] += 1
        if self._counts[quarter] == 1:
            three[low] = three[mean] = three[high] = value
            return
        three[low] = min(three[low], value)
        three[mean] += (value - three[mean]) / self._counts[quarter]
        three[high] = max(three[high], value)


class History:
    """The readings of the values ``names`` (list of str); RAM has those of the hour that has not ended."""

    def __init__(self, names, folder=FOLDER):
        self.folder = folder
        self.numbers: dict = {}
        for name in names:
            number = crc32(name.encode()) & 0xFFFF
            while number in self.numbers.values():
                number = (number + 1) & 0xFFFF
            self.numbers[name] = number
        self.hour = None
        self.hours: dict = {}

    def add(self, name, unix, value):
        """Take a reading at ``unix`` seconds, in the hour for which ``turn`` was called."""
        if name not in self.hours:
            self.hours[name] = Hour()
        self.hours[name].add(unix // 60 % 60, value)

    def turn(self, unix):
        """Begin the hour of ``unix`` seconds, if it is another one; return True if that wrote to flash."""
        hour = unix // 3600
        if hour == self.hour:
            return False
        wrote = self.flush()
        self.hour = hour
        self.hours = {}
        return wrote

    def flush(self):
        """Write the hour as far as it is known; return True if there was something, and the flash took it."""
        if not self.hours:
            return False
        from alertnode import day_kept, unload

        unload("day_kept", "history_read")
        return day_kept.flush(self)

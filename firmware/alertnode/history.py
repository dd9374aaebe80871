"""Keeps the readings on flash: 48 hours by the minute, and 31 days of quarters of an hour: minimum, mean, maximum.

A value takes 32,100 bytes at most, in two kinds of files in /history:

* ``recent0`` to ``recent4`` take turns, each for 12 hours. Once an hour the hour that has ended is appended, for each
  value 158 bytes: ``<IHbBi``, the hour (since 1970), the value's id, an exponent, 0, a base; 60 minutes, 4 quarters of
  three numbers each; their CRC. A number n of 16 bits stands for (base + n) / 10 ** exponent, 65535 for none.
* ``ID.month``, by the value's id, is a ring of 58 times 12 hours, into which a recent file goes before it is written
  anew: the number of the 12 hours, 12 times ``<ii``, the exponent and the base, and the quarters; their CRC.

So flash is written once an hour, at the end of a file, and what a power cut can take is the hour that has not ended. A
record whose CRC does not hold counts as none.
"""

import os
import struct
from array import array
from binascii import crc32

FOLDER = "/history"
_HOURS = 12
_RECENT = 5
_RING = 58
_HEAD = "<IHbBi"
_NONE = 65535
_RECORD = 158
_QUARTERS = 132
_PART = 32
_SLOT = 4 + _HOURS * _PART + 2
_EMPTY = b"\0" * 8 + b"\xff" * 24


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

    def pack(self, hour, number):
        """Return the record of the value with the id ``number``, None if the hour has no reading."""
        known = [value for value in self.quarters if value == value]
        if not known:
            return None
        exponent, base = _scale(min(known), max(known))
        out = bytearray(struct.pack(_HEAD, hour, number, exponent, 0, base))
        for values in (self.minutes, self.quarters):
            for value in values:
                code = _NONE
                if value == value:
                    code = min(max(_whole(value, exponent) - base, 0), _NONE - 1)
                out += struct.pack("<H", code)
        return out + _crc(out)

    def dump(self):
        """Return the minutes that have a reading, as bytes: 5 for each."""
        return b"".join([struct.pack("<Bf", i, v) for i, v in enumerate(self.minutes) if v == v])

    def load(self, data):
        """Take up what ``dump`` gave."""
        for at in range(0, len(data) - 4, 5):
            minute, value = struct.unpack("<Bf", data[at : at + 5])
            if minute < 60 and value - value == 0:
                self.add(minute, value)


class History:
    """The readings of the values ``names`` (list of str); RAM has those of the hour that has not ended."""

    def __init__(self, names, folder=FOLDER):
        self._folder = folder
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
        records = [self.hours[name].pack(self.hour, self.numbers[name]) for name in self.hours if name in self.numbers]
        records = [record for record in records if record]
        if not records:
            return False
        try:
            self._append(b"".join(records))
        except OSError:
            return False
        return True

    def _append(self, data):
        period = self.hour // _HOURS  # type: ignore[operator]
        path = self._recent(period)
        found = _period(path)
        if found != period and found is not None:
            self._retire(path, found)
        try:
            os.mkdir(self._folder)
        except OSError:
            pass
        with open(path, "r+b" if found == period else "wb") as file:
            # What a power cut left of a record on FAT is written over.
            file.seek(file.seek(0, 2) // _RECORD * _RECORD)
            file.write(data)

    def _recent(self, period):
        return "%s/recent%d" % (self._folder, period % _RECENT)

    def _retire(self, path, period):
        """Copy the quarters of a recent file into the rings; remove those of values that are no longer known."""
        slots: dict = {}
        for hour, number, exponent, base, _, quarters in _records(path):
            slot = slots.get(number)
            if slot is None:
                slot = slots[number] = [_EMPTY] * _HOURS
            at = hour % _HOURS
            slot[at] = struct.pack("<ii", exponent, base) + quarters
        known = list(self.numbers.values())
        for number in slots:
            if number in known:
                data = struct.pack("<I", period) + b"".join(slots[number])
                self._put(number, period, data + _crc(data))
        for name in os.listdir(self._folder):
            if name[4:] == ".month" and int(name[:4], 16) not in known:
                os.remove(self._folder + "/" + name)

    def _month(self, number):
        return "%s/%04x.month" % (self._folder, number)

    def _put(self, number, period, data):
        path = self._month(number)
        at = period % _RING * _SLOT
        try:
            size = os.stat(path)[6]
        except OSError:
            size = -1
        with open(path, "wb" if size < 0 else "r+b") as file:
            file.seek(max(min(size, at), 0))
            for _ in range((at - max(size, 0) + _SLOT - 1) // _SLOT):
                file.write(bytes(_SLOT))
            file.seek(at)
            file.write(data)

    def read(self, hour):
        """Return what is kept of an ``hour`` (since 1970): {id: (exponent, base, minutes or None, quarters)}.

        Minutes and quarters are bytes, two for each number: see ``number``.
        """
        found: dict = {}
        period = hour // _HOURS
        path = self._recent(period)
        if _period(path) == period:
            for at, number, exponent, base, minutes, quarters in _records(path):
                if at == hour:
                    # The last one has all of it, but after a reset, when it has what came later.
                    found.setdefault(number, []).append((exponent, base, minutes, quarters))
        else:
            for number in self.numbers.values():
                part = _part(self._month(number), period, hour % _HOURS)
                if part is not None and part != _EMPTY:
                    exponent, base = struct.unpack("<ii", part[:8])
                    found[number] = [(exponent, base, None, part[8:])]
        return found


def number(record, minute=None, quarter=None):
    """Return a number of what ``History.read`` gave for a value: of a ``minute``, or a ``quarter``, 0 to 11; or None.

    ``record`` is a list, of which the last one that has it counts.
    """
    for exponent, base, minutes, quarters in reversed(record):
        data, at = (quarters, quarter) if minute is None else (minutes, minute)
        if data is None:
            continue
        code = data[2 * at] | data[2 * at + 1] << 8
        if code != _NONE:
            return (base + code) / 10**exponent if exponent >= 0 else (base + code) * 10**-exponent
    return None


def _records(path):
    """Yield (hour, id, exponent, base, minutes, quarters) of each whole record of a recent file."""
    try:
        file = open(path, "rb")
    except OSError:
        return
    try:
        while True:
            data = file.read(_RECORD)
            if len(data) < _RECORD:
                return
            if _crc(data[:-2]) == data[-2:]:
                hour, known, exponent, _, base = struct.unpack(_HEAD, data[:12])
                yield hour, known, exponent, base, data[12:_QUARTERS], data[_QUARTERS:-2]
    finally:
        file.close()


def _period(path):
    """Return the number of the 12 hours that a recent file holds, None if there is none."""
    try:
        with open(path, "rb") as file:
            data = file.read(4)
    except OSError:
        return None
    return struct.unpack("<I", data)[0] // _HOURS if len(data) == 4 else None


def _part(path, period, at):
    """Return one hour of a ring: 8 bytes of exponent and base, and the quarters; None if it is not there."""
    try:
        with open(path, "rb") as file:
            file.seek(period % _RING * _SLOT)
            data = file.read(_SLOT)
    except OSError:
        return None
    if len(data) < _SLOT or _crc(data[:-2]) != data[-2:] or struct.unpack("<I", data[:4])[0] != period:
        return None
    return data[4 + at * _PART : 4 + (at + 1) * _PART]


def _scale(low, high):
    """Return (exponent, base) by which values from ``low`` to ``high`` have as many digits as a person is shown."""
    top = max(-low, high)
    exponent = 2 if top >= 1 else 4
    while exponent > -30 and not (top * _factor(exponent) < 1e9 and (high - low) * _factor(exponent) < _NONE - 2):
        exponent -= 1
    return exponent, _whole(low, exponent)


def _factor(exponent):
    return 10.0**exponent


def _whole(value, exponent):
    return int(round(value * _factor(exponent)))


def _crc(data):
    return struct.pack("<H", crc32(data) & 0xFFFF)

"""`esp32.Partition` over the slots for MicroPython; of other partitions nothing is imitated."""

import sys

from board_link import call, wear

_BLOCK = 4096


class Partition:
    """One of them. A write without an offset erases first; one with an offset clears bits only, as flash does."""

    BOOT = 0
    RUNNING = 1
    TYPE_APP = 0
    TYPE_DATA = 1

    def __init__(self, which, block_size=_BLOCK):
        if block_size != _BLOCK:
            raise NotImplementedError("blocks of %d bytes" % _BLOCK)
        running, rows = call("slots.table")
        if which == self.BOOT:
            number = call("slots.boot")
        elif which == self.RUNNING:
            number = running
        elif isinstance(which, str):
            found = [number for number in range(len(rows)) if rows[number][4] == which]
            if not found:
                raise OSError(2)
            number = found[0]
        else:
            raise ValueError
        self._number = number
        self._row = rows[number]
        self._begin = sum([row[3] for row in rows[:number]])

    @staticmethod
    def find(type=0, subtype=0xFF, label=None, block_size=_BLOCK):
        rows = call("slots.table")[1]
        return [
            Partition(row[4], block_size)
            for row in rows
            if row[0] == type and subtype in (0xFF, row[1]) and label in (None, row[4])
        ]

    @classmethod
    def mark_app_valid_cancel_rollback(cls):
        wear()
        call("slots.mark_valid")

    def __repr__(self):
        return "<Partition type=%d, subtype=%d, address=%d, size=%d, label=%s, encrypted=0>" % tuple(self._row)

    def info(self):
        return tuple(self._row) + (False,)

    def get_next_update(self):
        rows = [row for row in call("slots.table")[1] if row[1] >= 0x10]
        if not rows:
            raise OSError(2)
        labels = [row[4] for row in rows]
        at = labels.index(self._row[4]) + 1 if self._row[4] in labels else 0
        return Partition(labels[at % len(labels)])

    def set_boot(self):
        wear()
        call("slots.set_boot", self._number)

    def readblocks(self, block, buffer, offset=0):
        _file.seek(self._place(block, offset, len(buffer)))
        _file.readinto(buffer)

    def writeblocks(self, block, buffer, offset=None):
        place = self._place(block, offset or 0, len(buffer))
        if offset is None:
            if len(buffer) % _BLOCK:
                # ESP_ERR_INVALID_SIZE: whole blocks are erased.
                raise OSError(-0x104, "ESP_ERR_INVALID_SIZE")
            written = buffer
        else:
            there = bytearray(len(buffer))
            _file.seek(place)
            _file.readinto(there)
            written = bytes([old & new for old, new in zip(there, buffer)])
        wear()
        _file.seek(place)
        _file.write(written)

    def ioctl(self, operation, argument):
        if operation == 4:
            return self._row[3] // _BLOCK
        if operation == 5:
            return _BLOCK
        if operation == 6:
            self.writeblocks(argument, b"\xff" * _BLOCK)
        return 0 if operation in (1, 2, 3, 6) else None

    def _place(self, block, offset, size):
        at = block * _BLOCK + offset
        if self._row[1] < 0x10 or at + size > self._row[3]:
            raise OSError(-0x102, "ESP_ERR_INVALID_ARG")
        return self._begin + at


_file = open(int(sys.argv[8]), "r+b")

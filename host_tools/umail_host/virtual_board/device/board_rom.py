"""`vfs` of a board with a ROMFS partition: ``rom_ioctl`` as the ESP32 port has it, and the mount at ``/rom``.

The partition lies in RAM here, as on a board in the chip's address space, so that code in it runs where it is; what is
written goes to its file too. The heap is larger by as much, and what programs have of it stays the same.
"""

import sys

import board_link
import board_sys
import vfs as _vfs

_BLOCK = 4096


class Partition(bytearray):
    """A block device that is also a buffer; a write clears bits only, an erase sets them."""

    def readblocks(self, block, buffer, offset=0):
        start = block * _BLOCK + offset
        memoryview(buffer)[:] = memoryview(self)[start : start + len(buffer)]

    def writeblocks(self, block, buffer, offset=None):
        if offset is None:
            for number in range(len(buffer) // _BLOCK):
                self._erase(block + number)
        start = block * _BLOCK + (offset or 0)
        there = memoryview(self)[start : start + len(buffer)]
        self._put(start, bytes(old & new for old, new in zip(there, buffer)))

    def ioctl(self, operation, argument):
        if operation == 4:
            return len(self) // _BLOCK
        if operation == 5:
            return _BLOCK
        if operation == 6:
            self._erase(argument)
        return 0

    def _erase(self, block):
        self._put(block * _BLOCK, b"\xff" * _BLOCK)

    def _put(self, start, octets):
        board_link.wear()
        memoryview(self)[start : start + len(octets)] = octets
        _file.seek(start)
        _file.write(octets)


def rom_ioctl(operation, *arguments):
    if operation == 1:
        return 1
    return _partition if operation == 2 and arguments == (0,) else -22


def path():
    """Return where modules of the ROMFS are looked for; nothing if the partition holds none."""
    try:
        _vfs.mount(_vfs.VfsRom(_partition), "/rom")
    except OSError:
        return []
    return ["/rom", "/rom/lib"]


_partition = Partition(int(sys.argv[7]))
_file = open(int(sys.argv[6]), "r+b")
_file.seek(0)  # a process before this one has had the descriptor
_file.readinto(_partition)
vfs = board_sys._Module(_vfs, ("VfsPosix", "VfsLfs1"), rom_ioctl=rom_ioctl)

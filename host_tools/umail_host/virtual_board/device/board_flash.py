"""The flash behind ``/``: a block device over a file of the host, and the first-boot set-up of an ESP32."""

import io
import os
import sys
import time

import board_link
import micropython
import vfs

_ERASE = 4096


class Flash:
    """Blocks of 4096 bytes, erased to 0xFF; what a write call has taken survives any end of the process.

    LittleFS reads 32 bytes at a time, a hundred times and more of one block: a copy of the last block spares the host's
    file that.
    """

    def __init__(self, file, size):
        self._file = file
        self._count = size // _ERASE
        self._blank = b"\xff" * _ERASE
        self._read = bytearray(_ERASE)
        self._copy = io.BytesIO(_ERASE)
        self._copied = None  # which block that is

    def readblocks(self, block, buffer, offset=0):
        copy = self._copy
        if block != self._copied:
            self._file.seek(block * _ERASE)
            self._file.readinto(self._read)
            copy.seek(0)
            copy.write(self._read)
            self._copied = block
        copy.seek(offset)
        copy.readinto(buffer)

    def writeblocks(self, block, buffer, offset=None):
        board_link.wear()
        self._copied = None
        self._file.seek(block * _ERASE + (offset or 0))
        self._file.write(buffer)

    def ioctl(self, operation, argument):
        if operation == 4:
            return self._count
        if operation == 5:
            return _ERASE
        if operation == 6:
            board_link.wear()
            self._copied = None
            self._file.seek(argument * _ERASE)
            self._file.write(self._blank)
        return 0


def mount():
    """Mount the flash at ``/`` in place of the host's files; format it when it is blank."""
    size = int(sys.argv[4])
    flash = Flash(open(int(sys.argv[2]), "r+b"), size)
    try:
        files = vfs.VfsLfs2(flash)
    except OSError:
        files = None
    vfs.umount("/")
    fresh = files is None
    if fresh:
        _check_blank(flash)
        print("Performing initial setup")
        vfs.VfsLfs2.mkfs(flash)
        files = vfs.VfsLfs2(flash)
    vfs.mount(files, "/")
    os.chdir("/")
    if fresh:
        with open("boot.py", "w") as file:
            file.write("# This file is executed on every boot (including wake-boot from deepsleep)\n")


def _check_blank(flash):
    block = bytearray(_ERASE)
    flash.readblocks(0, block)
    if block.count(b"\xff") == _ERASE or block.count(b"\0") == _ERASE:
        return
    micropython.kbd_intr(3)
    while True:
        print("The filesystem appears to be corrupted: copy the flash image away if you need its data, then delete it.")
        time.sleep(3)

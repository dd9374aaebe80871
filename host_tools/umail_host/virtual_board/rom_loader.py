"""The boot loader in an ESP32's ROM, as much of it as esptool needs without its stub.

Espressif's "Serial Protocol" (documentation of esptool): frames are SLIP (RFC 1055); a request is direction, command,
size, checksum, data, and a response the same with a value for the checksum and four bytes of status at its end.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Callable
from typing import ClassVar

_END, _ESCAPED_END, _ESCAPED_ESCAPE = b"\xc0", b"\xdb\xdc", b"\xdb\xdd"
_FLASH_BEGIN, _FLASH_DATA, _SYNC, _READ_REGISTER, _FLASH_MD5 = 0x02, 0x03, 0x08, 0x0A, 0x13
_SYNC_ANSWERS = 8
# Which chip this is (a word of its ROM), what its SPI controller has read from the flash (one of 4 MiB), and its UART's
# divider, from which esptool tells the crystal: 40 MHz / 115200; then the MAC address in its fuses.
_REGISTERS = {0x40001000: 0x00F01D83, 0x3FF42080: 0x00164020, 0x3FF40014: 347}
_REGISTERS |= {0x3FF5A004: 0xC4C0FFEE, 0x3FF5A008: 0x240A}
_LIMIT = 0x20000  # bytes of a frame; esptool sends blocks of 1 kB, or 16 kB with a stub


class RomLoader:
    """The loader and the flash below the file system; bytes in, bytes out.

    Args:
        filesystem: file descriptor of the file system's image.
        offset: where in the flash the file system begins.

    Attributes:
        flash: what was written below ``offset``.
        commands: numbers of all requests.
        corrupt: whether each block is written with an error.
    """

    def __init__(self, filesystem: int, offset: int) -> None:
        self.flash = bytearray(b"\xff" * offset)
        self.commands: list[int] = []
        self.corrupt = False
        self._filesystem = filesystem
        self._frame = b""
        self._block = self._start = 0

    def reset(self) -> None:
        """Forget half a frame."""
        self._frame = b""

    def receive(self, data: bytes) -> bytes:
        """Return the answers to what the host sends."""
        *frames, self._frame = (self._frame + data).split(_END)
        if len(self._frame) > _LIMIT:
            self._frame = b""
        return b"".join(self._answer(frame) for frame in frames if frame)

    def _answer(self, frame: bytes) -> bytes:
        request = frame.replace(_ESCAPED_END, _END).replace(_ESCAPED_ESCAPE, b"\xdb")
        if len(request) < 8 or request[0] != 0:
            return b""
        command, size = struct.unpack_from("<BH", request, 1)
        data = request[8 : 8 + size]
        self.commands.append(command)
        value, body = self._values.get(command, _nothing)(self, data)
        response = struct.pack("<BBHI", 1, command, len(body) + 4, value) + body + bytes(4)
        coded = _END + response.replace(b"\xdb", _ESCAPED_ESCAPE).replace(_END, _ESCAPED_END) + _END
        return coded * (_SYNC_ANSWERS if command == _SYNC else 1)

    def _read_register(self, data: bytes) -> tuple[int, bytes]:
        return _REGISTERS.get(int.from_bytes(data[:4], "little"), 0), b""

    def _flash_begin(self, data: bytes) -> tuple[int, bytes]:
        size, _, self._block, self._start = struct.unpack_from("<IIII", data)
        end = (self._start + size + 0xFFF) & ~0xFFF  # whole sectors are erased
        self._write(self._start, b"\xff" * (end - self._start))
        return 0, b""

    def _flash_data(self, data: bytes) -> tuple[int, bytes]:
        length, number = struct.unpack_from("<II", data)
        block = bytearray(data[16 : 16 + length])
        if self.corrupt and block:
            block[0] ^= 1
        self._write(self._start + number * self._block, bytes(block))
        return 0, b""

    def _flash_md5(self, data: bytes) -> tuple[int, bytes]:
        start, length = struct.unpack_from("<II", data)
        return 0, hashlib.md5(self._read(start, length), usedforsecurity=False).hexdigest().encode()

    _values: ClassVar[dict[int, Callable[[RomLoader, bytes], tuple[int, bytes]]]] = {
        _READ_REGISTER: _read_register,
        _FLASH_BEGIN: _flash_begin,
        _FLASH_DATA: _flash_data,
        _FLASH_MD5: _flash_md5,
    }

    def _write(self, start: int, data: bytes) -> None:
        below = data[: max(len(self.flash) - start, 0)]
        self.flash[start : start + len(below)] = below
        if above := data[len(below) :]:
            os.pwrite(self._filesystem, above, max(start - len(self.flash), 0))

    def _read(self, start: int, length: int) -> bytes:
        below = bytes(self.flash[start : start + length])
        above = os.pread(self._filesystem, length - len(below), max(start - len(self.flash), 0))
        return below + above


def _nothing(loader: RomLoader, data: bytes) -> tuple[int, bytes]:
    """Say yes: to sync, attach the flash, set its parameters, set the speed."""
    return 0, b""

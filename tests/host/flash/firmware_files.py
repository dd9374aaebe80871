"""Firmware files as MicroPython's builds make them, but small: for an ESP32 and its kin, and UF2."""

from __future__ import annotations

import functools
import hashlib
import operator
import struct

from umail_host.device import boards

_CHIPS = {"esp32": 0, "esp32s2": 2, "esp32c3": 5, "esp32s3": 9, "esp32c6": 13, "esp32p4": 18, "esp32c5": 23}


def esp_image(chip: int, size: int, hashed: bool = True) -> bytes:
    """One image of ESP-IDF with two segments, ``size`` bytes of data in all, its checksum and its SHA-256."""
    segments = [bytes(range(251)) * (size // 502), bytes(reversed(range(251))) * (size // 502)]
    head = bytes([0xE9, len(segments), 2, 0x20]) + struct.pack("<I", 0x40080000) + bytes([0xEE, 0, 0, 0])
    image = head + struct.pack("<HBHH4xB", chip, 0, 0, 0xFFFF, hashed)
    for number, data in enumerate(segments):
        image += struct.pack("<II", 0x40080000 + number * 0x10000, len(data)) + data
    image += bytes(15 - len(image) % 16)
    image += bytes([functools.reduce(operator.xor, b"".join(segments), 0xEF)])
    return image + (hashlib.sha256(image).digest() if hashed else b"")


@functools.cache
def esp_firmware(board: str = "ESP32_GENERIC", size: int = 8_032, chip: int | None = None) -> bytes:
    """A firmware file: the boot loader, and MicroPython, of about ``size`` bytes, where the board's layout has it."""
    spec = boards.load(board)
    number = _CHIPS[spec.chip] if chip is None else chip
    assert spec.program is not None
    start = spec.program.offset - spec.flash_offset
    return esp_image(number, 4_016).ljust(start, b"\xff") + esp_image(number, size)


def uf2(family: int = 0xE48BFF56, blocks: int = 3, start: int = 0x10000000) -> bytes:
    """A UF2 file; the Pico W's family by default."""
    return b"".join(uf2_block(n, blocks, family, start + 256 * n, bytes(range(256))) for n in range(blocks))


def uf2_block(number: int, count: int, family: int, address: int, payload: bytes, flags: int = 0x2000) -> bytes:
    """One block of a UF2 file."""
    head = struct.pack("<8I", 0x0A324655, 0x9E5D5157, flags, address, len(payload), number, count, family)
    return head + payload.ljust(476, b"\0") + struct.pack("<I", 0x0AB16F30)


def uf2_rp2350(blocks: int = 3, family: int = 0xE48BFF59) -> bytes:
    """A UF2 file for an RP2350 as picotool makes it: first a block of the family "absolute", one of two by its word."""
    return uf2_block(0, 2, 0xE48BFF57, 0x10FFFF00, b"\xef" * 256) + uf2(family, blocks)

"""Checks an image of ESP-IDF against the checksum and the SHA-256 in it: damaged and cut-off files are noticed.

Espressif's "Firmware Image Format": a header of 24 bytes, segments of address, length and data, a checksum in the last
byte of a multiple of 16, and, if byte 23 says so, the SHA-256 of all that.
"""

from __future__ import annotations

import functools
import hashlib
import operator
import struct

MAGIC = 0xE9
_HEADER = 24
_SEED = 0xEF  # of the checksum
# esp_image_header_t: the chip's id is a little-endian word at offset 12.
_CHIPS = {0: "esp32", 2: "esp32s2", 5: "esp32c3", 9: "esp32s3", 13: "esp32c6", 18: "esp32p4", 23: "esp32c5"}


def chip(octets: bytes) -> str:
    """Return esptool's name of the chip that an image is for; empty if ``octets`` are not an image."""
    if len(octets) < _HEADER or octets[0] != MAGIC:
        return ""
    number = struct.unpack_from("<H", octets, 12)[0]
    return _CHIPS.get(number, f"unknown chip {number}")


def problem(octets: bytes) -> str:
    """Return what is wrong with the image at the start of ``octets``; empty if it is whole."""
    if not chip(octets):
        return "it is not an image"
    at, checksum = _HEADER, _SEED
    for _ in range(octets[1]):
        if at + 8 > len(octets):
            return "it is cut off"
        size = struct.unpack_from("<I", octets, at + 4)[0]
        data = octets[at + 8 : at + 8 + size]
        if len(data) < size:
            return "it is cut off"
        checksum = functools.reduce(operator.xor, data, checksum)
        at += 8 + size
    end = (at | 15) + 1
    hashed = octets[23] == 1
    if len(octets) < end + 32 * hashed:
        return "it is cut off"
    if octets[end - 1] != checksum:
        return "its checksum is wrong"
    if hashed and hashlib.sha256(octets[:end]).digest() != octets[end : end + 32]:
        return "its SHA-256 is wrong"
    return ""

"""Reads a UF2 file of MicroPython's for a Raspberry Pi chip: whole or damaged, which chip it is for, where it ends.

microsoft/uf2: blocks of 512 bytes, each with magic words at both ends, its flags, address and payload, its number, how
many its family has, and the family. A file may hold several families. One for an RP2350 begins with a block of the
family "absolute" that is one of two by its own word: so picotool goes round the chip's erratum E10.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from dataclasses import dataclass

_BLOCK = 512
_MAGIC = (0x0A324655, 0x9E5D5157, 0x0AB16F30)
_NOT_FOR_FLASH, _HAS_FAMILY = 0x1, 0x2000
_FLASH = 0x10000000  # XIP: where the flash begins in the chip's addresses
_ABSOLUTE = 0xE48BFF57
_E10 = b"\xef" * 256  # the payload of that block
# The ARM and the RISC-V cores of an RP2350 have families of their own, secure or not.
_FAMILIES = {0xE48BFF56: "rp2040", 0xE48BFF59: "rp2350", 0xE48BFF5A: "rp2350", 0xE48BFF5B: "rp2350"}


@dataclass(frozen=True)
class Uf2:
    """What a file holds.

    Attributes:
        problem: what is wrong with it; empty if it is whole.
        chip: esptool-like name of the chip that it is for, or words for one that is not known.
        end: offset in the flash behind the last byte that it writes.
    """

    problem: str = ""
    chip: str = ""
    end: int = 0


def read(data: bytes) -> Uf2 | None:
    """Return what ``data`` (bytes) holds; None if it is not a UF2 file."""
    if len(data) < _BLOCK or struct.unpack_from("<2I", data) != _MAGIC[:2]:
        return None
    if len(data) % _BLOCK:
        return Uf2("it is cut off")
    blocks: dict[int, list[tuple[int, int]]] = defaultdict(list)
    end = 0
    for at in range(0, len(data), _BLOCK):
        start, second, flags, address, size, number, count, family = struct.unpack_from("<8I", data, at)
        last = struct.unpack_from("<I", data, at + _BLOCK - 4)[0]
        if (start, second, last) != _MAGIC or size > _BLOCK - 36:
            return Uf2(f"its block {at // _BLOCK + 1} is not one")
        if flags & _NOT_FOR_FLASH or (at == 0 and family == _ABSOLUTE and data[32 : 32 + size] == _E10):
            continue
        blocks[family if flags & _HAS_FAMILY else 0].append((number, count))
        if not _FLASH <= address < 2 * _FLASH:
            return Uf2(f"its block {at // _BLOCK + 1} is for {address:#x}, where no flash is")
        end = max(end, address - _FLASH + size)
    for found in blocks.values():
        counts = {count for _, count in found}
        if counts != {len(found)}:
            return Uf2(f"it has {len(found)} blocks of {max(counts)}")
        if [number for number, _ in found] != list(range(len(found))):
            return Uf2("its blocks are not in order")
    chips = {_FAMILIES.get(family, f"unknown family {family:#x}") for family in blocks}
    return Uf2("", " and ".join(sorted(chips)), end)

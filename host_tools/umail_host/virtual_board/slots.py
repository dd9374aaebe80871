"""The partitions of an ESP32 for MicroPython, and its boot loader's choice (ESP-IDF, "Over The Air Updates").

``otadata`` has two entries, each a sequence number that names a slot and a state. `set_boot` makes the older one the
newer, as "new"; at a start the boot loader makes it "pending", and at the next one, if nobody has marked it valid by
then, "aborted": so the slot before it is started again. Whose entries are both no good starts at the first slot.
(components/app_update/esp_ota_ops.c, components/bootloader_support/src/bootloader_utility.c.)

What runs in a slot is this computer's MicroPython in any case: of the image there it has the release that
``sys.implementation`` gives, and whether it starts at all (`image`). An image of micropython.org's is taken, too.
"""

from __future__ import annotations

import functools
import hashlib
import json
import operator
import os
import re
import struct
from collections.abc import Callable, Sequence
from pathlib import Path

from umail_host.device.boards import Partition
from umail_host.flash import esp_image

BLOCK = 4096
# esp_app_desc_t, at the beginning of the first segment, begins with this and has 256 bytes.
_PROGRAM = (0xABCD5432).to_bytes(4, "little").ljust(256, b"\0")
_VERSION = re.compile(rb"MicroPython v(\d+)\.(\d+)\.(\d+)")
# A program that panics before it runs Python.
_PANICS = b"panics as soon as it starts"
_NEW, _PENDING, _VALID, _INVALID, _ABORTED = range(5)
_APP, _DATA = 0, 1
_OTA = 0x10
_PANIC = b"Guru Meditation Error: Core  0 panic'ed (LoadProhibited). Exception was unhandled.\r\nRebooting...\r\n"
_NO_PROGRAM = b"E (67) boot: No bootable app partitions in the partition table\r\n"
_STARTS = 10  # of programs that panic at once, one after the other: the chip itself would go on forever
# ESP-IDF's errors, as MicroPython's OSError has them.
_NOT_FOUND, _NO_OTADATA, _FAIL, _VALIDATE_FAILED = 2, -0x105, 1, -0x1503
_FACTORY = Partition("factory", 0x10000, 0x1F0000)


def image(version: Sequence[int], chip: int = 0, *, panics: bool = False, octets: int = 20000) -> bytes:
    """Return an image of MicroPython ``version`` that a virtual board starts, of about this many ``octets``.

    Args:
        chip: its number in Espressif's image header.
        panics: it starts no Python at all, so that the boot loader takes it back.
    """
    text = b"MicroPython v%s on 2026-11-28; virtual board\0" % b".".join(b"%d" % part for part in version)
    text += _PANICS if panics else b""
    data = _PROGRAM + text.ljust(octets // 4 * 4, b"\xa5")
    head = struct.pack("<BBBBI4xH9xB", esp_image.MAGIC, 1, 2, 0x20, 0x40081000, chip, 1)
    whole = head + struct.pack("<II", 0x3F400020, len(data)) + data
    checksum = functools.reduce(operator.xor, data, 0xEF)
    whole = whole.ljust((len(whole) | 15), b"\0") + bytes([checksum])
    return whole + hashlib.sha256(whole).digest()


class Slots:
    """The slots, kept beside the flash image.

    Args:
        folder: gets ``slots.img`` and ``otadata.json``.
        layout: the regions ``ota_0`` …; none: there is one region, ``factory``, which is not backed by anything.
        version: of this computer's MicroPython, which is what is flashed into the first one.

    Attributes:
        file: descriptor of the slots' content, one after the other.
        running: index of the one that was started.
    """

    def __init__(self, folder: Path, layout: Sequence[Partition], version: Sequence[int]) -> None:
        self.layout = tuple(layout)
        self._otadata = folder / "otadata.json"
        self.running = 0
        path = folder / "slots.img" if self.layout else Path(os.devnull)
        fresh = bool(self.layout) and not path.exists()
        self.file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        if fresh:
            os.pwrite(self.file, b"\xff" * sum(slot.size for slot in self.layout), 0)
            os.pwrite(self.file, image(version), 0)

    def close(self) -> None:
        """Give the file back."""
        os.close(self.file)

    @property
    def version(self) -> tuple[int, ...]:
        """The release of what runs; empty: that of this computer's MicroPython."""
        found = _VERSION.search(self._content(self.running)) if self.layout else None
        return tuple(map(int, found.groups())) if found else ()

    def start(self, say: Callable[[bytes], None]) -> bool:
        """Choose what is started until that does not panic, and ``say`` so; False if there is nothing."""
        for _ in range(_STARTS):
            if not self.boot():
                break
            if not self.layout or _PANICS not in self._content(self.running):
                return True
            say(_PANIC)
        say(_NO_PROGRAM)
        return False

    def boot(self) -> bool:
        """Choose what is started, as the boot loader does; False if no slot has an image."""
        if not self.layout:
            return True
        entries = self._entries()
        for entry in entries:
            if entry["state"] == _PENDING:
                entry["state"] = _ABORTED
        active = _active(entries)
        first = 0
        if active is not None:
            first = (active["seq"] - 1) % len(self.layout)
            if active["state"] == _NEW:
                active["state"] = _PENDING
        count = len(self.layout)
        good = [number for number in range(count) if not esp_image.problem(self._content(number))]
        chosen = next(
            (number for number in [first, *range(first)[::-1], *range(first + 1, count)] if number in good), None
        )
        if chosen is None:
            return False
        if not any(entry["seq"] for entry in entries):
            entries[0] = {"seq": chosen + 1, "state": _VALID}
        self._keep(entries)
        self.running = chosen
        return True

    def calls(self) -> dict[str, Callable[..., object]]:
        """Return what the board may ask."""
        return {
            "slots.table": self._table,
            "slots.boot": self._next,
            "slots.set_boot": self._set_boot,
            "slots.mark_valid": self._mark_valid,
        }

    def _table(self) -> list[object]:
        """Return the number of the one that runs, and of each its type, subtype, address, size and label."""
        if not self.layout:
            return [0, [[_APP, 0, _FACTORY.offset, _FACTORY.size, _FACTORY.name]]]
        rows = [[_APP, _OTA + number, slot.offset, slot.size, slot.name] for number, slot in enumerate(self.layout)]
        return [self.running, rows]

    def _next(self) -> int:
        """Return the number of the one that starts next."""
        active = _active(self._entries()) if self.layout else None
        return (active["seq"] - 1) % len(self.layout) if active else 0

    def _set_boot(self, number: int) -> None:
        if not self.layout:
            raise OSError(_NO_OTADATA, "ESP_ERR_NOT_FOUND")
        if esp_image.problem(self._content(number)):
            raise OSError(_VALIDATE_FAILED, "ESP_ERR_OTA_VALIDATE_FAILED")
        entries = self._entries()
        active = _active(entries)
        if active is None:
            entries[0] = {"seq": number + 1, "state": _NEW}
        else:
            count, seq = len(self.layout), number + 1
            while active["seq"] > seq:
                seq += count
            entries[1 - entries.index(active)] = {"seq": seq, "state": _NEW}
        self._keep(entries)

    def _mark_valid(self) -> None:
        if not self.layout:
            raise OSError(_NO_OTADATA, "ESP_ERR_NOT_FOUND")
        entries = self._entries()
        active = _active(entries)
        if active is None:
            raise OSError(_FAIL, "ESP_FAIL")
        active["state"] = _VALID
        self._keep(entries)

    def _content(self, number: int) -> bytes:
        slot = self.layout[number]
        return os.pread(self.file, slot.size, sum(before.size for before in self.layout[:number]))

    def _entries(self) -> list[dict[str, int]]:
        try:
            found: list[dict[str, int]] = json.loads(self._otadata.read_text(encoding="ascii"))
        except FileNotFoundError:
            found = [{"seq": 0, "state": _INVALID}, {"seq": 0, "state": _INVALID}]
        return found

    def _keep(self, entries: list[dict[str, int]]) -> None:
        new = self._otadata.with_suffix(".new")
        new.write_text(json.dumps(entries), encoding="ascii")
        new.replace(self._otadata)


def _active(entries: list[dict[str, int]]) -> dict[str, int] | None:
    """Return the entry that counts; one that was never written has the number 0."""
    good = [entry for entry in entries if entry["seq"] and entry["state"] not in (_INVALID, _ABORTED)]
    return max(good, key=lambda entry: entry["seq"], default=None)

"""Reads an image of MicroPython, as micropython.org offers it for boards with two slots, for an update.

One file is handed out for all boards: encrypted by a key that follows from its content, which stands, with its SHA-256,
in the bundle of each board. So only whom a bundle is for can read it, or make a board take it.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import re
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from umail_host.deploy.image import OLDEST_MICROPYTHON
from umail_host.device.boards import BoardSpec
from umail_host.errors import UserError
from umail_host.flash import esp_image, write

# esp_app_desc_t begins the first segment of a program, and of no boot loader.
_PROGRAM_AT, _PROGRAM = 32, (0xABCD5432).to_bytes(4, "little")
# What MicroPython prints when it starts.
_VERSION = re.compile(rb"MicroPython v(\d+)\.(\d+)(?:\.(\d+))?[ -~]{0,60}? on \d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class Image:
    """MicroPython's program for one slot: its bytes, release and SHA-256 in hexadecimal."""

    octets: bytes
    version: str
    sha256: str

    @property
    def file(self) -> str:
        """The name under which it is handed out."""
        return self._derived(b"update-image-name")[:12].hex() + ".umail"

    @property
    def told(self) -> dict[str, str | int]:
        """What a board's bundle says of it."""
        return {
            "file": self.file,
            "key": self._key.hex(),
            "size": len(self.octets),
            "sha256": self.sha256,
            "version": self.version,
        }

    def sealed(self) -> bytes:
        """Return what is handed out."""
        # The key is of this content alone, so that no nonce is used twice with it.
        encryptor = Cipher(AES(self._key), CTR(bytes(16))).encryptor()
        return encryptor.update(self.octets) + encryptor.finalize()

    @functools.cached_property
    def _key(self) -> bytes:
        return self._derived(b"update-image-key")

    def _derived(self, what: bytes) -> bytes:
        return hmac.digest(bytes.fromhex(self.sha256), what, "sha256")


def read(file: Path, board: BoardSpec) -> Image:
    """Return the image in ``file``, checked to be one that ``board`` can start.

    Raises:
        UserError: the board has one slot only, or it is not such an image, damaged, another chip's or board's, too
            large, or too old a MicroPython.
    """
    if not board.slots:
        raise UserError(
            f"{board.name} has one slot for MicroPython, and an update over the network needs a second one, in which "
            "the new one is tried: use umail flash, or images with OTA (board ESP32_GENERIC-OTA)"
        )
    where = (
        f"get {board.firmware}-DATE-vVERSION.app-bin from https://micropython.org/download/{write.page(board)}/, which "
        "is MicroPython alone"
    )
    try:
        octets = file.read_bytes()
    except OSError as error:
        raise UserError(f"{file} can't be read ({error.strerror}): {where}") from None
    chip = esp_image.chip(octets)
    if not chip:
        raise UserError(f"{file} is not an image for an ESP32: {where}")
    if octets[_PROGRAM_AT : _PROGRAM_AT + 4] != _PROGRAM:
        raise UserError(f"{file} begins with a boot loader, as the file for umail flash does: {where}")
    if chip != board.chip:
        raise UserError(f"{file} is for {chip}, {board.name} has {board.chip}: {where}")
    if problem := esp_image.problem(octets):
        raise UserError(f"{file} is damaged ({problem}): download it again")
    write.check_name(str(file), board)
    room = min(slot.size for slot in board.slots)
    if len(octets) > room:
        raise UserError(f"{file} has {len(octets):,} bytes, a slot of {board.name} has {room:,}: {where}")
    return Image(octets, _release(file, octets), hashlib.sha256(octets).hexdigest())


def _release(file: Path, octets: bytes) -> str:
    """Return the release in an image. All from the oldest on that umail runs on load the .mpy that it makes."""
    found = _VERSION.search(octets)
    if found is None:
        raise UserError(f"{file} does not say which MicroPython it is: take one of micropython.org's releases")
    version = tuple(int(part or 0) for part in found.groups())
    if version < OLDEST_MICROPYTHON:
        raise UserError(
            f"{file} is MicroPython {'.'.join(map(str, version))}, umail needs "
            f"{'.'.join(map(str, OLDEST_MICROPYTHON))} or newer"
        )
    return ".".join(map(str, version))

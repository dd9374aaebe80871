"""Seals what a board is to have into a bundle that only this board can open; the format is in alertnode/bundle.py.

Encrypt-then-MAC: AES-256 in counter mode, then HMAC-SHA256 over all of it, by two keys that are derived from the
board's own.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Mapping

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from umail_host import firmware_rules
from umail_host.errors import UserError
from umail_host.update.micropython import Image

# Added to a JSON object; what an older board can't know it passes over.
FORMAT = 1


def name(key: bytes) -> str:
    """Return the name of the bundle's file: who does not know ``key``, the board's own, can't guess it."""
    return _derived(key, b"update-name")[:12].hex() + ".umail"


def seal(
    key: bytes,
    board: str,
    version: int,
    files: Mapping[str, bytes],
    values: Mapping[str, str],
    code: bool = True,
    nonce: bytes | None = None,
    micropython: Image | None = None,
) -> bytes:
    """Return the bundle.

    Args:
        key: the board's own, 32 bytes.
        board: its id in hexadecimal.
        version: a number higher than all before.
        files: path on the board → bytes.
        values: secrets, name → value.
        code: modules of earlier versions that are not among ``files`` go.
        nonce: 16 bytes, for tests; None: random.
        micropython: what is to run on the board, if that comes along.

    Raises:
        UserError: it is larger than a board takes.
    """
    rules = firmware_rules.module("bundle")
    head: dict[str, object] = {"format": FORMAT, "board": board, "version": version, "code": code}
    head["secrets"] = dict(values)
    if takes := [*(["rom"] if rules.ROM in files else []), *(["micropython"] if micropython else [])]:
        head["takes"] = takes
    if micropython:
        head["micropython"] = micropython.told
    nonce = nonce or secrets.token_bytes(16)
    encryptor = Cipher(AES(_derived(key, b"update-enc")), CTR(nonce)).encryptor()
    body = encryptor.update(_plain(head, files)) + encryptor.finalize()
    # A program that would pass over what it does not know refuses all of it.
    magic: bytes = rules.NEWER if takes else rules.MAGIC
    whole = magic + version.to_bytes(8, "big") + nonce + len(body).to_bytes(4, "big") + body
    whole += hmac.digest(_derived(key, b"update-mac"), whole, "sha256")
    if len(whole) > rules.LONGEST:
        raise UserError(
            f"{len(whole) / 1000:.0f} kB are more than the {rules.LONGEST / 1000:.0f} kB that a board takes: "
            "leave files out"
        )
    return whole


def _plain(head: Mapping[str, object], files: Mapping[str, bytes]) -> bytes:
    """Return what is encrypted: ``head``, then each file with its path and length, then an empty path."""
    plain = bytearray(_counted(json.dumps(head).encode()))
    for path, octets in files.items():
        plain += _counted(path.encode()) + len(octets).to_bytes(4, "big") + octets
    return bytes(plain + _counted(b""))


def _counted(octets: bytes) -> bytes:
    return len(octets).to_bytes(2, "big") + octets


def _derived(key: bytes, what: bytes) -> bytes:
    return hmac.digest(key, what, "sha256")

"""The secrets that the tests use, unmistakable wherever they turn up, and the search for them.

Each holds ``MARK``, so that a piece of one is found as well as the whole, in clear or in any of its usual disguises.
They open nothing but fake servers and virtual boards. secrets_watch.py looks for them in all that a test run leaves.
"""

from __future__ import annotations

import base64

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

MARK = "Pl4ntedS3cret"
# With what URLs, JSON, shells and base64 treat in ways of their own; no space, as some servers trim them.
MAIL_PASSWORD = f"mail-{MARK}/+&%'7"
WIFI_PASSWORD = f"wifi {MARK} 7"
CLIENT_SECRET = f"oauth~{MARK}+7/="
TOKEN = f"ya29.{MARK}-{'x' * 60}"
# The number is the mark twice over, so that it is found in any encoding of the key.
_NUMBER = (MARK * 3).encode()[:32]


def private_key(form: serialization.PrivateFormat = serialization.PrivateFormat.PKCS8) -> bytes:
    """A key for a board's certificate, DER."""
    key = ec.derive_private_key(int.from_bytes(_NUMBER), ec.SECP256R1())
    return key.private_bytes(serialization.Encoding.DER, form, serialization.NoEncryption())


def _disguises() -> list[bytes]:
    octets = MARK.encode()
    found = [octets, octets.hex().encode(), octets.hex().upper().encode(), MARK.encode("utf-16-le")]
    for before in range(3):
        # In base64 a byte lies across two characters: those at the ends hold bits of its neighbours as well.
        encoded = base64.b64encode(b"\0" * before + octets)
        found.append(encoded[(0, 2, 3)[before] : 8 * (before + len(octets)) // 6])
    return found


DISGUISES = _disguises()


def found(octets: bytes | str) -> str:
    """Where a planted secret stands in ``octets``: what is around the first, itself blotted out; "" if none does.

    Line ends and spaces between its characters hide it from no reader, and not from this.
    """
    if isinstance(octets, str):
        octets = octets.encode("utf-8", "backslashreplace")
    for text in (octets, octets.translate(None, b" \t\r\n")):
        for form in DISGUISES:
            at = text.find(form)
            if at >= 0:
                before, after = text[max(0, at - 40) : at], text[at + len(form) : at + len(form) + 10]
                shown = before + b"***" + after
                for other in DISGUISES:
                    shown = shown.replace(other, b"***")
                return repr(shown)[2:-1]
    return ""

"""Hides secrets in what is shown: passwords and tokens, plain and in base64, even when cut into pieces."""

from __future__ import annotations

import base64
from collections.abc import Iterable

MASK = b"[masked]"
# Shorter ones would mask half of the dialogue; those sent as AUTH are masked all the same.
_SHORTEST = 4


def _forms(secret: bytes) -> set[bytes]:
    """Return the secret, and the part of its base64 that is the same whatever comes before it (three alignments)."""
    forms = {secret}
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + secret).rstrip(b"=")
        # The first characters hold bits of what comes before, the last of what follows.
        inner = encoded[(0, 2, 3)[before] : len(encoded) - (1 if (before + len(secret)) % 3 else 0)]
        if len(inner) >= _SHORTEST:
            forms.add(inner)
    return {form for form in forms if len(form) >= _SHORTEST}


class Masker:
    """Knows the secrets of one server.

    Args:
        secrets: those known from the start.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: set[bytes] = set()
        self._forms: list[bytes] = []
        for secret in secrets:
            self.learn(secret.encode())

    def learn(self, secret: bytes) -> None:
        """Learn a secret."""
        if secret and secret not in self._secrets:
            self._secrets.add(secret)
            self._forms = sorted({*self._forms, *_forms(secret)}, key=len, reverse=True)

    def learn_response(self, response: bytes) -> None:
        """Learn a secret as a client sent it in AUTH: itself, and the password or token within."""
        self.learn(response)
        try:
            decoded = base64.b64decode(response, validate=True)
        except ValueError:
            return
        if b"\0" in decoded:
            self.learn(decoded.rpartition(b"\0")[2])
        elif b"auth=Bearer " in decoded:
            self.learn(decoded.partition(b"auth=Bearer ")[2].partition(b"\1")[0])

    def mask(self, data: bytes) -> bytes:
        """Replace every secret in ``data``."""
        for form in self._forms:
            if form in data:
                data = data.replace(form, MASK)
        return data

    def mask_end(self, data: bytes) -> bytes:
        """Replace every secret in ``data``, the beginning of one at its end as well: nothing follows."""
        data = self.mask(data)
        # One character tells nothing, and many a line ends with it.
        for size in range(min(len(data), self.longest - 1), 1, -1):
            if any(form.startswith(data[-size:]) for form in self._forms):
                return data[:-size] + MASK
        return data

    @property
    def longest(self) -> int:
        """Bytes of the longest form of a secret."""
        return len(self._forms[0]) if self._forms else 0


class Stream:
    """One direction of one connection: hands out masked pieces that end where no secret can be cut.

    Pieces end with a line feed, since no secret holds one; without line feeds as much is kept back as a secret is long.
    """

    def __init__(self, masker: Masker, limit: int = 4096) -> None:
        self._masker = masker
        self._limit = limit
        self._pending = b""

    def feed(self, data: bytes, secrets: Iterable[bytes] = ()) -> bytes:
        """Take bytes as they came, return what may be shown now."""
        self._pending += data
        for secret in secrets:
            self._masker.learn_response(secret)
            # A short response is masked here only: as a known secret it would hide other text as well.
            head, found, tail = self._pending.rpartition(secret)
            self._pending = head + (MASK if found else b"") + tail
        end = self._pending.rfind(b"\n") + 1
        if not end and len(self._pending) > self._limit:
            # What might be cut in two is masked before it is cut.
            self._pending = self._masker.mask(self._pending)
            end = max(0, len(self._pending) - self._masker.longest)
        return self._cut(end)

    @property
    def pending(self) -> bool:
        """Is something kept back?"""
        return bool(self._pending)

    def flush(self) -> bytes:
        """Return the rest: nothing more will come."""
        shown, self._pending = self._pending, b""
        return self._masker.mask_end(shown)

    def _cut(self, end: int) -> bytes:
        shown, self._pending = self._pending[:end], self._pending[end:]
        return self._masker.mask(shown)

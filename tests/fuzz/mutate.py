"""Entries made of other entries, the same for the same seed: what `make test` tries without a fuzzer to guide it."""

from __future__ import annotations

import random
from collections.abc import Iterator

from fuzz.script import NAMES
from fuzz.world import PASSWORD, TOKEN

_MARKS = [bytes([octet]) for octet in NAMES.values()]
# What means something to one of the parsers.
WORDS = [
    *(b"%d " % code for code in (220, 235, 250, 251, 334, 354, 421, 450, 451, 452, 454, 500, 501, 503, 535, 550, 555)),
    *(b"250-", b"\r\n", b"\n", b"\r", b"-", b"2.1.5 ", b"5.7.3 ", b"\0", b"\xff", b"\xc0\x0c", b".\r\n", b"0"),
    *(PASSWORD.encode(), TOKEN.encode(), b"9" * 12),
    *(b"PIPELINING", b"CHUNKING", b"AUTH PLAIN", b"AUTH=", b"STARTTLS", b"SIZE 10", b"x" * 1024),
    *(
        b"HTTP/1.1 200 x\r\n",
        b"Content-Length: 3\r\n",
        b'{"access_token":',
        b"null",
        b"1e999",
        b'"\\ud800"',
        b"=?",
        b"<",
    ),
]


def change(entry: bytearray, chance: random.Random, others: list[bytes]) -> None:
    """Change ``entry`` in one place, at times by a piece of one of ``others``."""
    at = chance.randrange(len(entry) + 1)
    end = min(len(entry), at + chance.choice((1, 1, 2, 4, 16, 64)))
    how = chance.randrange(8)
    if how == 0:
        entry[at:end] = b""
    elif how == 1:
        entry[at:at] = entry[at:end] * chance.randrange(1, 4)
    elif how == 2:
        entry[at:at] = chance.choice(WORDS)
    elif how == 3:
        entry[at:end] = chance.choice(WORDS)
    elif how == 4:
        entry[at:at] = chance.choice(_MARKS)
    elif how == 5 and at < len(entry):
        entry[at] = chance.randrange(256)
    elif how == 6 and at < len(entry):
        entry[at] ^= 1 << chance.randrange(8)
    else:
        other = chance.choice(others)
        start = chance.randrange(len(other) + 1)
        entry[at:end] = other[start : start + chance.choice((8, 64, 4096))]


def mutations(entries: list[bytes], seed: int) -> Iterator[bytes]:
    """Without an end: entries of these, changed in one to six places."""
    chance = random.Random(seed)
    while True:
        entry = bytearray(chance.choice(entries))
        for _ in range(chance.randrange(1, 7)):
            change(entry, chance, entries)
        yield bytes(entry[:4096])

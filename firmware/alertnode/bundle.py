"""Reads a bundle, an update for one board: verified as a whole before a byte of it is decrypted (docs/updates.md).

    MAGIC · version (8 bytes) · nonce (16) · length of the body (4) · the body, encrypted · HMAC-SHA256 of all before it

Numbers are big-endian. The body, AES-256 in counter mode: a JSON object behind its length (2 bytes), then each file as
the length of its path (2), the path, the length of its content (4), the content; a path of length 0 ends it. NEWER in
place of MAGIC has one that brings what programs before do not know: MicroPython itself, or the ROMFS as a file ROM.
"""

import json

from alertnode import hmac256

MAGIC = b"UMAILUP1"
NEWER = b"UMAILUP2"
# The path of the ROMFS's image.
ROM = "/rom"
HEAD = 36
MAC = 32
# Bytes of a whole bundle, of its JSON object and of a path.
LONGEST = 1 << 20
_LONGEST_HEAD = 16384
_LONGEST_PATH = 200
# Bytes decrypted at a time, a multiple of AES's block.
_CHUNK = 512
_BLOCK = 16
# ECB, of which counter mode is made: cryptolib has no more than that and CBC on most ports.
_ECB = 1


class Refused(Exception):
    """A bundle is not for this board, or not as it was made; the text is a sentence for people."""


def name(key):
    """Return the name of the file for the board with that ``key``: who does not know the key cannot guess it."""
    from binascii import hexlify

    return hexlify(hmac256.hmac256(key, b"update-name")[:12]).decode() + ".umail"


def verify(file, size, key):
    """Return (version, nonce) of the bundle of ``size`` bytes in ``file``; raises Refused if it is not authentic.

    ``key`` (bytes) is the board's own.
    """
    if not HEAD + MAC < size <= LONGEST:
        raise Refused("it has %d bytes, which no bundle has" % size)
    file.seek(0)
    head = file.read(HEAD)
    if head[:8] not in (MAGIC, NEWER):
        raise Refused("it is not a bundle, or one in a newer format: update this board by cable")
    if int.from_bytes(head[32:], "big") != size - HEAD - MAC:
        raise Refused("it was cut off, or something was added")
    key = hmac256.hmac256(key, b"update-mac")
    inner = hmac256.begin(key)
    inner.update(head)
    left = size - HEAD - MAC
    while left:
        data = file.read(min(_CHUNK, left))
        if not data:
            raise Refused("it was cut off")
        inner.update(data)
        left -= len(data)
    if not hmac256.same(hmac256.end(key, inner), file.read(MAC)):
        raise Refused("it was not made with this board's key, or was changed on its way")
    return int.from_bytes(head[8:16], "big"), head[16:32]


def mixed(key, first, data):
    """Return ``data`` (at most 512 bytes) by AES-256 in counter mode from ``first`` on: encrypted, or decrypted."""
    from cryptolib import aes

    count = (len(data) + _BLOCK - 1) // _BLOCK
    blocks = [((first + i) & ((1 << 128) - 1)).to_bytes(_BLOCK, "big") for i in range(count)]
    # (One that has decrypted or encrypted must do no other on some ports; and it is quick to make.)
    stream = aes(key, _ECB).encrypt(b"".join(blocks))[: len(data)]
    # Large numbers do it for all bytes at once.
    number = int.from_bytes(data, "big") ^ int.from_bytes(stream, "big")
    return number.to_bytes(len(data), "big")


class Body:
    """Decrypts the body of a bundle that was verified, from any place on.

    Args:
        file: holds the bundle.
        size: bytes of the whole bundle.
        key, nonce: bytes.

    Attributes:
        at: bytes of the body that were read.
    """

    def __init__(self, file, size, key, nonce):
        self._file = file
        self._size = size - HEAD - MAC
        self._key = hmac256.hmac256(key, b"update-enc")
        self._first = int.from_bytes(nonce, "big")
        self._chunk = b""
        self._begin = -1
        self.at = 0

    def some(self, most):
        """Return the next bytes, ``most`` at most; raises Refused at the end."""
        begin = self.at - self.at % _CHUNK
        if begin != self._begin:
            self._load(begin)
        data = self._chunk[self.at - begin : self.at - begin + most]
        if not data:
            raise Refused("it ends too early")
        self.at += len(data)
        return data

    def take(self, count):
        """Return exactly this many bytes; raises Refused at the end."""
        parts = []
        while count:
            parts.append(self.some(count))
            count -= len(parts[-1])
        return b"".join(parts)

    def number(self, size):
        """Return the number in the next ``size`` bytes."""
        return int.from_bytes(self.take(size), "big")

    def head(self):
        """Return the JSON object at the beginning."""
        self.at = 0
        length = self.number(2)
        if length > _LONGEST_HEAD:
            raise Refused("what it says of itself is longer than %d bytes" % _LONGEST_HEAD)
        return json.loads(self.take(length))

    def file(self):
        """Return (path, length) of the next file, whose content follows; None at the end."""
        length = self.number(2)
        if not length:
            return None
        if length > _LONGEST_PATH:
            raise Refused("it has a path longer than %d bytes" % _LONGEST_PATH)
        path = self.take(length).decode()
        return path, self.number(4)

    def _load(self, begin):
        self._begin = begin
        self._chunk = b""
        self._file.seek(HEAD + begin)
        data = self._file.read(max(0, min(_CHUNK, self._size - begin)))
        if not data:
            return
        self._chunk = mixed(self._key, self._first + begin // _BLOCK, data)

"""HMAC with SHA-256 (RFC 2104), which MicroPython lacks, over hashlib; loaded only when something is signed."""

from hashlib import sha256

_BLOCK = 64


def begin(key):
    """Return a hash by ``key`` (bytes), to be fed with what is to be signed by ``update``; for ``end``."""
    return sha256(_padded(key, 0x36))


def end(key, made):
    """Return the code (32 bytes) of what ``made``, of ``begin`` with the same ``key``, was fed with; once only."""
    outer = sha256(_padded(key, 0x5C))
    outer.update(made.digest())
    return outer.digest()


def hmac256(key, *parts):
    """Return the code (32 bytes) of ``parts``, bytes of one message, by ``key`` (bytes)."""
    made = begin(key)
    for part in parts:
        made.update(part)
    return end(key, made)


def same(one, other):
    """Return True if two codes (bytes) are the same; how long that takes does not tell where they differ."""
    if len(one) != len(other):
        return False
    wrong = 0
    for a, b in zip(one, other):
        wrong |= a ^ b
    return not wrong


def _padded(key, with_):
    if len(key) > _BLOCK:
        key = sha256(key).digest()
    return bytes([octet ^ with_ for octet in key + bytes(_BLOCK - len(key))])

"""Says in few bytes what goes to a board: deflated, as literals that MicroPython reads byte by byte.

MicroPython takes any byte in a literal as it is, but for those that end the line or the literal, and those that its raw
REPL keeps for itself: base64 would make a third more of it. `deflate` is part of every port since MicroPython 1.21; a
build that lacks it is sent the same undeflated.
"""

from __future__ import annotations

import ast
import hashlib
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from umail_host import trees

try:
    from deflate import deflate_compress
except ImportError:  # a platform without its wheel: zlib needs 3 % more bytes
    deflate_compress = None  # type: ignore[assignment]

# Bytes of the files that one command holds: they themselves, deflated, fit any board's heap.
_PIECE = 11264
_PIECE_PLAIN = 2048
# Bits of the windows that are tried: 32 kB fit a board that has nothing else to do, 4 kB any.
_LARGE, _SMALL = 15, 12
WINDOWS = (_LARGE, _SMALL, 0)
# What a raw REPL acts on (Ctrl-A to Ctrl-E), and what ends a line or a literal.
_SPECIAL = re.compile(rb"[\x00-\x05\n\r'\\]")
_OCTAL_DIGITS = b"01234567"
_NAMED = {b"\n": b"\\n", b"\r": b"\\r", b"'": b"\\'", b"\\": b"\\\\"}
# Part of the SHA-256 of a file, in hexadecimal: enough to tell whether the flash gives it back as it was.
DIGEST = 8


@dataclass(frozen=True)
class Part:
    """A part of the file ``path`` that a `Piece` holds: its ``size``, and whether the file ``ends`` with it."""

    path: str
    size: int
    ends: bool


@dataclass(frozen=True)
class Piece:
    """A command, and what it writes."""

    code: bytes
    parts: tuple[Part, ...]


def literal(octets: bytes) -> bytes:
    """Return a literal of MicroPython that stands for ``octets``."""

    def escaped(found: re.Match[bytes]) -> bytes:
        byte = found[0]
        # One octal digit is enough, unless what follows would be taken for another.
        follows = octets[found.end() : found.end() + 1]
        short = not follows or follows not in _OCTAL_DIGITS
        return _NAMED.get(byte) or (b"\\%d" if short else b"\\x%02x") % byte[0]

    return b"b'" + _SPECIAL.sub(escaped, octets) + b"'"


def code(text: str, packed: bool) -> bytes:
    """Return MicroPython source that does what ``text`` does, in fewer bytes if the board can unpack it."""
    plain = text.encode()
    return min(_unpacking(plain), plain, key=len) if packed else plain


def attempt(text: str) -> bytes:
    """Return source that does what ``text`` does and prints 1, if the board can unpack it; else it prints 0."""
    lines = _unpacking(text.encode()).replace(b"\n", b"\n ")
    return b"try:\n %s\n print(1)\nexcept ImportError:\n print(0)" % lines


def _unpacking(plain: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -_SMALL)
    stream = literal(packer.compress(plain) + packer.flush())
    return b"import deflate,io\nexec(deflate.DeflateIO(io.BytesIO(%s),deflate.RAW,%d).read())" % (stream, _SMALL)


def bare(source: str) -> str:
    """Return Python ``source`` without comments, docstrings and annotations."""
    tree = trees.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.returns = None
            for argument in node.args.args:
                argument.annotation = None
        body = getattr(node, "body", None)
        if isinstance(body, list) and isinstance(node, ast.Module | ast.FunctionDef) and ast.get_docstring(node):
            del body[0]
        if isinstance(body, list):
            body[:] = [_bare_assignment(inner) for inner in body]
    return ast.unparse(tree)


def _bare_assignment(node: ast.stmt) -> ast.stmt:
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        return ast.copy_location(ast.Assign([node.target], node.value, lineno=node.lineno), node)
    return node


def _more(octets: bytes, count: int) -> bytes:
    return b"more(%s,%d)" % (literal(octets), count)


def pieces(files: Mapping[str, bytes], window: int) -> Iterator[Piece]:
    """Yield the commands that write ``files``, path → bytes, in their order, for a board that runs `on_board.py`.

    They are one deflated stream (RFC 1951), of which each command brings as much as its bytes need; ``window`` is the
    bits of its window, 0: they are not deflated.
    """
    yield Piece(b"start(%d)" % window, ())
    data = b""
    spans = []
    for path, octets in files.items():
        digest = hashlib.sha256(octets).hexdigest()[:DIGEST]
        data += f"{len(octets)} {digest} {path}\n".encode()
        spans.append((path, len(data), len(data) + len(octets)))
        data += octets
    at = 0
    for sent, count in _deflated(data, window) if window else _plain(data):
        # At the end the window goes: what comes next may need its memory.
        then = b"\nabandon()" if at + count == len(data) else b""
        yield Piece(_more(sent, count) + then, _parts(spans, at, at + count))
        at += count


def _parts(spans: list[tuple[str, int, int]], at: int, end: int) -> tuple[Part, ...]:
    """Return the parts of the files, each with its places in the data, that lie from ``at`` to ``end``."""
    parts = (Part(path, min(end, last) - max(at, first), at < last <= end) for path, first, last in spans)
    return tuple(part for part in parts if part.size > 0 or (part.ends and part.size == 0))


def _plain(data: bytes) -> Iterator[tuple[bytes, int]]:
    for at in range(0, len(data), _PIECE_PLAIN):
        piece = data[at : at + _PIECE_PLAIN]
        yield piece, len(piece)


def _deflated(data: bytes, window: int) -> Iterator[tuple[bytes, int]]:
    """Yield the deflated ``data`` in pieces, each with the number of bytes that can be read once it has come."""
    if window == _LARGE and deflate_compress is not None:
        rest = bytes(deflate_compress(data, 12))
    else:
        packer = zlib.compressobj(9, zlib.DEFLATED, -window, 9)
        rest = packer.compress(data) + packer.flush()
    unpacker, done = zlib.decompressobj(-window), 0
    while done < len(data):
        count = len(unpacker.decompress(rest, _PIECE))
        left = unpacker.unconsumed_tail
        done += count
        yield rest[: len(rest) - len(left)] if done < len(data) else rest, count
        rest = left

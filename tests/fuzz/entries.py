"""The saved corpus: for each target a text file, an entry on each line, marks by name and the rest as escapes."""

from __future__ import annotations

import re
from pathlib import Path

from fuzz.script import NAMES

FOLDER = Path(__file__).parent / "corpus"
# Each target's modules of the library: what the other side's bytes, or a message's arguments, go through.
MODULES = {
    "replies": "smtp.session net.transport",
    "dialogue": "smtp.session smtp.handshake smtp.ehlo smtp.login smtp.sending smtp.flight smtp.transaction "
    "smtp.unexpected smtp.bdat smtp.data smtp.failure smtp.retry smtp.accepted_recipients delivery connecting fallback "
    "smtp.recipient_batches",
    "names": "dns net.dns_tcp net.mx",
    "tokens": "net.http oauth",
    "files": "queue.format",
    "messages": "message making mime.multipart mime.parts mime.files "
    "mime.optional_fields mime.encoded_words mime.addresses mime.fields",
}
_SHOWN = {octet: f"{{{name}}}" for name, octet in NAMES.items()} | {10: "\\n", 13: "\\r", 92: "\\\\", 123: "\\x7b"}
_PART = re.compile(r"\{([a-z]+)\}|\\x([0-9a-f]{2})|\\(.)|([^\\{])")
_ESCAPED = {"n": "\n", "r": "\r", "\\": "\\"}


def written(octets: bytes) -> str:
    """One line for an entry."""
    return "".join([_SHOWN.get(c) or (chr(c) if 32 <= c < 127 else f"\\x{c:02x}") for c in octets])


def read(line: str) -> bytes:
    """The entry that stands on a line; ValueError if it is not well-formed."""
    out = bytearray()
    at = 0
    while at < len(line):
        found = _PART.match(line, at)
        if not found or (found[1] and found[1] not in NAMES) or (found[3] and found[3] not in _ESCAPED):
            raise ValueError(f"{line[at : at + 20]!r} is neither a mark nor an escape")
        at = found.end()
        if found[1]:
            out.append(NAMES[found[1]])
        elif found[2]:
            out.append(int(found[2], 16))
        else:
            out += (_ESCAPED[found[3]] if found[3] else found[4]).encode("latin-1")
    return bytes(out)


def load(target: str) -> list[bytes]:
    """The saved entries of a target."""
    lines = (FOLDER / f"{target}.txt").read_text(encoding="ascii").splitlines()
    return [read(line) for line in lines if not line.startswith("#")]


def save(target: str, entries: list[bytes]) -> None:
    """Replace a target's entries; the comment at the top of the file stays."""
    path = FOLDER / f"{target}.txt"
    top = [line for line in path.read_text(encoding="ascii").splitlines() if line.startswith("#")]
    lines = sorted({written(entry) for entry in entries})
    path.write_text("\n".join([*top, *lines]) + "\n", encoding="ascii")

"""Files of the alert node, damaged in many ways: torn, flipped, exchanged, foreign, or whole with odd values."""

from __future__ import annotations

import json
from binascii import crc32
from pathlib import Path
from random import Random
from typing import Any

ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -5,
    1 << 31,
    1 << 70,
    1.5,
    1e30,
    "",
    "x",
    "é" * 300,
    [],
    {},
    [[]],
    [1, 2],
    {"a": [None]},
)
# Names that a folder of mails may hold though no umail ever gave them, or an old one did.
FOREIGN = (
    "Z", "000001-zz", "000003~1", "000007-5", "ffffff-3.mail", "-1-2.mail", "000001.mail", "state~", ".mail", "a b.new",
    "0000000000000000000000000000009-1.mail", "é.mail", "x.bad", "new.tmp", "1-1", "FOUND.000", "state.bad",
    "000002-5.MAI",
)  # fmt: skip


def odd(chance: Random, value: Any) -> Any:
    """Return ``value`` (of JSON) with one thing in it, however deep, made odd, left out, doubled or exchanged."""
    if isinstance(value, list) and value and chance.random() < 0.85:
        value = list(value)
        at = chance.randrange(len(value))
        what = chance.randrange(8)
        if what == 0:
            del value[at]
        elif what == 1:
            value.insert(at, chance.choice(ODD))
        elif what == 2:
            other = chance.randrange(len(value))
            value[at], value[other] = value[other], value[at]
        else:
            value[at] = odd(chance, value[at])
        return value
    if isinstance(value, dict) and value and chance.random() < 0.85:
        value = dict(value)
        name = chance.choice(sorted(value))
        what = chance.randrange(6)
        if what == 0:
            del value[name]
        elif what == 1:
            value[name + "x"] = value.pop(name)
        else:
            value[name] = odd(chance, value[name])
        return value
    return chance.choice(ODD)


def _line(chance: Random, line: bytes) -> bytes:
    # A line of umail.durable, or the body and checksum of alertnode.platform, whole but odd.
    try:
        version, _, rest = line.rstrip().partition(b" ")
        data = json.dumps(odd(chance, json.loads(rest[9:]))).encode()
        version = chance.choice([version, version, version, b"1", b"3", b"99", b"-1"])
        sealed = b"%s %08x %s" % (version, crc32(data), data)
        return sealed + b" " * (len(line) - len(sealed) - 1) + b"\n"
    except ValueError:
        return line


def whole_but_odd(chance: Random, octets: bytes) -> bytes:
    """Return a file whose checksums hold and whose values are odd."""
    body, mark, check = octets.rpartition(b"\n")
    if mark and check == b"%08x" % crc32(body):
        try:
            body = json.dumps(odd(chance, json.loads(body))).encode()
        except ValueError:
            body = json.dumps(chance.choice(ODD)).encode()
        return body + b"\n%08x" % crc32(body)
    lines = octets.splitlines(keepends=True)
    places = [at for at, line in enumerate(lines) if line[:1].isdigit()] or [0]
    if lines:
        at = chance.choice(places)
        lines[at] = _line(chance, lines[at])
    return b"".join(lines)


def damaged(chance: Random, octets: bytes) -> bytes:
    """Return ``octets`` damaged in one way or several."""
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        what = chance.randrange(9)
        at = chance.randrange(len(octets) + 1)
        if what == 0:
            octets = octets[:at]
        elif what == 1:
            octets = octets[:at] + bytes(chance.choice((1, 512, 4096)))
        elif what == 2:
            octets = octets[:at] + octets[chance.randrange(len(octets) + 1) :]
        elif what == 3:
            octets = chance.choice(
                (b"", b"\xff" * 4096, b"[" * 20000, b'{"version": 1, "rules": {}}', b"9" * 5000, b"\r\n")
            )
        elif what == 4:
            octets = bytes(chance.randrange(256) for _ in range(chance.choice((1, 40, 600))))
        elif what == 5 and octets:
            at = min(at, len(octets) - 1)
            octets = octets[:at] + bytes((octets[at] ^ 1 << chance.randrange(8),)) + octets[at + 1 :]
        else:
            octets = whole_but_odd(chance, octets)
    return octets


def spoil(chance: Random, flash: Path, names: list[str], safe: str) -> None:
    """Damage some of the files ``names`` under ``flash``, and put others beside them; the file ``safe`` stays."""
    contents = {name: (flash / name).read_bytes() for name in names}
    for name in names:
        what = chance.randrange(10)
        target = flash / name
        if name == safe or what < 3:
            continue
        octets = damaged(chance, contents[chance.choice(names)] if what == 3 else contents[name])
        if what == 4:
            target.unlink()
        elif what == 5 and name != "outbox":
            # Something made a folder of that name.
            target.unlink()
            target.mkdir()
        elif what == 6:
            target.rename(f"{target}.new")
        elif what == 7:
            Path(f"{target}.new").write_bytes(octets)
        else:
            target.write_bytes(octets)
    for _ in range(chance.randrange(4)):
        target = flash / "outbox" / chance.choice(FOREIGN)
        if not target.exists():
            target.write_bytes(damaged(chance, contents[chance.choice(names)]))

"""Decides what a deployment changes: what lies on the board, which files differ, which modules are no longer wanted.

The board says for each path of the image its size and SHA-256; a file whose hash is the same is left alone. Of code,
what earlier deployments put there and the image no longer has goes, the other form of a module (``x.py`` beside
``x.mpy``), and the modules of an older umail that lay flat, whoever put them there. All else is the user's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from umail_host.deploy import romfs, wire
from umail_host.deploy.image import FIRMWARE, LIBRARY, SWITCH, MicroPython
from umail_host.deploy.romfs import Link
from umail_host.errors import UserError
from umail_host.settings import CONFIG

LIST = "/.umail-files"
FIRST = {"/boot.py", "/main.py"}
CODE = ("/lib/", *FIRST, *(f"/{name}" for name in SWITCH))
_OWN = ("/lib/sensors/", "/lib/outputs/", "/lib/texts/")  # parts that a configuration brings along
_DEVICE = Path(__file__).with_name("on_board.py")
# Modules that lay flat in umail and alertnode 0.1 and have gone into sub-packages, or got another name.
_FLAT = {
    LIBRARY: "advice_de advice_en codec dns_tcp dots dsn envelopes extra flushing http link multipart mx opening "
    "quoted records replies_table reply root_names sasl session sockets spool tls tls_failure token_table transaction "
    "trouble upload words",
    FIRMWARE: "hardware hints parts port sensors trace words",
}
# Formats of a mail in the outbox, and the module by which a library that reads it is known; the first has none.
_FORMATS = {2: "durable"}
_OLDER = {f"{folder}/{name}" for folder, names in _FLAT.items() for name in names.split()}


# Blocks that LittleFS takes for a directory.
_FOLDER = 2


@dataclass(frozen=True)
class Survey:
    """What lies on the board."""

    files: Mapping[str, tuple[str, int]]  # path → SHA-256 (or "directory"), size
    listed: frozenset[str]  # code that earlier deployments put there
    block: int
    free: int  # blocks
    python: MicroPython
    rom: romfs.Partition | None
    frozen: frozenset[str]  # packages of ours in the firmware itself
    older: frozenset[str]  # modules of an umail from before its sub-packages
    mails: tuple[int, ...]  # formats of those in the outbox, but for the first format
    packed: bool = False  # whether it can unpack deflated data


def prepare(link: Link) -> bool:
    """Give the board the code that answers to `survey` and writes files; return whether it can unpack deflated data."""
    text = wire.bare(_DEVICE.read_text(encoding="utf-8")) + "\nabandon()"
    if link.exec(wire.attempt(text)).strip() == "1":
        return True
    link.exec(text)
    return False


def survey(link: Link, paths: Iterable[str]) -> Survey:
    """Ask the board for hash and size of ``paths``, of what deployments left there, and for its room and version."""
    listed, older, packed = _code(link)
    wanted = set(paths) | listed | older
    wanted |= {twin for path in wanted if (twin := _twin(path))}
    output = link.exec(wire.code(f"survey({sorted(wanted)!r})", packed), timeout=60)
    files, block, free, python = {}, 4096, 0, MicroPython((0,), 0)
    rom: tuple[int, ...] = ()
    holds, frozen, mails = set(), set(), []
    for line in output.splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "file":
            digest, size, path = rest.split(" ", 2)
            files[path] = (digest, int(size))
        elif kind == "room":
            block, free = (int(number) for number in rest.split())
        elif kind == "python":
            mpy, *version = (int(number) for number in rest.split())
            python = MicroPython(tuple(version), mpy)
        elif kind == "rom":
            rom = tuple(int(number) for number in rest.split())
        elif kind == "holds":
            holds.add(rest.rstrip("/"))
        elif kind == "frozen":
            frozen.add(rest.strip())
        elif kind == "mail":
            mails.append(int(rest))
    partition = romfs.Partition(rom[0], rom[1], frozenset(holds)) if rom else None
    return Survey(files, listed, block, free, python, partition, frozenset(frozen), older, tuple(mails), packed)


def leftovers(link: Link) -> list[str]:
    """Return the modules of an older umail that lie flat beside a newer one's: `mip install` deletes nothing."""
    _, older, _ = _code(link)
    link.soft_reset()  # frees what `prepare` defined
    return sorted(older)


def _code(link: Link) -> tuple[frozenset[str], frozenset[str], bool]:
    """Ask the board for the code that deployments put there, the modules of an older umail, and if it can unpack."""
    packed = prepare(link)
    lines = [line.strip() for line in link.exec(f"code({LIST!r}, {[*_FLAT]!r})").split("\n")]
    listed = frozenset(line for line in lines if line.startswith(CODE))
    flat = frozenset(path for line in lines if (path := line.removeprefix("there ")) != line)
    return listed, frozenset(path for path in flat if path.rpartition(".")[0] in _OLDER), packed


def _twin(path: str) -> str:
    """Return the other form of a module: MicroPython takes ``x.py`` before ``x.mpy``."""
    if not path.startswith("/lib/"):
        return ""
    stem, dot, kind = path.rpartition(".")
    return stem + dot + {"py": "mpy", "mpy": "py"}[kind] if kind in ("py", "mpy") else ""


def kept(found: Survey, image: Mapping[str, bytes]) -> frozenset[str]:
    """Return the parts of the user's own that stay: those of the configuration on the board, if that stays, too."""
    if CONFIG in image:
        return frozenset()
    return frozenset(path for path in found.listed if path.startswith(_OWN) and path in found.files)


def stale(found: Survey, image: Mapping[str, bytes]) -> set[str]:
    """Return the code on the board that is removed, now that it holds ``image``."""
    gone = found.listed | found.older | {twin for path in image if (twin := _twin(path))}
    return {path for path in gone - kept(found, image) if path in found.files and path not in image}


def check_mails(found: Survey, image: Mapping[str, bytes]) -> None:
    """Check that the library in ``image`` can read the mails that wait on the board: an older one would lose them.

    Raises:
        UserError: it can't.
    """
    modules = {path.rpartition(".")[0].removeprefix("/rom") for path in image}
    if f"{LIBRARY}/__init__" not in modules:
        return
    reads = max((format for format, module in _FORMATS.items() if f"{LIBRARY}/{module}" in modules), default=1)
    if lost := sum(format > reads for format in found.mails):
        what = "a mail waits" if lost == 1 else f"{lost} mails wait"
        raise UserError(
            f"{what} on the board that this older umail can't read: let the board send them first "
            "(umail outbox ls shows them), or remove each (umail outbox purge NUMBER)"
        )


def check_room(found: Survey, changed: Mapping[str, bytes]) -> None:
    """Count in whole blocks whether there is room: the old form of a file is freed only after the new one is written.

    Raises:
        UserError: there is none.
    """

    def blocks(size: int) -> int:
        return -(-size // found.block)

    def folders(paths: Iterable[str]) -> set[PurePosixPath]:
        return {folder for path in paths for folder in PurePosixPath(path).parents}

    growth = _FOLDER * len(folders(changed) - folders(["/boot.py", *found.files]))
    largest = 0
    for path, octets in changed.items():
        old = blocks(found.files.get(path, ("", 0))[1])
        growth += blocks(len(octets)) - old
        largest = max(largest, old)
    needed = max(growth, 0) + largest + 2 if changed else 0
    if needed > found.free:
        kib = found.block / 1024
        raise full(f"{needed * kib:.0f} KiB are needed, {found.free * kib:.0f} KiB are free")


def placed(found: Survey, image: Mapping[str, bytes], rom: bool | None) -> dict[str, bytes]:
    """Return ``image`` without what is frozen in, with library and firmware where they belong on this board."""
    if rom is None:
        rom = found.rom is not None and bool(found.rom.names & romfs.OURS)
    ours = (f"{LIBRARY}/", f"{FIRMWARE}/")
    return {
        f"/rom{path}" if rom and path.startswith(ours) else path: octets
        for path, octets in image.items()
        if not _is_frozen(path, found.frozen)
    }


def _is_frozen(path: str, frozen: frozenset[str]) -> bool:
    """Tell whether the firmware's own code runs in place of ``path``; a frozen main.py does, too."""
    if path in FIRST:
        return "alertnode" in frozen
    return any(path.startswith((f"/lib/{name}/", f"/rom/lib/{name}/")) for name in frozen)


def changed(found: Survey, image: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the part of ``image`` that the board does not hold yet.

    Raises:
        UserError: a directory lies where a file must.
    """
    there = {path: digest for path, (digest, _) in found.files.items()}
    for path in image:
        if there.get(path) == "directory":
            raise UserError(f"{path} on the board is a directory, a file should lie there: remove it first", 2)
    return {path: octets for path, octets in image.items() if there.get(path) != hashlib.sha256(octets).hexdigest()}


def full(how: str) -> UserError:
    """Return the error of a flash without room."""
    return UserError(
        f"the board's flash has no room: {how}; remove files of yours from it (`mpremote fs ls`, `mpremote fs rm`)", 1
    )

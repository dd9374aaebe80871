"""Builds a ROMFS image, and writes it to the ROMFS partition of a board so that a power cut leaves no half of one.

A ROMFS (MicroPython 1.25 and newer) lies in a partition of its own, read-only, in the chip's address space: .mpy in it
runs from flash, as frozen code does. MicroPython mounts it at ``/rom`` before anything runs, with ``/rom/lib`` before
``/lib`` on the search path. The image is made by mpremote's own writer; the partition is reached by
``vfs.rom_ioctl``, as a block device, which it is on the ports esp32 and rp2.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from mpremote.romfs import VfsRomWriter

from umail_host.errors import UserError

ROOT = "/rom/"
# Where on the board each package lies in a ROMFS; all else in it is somebody else's.
OURS = frozenset({"lib/umail", "lib/alertnode"})
_DEVICE = Path(__file__).with_name("romfs_on_board.py")
# Bytes a command: divides the blocks of every flash, and is whole pages of it.
_CHUNK = 2048


class Link(Protocol):
    """A board whose raw REPL takes code."""

    def exec(self, code: str | bytes, timeout: float = 10) -> str:
        """Run ``code``; returns what it prints. Raises an exception of the link's own when it fails."""

    def soft_reset(self) -> None:
        """Restart the interpreter, so that it mounts what there is; boot.py runs, main.py does not."""


@dataclass(frozen=True)
class Partition:
    """A board's ROMFS partition.

    Attributes:
        size: bytes that it holds.
        block: bytes that are erased at once.
        names: what lies in it, two folders deep: ``lib/umail``, ``picture.bin``.
    """

    size: int
    block: int
    names: frozenset[str]

    @property
    def ours(self) -> bool:
        """Tell whether it holds what an earlier deployment put there, and nothing else."""
        return bool(self.names) and self.names <= OURS


def check(found: Partition | None, files: Mapping[str, bytes]) -> bytes:
    """Return the image of ``files``, if a board with the partition ``found`` can take it.

    Raises:
        UserError: there is no partition, it is too small, or holds what would be lost.
    """
    if found is None:
        raise UserError(
            "the board's MicroPython has no ROMFS partition, as the releases for ESP32 and Pico W have none: "
            "deploy without --romfs, or flash a build that has one (umail deploy --romfs --freeze FOLDER writes it)",
            3,
        )
    image = build(files)
    if len(image) > found.size:
        raise UserError(
            f"the ROMFS takes {len(image) / 1024:.0f} KiB, the board's partition has {found.size // 1024} KiB: "
            "name its --config, so that only what that needs goes along, deploy without --romfs, or flash a build with "
            "a larger one (umail deploy --romfs --freeze FOLDER)",
            3,
        )
    kept = {"/".join(path.removeprefix(ROOT).split("/")[:2]) for path in files}
    if lost := sorted(found.names - OURS - kept):
        raise UserError(
            f"the board's ROMFS holds {', '.join(lost)}, which would be lost: give it along as "
            f"--file HERE:{ROOT}{lost[0]}, or deploy without --romfs"
        )
    return image


def build(files: Mapping[str, bytes]) -> bytes:
    """Return the image that shows ``files``, path on the board (below ``/rom/``) → bytes, at ``/rom``.

    Raises:
        UserError: a name that a ROMFS can't hold.
    """
    tree: dict[str, Any] = {}
    for path, octets in files.items():
        *folders, name = path.removeprefix(ROOT).split("/")
        if not path.isascii():
            raise UserError(f"{path} can't lie in a ROMFS: its names are ASCII, give the file another")
        place = tree
        for folder in folders:
            place = place.setdefault(folder, {})
        place[name] = octets
    writer = VfsRomWriter()
    _fill(writer, tree)
    return bytes(writer.finalise())


def _fill(writer: VfsRomWriter, tree: Mapping[str, Any]) -> None:
    for name, content in sorted(tree.items()):
        if isinstance(content, bytes):
            writer.mkfile(name, content)
        else:
            writer.opendir(name)
            _fill(writer, content)
            writer.closedir()


def write(link: Link, image: bytes, block: int, progress: Callable[[int], None]) -> bool:
    """Make the partition hold ``image``, and the board mount it; return whether anything had to be written.

    The first block, without which nothing is mounted, is erased first and written last.

    Args:
        block: bytes of a block of the partition.
        progress: told of the bytes written so far.

    Raises:
        UserError: the flash gives it back wrong.
    """
    link.exec(_DEVICE.read_text(encoding="utf-8"))
    if _digest(link, len(image)) == (wanted := hashlib.sha256(image).hexdigest()):
        return False
    count = -(-len(image) // block)
    # The slowest flashes erase a block in 0.4 s.
    link.exec(f"erase({count})", timeout=10 + count)
    for done, start in enumerate(reversed(range(0, len(image), _CHUNK)), 1):
        chunk = image[start : start + _CHUNK].ljust(_CHUNK, b"\xff")
        link.exec(f"write({start}, {b64encode(chunk)!r})")
        progress(min(done * _CHUNK, len(image)))
    if _digest(link, len(image)) != wanted:
        link.exec("erase(1)")
        raise UserError(
            "the ROMFS reads back differently from what was written: deploy again; if that fails too, the flash may be "
            "worn out",
            1,
        )
    link.soft_reset()
    return True


def erase(link: Link) -> None:
    """Leave no ROMFS in the partition, and none mounted."""
    link.exec(_DEVICE.read_text(encoding="utf-8"))
    link.exec("erase(1)")


def _digest(link: Link, size: int) -> str:
    # A board reads its flash back at some 100 kB a second.
    return link.exec(f"digest({size})", timeout=10 + size / 50_000).strip()

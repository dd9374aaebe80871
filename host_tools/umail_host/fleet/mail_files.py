"""Finds new mails in a Maildir, an mbox, a folder of .eml or on the page of `umail serve`, and reads their headers.

A folder of a million mails is not opened mail by mail. If its time of change is that of the last look, it is not even
listed. If it is another, for each day of arrival, which its file names tell, their number and the sum of their
checksums are compared with those of the last look; only a day for which they have changed is looked at mail by mail.
"""

from __future__ import annotations

import io
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from zlib import crc32

from umail_host.errors import UserError
from umail_host.fleet.store import key_of

# A file system's times are as coarse as its clock ticks, FAT's two seconds.
_RACE_NS = 3_000_000_000
# Of a mail's headers so much is read; those of a long way with signatures are about a tenth.
_MOST_HEAD = 131072
_BATCH = 1000
_END = re.compile(rb"\r?\n\r?\n")
_NETWORK = 4  # exit status


@dataclass
class Batch:
    """Some mails: their headers (bytes), the keys of what was read, and the mailbox's mark from now on, if it moves."""

    heads: list[bytes] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    mark: dict[str, Any] | None = None

    @property
    def full(self) -> bool:
        """Tell whether it is time to keep what is there."""
        return len(self.keys) >= _BATCH or len(self.heads) >= _BATCH


# What a mailbox is read by: its mark, and a question whether a key is known → batches.
Known = Callable[[int], bool]


def maildir(path: Path) -> Callable[[dict[str, Any], Known], Iterator[Batch]]:
    """Return what reads the new mails of the Maildir ``path``."""

    def read(mark: dict[str, Any], known: Known) -> Iterator[Batch]:
        # A mail goes from new to cur: looked at in this order it may be seen twice, but not be missed.
        for part in ("new", "cur"):
            # Behind the colon are its flags, which change.
            yield from _folder(path / part, lambda entry: entry.name.partition(":")[0], mark, known)

    return read


def eml(path: Path) -> Callable[[dict[str, Any], Known], Iterator[Batch]]:
    """Return what reads the new files of a folder of .eml."""

    def name(entry: os.DirEntry[str]) -> str:
        if not entry.name.lower().endswith(".eml"):
            return ""
        there = entry.stat()
        # One that was not whole yet is another one when it is.
        return f"{entry.name} {there.st_size} {there.st_mtime_ns}"

    return lambda mark, known: _folder(path, name, mark, known, listed=True)


# What stands for the mail in a file; empty: it is none.
_Name = Callable[["os.DirEntry[str]"], str]


def _folder(path: Path, name: _Name, mark: dict[str, Any], known: Known, listed: bool = False) -> Iterator[Batch]:
    """Read one folder; ``mark`` becomes that of the next look; ``listed``: look even if nothing came or went."""
    try:
        changed = path.stat().st_mtime_ns
        before = mark.get(path.name, {})
        if not listed and before.get("changed") == changed:
            return
        now: dict[str, list[int]] = {}
        with os.scandir(path) as entries:
            for entry in entries:
                if text := name(entry):
                    octets = text.encode("utf-8", "surrogateescape")
                    check = crc32(octets)
                    totals = now.setdefault(_day(text, check), [0, 0])
                    totals[0] += 1
                    totals[1] += check
        days = before.get("days", {})
        wanted = {day for day, totals in now.items() if days.get(day) != totals}
        missed: set[str] = set()
        if wanted:
            yield from _changed(path, name, wanted, known, missed)
    except OSError as error:
        raise UserError(f"{path} can't be read: {error.strerror}") from None
    # Of what changes at this very moment the time may be the same.
    sure = time.time_ns() - changed > _RACE_NS and not missed
    days = {day: totals for day, totals in now.items() if day not in missed}
    mark[path.name] = {"changed": changed if sure else 0, "days": days}
    yield Batch(mark=mark)


def _changed(path: Path, name: _Name, days: set[str], known: Known, missed: set[str]) -> Iterator[Batch]:
    """Read the mails of some days that are not known; the days of those that can't be read now become ``missed``."""
    batch = Batch()
    with os.scandir(path) as entries:
        for entry in entries:
            text = name(entry)
            octets = text.encode("utf-8", "surrogateescape")
            if not text or (day := _day(text, crc32(octets))) not in days or known(key := key_of(octets)):
                continue
            try:
                head = _read(entry.path)
            except OSError:
                # It went on to cur, or away, since it was listed; or it can be read another time.
                missed.add(day)
                continue
            batch.keys.append(key)
            batch.heads.append(_head(head))
            if batch.full:
                yield batch
                batch = Batch()
    yield batch


def _read(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:
        head = file.read(8192)
        while not _END.search(head) and len(head) < _MOST_HEAD and (more := file.read(_MOST_HEAD)):
            head += more
    return head


def _day(name: str, check: int) -> str:
    """Return about the day of arrival (100,000 s) that a name in a Maildir begins with; for another name one of 256."""
    day = name[:5]
    return day if day.isdigit() and name[5:10].isdigit() else f"-{check & 255}"


def _head(octets: bytes) -> bytes:
    end = _END.search(octets)
    return octets[: end.end()] if end else octets


def mbox(path: Path) -> Callable[[dict[str, Any], Known], Iterator[Batch]]:
    """Return what reads what was added to the mbox ``path``; all of it, if what was there is no longer."""

    def read(mark: dict[str, Any], known: Known) -> Iterator[Batch]:
        try:
            with path.open("rb") as file:
                yield from _mbox(file, mark)
        except OSError as error:
            raise UserError(f"{path} can't be read: {error.strerror}") from None

    return read


def page(url: str) -> Callable[[dict[str, Any], Known], Iterator[Batch]]:
    """Return what reads all mails of the page of a fake server."""

    def read(mark: dict[str, Any], known: Known) -> Iterator[Batch]:
        # (starlette comes with an extra, which the client does not need.)
        from umail_host.web.client import Api, Refused

        try:
            octets = Api(url).export()
        except (Refused, OSError) as error:
            raise UserError(f"{url} can't be read: {error}; is umail serve --web running there?", _NETWORK) from None
        yield from _mbox(io.BytesIO(octets), {})

    return read


def _mbox(file: BinaryIO, mark: dict[str, Any]) -> Iterator[Batch]:
    offset = int(mark.get("offset", 0))
    if offset and _before(file, offset) != mark.get("before"):
        offset = 0
    file.seek(offset)
    batch = Batch()
    head: list[bytes] | None = None
    # (Behind a head there is a blank line, as before the first mail.)
    blank = True
    size = 0
    while line := file.readline(_MOST_HEAD):
        if blank and line.startswith(b"From ") and head is None:
            head, size = [], 0
        elif head is not None:
            size += len(line)
            if size <= _MOST_HEAD:
                head.append(line)
            if not line.strip(b"\r\n"):
                batch.heads.append(b"".join(head))
                head = None
                offset = file.tell()
        blank = not line.strip(b"\r\n")
        if batch.full:
            batch.mark = {"offset": offset, "before": _before(file, offset)}
            yield batch
            batch = Batch()
            file.seek(offset)
            blank = True
    batch.mark = {"offset": offset, "before": _before(file, offset)}
    yield batch


def _before(file: BinaryIO, offset: int) -> str:
    """Return what tells that a file is still the one that was read up to ``offset``."""
    file.seek(max(0, offset - 4096))
    return f"{crc32(file.read(min(offset, 4096))):08x}"

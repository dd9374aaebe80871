"""Finds new mails in a Maildir, an mbox, a folder of .eml or on the page of `umail serve`, and reads their headers.

A Maildir of a million mails is listed, not opened: for each day of arrival, which its file names tell, their number and
the sum of their checksums are kept; only a day for which these have changed is looked at mail by mail.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from zlib import crc32

from umail_host.errors import UserError
from umail_host.fleet.store import key_of

_DAY = 86400
# Of a mail's headers so much is read; those of a long way with signatures are about a tenth.
_MOST_HEAD = 131072
_BATCH = 1000
_END = re.compile(rb"\r?\n\r?\n")
_TIME = re.compile(r"\d{9,10}(?=\.)")
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
    return lambda mark, known: _folder(_maildir_names(path), mark, known)


def eml(path: Path) -> Callable[[dict[str, Any], Known], Iterator[Batch]]:
    """Return what reads the new files of a folder of .eml."""
    return lambda mark, known: _folder(_eml_names(path), mark, known)


# Yields (what stands for a mail, its path), anew at each call.
_Names = Callable[[], Iterator[tuple[str, str]]]


def _maildir_names(path: Path) -> _Names:
    def names() -> Iterator[tuple[str, str]]:
        # A mail goes from new to cur: looked at in this order it may be seen twice, but not be missed.
        for part in ("new", "cur"):
            try:
                with os.scandir(path / part) as found:
                    for entry in found:
                        # Behind the colon are its flags, which change.
                        yield entry.name.partition(":")[0], entry.path
            except OSError as error:
                raise UserError(f"{path / part} can't be read: {error.strerror}") from None

    return names


def _eml_names(path: Path) -> _Names:
    def names() -> Iterator[tuple[str, str]]:
        try:
            with os.scandir(path) as found:
                for entry in found:
                    if entry.name.lower().endswith(".eml"):
                        there = entry.stat()
                        # One that was not whole yet is another one when it is.
                        yield f"{entry.name} {there.st_size} {there.st_mtime_ns}", entry.path
        except OSError as error:
            raise UserError(f"{path} can't be read: {error.strerror}") from None

    return names


def _folder(names: _Names, mark: dict[str, Any], known: Known) -> Iterator[Batch]:
    found: dict[int, list[int]] = {}
    for name, _ in names():
        octets = name.encode("utf-8", "surrogateescape")
        totals = found.setdefault(_day(name, octets), [0, 0])
        totals[0] += 1
        totals[1] += crc32(octets)
    before = mark.get("days", {})
    changed = {day for day, totals in found.items() if before.get(str(day)) != totals}
    if changed:
        yield from _changed(names, changed, known)
    if changed or len(found) != len(before):
        yield Batch(mark={"days": found})


def _changed(names: _Names, days: set[int], known: Known) -> Iterator[Batch]:
    batch = Batch()
    for name, path in names():
        octets = name.encode("utf-8", "surrogateescape")
        if _day(name, octets) not in days or known(key := key_of(octets)):
            continue
        try:
            with open(path, "rb", buffering=0) as file:
                head = file.read(8192)
                while not _END.search(head) and len(head) < _MOST_HEAD and (more := file.read(_MOST_HEAD)):
                    head += more
        except OSError:
            # It went on to cur, or away, since it was listed; what stays is found at the next look.
            continue
        batch.keys.append(key)
        batch.heads.append(_head(head))
        if batch.full:
            yield batch
            batch = Batch()
    yield batch


def _day(name: str, octets: bytes) -> int:
    """Return the day of arrival that a name in a Maildir begins with; for another name one of 256 numbers below 0."""
    told = _TIME.match(name)
    return int(told[0]) // _DAY if told else -1 - (crc32(octets) & 255)


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

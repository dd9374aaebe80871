"""The mails of a Maildir, found by an SQLite index beside it; the index may be deleted and is made again."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from umail_host.web import summary
from umail_host.web.summary import envelope

Row = dict[str, Any]
P = ParamSpec("P")
R = TypeVar("R")
_VERSION = 2
_SCHEMA = """
CREATE TABLE mails (
  number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, time REAL NOT NULL,
  run TEXT, session INTEGER, user TEXT,
  sender TEXT, recipients TEXT, header_from TEXT, header_to TEXT, subject TEXT, message_id TEXT, thread TEXT,
  text TEXT, hay TEXT, size INTEGER, attachments INTEGER);
CREATE INDEX by_message_id ON mails (message_id);
CREATE INDEX by_thread ON mails (thread);
"""
_SHOWN = (
    "number, id, time, session, run, user, sender, recipients, header_from, header_to, "
    "subject, message_id, thread, size"
)
# Numbers are never given twice, so this one tells whether a mail has come since.
_NEWEST = "coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'mails'), 0)"
# How many mails its thread has; a mail may name a thread that everybody else is in, so they are not all counted.
_THREADED = "(SELECT count(*) FROM (SELECT 1 FROM mails AS other WHERE other.thread = mails.thread LIMIT 100))"
_COLUMNS = f"{_SHOWN}, attachments, substr(text, 1, 140) AS preview, {_THREADED} AS threaded"
# What a search names, and where it looks.
FIELDS = {
    "q": "hay",
    "sender": "sender || char(10) || header_from",
    "recipient": "recipients || char(10) || header_to",
    "subject": "subject",
    "text": "text",
    "message_id": "message_id",
    "thread": "thread",
}
_KEY_TIME = re.compile(r"(\d{9,11})\.M(\d{1,6})P")
_BATCH = 500
# The kinds of error by which an index shows that it is damaged.
_DAMAGE = frozenset((sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_ERROR))


@dataclass(frozen=True, slots=True)
class Arrival:
    """A mail that has come in this run.

    Args:
        file: its path; ``time``: when it came; ``user``: of the login.
        read: what was read of it already: the mail, its envelope, and its size in the file.
    """

    file: str
    time: float
    user: str | None = None
    read: summary.Read | None = None


def _kind(error: sqlite3.Error) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _healed(method: Callable[Concatenate[Store, P], R]) -> Callable[Concatenate[Store, P], R]:
    """Let a method of the store make the index again and try again if the index turns out to be damaged."""

    def healed(self: Store, /, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(self, *args, **kwargs)
        except sqlite3.DatabaseError as error:
            # A full disk, say, is not a reason to read all mails again.
            if _kind(error) not in _DAMAGE:
                raise
            self.remake()
            return method(self, *args, **kwargs)

    healed.__doc__ = method.__doc__
    return healed


class Store:
    """A Maildir and its index, which may be deleted or damaged at any time: it is made again of the Maildir.

    Args:
        maildir: the folder; its index is ``NAME.index`` beside it.
        run: names this run of the server: sessions are numbered from 1 in each.
        progress: called with how many of how many mails were read, when an index is made.

    Raises:
        sqlite3.OperationalError: another server has the index, or there is no room for it.
        OSError: the Maildir can't be read.
    """

    def __init__(self, maildir: Path, run: str, progress: Callable[[int, int], None] | None = None) -> None:
        self.maildir, self.run, self._begun = maildir, run, time.time()
        self._lock = threading.RLock()
        self._path = maildir.with_name(maildir.name + ".index")
        try:
            self._open()
            self._compare(progress or (lambda done, of: None))
        except sqlite3.DatabaseError as error:
            if _kind(error) == sqlite3.SQLITE_BUSY:  # another server has it
                self.close()
                raise
            self.remake(progress)

    def close(self) -> None:
        """Close the index."""
        with self._lock:
            self._base.close()

    def remake(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Make the index again, of the Maildir."""
        with self._lock:
            with contextlib.suppress(sqlite3.Error, AttributeError):
                self._base.close()
            for end in ("", "-wal", "-shm", "-journal"):
                self._path.with_name(self._path.name + end).unlink(missing_ok=True)
            self._open()
            self._compare(progress or (lambda done, of: None))

    def _open(self) -> None:
        self._base = sqlite3.connect(self._path, timeout=1, check_same_thread=False, isolation_level=None)
        self._base.row_factory = sqlite3.Row
        # One process has it, so no memory is shared by a file that somebody may cut short.
        self._base.execute("PRAGMA locking_mode=EXCLUSIVE")
        # What is lost with the power is read from the Maildir again.
        self._base.execute("PRAGMA journal_mode=WAL")
        self._base.execute("PRAGMA synchronous=OFF")
        if self._base.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
            self._base.execute("DROP TABLE IF EXISTS mails")
            self._base.executescript(_SCHEMA)
            self._base.execute(f"PRAGMA user_version={_VERSION}")

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        with self._lock:
            self._base.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._base.execute("ROLLBACK")
                raise
            self._base.execute("COMMIT")

    def _compare(self, progress: Callable[[int, int], None]) -> None:
        """Let the index hold what the Maildir holds."""
        files = {name.partition(":")[0]: path for path in self._files() for name in [path.name]}
        known = {row["id"] for row in self._base.execute("SELECT id FROM mails")}
        with self._writing():
            self._base.executemany("DELETE FROM mails WHERE id = ?", [(one,) for one in known - files.keys()])
        missing = sorted((_arrival(files[one]), one) for one in files.keys() - known)
        for start in range(0, len(missing), _BATCH):
            progress(start, len(missing))
            batch = missing[start : start + _BATCH]
            with self._writing():
                for when, one in batch:
                    run = self.run if when >= self._begun else None
                    with contextlib.suppress(OSError):
                        self._insert(one, when, summary.read(files[one].read_bytes()), run)

    def _files(self) -> Iterator[Path]:
        for folder in ("new", "cur"):
            with contextlib.suppress(OSError):
                for entry in os.scandir(self.maildir / folder):
                    # A name that is not UTF-8 is not one that a mail program gives.
                    if entry.is_file() and entry.name.isprintable():
                        yield Path(entry.path)

    @_healed
    def add(self, mails: Iterable[Arrival]) -> list[Row]:
        """Index mails that arrived in this run; returns their rows."""
        numbers = []
        with self._writing():
            for mail in mails:
                with contextlib.suppress(OSError, sqlite3.IntegrityError):
                    read = mail.read or summary.read(Path(mail.file).read_bytes())
                    numbers.append(self._insert(os.path.basename(mail.file), mail.time, read, self.run, mail.user))
        marks = ",".join("?" * len(numbers))
        return self._rows(f"SELECT {_COLUMNS} FROM mails WHERE number IN ({marks}) ORDER BY number", numbers)

    def _insert(self, key: str, when: float, read: summary.Read, run: str | None, user: str | None = None) -> int:
        message, around, size = read
        facts = summary.facts(message)
        parents = facts.pop("parents")
        assert isinstance(parents, list)
        recipients = "\n".join(around.recipients)
        names = ("header_from", "header_to", "subject", "message_id", "text")
        hay = "\n".join([around.sender, recipients, *(str(facts[name]) for name in names)]).casefold()
        row = facts | {"id": key, "time": when, "run": run, "session": around.session, "user": user}
        row |= {"sender": around.sender, "recipients": recipients, "hay": hay, "size": size}
        row["thread"] = self._thread(parents) or (parents[0] if parents else facts["message_id"] or key)
        places = ", ".join(f":{name}" for name in row)
        return self._base.execute(f"INSERT INTO mails ({', '.join(row)}) VALUES ({places})", row).lastrowid or 0

    def _thread(self, parents: list[str]) -> str:
        marks = ",".join("?" * len(parents))
        found = self._base.execute(f"SELECT thread FROM mails WHERE message_id IN ({marks}) LIMIT 1", parents)
        return next((row[0] for row in found), "")

    def _rows(self, query: str, values: Iterable[object] = ()) -> list[Row]:
        with self._lock:
            found = [dict(row) for row in self._base.execute(query, list(values))]
        for row in found:
            row["recipients"] = row["recipients"].split("\n") if row["recipients"] else []
            live = row.pop("run") == self.run
            row["session"] = row["session"] if live else None  # the dialogue of an earlier run is gone
        return found

    def find(self, where: dict[str, str], offset: int = 0, limit: int = 100) -> tuple[int, list[Row]]:
        """Return how many mails match, and ``limit`` of them from ``offset`` on, the newest first."""
        total, _, rows = self.page(where, offset, limit)
        return total, rows

    @_healed
    def page(self, where: dict[str, str], offset: int, limit: int) -> tuple[int, int, list[Row]]:
        """Return how many mails match, the number of the newest mail of all, and some of those that match.

        Args:
            where: a text for each of ``FIELDS``; each word of ``q`` must stand somewhere.
        """
        condition, values = _condition(where)
        with self._lock:
            query = f"SELECT count(*), {_NEWEST} FROM mails{condition}"
            total, newest = self._base.execute(query, values).fetchone()
            rows = self._rows(
                f"SELECT {_COLUMNS} FROM mails{condition} ORDER BY number DESC LIMIT ? OFFSET ?",
                [*values, limit, offset],
            )
        return total, newest, rows

    @_healed
    def state(self) -> list[int]:
        """Return how many mails there are, and the number of the newest: it tells whether any came or went."""
        with self._lock:
            return list(self._base.execute(f"SELECT count(*), {_NEWEST} FROM mails").fetchone())

    @_healed
    def of_session(self, number: int) -> list[Row]:
        """Return the mails that a session of this run brought, 100 at the most."""
        query = f"SELECT {_COLUMNS} FROM mails WHERE run = ? AND session = ? ORDER BY number LIMIT 100"
        return self._rows(query, [self.run, number])

    @_healed
    def get(self, key: str) -> tuple[Row, Path] | None:
        """Return a mail's row and its file; None if there is no such mail, or no longer."""
        rows = self._rows(f"SELECT {_COLUMNS} FROM mails WHERE id = ?", [key])
        if not rows:
            return None
        for path in (self.maildir / "new" / key, self.maildir / "cur" / key):
            if path.exists():
                return rows[0], path
        moved = [path for path in self._files() if path.name.partition(":")[0] == key]
        if not moved:
            with self._writing():
                self._base.execute("DELETE FROM mails WHERE id = ?", [key])
            return None
        return rows[0], moved[0]

    def content(self, key: str) -> bytes | None:
        """Return a mail as it came, with CRLF; None if there is none."""
        found = self.get(key)
        if found is None:
            return None
        wire = self.maildir.with_name(self.maildir.name + ".wire") / key
        if wire.exists():
            return wire.read_bytes()
        stored = found[1].read_bytes()
        return stored[envelope(stored).start :].replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")

    @_healed
    def keys(self, where: dict[str, str]) -> list[str]:
        """Return the ids of all mails that match, the oldest first."""
        condition, values = _condition(where)
        with self._lock:
            return [row[0] for row in self._base.execute(f"SELECT id FROM mails{condition} ORDER BY number", values)]

    @_healed
    def delete(self, where: dict[str, str], key: str | None = None) -> int:
        """Delete one mail, or all that match; returns how many there were."""
        keys = [key] if key is not None else self.keys(where)
        with self._lock:
            marks = ((one, self._base.execute("SELECT 1 FROM mails WHERE id = ?", [one]).fetchone()) for one in keys)
            known = [one for one, mark in marks if mark]
        gone, missing = 0, []
        for one in known:
            paths = [self.maildir / folder / one for folder in ("new", "cur")]
            removed = [path for path in paths if _removed(path)]
            gone += bool(removed)
            missing += [] if removed else [one]
        if missing:  # another program has moved them, or removed them
            moved = {path.name.partition(":")[0]: path for path in self._files()}
            gone += sum(one in moved and _removed(moved[one]) for one in missing)
        for one in known:
            _removed(self.maildir.with_name(self.maildir.name + ".wire") / one)
        with self._writing():
            self._base.executemany("DELETE FROM mails WHERE id = ?", [(one,) for one in known])
        return gone


def _removed(path: Path) -> bool:
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    return True


def _condition(where: dict[str, str]) -> tuple[str, list[object]]:
    parts, values = [], []
    for name, wanted in where.items():
        for word in wanted.split() if name == "q" else [wanted]:
            if name == "thread":
                parts.append("thread = ?")
                values.append(word)
            elif word:
                escaped = re.sub(r"([\\%_])", r"\\\1", word.casefold() if name == "q" else word)
                parts.append(f"({FIELDS[name]}) LIKE ? ESCAPE '\\'")
                values.append(f"%{escaped}%")
    return (" WHERE " + " AND ".join(parts) if parts else ""), list[object](values)


def _arrival(path: Path) -> float:
    """Return when a mail came: the file's name says it, as a Maildir has it."""
    found = _KEY_TIME.match(path.name)
    if found:
        return int(found[1]) + int(found[2]) / 1e6
    try:
        return path.stat().st_mtime
    except OSError:
        return time.time()

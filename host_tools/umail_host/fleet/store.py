"""Keeps in SQLite what boards said, so that no mail is read or counted twice, over years and many boards."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

from umail_host.errors import UserError
from umail_host.fleet.status import Odd, Status

_VERSION = 1
# What a board said is kept so long; a number from before counts as replayed.
_KEEP_S = 400 * 86400
# This many different headers that do not count are told apart.
_MOST_ODD = 1000
_SCHEMA = """
CREATE TABLE board(id TEXT PRIMARY KEY, number INTEGER, at INTEGER, status TEXT, floor INTEGER DEFAULT 0) WITHOUT ROWID;
CREATE TABLE said(board TEXT, number INTEGER, at INTEGER, battery INTEGER, mail INTEGER, PRIMARY KEY(board, number))
  WITHOUT ROWID;
CREATE TABLE odd(kind TEXT, board TEXT, count INTEGER, first INTEGER, last INTEGER, PRIMARY KEY(kind, board))
  WITHOUT ROWID;
CREATE TABLE source(number INTEGER PRIMARY KEY, name TEXT UNIQUE, mark TEXT);
CREATE TABLE seen(source INTEGER, key INTEGER, PRIMARY KEY(source, key)) WITHOUT ROWID;
CREATE TABLE told(key TEXT PRIMARY KEY, since INTEGER, state TEXT, subject TEXT, text TEXT) WITHOUT ROWID;
"""
_NAMES = {field.name for field in fields(Status)}


@dataclass(frozen=True)
class News:
    """One mail, what is told with it, and what is over.

    Attributes:
        begins, ends: keys; a piece of news without a subject only notes them.
        second: it goes by the second route, since the first may be what fails.
    """

    subject: str = ""
    text: str = ""
    begins: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    second: bool = False


def default() -> Path:
    """Return where the store is if nothing else is said."""
    folder = os.environ.get("LOCALAPPDATA") if sys.platform == "win32" else os.environ.get("XDG_STATE_HOME")
    return Path(folder or Path.home() / ".local" / "state") / "umail" / "fleet.sqlite"


def key_of(text: bytes) -> int:
    """Return a number that stands for ``text``: of two that differ it is not the same."""
    return int.from_bytes(hashlib.blake2b(text, digest_size=7).digest(), "big")


class Store:
    """The file ``path``, made if it is missing; for a ``with``.

    Raises:
        UserError: it can't be opened, or is a newer umail's.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._data = sqlite3.connect(path, timeout=30, isolation_level=None)
            self._data.execute("PRAGMA journal_mode=WAL")
            # What was reported must not be reported again after a power cut.
            self._data.execute("PRAGMA synchronous=FULL")
            self._data.execute("BEGIN IMMEDIATE")
            [version] = self._data.execute("PRAGMA user_version").fetchone()
            if not version:
                for statement in _SCHEMA.split(";")[:-1]:
                    self._data.execute(statement)
                self._data.execute(f"PRAGMA user_version={_VERSION}")
            self._data.execute("COMMIT")
        except (OSError, sqlite3.Error) as error:
            raise UserError(f"{path} can't be used as the store: {error}; name another with --store") from None
        if version > _VERSION:
            raise UserError(f"{path} was made by a newer umail: install that, or name another with --store")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._data.close()

    # -- one mailbox ---------------------------------------------------------------------------------------------------

    def source(self, name: str) -> tuple[int, dict[str, Any]]:
        """Return the number of a mailbox, and the mark that was set in it last."""
        self._data.execute("INSERT OR IGNORE INTO source(name, mark) VALUES(?, '{}')", (name,))
        number, mark = self._data.execute("SELECT number, mark FROM source WHERE name=?", (name,)).fetchone()
        return int(number), json.loads(mark)

    def is_seen(self, source: int, key: int) -> bool:
        """Tell whether that mail of a mailbox was read before."""
        return self._data.execute("SELECT 1 FROM seen WHERE source=? AND key=?", (source, key)).fetchone() is not None

    def take(
        self,
        source: int,
        found: Iterable[tuple[Status | Odd, bytes]],
        keys: Iterable[int],
        mark: dict[str, Any] | None,
        now: int,
    ) -> None:
        """Keep what was found in some mails of a mailbox, and where in it; all of it or nothing.

        Args:
            found: what each says, and its Message-ID.
            keys: of the mails that were read.
            mark: how far the mailbox was read; None: that stays.
            now: Unix seconds.
        """
        self._data.execute("BEGIN IMMEDIATE")
        try:
            for what, mail in found:
                self._add(what, mail, now)
            self._data.executemany("INSERT OR IGNORE INTO seen VALUES(?, ?)", ((source, key) for key in keys))
            if mark is not None:
                self._data.execute("UPDATE source SET mark=? WHERE number=?", (json.dumps(mark), source))
        except BaseException:
            self._data.execute("ROLLBACK")
            raise
        self._data.execute("COMMIT")

    def _add(self, what: Status | Odd, mail: bytes, now: int) -> None:
        if isinstance(what, Odd):
            self._count(what, now)
            return
        # A clock that is ahead must not keep a board from being missed.
        at = min(what.at, now)
        stands = self._data.execute("SELECT floor FROM board WHERE id=?", (what.board,)).fetchone()
        row = (what.board, what.number, at, what.battery, key_of(mail))
        if stands and what.number <= stands[0]:
            self._count(Odd("replayed", what.board), now)
        elif not self._data.execute("INSERT OR IGNORE INTO said VALUES(?,?,?,?,?)", row).rowcount:
            kept = self._data.execute("SELECT mail FROM said WHERE board=? AND number=?", row[:2]).fetchone()
            # The same mail, copied to another folder or read again, is nothing new; another one with its header is.
            if kept[0] != row[4]:
                self._count(Odd("replayed", what.board), now)
        else:
            text = json.dumps(vars(what) | {"at": at})
            self._data.execute(
                "INSERT INTO board(id, number, at, status) VALUES(?,?,?,?) ON CONFLICT(id) DO UPDATE SET "
                "number=excluded.number, at=excluded.at, status=excluded.status WHERE excluded.number > board.number",
                (what.board, what.number, at, text),
            )

    def _count(self, odd: Odd, now: int) -> None:
        board = odd.board
        known = self._data.execute("SELECT 1 FROM odd WHERE kind=? AND board=?", (odd.kind, board)).fetchone()
        if not known and self._data.execute("SELECT count(*) FROM odd").fetchone()[0] >= _MOST_ODD:
            board = ""
        self._data.execute(
            "INSERT INTO odd VALUES(?,?,1,?,?) "
            "ON CONFLICT(kind, board) DO UPDATE SET count=count+1, last=excluded.last",
            (odd.kind, board, now, now),
        )

    def prune(self, now: int) -> None:
        """Forget what boards said long ago."""
        before = now - _KEEP_S
        self._data.execute("BEGIN IMMEDIATE")
        self._data.execute(
            "UPDATE board SET floor=max(floor, coalesce((SELECT max(number) FROM said WHERE said.board=board.id "
            "AND at<?), 0))",
            (before,),
        )
        self._data.execute(
            "DELETE FROM said WHERE at<? AND number<=(SELECT floor FROM board WHERE id=board)", (before,)
        )
        self._data.execute("COMMIT")

    # -- what was told -------------------------------------------------------------------------------------------------

    def told(self) -> dict[str, int]:
        """Return the keys of what was told, and since when (Unix seconds)."""
        return dict(self._data.execute("SELECT key, since FROM told WHERE state='noted'"))

    def tell(self, piece: News, now: int) -> None:
        """Note a piece of news and that its mail is owed, in one transaction."""
        self._data.execute("BEGIN IMMEDIATE")
        self._data.executemany("DELETE FROM told WHERE key=?", ((key,) for key in piece.ends))
        self._data.executemany(
            "INSERT OR IGNORE INTO told(key, since, state) VALUES(?,?,'noted')", ((key, now) for key in piece.begins)
        )
        if piece.subject:
            named = f"mail:{now}:{key_of(repr(piece).encode()):x}"
            self._data.execute(
                "INSERT OR IGNORE INTO told VALUES(?,?,?,?,?)",
                (named, now, "second" if piece.second else "first", piece.subject, piece.text),
            )
        self._data.execute("COMMIT")

    def owed(self) -> list[tuple[str, str, str, bool]]:
        """Return the mails that are owed: key, subject, text, and whether it goes by the second route."""
        query = "SELECT key, subject, text, state='second' FROM told WHERE state!='noted' ORDER BY since, key"
        return [(key, subject, text, bool(second)) for key, subject, text, second in self._data.execute(query)]

    def paid(self, key: str) -> None:
        """Forget that a mail is owed: an outbox has it."""
        self._data.execute("DELETE FROM told WHERE key=?", (key,))

    # -- what is known -------------------------------------------------------------------------------------------------

    def boards(self) -> Iterator[Status]:
        """Yield what each board said last."""
        for (text,) in self._data.execute("SELECT status FROM board ORDER BY id"):
            known = {name: value for name, value in json.loads(text).items() if name in _NAMES}
            known["alerts"] = tuple(known.get("alerts", ()))
            known["expires"] = tuple((str(name), int(end)) for name, end in known.get("expires", ()))
            yield Status(**known)

    def batteries(self, board: str, since: int) -> list[tuple[int, int]]:
        """Return (Unix seconds, mV) of a board since then, oldest first."""
        query = "SELECT at, battery FROM said WHERE board=? AND at>=? AND battery IS NOT NULL ORDER BY at"
        return [(int(at), int(level)) for at, level in self._data.execute(query, (board, since))]

    def odd(self) -> list[tuple[Odd, int, int]]:
        """Return the headers that did not count: which, how many, when the last one was read."""
        query = "SELECT kind, board, count, last FROM odd ORDER BY kind, board"
        return [(Odd(kind, board), int(count), int(last)) for kind, board, count, last in self._data.execute(query)]

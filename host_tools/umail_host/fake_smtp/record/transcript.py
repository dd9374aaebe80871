"""What was said: the dialogue of all connections with times and masked secrets, and the bytes as on the socket."""

from __future__ import annotations

import json
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from umail_host.fake_smtp.record.masking import Masker, Stream
from umail_host.fake_smtp.server.clock import Clock

CLIENT, SERVER, NOTE = "C", "S", "!"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line, or a piece of content.

    Args:
        time: seconds since 1970 at which its first byte came or went.
        connection: number of the session, from 1.
        direction: ``C`` from the client, ``S`` from the server, ``!`` for what happened to the connection.
        data: the bytes, exactly, but for secrets.
        tls: whether they went through TLS.
    """

    time: float
    connection: int
    direction: str
    data: bytes
    tls: bool

    @property
    def text(self) -> str:
        """The bytes as one printable line; what is not UTF-8 or not printable is escaped."""
        decoded = _decoded(self.data).removesuffix("\r\n")
        return decoded if decoded.isprintable() else _escaped(decoded)

    def __str__(self) -> str:
        return f"{self.direction}{'*' if self.tls else ' '} {self.text}"

    def as_row(self) -> dict[str, object]:
        """Return what JSON has; ``escaped``: bytes that are not UTF-8 stand as ``\\xff``, and a backslash as two."""
        row = {"time": round(self.time, 6), "connection": self.connection, "direction": self.direction, "tls": self.tls}
        try:
            row["text"] = self.data.decode()
        except UnicodeDecodeError:
            row |= {"text": _decoded(self.data.replace(b"\\", b"\\\\")), "escaped": True}
        return row

    def as_json(self) -> str:
        """Return one line of JSON; see ``as_row``."""
        return json.dumps(self.as_row())


class Transcript:
    """The entries of all connections, in the order in which they became whole.

    Args:
        masker: the secrets to hide.
        clock: the time of entries.
        on_entry: called with each new entry, in the server's thread.
        limit: entries to keep; the oldest go first.
    """

    def __init__(
        self, masker: Masker, clock: Clock, on_entry: Callable[[Entry], None] | None = None, limit: int = 100_000
    ) -> None:
        self._masker = masker
        self._clock = clock
        self._told = [on_entry] if on_entry else []
        self._entries: deque[Entry] = deque(maxlen=limit)
        self._streams: dict[tuple[int, str], tuple[Stream, float]] = {}
        self._lock = threading.Lock()

    def watch(self, told: Callable[[Entry], None]) -> None:
        """Call ``told`` with each entry from now on, too, in the server's thread."""
        self._told.append(told)

    def __iter__(self) -> Iterator[Entry]:
        with self._lock:
            return iter(list(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, index: int) -> Entry:
        return self._entries[index]

    def add(self, connection: int, direction: str, data: bytes, tls: bool, secrets: tuple[bytes, ...] = ()) -> None:
        """Record bytes; entries come of them when lines are whole."""
        now = self._clock.time()
        stream, since = self._streams.get((connection, direction)) or (Stream(self._masker), now)
        if not stream.pending:
            since = now
        shown = stream.feed(data, secrets)
        self._append(shown, since, connection, direction, tls)
        self._streams[connection, direction] = (stream, now if shown else since)

    def note(self, connection: int, text: str, tls: bool) -> None:
        """Record that something happened."""
        self._append(self._masker.mask(text.encode()), self._clock.time(), connection, NOTE, tls)

    def finish(self, connection: int, tls: bool) -> None:
        """Record what was left of unfinished lines: TLS begins, or the connection has ended."""
        for direction in (CLIENT, SERVER):
            stream, since = self._streams.pop((connection, direction), (None, 0.0))
            if stream:
                self._append(stream.flush(), since, connection, direction, tls)

    def _append(self, data: bytes, time: float, connection: int, direction: str, tls: bool) -> None:
        for line in _lines(data) if direction != NOTE else [data]:
            entry = Entry(time, connection, direction, line, tls)
            with self._lock:
                self._entries.append(entry)
            for told in self._told:
                told(entry)

    def text(self) -> str:
        """Return the transcript, one line an entry: seconds since the first, connection, direction, ``*`` for TLS."""
        entries = list(self)
        start = entries[0].time if entries else 0.0
        return "".join(f"{entry.time - start:9.3f} {entry.connection:3} {entry}\n" for entry in entries)

    def json(self) -> str:
        """Return the whole transcript as lines of JSON."""
        return "".join(entry.as_json() + "\n" for entry in self)


def _decoded(data: bytes) -> str:
    """Return the text, with ``\\xff`` for a byte that is not UTF-8."""
    if b"\\udc" in data:
        return data.decode("utf-8", "backslashreplace")
    # The same, but Python calls a function for each such byte there, and an attachment may have millions of them.
    return (
        data.decode("utf-8", "surrogateescape").encode("utf-8", "backslashreplace").replace(b"\\udc", b"\\x").decode()
    )


def _escaped(text: str) -> str:
    """Return the text with what is not printable escaped, as `repr` does it."""
    # Without a single quote in it `repr` escapes no quote. Backslashes it doubles, and one more begins an escape.
    return "'".join(repr(part)[1:-1] for part in text.split("'")).replace("\\\\", "\\")


def _lines(data: bytes) -> list[bytes]:
    pieces = data.split(b"\n")
    return [piece + b"\n" for piece in pieces[:-1]] + ([pieces[-1]] if pieces[-1] else [])


@dataclass(frozen=True, slots=True)
class Segment:
    """Bytes as they were on the socket. They may hold what a client sent in clear, so ``repr`` does not show them."""

    time: float
    connection: int
    direction: str
    data: bytes = field(repr=False)


class RawCapture:
    """Every byte as on the socket, before TLS is taken off, both directions; the oldest go beyond ``limit`` bytes."""

    def __init__(self, clock: Clock, limit: int = 1 << 27) -> None:
        self._clock = clock
        self._limit = limit
        self._size = 0
        self._segments: deque[Segment] = deque()
        self._of: defaultdict[int, deque[Segment]] = defaultdict(deque)  # the same, by their connection
        self._lock = threading.Lock()

    def add(self, connection: int, direction: str, data: bytes) -> None:
        """Record a segment."""
        segment = Segment(self._clock.time(), connection, direction, data)
        with self._lock:
            self._segments.append(segment)
            self._of[connection].append(segment)
            self._size += len(data)
            while self._size > self._limit:
                self._forget(self._segments.popleft())

    def _forget(self, oldest: Segment) -> None:
        self._size -= len(oldest.data)
        self._of[oldest.connection].popleft()
        if not self._of[oldest.connection]:
            del self._of[oldest.connection]

    def __iter__(self) -> Iterator[Segment]:
        with self._lock:
            return iter(list(self._segments))

    def octets(self, direction: str | None = None, connection: int | None = None) -> bytes:
        """Return all bytes, of one direction (``C`` or ``S``) or one connection if asked."""
        with self._lock:
            segments = list(self._segments if connection is None else self._of.get(connection, ()))
        return b"".join(segment.data for segment in segments if direction in (None, segment.direction))

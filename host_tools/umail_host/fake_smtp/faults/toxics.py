"""A proxy between client and server that does to their bytes what bad networks do.

Each direction has its own ``Toxics``; ``up`` is from client to server. Written ``[up:|down:]NAME=VALUE[,…]``; without a
direction it holds for both, as ``latency=0.1,down:slice=1``.
"""

from __future__ import annotations

import asyncio
import math
import random
import socket
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass, fields
from typing import Any

from umail_host.fake_smtp.server.background import Background

_CHUNK = 16384


@dataclass(frozen=True, slots=True)
class Toxics:
    """What happens to one direction. Numbers of bytes count from the start of the connection.

    Args:
        latency: seconds by which bytes are late; ``jitter``: up to as many more, by chance.
        bandwidth: bytes a second; 0 means no limit.
        slice: bytes of a segment; ``slice_delay``: seconds between two of them.
        limit_data: bytes that pass before the connection is closed.
        reset: bytes that pass before the connection is reset.
        timeout: bytes that pass before nothing passes any more, with the connection open.
        slow_close: seconds by which the end of the stream is late.
    """

    latency: float = 0.0
    jitter: float = 0.0
    bandwidth: float = 0.0
    slice: int = 0
    slice_delay: float = 0.0
    limit_data: int | None = None
    reset: int | None = None
    timeout: int | None = None
    slow_close: float = 0.0

    @property
    def last(self) -> int | None:
        """Bytes that pass before something ends the stream."""
        limits = [limit for limit in (self.limit_data, self.reset, self.timeout) if limit is not None]
        return min(limits, default=None)


SUMMARIES = {
    "latency": "seconds by which bytes are late",
    "jitter": "up to as many seconds more, by chance",
    "bandwidth": "bytes a second",
    "slice": "bytes of a segment",
    "slice_delay": "seconds between two segments",
    "limit_data": "bytes after which the connection is closed",
    "reset": "bytes after which the connection is reset",
    "timeout": "bytes after which nothing passes any more",
    "slow_close": "seconds by which the end of the stream is late",
}


def parse(text: str) -> tuple[Toxics, Toxics]:
    """Read toxics, up and down, as they are written.

    Raises:
        ValueError: no such toxic, or no number, or one below 0.
    """
    kinds = {item.name: int if "int" in str(item.type) else float for item in fields(Toxics)}
    found: dict[str, dict[str, Any]] = {"up": {}, "down": {}}
    for item in filter(None, text.split(",")):
        direction, colon, rest = item.strip().partition(":")
        name, equals, value = (rest if colon else direction).partition("=")
        name = name.replace("-", "_")
        if name not in kinds or not equals or (colon and direction not in found):
            raise ValueError(f"no toxic {item!r}; write [up:|down:]NAME=NUMBER with one of {', '.join(kinds)}")
        try:
            number = kinds[name](value)
        except ValueError:
            number = -1
        if not 0 <= number < math.inf:
            raise ValueError(f"{value!r} in {item!r} is not a number of 0 or more")
        for way in (direction,) if colon else ("up", "down"):
            found[way][name] = number
    return Toxics(**found["up"]), Toxics(**found["down"])


class Proxy(Background):
    """Listens, and passes every connection on to a server through toxics; a context manager.

    Args:
        server_port, server_host: where to.
        up, down: the toxics of each direction; may be changed between connections.
        host, port: where to listen; port 0 takes a free one.
        seed: of the jitter.
    """

    def __init__(
        self,
        server_port: int,
        up: Toxics | None = None,
        down: Toxics | None = None,
        *,
        server_host: str = "127.0.0.1",
        host: str = "127.0.0.1",
        port: int = 0,
        seed: int = 0,
    ) -> None:
        super().__init__("toxics")
        self.up, self.down = up or Toxics(), down or Toxics()
        self.host, self.port = host, port
        self.connections = 0
        self._target = server_host, server_port
        self._random = random.Random(seed)
        self._server: asyncio.Server | None = None

    async def _open(self) -> None:
        self._server = await asyncio.start_server(self._connected, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server:
            self._server.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._track()
        self.connections += 1
        try:
            upstream_reader, upstream_writer = await asyncio.open_connection(*self._target)
        except OSError:
            _reset(writer)
            return
        ends = (writer, upstream_writer)
        try:
            async with asyncio.TaskGroup() as ways:
                ways.create_task(_Way(self.up, self._random, reader, upstream_writer, ends).run())
                ways.create_task(_Way(self.down, self._random, upstream_reader, writer, ends).run())
        except* (OSError, asyncio.CancelledError):
            pass  # one side reset, or the proxy stops: the other side learns it below
        finally:
            for end in ends:
                end.transport.abort()


class _Way:
    """One direction of one connection: a queue of pieces with the time at which each is due."""

    def __init__(
        self,
        toxics: Toxics,
        chance: random.Random,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        ends: tuple[asyncio.StreamWriter, asyncio.StreamWriter],
    ) -> None:
        self._toxics = toxics
        self._random = chance
        self._reader = reader
        self._writer = writer
        self._ends = ends
        self._queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(maxsize=1024)
        self._free = 0.0
        self._due = 0.0

    async def run(self) -> None:
        """Relay until the stream ends, or a toxic ends it."""
        async with asyncio.TaskGroup() as halves:
            halves.create_task(self._take())
            halves.create_task(self._give())

    async def _take(self) -> None:
        toxics, passed = self._toxics, 0
        async for piece in self._pieces():
            room = len(piece) if toxics.last is None else max(0, toxics.last - passed)
            if piece[:room]:
                await self._queue.put((self._when(len(piece[:room])), piece[:room]))
            passed += len(piece[:room])
            if toxics.last is not None and passed >= toxics.last and await self._ended():
                return
        await self._queue.put((self._when(0) + toxics.slow_close, b""))

    async def _pieces(self) -> AsyncIterator[bytes]:
        if self._toxics.last == 0:
            yield b""
        while data := await self._reader.read(_CHUNK):
            size = self._toxics.slice or len(data)
            for at in range(0, len(data), size):
                yield data[at : at + size]

    def _when(self, size: int) -> float:
        """Return the time at which a piece of that size has arrived; never before the one in front of it."""
        toxics, now = self._toxics, asyncio.get_running_loop().time()
        self._free = max(now, self._free) + toxics.slice_delay
        if toxics.bandwidth:
            self._free += size / toxics.bandwidth
        late = toxics.latency + self._random.uniform(0, toxics.jitter)
        self._due = max(self._due, self._free + late)
        return self._due

    async def _ended(self) -> bool:
        """Do what comes after all that may pass has passed."""
        toxics = self._toxics
        await self._queue.join()
        if toxics.timeout == toxics.last:
            while await self._reader.read(_CHUNK):
                pass
            return False
        for end in self._ends:
            if toxics.reset == toxics.last:
                _reset(end)
            else:
                end.close()
        await self._queue.put((0.0, b""))
        return True

    async def _give(self) -> None:
        while True:
            due, piece = await self._queue.get()
            await asyncio.sleep(due - asyncio.get_running_loop().time())
            if not piece:
                if not self._writer.transport.is_closing():
                    self._writer.write_eof()
                return
            self._writer.write(piece)
            await self._writer.drain()
            self._queue.task_done()


def _reset(writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    if not writer.transport.is_closing():
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()

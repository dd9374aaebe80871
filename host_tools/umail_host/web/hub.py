"""Tells every open page what happens, by server-sent events; a page that does not keep up is told to load again."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

_WAITING = 200  # events that one page may be behind
_ALIVE = 15.0  # seconds after which a silent stream says that it lives
_GATHER = 0.05  # seconds in which changes of one kind become one event


class Hub:
    """The streams of one server. ``publish`` and ``changed`` may be called from any thread."""

    def __init__(self) -> None:
        self._streams: set[asyncio.Queue[str]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed: dict[str, set[Any]] = {}
        self._lock = threading.Lock()
        self._news = asyncio.Event()
        self.closed = False

    def begin(self) -> None:
        """Use the running loop."""
        self._loop = asyncio.get_running_loop()

    def end(self) -> None:
        """End all streams."""
        self.closed = True
        self._wake()
        for stream in self._streams:
            if not stream.full():
                stream.put_nowait("")

    def publish(self, kind: str, value: Any) -> None:
        """Send an event to every stream, and wake who waits for news."""
        self._soon(lambda: self._send(kind, value))

    def changed(self, kind: str, what: Any) -> None:
        """Note that something changed; the streams are told within a moment, once for many changes."""
        with self._lock:
            first = not self._changed
            self._changed.setdefault(kind, set()).add(what)
        if first:
            self._soon(lambda: self._loop and self._loop.call_later(_GATHER, self._flush))

    async def news(self, timeout: float) -> None:
        """Return at the next event, or after ``timeout`` seconds."""
        waited = self._news
        try:
            async with asyncio.timeout(timeout):
                await waited.wait()
        except TimeoutError:
            pass

    async def stream(self, state: Callable[[], Any]) -> AsyncIterator[str]:
        """Yield what one page reads; ``state`` tells it at first whether it has missed anything."""
        queue: asyncio.Queue[str] = asyncio.Queue(_WAITING)
        self._streams.add(queue)
        try:
            yield f"retry: 1000\nevent: state\ndata: {json.dumps(await asyncio.to_thread(state))}\n\n"
            while not self.closed:
                try:
                    async with asyncio.timeout(_ALIVE):
                        event = await queue.get()
                except TimeoutError:
                    event = ": alive\n\n"
                yield event
        finally:
            self._streams.discard(queue)

    def _soon(self, call: Any) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call)

    def _flush(self) -> None:
        with self._lock:
            changed, self._changed = self._changed, {}
        for kind, what in changed.items():
            self._send(kind, sorted(what))

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    def _send(self, kind: str, value: Any) -> None:
        self._wake()
        if not self._streams:
            return
        event = f"event: {kind}\ndata: {json.dumps(value, ensure_ascii=False)}\n\n"
        for stream in self._streams:
            if stream.full():
                while not stream.empty():
                    stream.get_nowait()
                stream.put_nowait("event: reload\ndata: null\n\n")
            else:
                stream.put_nowait(event)

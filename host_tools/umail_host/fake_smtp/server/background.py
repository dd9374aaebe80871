"""Runs an asyncio service in a thread of its own: start returns when it listens, stop when all is closed."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from typing import Self


def bound(host: str, port: int) -> socket.socket:
    """Return a TCP socket that is bound to an address, not yet listening; ``port`` 0 takes a free one.

    It says that it is TCP, for asyncio switches Nagle's algorithm off (TCP_NODELAY) on such sockets only: a reply of
    two pieces would wait for the client's delayed acknowledgement, 40 ms.

    Raises:
        OSError: the address or the port is not available.
    """
    found = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, proto=socket.IPPROTO_TCP)
    try:
        if sys.platform != "win32":
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((host, port))
    except BaseException:
        found.close()
        raise
    return found


class Background:
    """A service; a context manager. Subclasses open it in ``_open`` and close it in ``_close``."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listen; returns when connections are taken.

        Raises:
            OSError: the address or the port is not available.
        """
        failed: list[OSError] = []
        listening = threading.Event()
        self._thread = threading.Thread(target=self._main, args=(listening, failed), name=self._name, daemon=True)
        self._thread.start()
        listening.wait()
        if failed:
            self._thread.join()
            self._thread = None
            raise failed[0]

    def stop(self) -> None:
        """Close every connection and stop listening; may be called twice."""
        if self._thread and self._loop and self._stopping:
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()
            self._thread = None

    async def _open(self) -> None:
        raise NotImplementedError

    async def _close(self) -> None:
        raise NotImplementedError

    def _main(self, listening: threading.Event, failed: list[OSError]) -> None:
        try:
            asyncio.run(self._run(listening))
        except OSError as error:
            failed.append(error)
        finally:
            listening.set()

    async def _run(self, listening: threading.Event) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        await self._open()
        listening.set()
        await self._stopping.wait()
        await self._close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _track(self) -> None:
        """Cancel the current task at the end of the service, and wait for it."""
        task = asyncio.current_task()
        if task:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

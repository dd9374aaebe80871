"""The wire on which the board asks the host about the world around it; device/board_link.py is its other end."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Mapping
from typing import Any


class Later:
    """Answer of a call that takes its time: nothing, in this many seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


class Silence:
    """Answer of a call that never comes back: the board is about to lose its power."""


class Control:
    """Serves one life of the interpreter.

    Args:
        wire: the host's end, not blocking.
        calls: what the board may call, by name.
        closed: called once when the interpreter has ended.
    """

    def __init__(
        self, wire: socket.socket, calls: Mapping[str, Callable[..., object]], closed: Callable[[], None]
    ) -> None:
        self._wire, self._calls, self._closed = wire, calls, closed
        self._line = b""
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(wire, self._read)

    def close(self) -> None:
        """Listen no more."""
        if self._wire.fileno() >= 0:
            self._loop.remove_reader(self._wire)
            self._wire.close()

    def _read(self) -> None:
        try:
            data = self._wire.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.close()
            self._closed()
            return
        *lines, self._line = (self._line + data).split(b"\n")
        for line in lines:
            if self._wire.fileno() >= 0:  # a call before it may have taken the power away
                self._serve(json.loads(line))

    def _serve(self, request: list[Any]) -> None:
        serial, name, arguments = request
        reply: list[Any]
        try:
            result = self._calls[name](*arguments)
        except (OSError, ValueError, RuntimeError) as error:
            kind = "OSError" if isinstance(error, OSError) else type(error).__name__
            reply = [serial, None, kind, list(error.args)]
        else:
            if isinstance(result, Silence):
                return
            if isinstance(result, Later):
                self._loop.call_later(result.seconds, self._send, [serial, None])
                return
            reply = [serial, result]
        if serial:
            self._send(reply)

    def _send(self, reply: list[Any]) -> None:
        if self._wire.fileno() >= 0:
            self._wire.send(json.dumps(reply).encode() + b"\n")

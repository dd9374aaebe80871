"""The wire between the serial port and the interpreter: line ends, Ctrl-C, and the two REPL modes over a reset."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Callable

from umail_host.virtual_board.console import HELP, PROMPT, RAW_PROMPT, Console, LineEnds, Program
from umail_host.virtual_board.interpreter import socket_pair

_PROMPTS = (RAW_PROMPT, PROMPT, b"\x04>")  # the last: of the raw REPL after each command
_CHUNK = 65536


class Uart:
    """Relays both directions of one power cycle; what the board has not read survives a soft reset, as in its buffer.

    Args:
        console: gets all that goes out.
        send: writes to the port.
        interrupt: stops running code; False if none runs.
        idle: called when the board shows a prompt: no code runs any more.
        machine: what the banner says the board is.
    """

    def __init__(
        self,
        console: Console,
        send: Callable[[bytes], None],
        interrupt: Callable[[], bool],
        idle: Callable[[], None],
        machine: str,
    ) -> None:
        self._console, self._send, self._machine = console, send, machine.encode()
        self._interrupt, self._idle = interrupt, idle
        self._loop = asyncio.get_running_loop()
        self._wire, self.board_end = socket_pair()
        self._ends, self._program = LineEnds(), Program()
        self._tail = b""
        self._swallowed: bytearray | None = None
        self._held = b""
        self.native_machine = b""  # what the interpreter's own banner says
        self.raw = False
        self._loop.add_reader(self._wire, self.drain)

    def close(self) -> None:
        """Take both ends away."""
        self._loop.remove_reader(self._wire)
        self._wire.close()
        self.board_end.close()

    def pause(self) -> None:
        """Read no more from the board: the port is full."""
        self._loop.remove_reader(self._wire)

    def resume(self) -> None:
        """Read again."""
        if self._wire.fileno() >= 0:
            self._loop.add_reader(self._wire, self.drain)

    def say(self, text: bytes) -> None:
        """Print what the chip itself prints: its ROM's and start-up messages."""
        self._send(text)
        self._console.add(text, self._program.feed(text))

    def receive(self, data: bytes) -> None:
        """Take bytes from the host's program: Ctrl-C interrupts code that runs, all else is input."""
        if self._swallowed is not None:
            self._held += data
            return
        for piece in re.split(b"(\x03)", data):
            if piece and not (piece == b"\x03" and self._interrupt()):
                self._input(piece)

    def drain(self) -> None:
        """Relay all that the board has printed up to now."""
        while True:
            try:
                data = self._wire.recv(_CHUNK)
            except (BlockingIOError, OSError):
                return
            if not data:
                return
            if self._swallowed is not None:
                self._swallow(data)
            else:
                self._output(data)
            if len(data) < _CHUNK:
                return

    def restarted(self) -> None:
        """Note that the interpreter has ended and starts over."""
        self._ends = LineEnds()
        self._swallowed = None
        self.say(b"MPY: soft reboot\r\n")

    def expect_repl(self) -> None:
        """Expect the REPL to start: print the banner of this mode instead of the interpreter's own."""
        self.drain()
        self._swallowed = bytearray()
        try:
            self._held = self.board_end.recv(_CHUNK, socket.MSG_DONTWAIT) + self._held
        except BlockingIOError:
            pass

    def _input(self, data: bytes) -> None:
        try:
            self._wire.send(data)
        except BlockingIOError:
            pass  # the board does not read: its buffer overflows

    def _output(self, data: bytes) -> None:
        self._tail = (self._tail + data)[-len(HELP) - len(PROMPT) :]
        if self._tail.endswith(RAW_PROMPT):
            self.raw = True
        elif self._tail.endswith(HELP + PROMPT):
            self.raw = False
        if self._tail.endswith(_PROMPTS):
            self._idle()
        if self.native_machine:
            data = data.replace(b"; " + self.native_machine + b"\r\n", b"; " + self._machine + b"\r\n")
        self.say(self._ends.convert(data))

    def _swallow(self, data: bytes) -> None:
        assert self._swallowed is not None
        self._swallowed += data
        if self._swallowed.endswith(PROMPT) and self.raw:
            self._swallowed.clear()
            self._input(b"\x01")
        elif self._swallowed.endswith((PROMPT, RAW_PROMPT)):
            banner = b"\r\n" + bytes(self._swallowed)
            banner = banner[banner.rindex(RAW_PROMPT if self.raw else b"MicroPython ") :]
            self._swallowed, held, self._held = None, self._held, b""
            self._output(banner)
            self.receive(held)

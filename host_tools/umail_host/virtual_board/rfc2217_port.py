"""The board's serial port over TCP (RFC 2217), with the DTR and RTS lines that a pseudo-terminal lacks."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from serial.rfc2217 import PortManager

_RISE = 0.005  # seconds that EN takes to rise
_UNDECIDED = 0.2  # and while both lines are set: a host that changes them one by one over TCP needs that long


class AutoReset:
    """The two transistors of an ESP32 board: RTS alone holds the chip in reset, DTR alone asks for the ROM's loader.

    An instance also stands for the serial port whose settings pyserial's server side changes.

    Args:
        hold: called when EN goes low.
        release: called when EN is high again; whether GPIO0 is low then.
    """

    cts = dsr = cd = True
    ri = False
    baudrate, bytesize, parity, stopbits = 115200, 8, "N", 1
    xonxoff = rtscts = break_condition = False

    def __init__(self, hold: Callable[[], None], release: Callable[[bool], None]) -> None:
        self._hold, self._release = hold, release
        self._dtr = self._rts = False
        self._held = False
        self._rising: asyncio.TimerHandle | None = None

    @property
    def dtr(self) -> bool:
        """Data terminal ready, as the host set it."""
        return self._dtr

    @dtr.setter
    def dtr(self, on: bool) -> None:
        self._dtr = on
        self._changed()

    @property
    def rts(self) -> bool:
        """Request to send, as the host set it."""
        return self._rts

    @rts.setter
    def rts(self, on: bool) -> None:
        self._rts = on
        self._changed()

    def reset_input_buffer(self) -> None:
        """Do nothing: no input is kept."""

    reset_output_buffer = reset_input_buffer

    def _changed(self) -> None:
        low = self._rts and not self._dtr
        if self._rising is not None:
            self._rising.cancel()
            self._rising = None
        if low and not self._held:
            self._held = True
            self._hold()
        elif self._held and not low:
            delay = _UNDECIDED if self._dtr and self._rts else _RISE
            self._rising = asyncio.get_running_loop().call_later(delay, self._risen)

    def _risen(self) -> None:
        self._held, self._rising = False, None
        self._release(self._dtr and not self._rts)


class _Wire:
    """What pyserial's server writes its Telnet commands to."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self.write = write


class Rfc2217Port:
    """A TCP port on the loopback interface that one program at a time may open.

    Args:
        receive: called with what the host sends.
        ready: called when a port that was full has taken everything.
        lines: gets DTR and RTS.
    """

    def __init__(self, receive: Callable[[bytes], None], ready: Callable[[], None], lines: AutoReset) -> None:
        self._receive, self._ready, self._lines = receive, ready, lines
        self._loop = asyncio.get_running_loop()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self._loop.add_reader(self._listener, self._accept)
        self._client: socket.socket | None = None
        self._manager: PortManager | None = None
        self._pending = bytearray()

    @property
    def url(self) -> str:
        """What a serial program opens."""
        return f"rfc2217://127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def full(self) -> bool:
        """Whether the last write has not gone out yet."""
        return bool(self._pending)

    def write(self, data: bytes) -> None:
        """Send ``data`` to whoever has the port open; lost if nobody has."""
        if self._manager is not None:
            self._raw_write(b"".join(self._manager.escape(data)))

    def close(self) -> None:
        """Take the port away."""
        self._hang_up()
        self._loop.remove_reader(self._listener)
        self._listener.close()

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        if self._client is not None:
            client.close()  # in use, as a real port would be
            return
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client = client
        self._manager = PortManager(self._lines, _Wire(self._raw_write))
        self._loop.add_reader(client, self._read)

    def _hang_up(self) -> None:
        if self._client is not None:
            self._loop.remove_reader(self._client)
            self._loop.remove_writer(self._client)
            self._client.close()
            self._client = self._manager = None
            self._pending.clear()
            self._ready()

    def _read(self) -> None:
        assert self._client is not None
        try:
            data = self._client.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._hang_up()
        elif self._manager is not None and (plain := b"".join(self._manager.filter(data))):
            self._receive(plain)

    def _raw_write(self, data: bytes) -> None:
        self._pending += data
        self._flush()

    def _flush(self) -> None:
        if self._client is None:
            return
        try:
            del self._pending[: self._client.send(self._pending)]
        except BlockingIOError:
            pass
        except OSError:
            self._hang_up()
            return
        if self._pending:
            self._loop.add_writer(self._client, self._flush)
        else:
            self._loop.remove_writer(self._client)
            self._ready()

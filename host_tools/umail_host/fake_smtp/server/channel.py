"""A TCP connection that can become TLS in the middle: asyncio below, ``ssl.MemoryBIO`` above, every byte captured."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import Callable

from umail_host.fake_smtp.record.transcript import CLIENT, SERVER

_CHUNK = 65536
_LINGER = 1.0
Capture = Callable[[str, bytes], None]


class Channel:
    """One connection.

    Args:
        reader, writer: the TCP streams.
        capture: called with direction and bytes of everything on the socket.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, capture: Capture) -> None:
        self._reader = reader
        self._writer = writer
        self._capture = capture
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self.tls: ssl.SSLObject | None = None
        self.acknowledge()

    def acknowledge(self) -> None:
        """Acknowledge at once, if the system can: a reply that is held must not hold the client's Nagle as well."""
        option = getattr(socket, "TCP_QUICKACK", None)
        if option is not None and not self._writer.transport.is_closing():
            self._writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, option, 1)

    async def _receive(self) -> bytes:
        data = await self._reader.read(_CHUNK)
        if data:
            self._capture(CLIENT, data)
        return data

    async def _transmit(self, data: bytes) -> None:
        if data:
            self._capture(SERVER, data)
            self._writer.write(data)
            await self._writer.drain()

    async def read(self) -> bytes:
        """Return what has come, as soon as something has; empty at the end of the stream. May be cancelled."""
        if self.tls is None:
            return await self._receive()
        while True:
            try:
                return self.tls.read(_CHUNK)
            except ssl.SSLWantReadError:
                await self._transmit(self._outgoing.read())
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""
            data = await self._receive()
            if not data:
                return b""
            self._incoming.write(data)

    async def write(self, data: bytes) -> None:
        """Send all of it."""
        if self.tls is not None:
            self.tls.write(data)
            data = self._outgoing.read()
        await self._transmit(data)

    async def start_tls(self, context: ssl.SSLContext) -> None:
        """Do the server's side of a handshake.

        Raises:
            ssl.SSLError: the client refused, or offered what the context refuses.
            EOFError: the client closed the connection.
        """
        tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        while True:
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._transmit(self._outgoing.read())
                data = await self._receive()
                if not data:
                    raise EOFError("the client closed the connection in the handshake") from None
                self._incoming.write(data)
            except ssl.SSLError:
                await self._transmit(self._outgoing.read())
                raise
            else:
                await self._transmit(self._outgoing.read())
                self.tls = tls
                return

    async def close(self) -> None:
        """Close in an orderly way: close_notify and FIN, then the client's FIN, waited for a second.

        Closing at once while the client still sends would answer with RST, and the last reply would be lost.
        """
        if self.tls is not None:
            try:
                self.tls.unwrap()
            except (ssl.SSLError, OSError):
                pass  # the client's close_notify is not waited for
            await self._transmit(self._outgoing.read())
        try:
            self._writer.write_eof()
            async with asyncio.timeout(_LINGER):
                while await self._receive():
                    pass
        except OSError:
            pass  # the client is gone already, or does not close
        self._writer.close()

    async def reset(self) -> None:
        """Drop the connection with RST."""
        raw = self._writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    async def half_close(self) -> None:
        """Send FIN and go on reading; nothing is answered any more."""
        self._writer.write_eof()
        while await self._receive():
            pass
        self._writer.close()

    async def drop(self) -> None:
        """Close TCP without close_notify."""
        self._writer.close()

    async def stop_reading(self) -> None:
        """Leave the connection open and take nothing any more, until the server ends."""
        if isinstance(self._writer.transport, asyncio.Transport):
            self._writer.transport.pause_reading()
        await asyncio.Event().wait()

    async def flood(self, data: bytes) -> None:
        """Send ``data`` over and over, until the client closes."""
        while True:
            await self.write(data)
            await asyncio.sleep(0)

    async def freeze(self) -> None:
        """Leave the connection open, take everything and answer nothing, until the client closes."""
        while await self._receive():
            pass
        self._writer.close()

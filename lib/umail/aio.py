"""The asyncio driver: the same calls as blocking, awaited. It knows no SMTP, and only mbed TLS holds the loop.

On MicroPython one call of mbed TLS checks the whole chain of a certificate and cannot be divided; all else is short.
"""

import asyncio
import sys
from select import POLLIN, POLLOUT

from .delivery import Delivery
from .errors import MailError
from .link import Link

if sys.implementation.name == "micropython":

    def _queue(sock, events):
        # MicroPython's own streams wait in this way; it offers no public one for a socket that is not a stream.
        from asyncio import core

        if events & POLLIN:
            yield core._io_queue.queue_read(sock)
        else:
            yield core._io_queue.queue_write(sock)

    async def _ready(sock, events, milliseconds):
        # Wait for one event; input is looked for between the slices where both were asked for.
        try:
            await asyncio.wait_for_ms(_queue(sock, events & POLLOUT or events), milliseconds)
            return events
        except asyncio.TimeoutError:
            return 0

else:
    from .aio_cpython import ready as _ready


class Wire(Link):
    """Drives a generator (the contract is in session.py and delivery.py) and waits in the loop."""

    async def run(self, steps):
        """Run a generator to its end and return its result; cancelling closes the socket."""
        answer = error = None
        try:
            while True:
                try:
                    what = steps.throw(error) if error else steps.send(answer)
                except StopIteration as stop:
                    return stop.value
                answer = error = None
                try:
                    if isinstance(what, tuple):
                        answer = getattr(self, what[0])(*what[1:])
                        if hasattr(answer, "send") or hasattr(answer, "__await__"):
                            answer = await answer
                    elif isinstance(what, int) or isinstance(what, float):
                        # One isinstance with both would build a tuple for each chunk.
                        answer = await self.receive(what)
                    else:
                        await self.transmit(what)
                except Exception as raised:
                    error = raised
        except MailError:
            raise
        except BaseException:
            self.close()
            raise
        finally:
            steps.close()

    async def connect(self, address, port, buffer):
        """Connect; returns the local address or None."""
        self.begin(address, port, buffer)
        while not await _ready(self.sock, POLLOUT, self.slice()):
            pass
        return self.connected()

    async def udp(self, server, packet, seconds):
        """One datagram and its answer (bytes), or None where none comes."""
        try:
            self.begin_udp(server, packet, seconds)
            while not await _ready(self.sock, POLLIN, self.slice()):
                pass
            # ``readinto`` would run one datagram into the next.
            return self.sock.recv(512)
        except OSError:
            return None

    async def pause(self, seconds):
        """Wait, with ticks."""
        self.begin_wait(seconds)
        try:
            while True:
                await asyncio.sleep(self.slice() / 1000)
        except OSError:
            pass

    async def receive(self, seconds):
        """Receive into the buffer: the count, 0 at the end. A positive number begins a wait, 0 goes on with it."""
        if seconds:
            self.begin_wait(seconds)
        while True:
            count = self.take()
            if count >= 0:
                return count
            await _ready(self.sock, -count, self.slice())

    async def transmit(self, octets):
        """Send all of ``octets``, receiving meanwhile; other tasks run between two pieces."""
        count = self.give(octets)
        listening = self.listen() != 0
        if count == len(octets):
            await asyncio.sleep(0)
            return
        if not self.handshake:
            self.until = self.end
        view = memoryview(octets)
        while True:
            if count > 0:
                view = view[count:]
                if not len(view):
                    return
                await asyncio.sleep(0)
            else:
                await _ready(self.sock, -count | POLLIN if listening else -count, self.slice())
                if listening:
                    listening = self.listen() != 0
            count = self.give(view)


class Client:
    """As ``umail.Client``, awaited: ``async with Client(route) as client: await client.send(message)``."""

    def __init__(self, route, timeout=30, deadline=120, tick=None):
        self._delivery = Delivery(route, timeout, deadline)
        self._wire = Wire(timeout, tick)

    async def send(self, message):
        """Send one ``Message``; returns a ``Receipt``, raises ``MailError``."""
        return await self._wire.run(self._delivery.send(message))

    async def close(self):
        """QUIT, not waited for longer than a second, and close."""
        await self._wire.run(self._delivery.close())

    async def __aenter__(self):
        return self

    async def __aexit__(self, kind, error, trace):
        await self.close()


async def send(route, message, timeout=30, deadline=120, tick=None):
    """As ``umail.send``, awaited."""
    return await Wire(timeout, tick).run(Delivery(route, timeout, deadline).send(message, True))


async def flush(outbox, budget=None):
    """As ``outbox.flush(budget)``, awaited."""
    return await Wire(outbox.timeout, outbox.tick).run(outbox.flushing(budget))

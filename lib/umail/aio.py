"""The asyncio driver: the same calls as blocking, awaited. It knows no SMTP, and only mbed TLS holds the loop."""

import asyncio
import sys
from select import POLLIN, POLLOUT

from umail import load_transient

from .delivery import Delivery
from .net import transport

if sys.implementation.name == "micropython":

    def _queue(sock, events):
        # MicroPython's own streams wait in this way; it offers no public one for a socket that is not a stream.
        from asyncio import core

        if events & POLLIN:
            yield core._io_queue.queue_read(sock)
        else:
            yield core._io_queue.queue_write(sock)

    async def _ready(sock, events, milliseconds):
        # Wait for one event; input is looked for between the slices if both were asked for.
        try:
            await asyncio.wait_for_ms(_queue(sock, events & POLLOUT or events), milliseconds)
            return events
        except asyncio.TimeoutError:
            return 0

else:
    from . import loaded_cpython  # noqa: F401
    from .net.aio_cpython import ready as _ready


class Wire(transport.Transport):
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
        except BaseException as escaped:
            if not getattr(escaped, "kind", None):
                self.close()
            raise self.error(escaped)
        finally:
            steps.close()

    def tls(self, route, host):
        """As in tls.py; other tasks run between two records of the handshake, though not within one."""
        if sys.implementation.name == "micropython":
            self.sock = load_transient("net.tls_records").Records(self, self.sock)
        load_transient("net.tls").tls(self, route, host)

    def wait(self, events):
        # In its handshake mbed TLS waits for the server, whatever was asked of it; and one waits for the socket below.
        below = getattr(self.raw, "sock", None)
        return _ready(below or self.sock, POLLIN if below and self.handshake else events, self.slice())

    async def connect(self, address, port, buffer):
        """Connect; returns the local address or None."""
        opening = load_transient("net.opening")
        opening.begin(self, address, port, buffer)
        while not await self.wait(POLLOUT):
            pass
        return opening.connected(self)

    async def udp(self, server, packet, seconds):
        """Send one datagram; return its answer (bytes), or None if none comes."""
        try:
            load_transient("net.opening").send(self, server, packet, seconds)
            while not await self.wait(POLLIN):
                pass
            # ``readinto`` would run one datagram into the next.
            return self.sock.recv(512)
        except OSError:
            return None

    async def pause(self, seconds):
        """Wait, with ticks."""
        self.wait_for(seconds)
        try:
            while True:
                await asyncio.sleep(self.slice() / 1000)
        except OSError:
            pass

    async def receive(self, seconds):
        """Receive into the buffer: the count, 0 at the end. A positive number begins a wait, 0 goes on with it."""
        if seconds:
            self.wait_for(seconds)
        while True:
            count = self.take()
            if count >= 0:
                return count
            await self.wait(-count)

    async def transmit(self, data):
        """Send all of ``data``, receiving meanwhile; other tasks run between two pieces."""
        count = self.move(data, -4)
        listening = self.handshake or self.take() != 0
        if count == len(data):
            await asyncio.sleep(0)
            return
        if not self.handshake:
            self.until = self.end
        view = memoryview(data)
        while True:
            if count > 0:
                view = view[count:]
                if not len(view):
                    return
                await asyncio.sleep(0)
            else:
                await self.wait(-count | POLLIN if listening else -count)
                listening = listening and (self.handshake or self.take() != 0)
            count = self.move(view, -4)


class Client:
    """As ``umail.Client``, awaited: ``async with Client(route) as client: await client.send(message)``."""

    def __init__(self, route, timeout=30, deadline=120, tick=None):
        self._delivery = Delivery(route, timeout, deadline)
        self._wire = Wire(timeout, tick)
        # One mail at a time: two tasks may share a client.
        self._lock = asyncio.Lock()

    async def send(self, message):
        """Send one ``Message``; returns a ``Receipt``, raises ``MailError``. Another task's mail is waited for."""
        async with self._lock:
            return await self._wire.run(self._delivery.send(message))

    async def close(self):
        """Take leave of the server, not waiting longer than a second for its answer, and close."""
        async with self._lock:
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

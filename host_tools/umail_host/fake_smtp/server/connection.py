"""Drives one dialogue over one channel: performs its events, counts round trips, writes the transcript."""

from __future__ import annotations

import asyncio
import ssl
from typing import Protocol

from cryptography import x509

from umail_host.fake_smtp.core.dialogue import Dialogue
from umail_host.fake_smtp.core.events import Call, Close, Deliver, Envelope, Event, Heard, Note, Say, StartTls, Wait
from umail_host.fake_smtp.core.session import Session
from umail_host.fake_smtp.record.transcript import CLIENT, SERVER, Transcript
from umail_host.fake_smtp.server.channel import Channel

_FAREWELL = 0.5


class Host(Protocol):
    """What a connection needs of its server."""

    transcript: Transcript
    settle: float

    def context_for(self, session: Session) -> ssl.SSLContext:
        """Return the TLS side of this session."""

    def deliver(self, session: Session, envelope: Envelope) -> None:
        """Store a message."""

    async def sleep(self, seconds: float) -> None:
        """Wait on the server's clock."""


class Connection:
    """One session from its first byte to its end.

    Args:
        host: the server; ``channel``: the connection; ``dialogue``: what is said over it.
    """

    def __init__(self, host: Host, channel: Channel, dialogue: Dialogue) -> None:
        self._host = host
        self._channel = channel
        self._dialogue = dialogue
        self._session = dialogue.session
        self._held = bytearray()
        self._held_since = 0.0
        self._asked = False
        self._open = True
        self._told = ""
        # It was silent after MAIL alone: it waits for each reply, so none of its flights comes in pieces.
        self._lockstep = False

    async def run(self) -> None:
        """Serve until the session has ended; sets ``session.ending``."""
        session, dialogue = self._session, self._dialogue
        try:
            dialogue.connected()
            await self._perform()
            while self._open:
                await self._talk()
        except asyncio.CancelledError:
            dialogue.shutdown()
            session.ending = session.ending or "the server was stopped"
            await self._farewell()
        except ssl.SSLError as error:
            session.ending = f"TLS failed: {error.reason or error}"
            if self._channel.tls is None:
                # The alert reaches the client: RST, sent while it still writes, would throw it away there.
                await self._channel.close()
        except (EOFError, OSError) as error:
            session.ending = str(error) or type(error).__name__
        if not session.ending or session.ending != self._told:
            self._host.transcript.note(session.number, session.ending or "closed", session.tls)
        self._host.transcript.finish(session.number, session.tls)

    async def _farewell(self) -> None:
        try:
            async with asyncio.timeout(_FAREWELL):
                await self._perform()
        except OSError:
            pass  # the client does not take it: the connection is dropped all the same
        await self._channel.drop()

    async def _talk(self) -> None:
        """Take turns until the session ends or the client is silent."""
        try:
            # One limit for all turns, armed again in each: making one takes as long as all else that a read does.
            async with asyncio.timeout(None) as patience:
                while self._open:
                    await self._turn(patience)
        except TimeoutError:
            if not patience.expired():
                raise
            await self._silence()

    async def _silence(self) -> None:
        dialogue = self._dialogue
        if self._held:
            begun = dialogue.envelope is not None and not dialogue.envelope.recipients
            self._lockstep = begun and not dialogue.buffer
            await self._flush()
        else:
            dialogue.idle()
            await self._perform()

    async def _turn(self, patience: asyncio.Timeout) -> None:
        dialogue, before, loop = self._dialogue, self._session.octets_out, asyncio.get_running_loop()
        patience.reschedule(loop.time() + (self._host.settle if self._held else dialogue.profile.idle))
        data = await self._channel.read()
        patience.reschedule(None)
        self._session.octets_in += len(data)
        if data:
            self._asked = True
            dialogue.receive(data)
        else:
            dialogue.eof()
            self._session.ending = self._session.ending or "the client closed the connection"
        await self._perform()
        if self._session.octets_out == before:
            self._channel.acknowledge()
        if self._held and loop.time() - self._held_since > 10 * self._host.settle:
            await self._flush(waiting=False)

    async def _perform(self) -> None:
        while events := self._dialogue.take():
            urgent = [isinstance(event, Say) and (self._lockstep or not event.hold) for event in events]
            for index, event in enumerate(events):
                if not self._open:
                    return
                if isinstance(event, Say):
                    if not self._held:
                        self._held_since = asyncio.get_running_loop().time()
                    self._held += event.data
                    if urgent[index] and not any(urgent[index + 1 :]):
                        await self._flush()
                else:
                    await self._do(event)

    async def _do(self, event: Event) -> None:
        session, transcript = self._session, self._host.transcript
        if isinstance(event, Heard):
            transcript.add(session.number, CLIENT, event.data, session.tls, event.secrets)
        elif isinstance(event, Note):
            transcript.note(session.number, event.text, session.tls)
        elif isinstance(event, Deliver):
            try:
                self._host.deliver(session, event.envelope)
            except OSError as error:  # no room, say: the client is not told that it was taken
                session.messages -= 1
                raise OSError(f"the mail can't be stored: {error.strerror or error}") from None
        elif isinstance(event, StartTls):
            await self._flush(waiting=False)
            await self._handshake()
        elif isinstance(event, Wait):
            await self._flush(waiting=False)
            await self._host.sleep(event.seconds if event.seconds is not None else 1e9)
        elif isinstance(event, Close):
            await self._flush(waiting=False)
            self._open = False
            await self._channel.close()
        elif isinstance(event, Call):
            await self._flush(waiting=False)
            self._open = False
            session.ending = self._told = event.method.replace("_", " ")
            transcript.note(session.number, session.ending, session.tls)
            await getattr(self._channel, event.method)(*([event.data] if event.data else []))

    async def _flush(self, waiting: bool = True) -> None:
        """Send what is held; ``waiting``: the server now waits for the client, so this was a round trip."""
        if not self._held:
            return
        data = bytes(self._held)
        self._held.clear()
        if waiting and self._asked:
            self._session.round_trips += 1
            self._asked = False
        self._session.octets_out += len(data)
        self._host.transcript.add(self._session.number, SERVER, data, self._session.tls)
        await self._channel.write(data)

    async def _handshake(self) -> None:
        session, transcript = self._session, self._host.transcript
        transcript.finish(session.number, session.tls)
        async with asyncio.timeout(self._dialogue.profile.idle):
            await self._channel.start_tls(self._host.context_for(session))
        tls = self._channel.tls
        if tls is None:
            return
        cipher = tls.cipher()
        self._dialogue.tls_started(tls.version() or "", cipher[0] if cipher else "", _names(tls))
        transcript.note(session.number, f"TLS: {session.tls_version} {session.cipher}", True)


def _names(tls: ssl.SSLObject) -> tuple[str, ...]:
    """Return the DNS names in the client's certificate; it has been verified, or there is none."""
    der = tls.getpeercert(binary_form=True)
    if not der:
        return ()
    try:
        names = x509.load_der_x509_certificate(der).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    return tuple(names.value.get_values_for_type(x509.DNSName))

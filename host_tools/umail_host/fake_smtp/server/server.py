"""The fake mail server: listens in a thread of its own, serves each connection by a dialogue, keeps what happened."""

from __future__ import annotations

import asyncio
import socket
import ssl
import tempfile
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from umail_host.fake_smtp.core import profiles, providers
from umail_host.fake_smtp.core.dialogue import Dialogue
from umail_host.fake_smtp.core.events import Envelope
from umail_host.fake_smtp.core.policy import Policy
from umail_host.fake_smtp.core.session import Session
from umail_host.fake_smtp.core.switches import check
from umail_host.fake_smtp.faults import plan as plans
from umail_host.fake_smtp.record.inbox import Delivery, Inbox
from umail_host.fake_smtp.record.masking import Masker
from umail_host.fake_smtp.record.transcript import Entry, RawCapture, Transcript
from umail_host.fake_smtp.server import tls
from umail_host.fake_smtp.server.background import Background, bound
from umail_host.fake_smtp.server.channel import Channel
from umail_host.fake_smtp.server.clock import Clock
from umail_host.fake_smtp.server.connection import Connection

_REFUSED = "connect-refused"


class FakeServer(Background):
    """A mail server that behaves as a provider's, for tests and the bench; a context manager.

    Args:
        profile: name of a profile, or one made by ``profiles.adapt``.
        host: address to listen on. ``port``: 0 takes a free one; ``.port`` tells which.
        mailboxes: password of each user.
        tokens: OAuth tokens that are valid, with the user each stands for, or ``None`` for any; a mapping is kept and
            may grow while the server runs.
        hostnames: further names for the certificate, besides localhost, 127.0.0.1 and ``host``.
        certificate: its kind; see ``tls.CERTIFICATES``.
        tls_version: ``1.0`` to ``1.3`` to speak that one only.
        authority: who issues certificates; servers may share one. Clients' certificates are verified against its root
            alone (``authority.client("contoso.com")`` issues one).
        maildir: the folder in which mail is kept; a temporary one unless given.
        settle: seconds for which replies within a flight wait for the rest of it; see ``Session``.
        clock: the time of entries, limits and delays.
        on_entry, on_delivery: called with each new entry and message, in the server's thread.
        capture: keep every byte as on the socket, in ``raw_capture``.
        keep: so many sessions and deliveries are remembered at least, the newest; None: all.
        faults, seed: a plan of faults; see ``plan``.
        switches: any of ``profiles.SWITCHES`` and the policy's attributes, set otherwise than the profile has them.

    Attributes:
        connections: how many there have been; ``sessions``: those of them that are remembered.

    Raises:
        ValueError: no such profile, certificate, fault or switch.
    """

    def __init__(
        self,
        profile: str | profiles.Profile = "m365-submission",
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        mailboxes: Mapping[str, str] | None = None,
        tokens: Iterable[str] | dict[str, str | None] = (),
        hostnames: Sequence[str] = (),
        certificate: str = "good",
        tls_version: str = "",
        authority: tls.Authority | None = None,
        maildir: Path | None = None,
        settle: float = 0.005,
        clock: Clock | None = None,
        on_entry: Callable[[Entry], None] | None = None,
        on_delivery: Callable[[Delivery], None] | None = None,
        capture: bool = True,
        keep: int | None = None,
        faults: str = "",
        seed: int = 0,
        **switches: Any,
    ) -> None:
        super().__init__("fake-smtp")
        self.clock = clock or Clock()
        self.profile, self.policy = _configure(profile, switches)
        self.policy.mailboxes.update(mailboxes or {})
        self.policy.tokens = tokens if isinstance(tokens, dict) else dict.fromkeys(tokens)
        self.policy.clock = self.clock
        self.host, self.port = host, port
        self.hostname = "localhost"
        listening = [host] if host not in ("0.0.0.0", "") else []
        self.authority = authority or tls.Authority(["localhost", "127.0.0.1", *hostnames, *listening])
        self.certificate, self.tls_version = certificate, tls_version
        self._contexts: dict[tuple[str, str], ssl.SSLContext] = {}
        self._context(certificate, tls_version)
        self._temporary = tempfile.TemporaryDirectory(prefix="umail-inbox-")
        self.inbox = Inbox(maildir or Path(self._temporary.name) / "Maildir", on_delivery, keep)
        self.masker = Masker(self.policy.secrets())
        self.transcript = Transcript(self.masker, self.clock, on_entry, 100_000 if keep is None else 20 * keep)
        self.raw_capture = RawCapture(self.clock)
        self.sessions: list[Session] = []
        self.connections = 0
        self._keep = keep
        self.settle = settle
        self.plan = plans.parse(faults, seed)
        self._capture = capture
        self._server: asyncio.Server | None = None
        self._bound: socket.socket | None = None

    @property
    def names(self) -> str:
        """The names that the certificate stands for."""
        return ", ".join(self.authority.names)

    @property
    def tokens(self) -> dict[str, str | None]:
        """The OAuth tokens that are valid now."""
        return self.policy.tokens

    def accept_token(self, token: str, user: str | None = None, ends: float | None = None) -> None:
        """Take this OAuth token from now on, for one user or any, until it ends (seconds since 1970)."""
        self.masker.learn(token.encode())
        self.policy.tokens[token] = user
        if ends is not None:
            self.policy.token_expiry[token] = ends

    @property
    def ca_der(self) -> bytes:
        """The root to trust."""
        return self.authority.root_der

    @property
    def ca_pem(self) -> bytes:
        """The root to trust."""
        return self.authority.root_pem

    @property
    def ca_file(self) -> Path:
        """The root to trust, as a file in PEM that goes with the server."""
        path = Path(self._temporary.name) / "root.pem"
        path.write_bytes(self.ca_pem)
        return path

    @property
    def ssl_context(self) -> ssl.SSLContext:
        """What a client in Python connects with: it trusts this server's root alone."""
        return ssl.create_default_context(cadata=self.ca_pem.decode())

    def stop(self) -> None:
        """Tell every session, close every connection and stop listening; may be called twice."""
        super().stop()
        self._temporary.cleanup()

    def set_faults(self, faults: str, seed: int = 0) -> None:
        """Follow this plan of faults from the next point on; an empty one ends them. (``connect-refused`` is for the
        start: ``pause`` and ``resume`` do it while the server runs.)

        Raises:
            ValueError: it can't be read.
        """
        self.plan = plans.parse(faults, seed)

    def follow(self, faults: str, seed: int = 0) -> None:
        """Do as ``set_faults``, and refuse or take connections as the plan says.

        Raises:
            ValueError: it can't be read.
        """
        self.set_faults(faults, seed)
        (self.pause if self.plan.has(_REFUSED) else self.resume)()

    @property
    def listening(self) -> bool:
        """Whether connections are taken."""
        return self._server is not None and self._server.is_serving()

    def _strike(self, dialogue: Dialogue, point: str, wire: bytes) -> bool | None:
        return self.plan(dialogue, point, wire)

    def pause(self) -> None:
        """Refuse new connections from now on, as a server that is down; those that stand go on."""
        self._call(self._refuse)

    def resume(self) -> None:
        """Take connections again, on the same port."""
        self._call(self._listen)

    def _call(self, step: Callable[[], Awaitable[None]]) -> None:
        async def run() -> None:
            await step()

        if self._loop:
            asyncio.run_coroutine_threadsafe(run(), self._loop).result(10)

    async def _open(self) -> None:
        await (self._refuse() if self.plan.has(_REFUSED) else self._listen())

    async def _listen(self) -> None:
        await self._close()
        self._server = await asyncio.start_server(self._connected, sock=bound(self.host, self.port))
        self.port = self._server.sockets[0].getsockname()[1]

    async def _refuse(self) -> None:
        await self._close()
        # Bound but not listening: the port stays ours, and connecting to it is refused.
        self._bound = bound(self.host, self.port)
        self.port = self._bound.getsockname()[1]

    async def _close(self) -> None:
        if self._server:
            self._server.close()
        if self._bound:
            self._bound.close()
        self._server = self._bound = None

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._track()
        peer = writer.get_extra_info("peername") or ("?",)
        self.connections += 1
        session = Session(self.connections, peer[0], started=self.clock.time())
        self.sessions.append(session)
        if self._keep is not None and len(self.sessions) >= 2 * self._keep:
            del self.sessions[: self._keep]
        number = session.number

        def capture(direction: str, data: bytes) -> None:
            if self._capture:
                self.raw_capture.add(number, direction, data)

        try:
            dialogue = Dialogue(self.profile, self.policy, session, self._strike)
            await Connection(self, Channel(reader, writer, capture), dialogue).run()
        finally:
            session.ended = self.clock.time()
            self.policy.closed(session)
            writer.transport.abort()

    def context_for(self, session: Session) -> ssl.SSLContext:
        """Return the TLS side of this session: the server's certificate, unless a fault chose another."""
        return self._context(session.certificate or self.certificate, session.tls_only or self.tls_version)

    def _context(self, certificate: str, version: str) -> ssl.SSLContext:
        if (certificate, version) not in self._contexts:
            root = self.authority.root_der if self.profile.client_certificates else b""
            identity = self.authority.server(certificate)
            self._contexts[certificate, version] = tls.server_context(identity, version=version, client_root=root)
        return self._contexts[certificate, version]

    def deliver(self, session: Session, envelope: Envelope) -> None:
        """Store an accepted message."""
        self.inbox.deliver(envelope, session.number, self.clock.time())
        recipients = ", ".join(recipient.address for recipient in envelope.recipients)
        told = f"delivered {len(envelope.content)} bytes from {envelope.sender} to {recipients}"
        self.transcript.note(session.number, told, session.tls)

    async def sleep(self, seconds: float) -> None:
        """Wait on the server's clock."""
        await self.clock.sleep(seconds)


def _configure(profile: str | profiles.Profile, switches: Mapping[str, Any]) -> tuple[profiles.Profile, Policy]:
    found = profiles.find(profile) if isinstance(profile, str) else profile
    check(found, switches)
    of_policy = providers.switches(found.policy)
    adapted = profiles.adapt(found, {name: switches[name] for name in switches.keys() & profiles.SWITCHES})
    kind = providers.POLICIES[found.policy]
    return adapted, kind(**{name: switches[name] for name in switches.keys() & of_policy})

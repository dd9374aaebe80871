"""The fake mail server: listens in a thread of its own, serves each connection by a dialogue, keeps what happened."""

from __future__ import annotations

import asyncio
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from umail_host.fake_smtp import profiles, providers, tls
from umail_host.fake_smtp.channel import Channel
from umail_host.fake_smtp.clock import Clock
from umail_host.fake_smtp.connection import Connection
from umail_host.fake_smtp.dialogue import Dialogue, Strike
from umail_host.fake_smtp.events import Envelope
from umail_host.fake_smtp.inbox import Delivery, Inbox
from umail_host.fake_smtp.masking import Masker
from umail_host.fake_smtp.policy import Policy
from umail_host.fake_smtp.session import Session
from umail_host.fake_smtp.transcript import Entry, RawCapture, Transcript


class FakeServer:
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
        maildir: where mail is kept; a temporary folder unless given.
        settle: seconds for which replies within a flight wait for the rest of it; see ``Session``.
        clock: the time of entries, limits and delays.
        on_entry, on_delivery: called with each new entry and message, in the server's thread.
        capture: keep every octet as on the socket, in ``raw_capture``.
        strike: a plan of faults.
        switches: any of ``profiles.SWITCHES`` and the policy's attributes, set otherwise than the profile has them.

    Raises:
        ValueError: no such profile, certificate or switch.
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
        strike: Strike | None = None,
        **switches: object,
    ) -> None:
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
        self.inbox = Inbox(maildir or Path(self._temporary.name) / "Maildir", on_delivery)
        self.masker = Masker(self.policy.secrets())
        self.transcript = Transcript(self.masker, self.clock, on_entry)
        self.raw_capture = RawCapture(self.clock)
        self.sessions: list[Session] = []
        self.settle = settle
        self.strike = strike
        self._capture = capture
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping: asyncio.Event | None = None

    @property
    def tokens(self) -> dict[str, str | None]:
        """The OAuth tokens that are valid now."""
        return self.policy.tokens

    def accept_token(self, token: str, user: str | None = None, ends: float | None = None) -> None:
        """From now on take this OAuth token, for one user or any, until it ends (seconds since 1970)."""
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

    def __enter__(self) -> FakeServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Listen; returns when connections are taken.

        Raises:
            OSError: the address or the port can't be had.
        """
        ready: list[BaseException] = []
        listening = threading.Event()
        self._thread = threading.Thread(target=self._main, args=(listening, ready), name="fake-smtp", daemon=True)
        self._thread.start()
        listening.wait()
        if ready:
            self._thread.join()
            self._thread = None
            raise ready[0]

    def stop(self) -> None:
        """Tell every session, close every connection and stop listening; may be called twice."""
        if self._thread and self._loop and self._stopping:
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()
            self._thread = None
        self._temporary.cleanup()

    def _main(self, listening: threading.Event, failed: list[BaseException]) -> None:
        try:
            asyncio.run(self._serve(listening))
        except OSError as error:
            failed.append(error)
            listening.set()

    async def _serve(self, listening: threading.Event) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._connected, self.host, self.port)
        self.port = server.sockets[0].getsockname()[1]
        listening.set()
        await self._stopping.wait()
        server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            return
        self._tasks.add(task)
        peer = writer.get_extra_info("peername") or ("?",)
        session = Session(len(self.sessions) + 1, peer[0], started=self.clock.time())
        self.sessions.append(session)
        number = session.number

        def capture(direction: str, data: bytes) -> None:
            if self._capture:
                self.raw_capture.add(number, direction, data)

        try:
            dialogue = Dialogue(self.profile, self.policy, session, self.strike)
            await Connection(self, Channel(reader, writer, capture), dialogue).run()
        finally:
            session.ended = self.clock.time()
            self.policy.closed(session)
            self._tasks.discard(task)
            writer.transport.abort()

    def context_for(self, session: Session) -> ssl.SSLContext:
        """The TLS side of this session: the server's certificate, unless a fault chose another."""
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

    async def sleep(self, seconds: float) -> None:
        """Wait on the server's clock."""
        await self.clock.sleep(seconds)


def _configure(profile: str | profiles.Profile, switches: Mapping[str, object]) -> tuple[profiles.Profile, Policy]:
    found = profiles.find(profile) if isinstance(profile, str) else profile
    of_policy = providers.switches(found.policy)
    unknown = switches.keys() - profiles.SWITCHES - of_policy
    if unknown:
        known = ", ".join(sorted(profiles.SWITCHES | of_policy))
        raise ValueError(f"no switch {', '.join(sorted(unknown))}; there are: {known}")
    adapted = profiles.adapt(found, {name: switches[name] for name in switches.keys() & profiles.SWITCHES})
    kind = providers.POLICIES[found.policy]
    return adapted, kind(**{name: switches[name] for name in switches.keys() & of_policy})  # type: ignore[arg-type]  # by name

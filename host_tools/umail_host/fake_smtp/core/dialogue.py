"""The server's side of an SMTP session, without I/O: bytes go in, events come out.

How it works: ``receive`` appends to one buffer and calls the current *reader* until it makes no progress. A reader
takes a command line, a response to an AUTH challenge, content up to the lone dot, or the bytes of a chunk. Whatever
it consumes is reported as ``Heard``, so that each byte of the client appears in the events exactly once and in order.
Every reply goes through ``say``, at a named point ("banner", "ehlo", "mail", …): there, and only there, a plan of
faults may put something else in its place. The driver performs the events that ``take`` returns, in order.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import formatdate

from umail_host.fake_smtp.core import commands, content, sasl, syntax
from umail_host.fake_smtp.core.events import Call, Close, Envelope, Event, Heard, Note, Say, StartTls, Wait
from umail_host.fake_smtp.core.policy import Policy
from umail_host.fake_smtp.core.profiles import Profile
from umail_host.fake_smtp.core.session import Session

MAX_ERRORS = 50
Strike = Callable[["Dialogue", str, bytes], bool | None]


class Dialogue:
    """One session.

    Args:
        profile: what the server offers and answers.
        policy: who may do what.
        session: what is known of the connection; filled in as the dialogue goes on.
        strike: the plan of faults, asked at every point with the reply about to be sent. ``None`` leaves the reply as
            it is; else what it emitted stands instead, and its answer tells whether the command still takes effect.
    """

    def __init__(self, profile: Profile, policy: Policy, session: Session, strike: Strike | None = None) -> None:
        self.profile = profile
        self.policy = policy
        self.session: Session = session
        self.strike = strike
        self.envelope: Envelope | None = None
        self.exchange: sasl.Exchange | None = None
        self.last_response = b""
        self.content = content.Content()
        self.errors = 0
        self.buffer = bytearray()
        self.reader: Callable[[Dialogue], bool] = commands.read_line
        self._events: list[Event] = []

    def read_commands(self) -> None:
        """Take the next line as a command."""
        self.reader = commands.read_line

    def take(self) -> list[Event]:
        """Return the events since the last call; the driver performs them in order."""
        events, self._events = self._events, []
        return events

    def emit(self, event: Event, place: int | None = None) -> None:
        """Append an event for the driver, or put it at a ``place`` that ``mark`` gave."""
        self._events.insert(len(self._events) if place is None else place, event)

    def mark(self) -> int:
        """Return the place of the next event."""
        return len(self._events)

    def wait(self, seconds: float | None) -> None:
        """Let the driver wait before what follows; ``None`` is forever."""
        if seconds is None or seconds > 0:
            self.emit(Wait(seconds))

    def at_body(self, size: int) -> None:
        """Note that ``size`` bytes of content have come: a point where a fault may strike."""
        self.session.body_octets = size
        if self.strike:
            self.strike(self, "body", b"")

    def connected(self) -> None:
        """Begin TLS if it is implicit, and greet otherwise: the connection stands."""
        if self.say("connect", "") and self.profile.implicit_tls:
            self.start_tls()
        elif self.reader is not read_nothing:
            self.greet()

    def greet(self) -> None:
        """Send the banner."""
        self.say("banner", "banner")

    def receive(self, data: bytes) -> None:
        """Take what the client sent."""
        self.buffer += data
        while self.reader(self):
            pass

    def eof(self) -> None:
        """Report what was left over of a line: the client sends no more."""
        if self.buffer:
            self.hear(len(self.buffer), commands.secrets_in(self, bytes(self.buffer)))
        self.close()

    def idle(self) -> None:
        """Give up a client that was silent for longer than the profile allows (RFC 5321, 4.5.3.2)."""
        self.say("idle", "idle")
        self.close()

    def shutdown(self) -> None:
        """Say that the server ends, unless the session is closed already or in the middle of a handshake."""
        if self.reader not in (read_nothing, read_tls):
            self.say("shutdown", "shutdown")
            self.close()

    def close(self) -> None:
        """End the session in an orderly way."""
        if self.reader is not read_nothing:
            self.reader = read_nothing
            self.emit(Close())

    def call(self, method: str, data: bytes = b"") -> None:
        """End the dialogue by doing something to the connection itself (reset, half-close, …)."""
        self.reader = read_nothing
        self.emit(Call(method, data))

    def start_tls(self) -> None:
        """Drop whatever arrived in clear after STARTTLS (RFC 3207, 4.2) and wait for the handshake."""
        if self.buffer:
            self.emit(Note(f"{len(self.buffer)} bytes in clear after STARTTLS were dropped"))
            self.hear(len(self.buffer))
        self.reader = read_tls
        if self.say("handshake", ""):
            self.emit(StartTls())

    def tls_started(self, version: str = "", cipher: str = "", names: tuple[str, ...] = ()) -> None:
        """Forget everything learnt in clear, as the handshake succeeded (RFC 3207, 4.2).

        Args:
            version: as ``TLSv1.3``; ``cipher``: its name.
            names: the names in the client's certificate, if it showed one that could be verified.
        """
        session = self.session
        session.tls, session.tls_version, session.cipher = True, version, cipher
        session.certificate_names = names
        self.envelope = None
        if self.reader is read_tls:
            session.ehlo = ""
            self.read_commands()
            if self.profile.implicit_tls:
                self.greet()

    def hear(self, count: int, secrets: tuple[bytes, ...] = ()) -> bytes:
        """Consume ``count`` bytes of the buffer."""
        data = bytes(self.buffer[:count])
        del self.buffer[:count]
        self.emit(Heard(data, secrets))
        return data

    def say(self, point: str, reply: str, hold: bool = False, **values: str) -> bool:
        """Answer, and return whether the command takes effect: always, unless a fault says otherwise.

        Args:
            point: where in the dialogue this is; a fault may strike here.
            reply: a key of the profile's replies, or a template; empty at points that have no reply.
            hold: the rest of the flight may be waited for first.
            values: what fills the template's places.
        """
        wire = self.wire(reply, **values) if reply else b""
        struck = self.strike(self, point, wire) if self.strike else None
        if struck is not None:
            return struck
        if not wire:
            return True
        refused = wire[:1] in b"45"
        if refused:
            self.errors += 1
            if self.profile.tarpit:
                self.emit(Wait(self.profile.tarpit))
        self.emit(Say(wire, hold))
        if refused and self.errors >= MAX_ERRORS and self.reader is not read_nothing:
            self.emit(Say(self.wire("too-many-errors")))
            self.close()
        return True

    def wire(self, reply: str, **values: str) -> bytes:
        """Return a reply as on the wire."""
        template = self.profile.replies.get(reply, reply)
        return syntax.render(template, lambda name: values[name] if name in values else self._value(name))

    def _value(self, name: str) -> str | None:
        find = _VALUES.get(name)
        return find(self) if find else None


# What fills a place of a reply's template, unless the command gives it.
_VALUES: dict[str, Callable[[Dialogue], str]] = {
    "host": lambda dialogue: dialogue.profile.host,
    "hostname": lambda dialogue: _hostname(dialogue.profile.host.partition(".")[0]),
    "peer": lambda dialogue: dialogue.session.peer,
    "date": lambda dialogue: formatdate(dialogue.policy.clock.time()).replace("-0000", "+0000"),
    "stamp": lambda dialogue: time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(dialogue.policy.clock.time())),
    "session": lambda dialogue: f"08DE2A6028D2{dialogue.session.number & 0xFFFF:04X}",
    "session_number": lambda dialogue: f"{dialogue.session.number:05}",
    "epoch": lambda dialogue: str(int(dialogue.policy.clock.time())),
    "gsmtp": lambda dialogue: f"ffacd0b85a97d-42cb7f2e556sm{dialogue.session.number}f8f.4",
    "queue_id": lambda dialogue: f"{dialogue.session.number:04X}{dialogue.session.messages:04X}",
    "user": lambda dialogue: dialogue.session.user or "",
}


def _hostname(site: str) -> str:
    return f"{site[:4]}MB1234.{site[:3]}P281.PROD.OUTLOOK.COM"


def read_nothing(dialogue: Dialogue) -> bool:
    """Report what still arrives, no more: the session is over."""
    if dialogue.buffer:
        dialogue.hear(len(dialogue.buffer), commands.secrets_in(dialogue, bytes(dialogue.buffer)))
    return False


def read_tls(dialogue: Dialogue) -> bool:
    """Read nothing in clear: the handshake is under way."""
    return False

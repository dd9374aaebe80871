"""What a server dialogue asks of its driver: the events, in the order in which they must be performed."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Say:
    """Send ``data``; ``hold`` allows waiting for the rest of the client's flight first (RFC 2920, 3.2)."""

    data: bytes
    hold: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    """``data`` was consumed from the client; ``secrets`` are the parts of it that no transcript may show."""

    data: bytes = field(repr=False)
    secrets: tuple[bytes, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Note:
    """Something happened that is neither the client's nor the server's line: one sentence for the transcript."""

    text: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing for ``seconds``; ``None`` means until the connection ends."""

    seconds: float | None


@dataclass(frozen=True, slots=True)
class StartTls:
    """Run the server's side of a TLS handshake; ``Dialogue.tls_started`` is called when it has succeeded."""


@dataclass(frozen=True, slots=True)
class Deliver:
    """A message was accepted."""

    envelope: Envelope


@dataclass(frozen=True, slots=True)
class Call:
    """Do something to the connection itself, by the method of the channel that is named."""

    method: str
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Close:
    """Close the connection in an orderly way."""


@dataclass(slots=True)
class Recipient:
    """One RCPT that was accepted, with its parameters (``NOTIFY``, ``ORCPT``)."""

    address: str
    parameters: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Envelope:
    """A mail transaction: MAIL's address and parameters, the recipients accepted, and the content as the client meant
    it (dots unstuffed, chunks joined)."""

    sender: str
    parameters: dict[str, str] = field(default_factory=dict)
    recipients: list[Recipient] = field(default_factory=list)
    content: bytes = field(default=b"", repr=False)
    user: str | None = None

    @property
    def body(self) -> str:
        """``7BIT``, ``8BITMIME`` or ``BINARYMIME``, as declared."""
        return self.parameters.get("BODY", "7BIT").upper()


Event = Say | Heard | Note | Wait | StartTls | Deliver | Call | Close

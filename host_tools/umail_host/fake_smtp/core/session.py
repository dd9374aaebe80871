"""What is known of one connection: who connected, how it is secured, what it cost."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Session:
    """One connection to the fake server.

    A round trip is counted where it costs: the client had been answered, waited, spoke again and was answered. So the
    banner and the TLS handshake count nothing, EHLO, STARTTLS, EHLO and AUTH PLAIN one each, AUTH LOGIN with the user
    name two, a whole flight of MAIL, RCPT, BDAT LAST one, and QUIT nothing when it travels in that flight: 5 in all,
    6 with LOGIN, and 9 and 10 for a client that waits after each command and sends QUIT by itself. Replies to MAIL,
    RCPT, RSET, BDAT and the final dot are held for ``settle`` seconds, so that a flight cut into segments stays one.

    Args:
        number: from 1, in the order of connecting; ``peer``: the client's address.
        tls, tls_version, cipher: whether and how it is secured now.
        certificate_names: the host names in the client's certificate, if it showed one.
        certificate, tls_only: the server's certificate and TLS version, if a fault chose them.
        ehlo, user: who the client says it is; ``user`` only once it has proved it.
        octets_in, octets_out: within TLS.
        messages: accepted so far; ``body_octets``: of the content that came last.
        started, ended: seconds since 1970; ``ending``: why it ended, empty for the ordinary way.
        faults: names of those that struck, in order.
    """

    number: int
    peer: str = "127.0.0.1"
    tls: bool = False
    tls_version: str = ""
    cipher: str = ""
    certificate_names: tuple[str, ...] = ()
    certificate: str = ""
    tls_only: str = ""
    ehlo: str = ""
    user: str | None = None
    round_trips: int = 0
    octets_in: int = 0
    octets_out: int = 0
    messages: int = 0
    body_octets: int = 0
    started: float = 0.0
    ended: float | None = None
    ending: str = ""
    faults: list[str] = field(default_factory=list)

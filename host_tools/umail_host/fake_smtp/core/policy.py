"""Who may do what at the fake server: logins, senders, recipients, limits.

Each question is answered with ``None`` for yes, or with the reply that refuses, as a template (see ``profiles``).
One policy serves all sessions of a server; its attributes may be changed while the server runs.
"""

from __future__ import annotations

import email
import email.policy
import email.utils
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from umail_host.fake_smtp.core.events import Envelope
from umail_host.fake_smtp.core.sasl import Claim
from umail_host.fake_smtp.core.session import Session
from umail_host.fake_smtp.server.clock import Clock

TRACE = "[{host} {stamp} {session}]"
STORE = "[Hostname={hostname}]"
_DAY = 86400


class Sent:
    """What one user has sent within a day: messages that were due within the same second are counted together."""

    def __init__(self) -> None:
        self._seconds: deque[tuple[float, int, int]] = deque()

    def add(self, due: float, recipients: int) -> None:
        """Count a message, and forget what is older than a day."""
        seconds = self._seconds
        while seconds and seconds[0][0] <= due - _DAY:
            seconds.popleft()
        if seconds and 0 <= due - seconds[-1][0] < 1 and due // 1 == seconds[-1][0] // 1:
            _, messages, before = seconds.pop()
            seconds.append((due, messages + 1, before + recipients))
        else:
            seconds.append((due, 1, recipients))

    def since(self, when: float) -> tuple[int, int]:
        """Return how many messages and recipients there were after that time."""
        messages = recipients = 0
        for due, count, to in reversed(self._seconds):
            if due > when:
                messages, recipients = messages + count, recipients + to
        return messages, recipients

    def due_before(self, count: int) -> float | None:
        """Return when the message was due that ``count`` messages ago was sent; None if there were fewer."""
        for due, messages, _ in reversed(self._seconds):
            count -= messages
            if count <= 0:
                return due
        return None


def header_addresses(content: bytes, name: str) -> list[str]:
    """Return the bare addresses in the headers of that name; none if they can't be read."""
    parsed = email.message_from_bytes(content.partition(b"\r\n\r\n")[0], policy=email.policy.compat32)
    values = [str(value) for value in parsed.get_all(name, [])]
    try:
        return [address for _, address in email.utils.getaddresses(values) if address]
    except RecursionError:  # "((((…": comments within comments
        return []


@dataclass
class Policy:
    """Takes every login it knows and every mail.

    Args:
        mailboxes: password of each user.
        tokens: user that each OAuth token stands for; ``None`` stands for any.
        send_as: addresses that a user may send as, besides its own.
        token_expiry: seconds since 1970 at which a token ends; those not named do not.
        auth_refusal: the reply to every login, for example ``535 5.7.139 … SmtpClientAuthentication is disabled …``.
        max_sessions: sessions that one user may have open; 0 means no limit, here and below.
        per_minute: messages of one user a minute; the reply to those beyond is late until their minute has come.
        per_hour: messages of one user an hour; more are refused.
        recipients_a_day: recipients of one user in 24 hours; more are refused.
        clock: the time for limits.
    """

    name: ClassVar[str] = "mailboxes"
    token_expired: ClassVar[str] = "auth-failed"
    over_hour: ClassVar[str] = f"451 4.5.127 Excessive message rate from sender {TRACE}"
    over_day: ClassVar[str] = (
        "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; "
        f"Failed to process message due to a permanent exception {STORE}"
    )

    mailboxes: dict[str, str] = field(default_factory=dict, repr=False)
    tokens: dict[str, str | None] = field(default_factory=dict, repr=False)
    token_expiry: dict[str, float] = field(default_factory=dict, repr=False)
    send_as: Mapping[str, Iterable[str]] = field(default_factory=dict)
    auth_refusal: str | None = None
    max_sessions: int = 0
    per_minute: int = 0
    per_hour: int = 0
    recipients_a_day: int = 0
    clock: Clock = field(default_factory=Clock)
    _open: dict[str, set[int]] = field(default_factory=dict, repr=False)
    _sent: dict[str, Sent] = field(default_factory=dict, repr=False)

    def authenticate(self, session: Session, claim: Claim) -> str | None:
        """Check whether this session may act as the user it claims to be; a refusal is a reply's key or a text."""
        if self.auth_refusal:
            return self.auth_refusal
        if claim.token is not None:
            if claim.token in self.tokens and self.expired(claim.token):
                return self.token_expired
            good = claim.token in self.tokens and self._same(self.tokens[claim.token], claim.user)
        else:
            known = {user.lower(): password for user, password in self.mailboxes.items()}
            good = claim.password is not None and known.get(claim.user.lower()) == claim.password
        if not good:
            return "auth-failed"
        self._open.setdefault(claim.user.lower(), set()).add(session.number)
        return None

    def sender(self, session: Session, address: str) -> str | None:
        """Check whether this session may use that MAIL FROM."""
        return None

    def recipient(self, session: Session, envelope: Envelope, address: str) -> str | None:
        """Check whether that envelope may go to that address."""
        return None

    def content(self, session: Session, envelope: Envelope) -> str | None:
        """Check whether that message may be delivered."""
        return self.over_limits(session, envelope)

    def delay(self, session: Session, envelope: Envelope) -> float:
        """Return by how many seconds the reply to a message is late that is about to be accepted."""
        sent = self._sent.get(self._account(session))
        before = sent.due_before(self.per_minute) if sent and self.per_minute else None
        now = self.clock.time()
        return 0.0 if before is None else max(0.0, before + 60 - now)

    def accepted(self, session: Session, envelope: Envelope, late: float) -> None:
        """Count an accepted message, whose reply is ``late``."""
        sent = self._sent.setdefault(self._account(session), Sent())
        sent.add(self.clock.time() + late, len(envelope.recipients))

    def over_limits(self, session: Session, envelope: Envelope) -> str | None:
        """Return the refusal if the user has sent too much within the hour or the day."""
        now, sent = self.clock.time(), self._sent.get(self._account(session), Sent())
        if self.per_hour and sent.since(now - 3600)[0] >= self.per_hour:
            return self.over_hour
        if self.recipients_a_day:
            today = sent.since(now - _DAY)[1]
            if today + len(envelope.recipients) > self.recipients_a_day:
                return self.over_day
        return None

    def closed(self, session: Session) -> None:
        """Forget a session that has ended."""
        if session.user:
            self._open.get(session.user.lower(), set()).discard(session.number)

    def secrets(self) -> list[str]:
        """Return what no transcript may show."""
        return [*self.mailboxes.values(), *self.tokens]

    def expired(self, token: str) -> bool:
        """Return whether the token has expired."""
        return self.clock.time() >= self.token_expiry.get(token, float("inf"))

    @staticmethod
    def _account(session: Session) -> str:
        return (session.user or session.peer).lower()

    @staticmethod
    def _same(owner: str | None, user: str) -> bool:
        return owner is None or owner.lower() == user.lower()

    def over_sessions(self, session: Session) -> bool:
        """Return whether the session's user has more sessions open than ``max_sessions``."""
        open_now = self._open.get((session.user or "").lower(), ())
        return bool(self.max_sessions) and len(open_now) > self.max_sessions

    def may_send_as(self, user: str | None, address: str) -> bool:
        """Return whether the address is the user's own or one that it may send as."""
        own = (user or "").lower()
        granted = {other.lower() for key, others in self.send_as.items() if key.lower() == own for other in others}
        return address.lower() == own or address.lower() in granted

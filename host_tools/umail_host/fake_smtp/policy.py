"""Who may do what at the fake server: logins, senders, recipients, limits.

Each question is answered with ``None`` for yes, or with the reply that refuses, as a template (see ``profiles``).
One policy serves all sessions of a server; its attributes may be changed while the server runs.
"""

from __future__ import annotations

import email
import email.policy
import email.utils
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import ClassVar

from umail_host.fake_smtp.clock import Clock
from umail_host.fake_smtp.events import Envelope
from umail_host.fake_smtp.sasl import Claim
from umail_host.fake_smtp.session import Session

TRACE = "[{host} {stamp} {session}]"
STORE = "[Hostname={hostname}]"


def header_addresses(content: bytes, name: str) -> list[str]:
    """The bare addresses in the headers of that name."""
    parsed = email.message_from_bytes(content, policy=email.policy.compat32)
    values = [str(value) for value in parsed.get_all(name, [])]
    return [address for _, address in email.utils.getaddresses(values) if address]


@dataclass
class Policy:
    """Takes every login it knows and every mail.

    Args:
        mailboxes: password of each user.
        tokens: user that each OAuth token stands for; ``None`` stands for any.
        send_as: addresses that a user may send as, besides its own.
        auth_refusal: the reply to every login, for example ``535 5.7.139 … SmtpClientAuthentication is disabled …``.
        max_sessions: sessions that one user may have open; 0 is no limit.
        clock: the time for limits.
    """

    name: ClassVar[str] = "mailboxes"

    mailboxes: dict[str, str] = field(default_factory=dict, repr=False)
    tokens: dict[str, str | None] = field(default_factory=dict, repr=False)
    send_as: Mapping[str, Iterable[str]] = field(default_factory=dict)
    auth_refusal: str | None = None
    max_sessions: int = 0
    clock: Clock = field(default_factory=Clock)
    _open: dict[str, set[int]] = field(default_factory=dict, repr=False)

    def authenticate(self, session: Session, claim: Claim) -> str | None:
        """May this session act as the user it claims to be? The reply is a key of the profile's replies or a text."""
        if self.auth_refusal:
            return self.auth_refusal
        if claim.token is not None:
            good = claim.token in self.tokens and self._same(self.tokens[claim.token], claim.user)
        else:
            known = {user.lower(): password for user, password in self.mailboxes.items()}
            good = claim.password is not None and known.get(claim.user.lower()) == claim.password
        if not good:
            return "auth-failed"
        self._open.setdefault(claim.user.lower(), set()).add(session.number)
        return None

    def sender(self, session: Session, address: str) -> str | None:
        """May this session use that MAIL FROM?"""
        return None

    def recipient(self, session: Session, envelope: Envelope, address: str) -> str | None:
        """May that envelope go to that address?"""
        return None

    def content(self, session: Session, envelope: Envelope) -> str | None:
        """May that message be delivered?"""
        return None

    def delay(self, session: Session) -> float:
        """Seconds by which the reply to an accepted message is late."""
        return 0.0

    def closed(self, session: Session) -> None:
        """The session has ended."""
        if session.user:
            self._open.get(session.user.lower(), set()).discard(session.number)

    def secrets(self) -> list[str]:
        """What no transcript may show."""
        return [*self.mailboxes.values(), *self.tokens]

    @staticmethod
    def _same(owner: str | None, user: str) -> bool:
        return owner is None or owner.lower() == user.lower()

    def over_sessions(self, session: Session) -> bool:
        """Has the session's user more sessions open than ``max_sessions``?"""
        open_now = self._open.get((session.user or "").lower(), ())
        return bool(self.max_sessions) and len(open_now) > self.max_sessions

    def may_send_as(self, user: str | None, address: str) -> bool:
        """Is the address the user's own or one that it may send as?"""
        own = (user or "").lower()
        granted = {other.lower() for key, others in self.send_as.items() if key.lower() == own for other in others}
        return address.lower() == own or address.lower() in granted


@dataclass
class Submission(Policy):
    """Exchange Online's client submission: three sessions, and the sender must be the mailbox or one it has SendAs for.

    All of it shows only after the content, since Exchange's store decides it.
    """

    name: ClassVar[str] = "submission"
    max_sessions: int = 3

    def content(self, session: Session, envelope: Envelope) -> str | None:
        if self.over_sessions(session):
            return (
                "432 4.3.2 Concurrent connections limit exceeded. "
                f"Visit https://aka.ms/concurrent_sending for more information. {STORE}"
            )
        if not self.may_send_as(session.user, envelope.sender):
            return f"550 5.7.60 SMTP; Client does not have permissions to send as this sender {TRACE}"
        for address in header_addresses(envelope.content, "from"):
            if not self.may_send_as(session.user, address):
                return (
                    f"554 5.2.252 SendAsDenied; {session.user} not allowed to send as {address}; "
                    "STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied; "
                    f"Failed to process message due to a permanent exception {STORE}"
                )
        return None


POLICIES: dict[str, type[Policy]] = {policy.name: policy for policy in (Policy, Submission)}


def switches(policy: str) -> frozenset[str]:
    """The names of what can be set of a policy."""
    return frozenset(item.name for item in fields(POLICIES[policy]) if not item.name.startswith("_")) - {"clock"}

"""The rules of each provider: who may be sender and recipient, by login, address or client certificate."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import ClassVar

from umail_host.fake_smtp.core.events import Envelope
from umail_host.fake_smtp.core.policy import STORE, TRACE, Policy, header_addresses
from umail_host.fake_smtp.core.session import Session


def domain(address: str) -> str:
    """Return what follows the last ``@``, in lower case."""
    return address.rpartition("@")[2].lower()


@dataclass
class Submission(Policy):
    """Exchange Online's client submission: three sessions, and the sender must be the mailbox or one it has SendAs for.

    All of it shows only after the content, since Exchange's store decides it.
    """

    name: ClassVar[str] = "submission"
    max_sessions: int = 3
    recipients_a_day: int = 10_000

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
        return self.over_limits(session, envelope)


@dataclass
class Hve(Submission):
    """High Volume Email: recipients within the organisation only, and tokens whose end is announced.

    Args:
        accepted_domains: the organisation's domains.
    """

    name: ClassVar[str] = "hve"
    token_expired: ClassVar[str] = f"535 5.7.143 Authentication unsuccessful, token expired {TRACE}"
    max_sessions: int = 0
    recipients_a_day: int = 0
    accepted_domains: Iterable[str] = ("contoso.com",)

    def recipient(self, session: Session, envelope: Envelope, address: str) -> str | None:
        if domain(address) not in self.accepted_domains:
            return f"550 5.5.105 External sending is not supported {TRACE}"
        return None


@dataclass
class Azure(Policy):
    """Azure Communication Services: the sender's domain must be linked to the resource.

    Args:
        accepted_domains: the domains linked.
    """

    name: ClassVar[str] = "azure"
    accepted_domains: Iterable[str] = ("contoso.com",)

    def sender(self, session: Session, address: str) -> str | None:
        if domain(address) not in self.accepted_domains:
            return f"550 5.7.60 SMTP; Client does not have permissions to send as this sender {TRACE}"
        return None


@dataclass
class Gmail(Policy):
    """Gmail: any sender, since it replaces From with the account's address; a limit a day."""

    name: ClassVar[str] = "gmail"
    over_day: ClassVar[str] = (
        "550-5.4.5 Daily user sending limit exceeded. For more information on Gmail sending limits go to\n"
        "550 5.4.5  https://support.google.com/a/answer/166852 {gsmtp} - gsmtp"
    )
    recipients_a_day: int = 2_000


@dataclass
class Tenant(Policy):
    """The MX of a Microsoft 365 tenant: Direct Send, and relay by a connector.

    A session belongs to the organisation when its address lies in ``connector_networks`` or its client certificate
    carries one of ``connector_certificates``, and the certificate's domain or MAIL FROM's is accepted. Then it may send
    to anyone; all others reach recipients within the organisation only.

    Args:
        accepted_domains: the tenant's domains.
        recipients: the addresses that exist; any in an accepted domain if empty.
        reject_direct_send: refuse anonymous mail that claims to come from an accepted domain.
        connector_networks: address ranges of an on-premises inbound connector, as ``203.0.113.0/24``.
        connector_certificates: certificate domains of one; ``*.contoso.com`` covers every name below.
        restrict_to_connector: refuse whatever comes by no connector (a partner connector that restricts).
        blocked_networks: address ranges on a block list.
        wrong_region: the tenant lives elsewhere, as when an address was dialled instead of the MX.
    """

    name: ClassVar[str] = "tenant"
    accepted_domains: Iterable[str] = ("contoso.com",)
    recipients: Iterable[str] = ()
    reject_direct_send: bool = False
    connector_networks: Iterable[str] = ()
    connector_certificates: Iterable[str] = ()
    restrict_to_connector: bool = False
    blocked_networks: Iterable[str] = ()
    wrong_region: bool = False

    def recipient(self, session: Session, envelope: Envelope, address: str) -> str | None:
        if _within(session.peer, self.blocked_networks):
            return (
                f"550 5.7.1 Service unavailable, Client host [{session.peer}] blocked using Spamhaus. "
                f"To request removal from this list see https://www.spamhaus.org/query/ip/{session.peer} {TRACE}"
            )
        if self.wrong_region:
            return f"451 4.4.62 Mail sent to the wrong Office 365 region. ATTR35. {TRACE}"
        ours = domain(envelope.sender) in self.accepted_domains
        certified = self._certified(session)
        by_connector = certified or _within(session.peer, self.connector_networks)
        if by_connector and (ours or certified):
            return None
        if self.restrict_to_connector:
            return f"550 5.7.51 TenantInboundAttribution; Rejecting {TRACE}"
        if domain(address) not in self.accepted_domains:
            reason = " ATTR36" if by_connector else ""
            return f"550 5.7.64 TenantAttribution; Relay Access Denied{reason} {TRACE}"
        if self.reject_direct_send and ours:
            return (
                "550 5.7.68 TenantInboundAttribution; Direct Send not allowed for this organization from "
                f"unauthorized sources {TRACE}"
            )
        known = {known.lower() for known in self.recipients}
        if known and address.lower() not in known:
            return f"550 5.4.1 Recipient address rejected: Access denied. {TRACE}"
        return None

    def _certified(self, session: Session) -> bool:
        """Return whether the client's certificate belongs to a connector, with an accepted domain."""
        for wanted in self.connector_certificates:
            for name in session.certificate_names:
                below = wanted.startswith("*.") and name.lower().endswith(wanted[1:].lower())
                accepted = any(name.lower() == d or name.lower().endswith("." + d) for d in self.accepted_domains)
                if accepted and (below or name.lower() == wanted.lower()):
                    return True
        return False


@dataclass
class Connector(Tenant):
    """The same with an on-premises inbound connector, for this machine's own addresses and contoso.com certificates."""

    name: ClassVar[str] = "connector"
    connector_networks: Iterable[str] = ("127.0.0.0/8", "::1/128")
    connector_certificates: Iterable[str] = ("contoso.com", "*.contoso.com")


def _within(address: str, networks: Iterable[str]) -> bool:
    try:
        return any(ipaddress.ip_address(address) in ipaddress.ip_network(network) for network in networks)
    except ValueError:
        return False


_ALL: tuple[type[Policy], ...] = (Policy, Submission, Hve, Azure, Gmail, Tenant, Connector)
POLICIES = {policy.name: policy for policy in _ALL}


def switches(policy: str) -> frozenset[str]:
    """Return the names of what can be set of a policy."""
    return frozenset(item.name for item in fields(POLICIES[policy]) if not item.name.startswith("_")) - {"clock"}

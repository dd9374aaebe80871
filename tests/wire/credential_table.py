"""Who may learn a credential, as a table: every kind of route with every credential, and every server it may meet.

A route is refused when it is made (``refused``), or what becomes of its mail is ``delivered``, followed by how it
travelled: ``verified`` TLS, ``unverified`` TLS, or ``clear``; or it is ``STAGE KIND KEY`` of the ``MailError``.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

SECURITIES = ("starttls", "tls", "opportunistic", "plain")
CREDENTIALS = ("none", "password", "token", "certificate")
# What the route trusts: the root that signed the server's certificate, another, or whatever comes.
TRUSTS = ("root", "another", "insecure")
# Where the server offers AUTH.
AUTHS = ("nowhere", "in clear", "in TLS", "in both")
NO_LOGIN = "auth configuration auth_none_offered"


@dataclass(frozen=True)
class Case:
    """One combination.

    Args:
        security, credential, trust: of the route; ``starttls``: the server offers it; ``auth``: where it offers AUTH.
    """

    security: str
    credential: str
    trust: str
    starttls: bool
    auth: str

    @property
    def outcome(self) -> str:
        """What must become of a mail."""
        if self.security in ("opportunistic", "plain") and self.credential != "none":
            # Nothing that is secret can be given to a route that may go in clear.
            return "refused"
        if self.security == "plain":
            return "delivered clear"
        if self.security == "opportunistic":
            # STARTTLS if it is offered, with whoever answers: unauthenticated, whatever is trusted.
            return "delivered unverified" if self.starttls else "delivered clear"
        if self.security == "starttls" and not self.starttls:
            # Not offered, or taken away by someone in between: the end, also for insecure trust.
            return "starttls security starttls_missing"
        if self.trust == "another":
            return "starttls security cert_unknown_root"
        if self.credential in ("password", "token") and self.auth not in ("in TLS", "in both"):
            # What was offered in clear is void (RFC 3207, 4.2).
            return NO_LOGIN
        return "delivered verified" if self.trust == "root" else "delivered unverified"

    @property
    def loud(self) -> bool:
        """The console warns that certificates are not checked."""
        return self.trust == "insecure" and self.outcome in ("delivered unverified", NO_LOGIN)

    @property
    def name(self) -> str:
        """Tells it from all others."""
        offer = "STARTTLS" if self.starttls else "no STARTTLS"
        return f"{self.security}, {self.credential}, trusts {self.trust}; {offer}, AUTH {self.auth}"


def cases() -> Iterator[Case]:
    """All combinations; a server with TLS from the first byte offers no STARTTLS, and says nothing in clear."""
    for case in itertools.starmap(Case, itertools.product(SECURITIES, CREDENTIALS, TRUSTS, (True, False), AUTHS)):
        if case.security != "tls" or (not case.starttls and case.auth in ("nowhere", "in TLS")):
            yield case

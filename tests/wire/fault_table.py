"""What umail does under each fault of the fake server: tried by test_faults.py, printed as docs/faults.md.

An outcome is ``delivered``, ``partly`` (some recipients were refused), or ``STAGE KIND KEY`` of the ``MailError``;
if the network decides which of two comes, both stand there with ``|`` between.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

SECURITIES = ("starttls", "tls", "opportunistic", "plain")
# The kinds of route that log in, and those that may send in clear.
LOGIN = ("starttls", "tls")
CLEAR = ("opportunistic", "plain")


@dataclass(frozen=True)
class Row:
    """A plan of faults and what becomes of a mail under it.

    Args:
        plan: as `umail serve --fault` takes it.
        outcome: with every kind of route that ``others`` does not name.
        others: the kinds of route (see ``Route``) that fare otherwise.
        mails: how often the mail arrives; None: once if it is delivered, else never.
        way: "client" keeps the connection, "alert" is `umail.send`, with QUIT in the last flight.
        message: "text" of one flight, "commands" (a text that looks like SMTP), "attachment" or "stream" (an attachment
            whose length is not known) of ``size`` bytes.
        token: the login is XOAUTH2.
        final: seconds for the final reply, where not the bench's.
    """

    plan: str
    outcome: str = "delivered"
    others: dict[str, str] = field(default_factory=dict)
    mails: int | None = None
    way: str = "client"
    message: str = "text"
    size: int = 12_288
    token: bool = False
    final: float = 0
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Tells it from all others."""
        extras = [self.way if self.way != "client" else "", self.message if self.message != "text" else ""]
        more = ["token"] * self.token + ["patient"] * bool(self.final)
        return " ".join([self.plan, *filter(None, extras), *more])

    def expected(self, security: str) -> tuple[str, int]:
        """The outcome and the number of mails by this kind of route."""
        outcome = self.others.get(security, self.outcome)
        usual = int(outcome in ("delivered", "partly"))
        return outcome, usual if self.mails is None else self.mails


def only(outcome: str, *securities: str) -> dict[str, Any]:
    """The outcome with these kinds of route; with all others the mail is delivered."""
    return {"outcome": "delivered", "others": dict.fromkeys(securities, outcome)}


def with_starttls(outcome: str) -> dict[str, Any]:
    """Only if STARTTLS is spoken."""
    return only(outcome, "starttls", "opportunistic")


def with_tls(outcome: str) -> dict[str, Any]:
    """Wherever a handshake is made."""
    return only(outcome, "starttls", "tls", "opportunistic")


def with_login(outcome: str) -> dict[str, Any]:
    """Only if there is a login."""
    return only(outcome, *LOGIN)


def at_each_point(name: str, key: str, *, uncertain_mails: int) -> Iterator[Row]:
    """A fault of any reply, at each point: what it is before the message has left, and after."""
    # With TLS from the first byte, an end in the place of the greeting is seen before the handshake is over.
    early = {} if key == "desync" else {"tls": f"starttls temporary {key}|greeting temporary {key}"}
    or_reset = "|connect temporary unreachable" if name == "reset-at" else ""
    yield Row(f"{name}=banner", f"greeting temporary {key}{or_reset}", early)
    yield Row(f"{name}=ehlo", f"ehlo temporary {key}")
    yield Row(f"{name}=starttls", **with_starttls(f"starttls temporary {key}"))
    yield Row(f"{name}=auth", **with_login(f"auth temporary {key}"))
    yield Row(f"no-chunking,{name}=mail", f"mail temporary {key}")
    # A reset takes with it the replies before it that were not read yet.
    or_mail = f"|mail temporary {key}|rcpt temporary {key}" if name == "reset-at" else ""
    yield Row(f"no-chunking,{name}=data", f"data temporary {key}{or_mail}")
    yield Row(f"{name}=mail", "mail uncertain uncertain", mails=uncertain_mails)
    or_mail = "|mail uncertain uncertain|rcpt uncertain uncertain" if name == "reset-at" else ""
    yield Row(f"{name}=content", f"body uncertain uncertain{or_mail}", mails=uncertain_mails)


CONNECTION = [
    Row("connect-refused", "connect temporary refused"),
    Row("connect-reset", "greeting temporary closed|connect temporary unreachable|starttls temporary closed"),
    Row("connect-close", "greeting temporary closed", {"tls": "starttls temporary closed"}),
    Row("connect-silent", "greeting temporary timeout", {"tls": "starttls temporary timeout"}),
    Row("banner-421", "greeting temporary server_busy"),
    Row("banner-554", "greeting configuration no_service"),
    Row("banner-multiline"),
    Row("banner-garbage", "greeting temporary desync"),
    Row("banner-ssh", "greeting temporary desync"),
]
REPLIES = [
    Row("reply-drip"),
    Row("reply-drip=banner"),
    Row("reply-drip=content"),
    Row("reply-slow=ehlo", "ehlo temporary timeout"),
    Row("reply-split"),
    Row("reply-split=content"),
    Row("reply-late"),
    Row("reply-late=mail"),
    Row("reply-bare-lf"),
    Row("reply-bare-lf=content"),
    Row("reply-lone-cr", **only("starttls security starttls_missing", "starttls")),
    Row("reply-8bit"),
    Row("reply-8bit=content"),
    Row(
        "reply-early=ehlo",
        "mail temporary desync",
        {
            "starttls": "starttls temporary desync",
            "opportunistic": "starttls temporary desync",
            "tls": "auth temporary desync",
        },
    ),
    Row("reply-early=auth", **with_login("mail temporary desync")),
    Row("no-chunking,reply-early=mail", "data temporary desync"),
    Row("reply-early=mail", "body uncertain uncertain", mails=1),
    Row(
        "reply-doubled=ehlo",
        "mail temporary desync",
        {
            "starttls": "starttls temporary desync",
            "opportunistic": "starttls temporary desync",
            "tls": "auth temporary desync",
        },
    ),
    Row("reply-doubled=mail", "body uncertain uncertain", mails=1),
    Row("reply-doubled=mail,content-554", "body uncertain uncertain", mails=0),
    Row("reply-doubled=mail,content-554", "body uncertain uncertain", mails=0, way="alert"),
    Row("reply-doubled=rcpt,content-451", "body uncertain uncertain", mails=0),
    Row("content-doubled"),
    Row("reply-lost=ehlo", "ehlo temporary timeout"),
    Row("reply-lost=auth", **with_login("auth temporary timeout")),
    Row("reply-lost=mail", "body uncertain uncertain", mails=1),
    Row("reply-lost=content", "body uncertain uncertain", mails=1),
]
for _name in ("reply-code-short", "reply-code-long", "reply-code-letters", "reply-empty", "reply-endless-line"):
    REPLIES += [
        Row(_name, "ehlo temporary desync"),
        Row(f"no-chunking,{_name}=content", "body uncertain uncertain", mails=int(_name != "reply-endless-line")),
    ]
for _name in ("reply-code-changes", "reply-long-line", "reply-endless"):
    REPLIES += at_each_point(_name, "desync", uncertain_mails=int(_name != "reply-endless"))
ENDS = [
    *at_each_point("close-at", "closed", uncertain_mails=0),
    *at_each_point("reset-at", "closed", uncertain_mails=0),
    Row("half-close-at=ehlo", "ehlo temporary closed"),
    Row("half-close-at=mail", "mail uncertain uncertain", mails=0),
    *at_each_point("silent-at", "timeout", uncertain_mails=0),
    Row("421-at-ehlo", "ehlo temporary server_busy"),
    Row("421-at-starttls", **with_starttls("starttls temporary server_busy")),
    Row("421-at-auth", **with_login("auth temporary server_busy")),
    Row("login-only,421-at-challenge", **with_login("auth temporary server_busy")),
    Row("421-at-mail", "mail temporary server_busy"),
    Row("421-at-mail", "mail temporary server_busy", way="alert"),
    Row("421-at-rcpt", "rcpt temporary server_busy"),
    Row("no-chunking,421-at-data", "data temporary server_busy"),
    Row("421-at-body", "body temporary server_busy"),
    Row("421-at-body", "body temporary server_busy", message="attachment"),
    Row("421-at-chunk", "body temporary server_busy", message="attachment"),
    Row("421-at-chunk", "body temporary server_busy", message="stream"),
    Row("421-at-content", "body temporary server_busy"),
    Row("421-at-content", "body temporary server_busy", way="alert"),
    Row("rcpt-550@1-2,421-at-rset", "rcpt permanent no_such_recipient"),
    Row("421-at-quit"),
    Row("421-at-quit", way="alert"),
]
OFFERS = [
    Row("ehlo-refused", **only("ehlo configuration ehlo_name", *LOGIN)),
    Row("ehlo-501", **only("ehlo configuration ehlo_name", *LOGIN)),
    Row("no-pipelining"),
    Row("no-pipelining,no-chunking"),
    Row("no-chunking"),
    Row("no-chunking", way="alert"),
    Row("no-chunking", message="attachment"),
    Row("no-chunking", message="stream"),
    Row("no-8bitmime"),
    Row("no-8bitmime", message="attachment"),
    Row("no-smtputf8"),
    Row("no-size", message="attachment"),
    Row("small-size", "mail permanent size", message="attachment"),
    Row("small-size", "body permanent size", message="stream"),
    Row("enforce-sync"),
    Row("enforce-sync", way="alert"),
    Row("enforce-sync,no-chunking", message="attachment"),
    Row("enforce-sync,no-pipelining", message="stream"),
    Row("enforce-sync,no-pipelining", way="alert"),
    Row("enforce-sync,no-pipelining,no-chunking", way="alert"),
    Row("capabilities-differ"),
    Row("capabilities-differ", message="attachment"),
    Row("pipelining-lies", "rcpt uncertain uncertain", mails=0),
    Row("no-chunking,pipelining-lies", "rcpt temporary timeout"),
]
TLS = [
    Row("starttls-stripped", **only("starttls security starttls_missing", "starttls")),
    Row("starttls-stripped-auth", **only("starttls security starttls_missing", "starttls")),
    Row("starttls-454", **only("starttls temporary starttls_temporary", "starttls")),
    Row("starttls-502", **only("starttls configuration starttls_refused", "starttls")),
    Row("starttls-421", **with_starttls("starttls configuration tls_too_old")),
    Row("starttls-injected", **with_starttls("starttls security starttls_injection")),
    Row("starttls-in-clear", **with_starttls("starttls security tls_failed|starttls temporary timeout")),
    Row("handshake-stall", **with_tls("starttls temporary timeout")),
    Row("handshake-reset", **with_tls("starttls temporary closed|connect temporary unreachable")),
    Row("handshake-close", **with_tls("starttls temporary closed")),
    Row("handshake-garbage", **with_tls("starttls security starttls_injection|starttls security tls_failed")),
    Row("certificate-expired", **with_login("starttls security cert_expired")),
    Row("certificate-not-yet-valid", **with_login("starttls security cert_future")),
    Row("certificate-wrong-name", **with_login("starttls security cert_name")),
    Row("certificate-unknown-root", **with_login("starttls security cert_unknown_root")),
    Row("certificate-missing-intermediate", **with_login("starttls security cert_unknown_root")),
    # MicroPython's mbed TLS takes the common name if there is no subjectAltName.
    Row("certificate-cn-only"),
    Row("certificate-weak-key", **with_login("starttls security cert_other")),
    # A wildcard stands for one label of a domain: "localhost" has none.
    Row("certificate-wildcard", **with_login("starttls security cert_name")),
    Row("tls-1.0", **with_tls("starttls security tls_failed")),
    Row("tls-1.1", **with_tls("starttls security tls_failed")),
    Row("tls-1.2"),
]
AUTH = [
    Row("auth-absent", **with_login("auth configuration auth_none_offered")),
    Row("auth-unknown", **with_login("auth configuration auth_none_offered")),
    Row("login-only"),
    Row("login-only,auth-user-again"),
    Row("auth-json,answer=auth 535 5.7.3 No", **with_login("auth configuration credentials"), token=True),
    Row("auth-basic-off", **with_login("auth configuration auth_mechanism")),
    Row("auth-535", **with_login("auth configuration credentials")),
    Row("auth-535", **with_login("auth configuration credentials"), token=True),
    Row("auth-535@1", token=True),
    Row("auth-454", **with_login("auth temporary auth_temporary")),
    Row("auth-503", **with_login("auth configuration auth_none_offered")),
    Row("auth-250", **with_login("auth temporary desync")),
    Row("login-only,auth-334-garbage"),
    Row("login-only,auth-334-oversized", **with_login("auth temporary desync")),
    Row("auth-334-endless", **with_login("auth security auth_dialogue")),
    Row("login-only,auth-334-endless", **with_login("auth security auth_dialogue")),
    Row("auth-echo", **with_login("auth configuration credentials")),
    Row("login-only,auth-echo", **with_login("auth configuration credentials")),
    Row("auth-echo", **with_login("auth configuration credentials"), token=True),
]
ENVELOPE = [
    Row("mail-530", "mail configuration login_needed"),
    Row("mail-550", "mail configuration sender_blocked"),
    Row("mail-550", "mail configuration sender_blocked", way="alert"),
    Row("mail-550", "mail configuration sender_blocked", message="attachment"),
    Row("no-chunking,mail-550", "mail configuration sender_blocked"),
    Row("mail-451", "mail temporary unlicensed"),
    Row("mail-552", "mail permanent size"),
    Row("mail-354", "mail uncertain uncertain", mails=1),
    Row("no-chunking,mail-354", "mail temporary desync"),
    Row("mail-354", "mail temporary desync", message="attachment"),
    Row("rcpt-550", "rcpt permanent no_such_recipient"),
    Row("rcpt-550", "rcpt permanent no_such_recipient", way="alert"),
    Row("rcpt-550", "rcpt permanent no_such_recipient", message="commands"),
    Row("no-chunking,rcpt-550", "rcpt permanent no_such_recipient"),
    Row("no-chunking,rcpt-550,data-354-anyway", "rcpt permanent no_such_recipient"),
    Row("no-chunking,rcpt-550,data-354-anyway", "rcpt permanent no_such_recipient", message="commands", way="alert"),
    Row("rcpt-452", "rcpt temporary recipient_full"),
    Row("rcpt-550-rest", "partly"),
    # Too many recipients is an answer to this envelope: the rest get an envelope of their own.
    Row("rcpt-452-rest", mails=2),
    Row("rcpt-452-rest", mails=2, way="alert"),
    Row("rcpt-550-rest", "partly", message="attachment"),
    Row("parameters-refused"),
    Row("parameters-refused", way="alert"),
    Row("parameters-refused", message="attachment"),
    Row("binarymime-refused", message="attachment"),
]
CONTENT = [
    Row("no-chunking,data-250", "data temporary desync"),
    Row("no-chunking,data-451", "data temporary server_busy"),
    Row("no-chunking,data-554", "data configuration server_rule"),
    Row("bdat-500"),
    Row("bdat-500", way="alert"),
    Row("bdat-500", message="commands"),
    Row("bdat-500", message="attachment"),
    Row("bdat-503"),
    Row("bdat-503", message="attachment"),
    Row("bdat-500", "body configuration protocol", message="stream"),
    Row("chunk-503", message="attachment"),
    Row("chunk-503@2", "body temporary desync", message="stream"),
    Row("chunk-552", "body permanent size", message="attachment"),
    Row("chunk-451@3", "body temporary server_busy", message="stream"),
    Row("body-stop-reading", "body uncertain uncertain", mails=0),
    Row("body-stop-reading=2000", "body temporary timeout", message="attachment", size=10_000_000),
    Row("body-half-close", "body uncertain uncertain", mails=0),
    Row("no-chunking,body-half-close=2000", "body temporary closed|body uncertain uncertain", message="attachment"),
    Row("body-close", "body uncertain uncertain|rcpt uncertain uncertain|mail uncertain uncertain", mails=0),
    Row("body-close=20000", "body temporary closed", message="attachment", size=10_000_000),
    Row("body-reset", "body uncertain uncertain|rcpt uncertain uncertain|mail uncertain uncertain", mails=0),
    Row("body-reset=20000", "body temporary closed", message="attachment", size=10_000_000),
    Row("body-reset=20000", "body temporary closed", message="stream", size=10_000_000),
    Row("body-552-early", "body permanent size"),
    Row("body-552-early=20000", "body permanent size", message="attachment", size=200_000),
]
FINAL = [
    Row("content-451", "body temporary server_busy"),
    Row("content-552", "body temporary recipient_full"),
    Row("content-554", "body permanent content_refused"),
    Row("content-554", "body permanent content_refused", way="alert"),
    Row("content-354", "body uncertain uncertain", mails=1),
    Row("content-lost", "body uncertain uncertain", mails=1),
    Row("content-lost", "body uncertain uncertain", mails=1, way="alert"),
    Row("content-lost", "body uncertain uncertain", mails=1, message="attachment"),
    Row("content-reset", "body uncertain uncertain|rcpt uncertain uncertain|mail uncertain uncertain", mails=1),
    Row("content-silent", "body uncertain uncertain", mails=1),
    Row("content-late", "body uncertain uncertain", mails=1),
    Row("content-late", final=20),
    Row("content-cut", "body uncertain uncertain", mails=1),
    Row("content-undelivered", "body uncertain uncertain", mails=0),
    Row("idle-close"),
    Row("idle-421"),
    Row("idle-421", way="alert"),
]
TABLE = {
    "The connection and its greeting": CONNECTION,
    "Any reply, at any point": REPLIES,
    "Ends at any point": ENDS,
    "What EHLO offers": OFFERS,
    "TLS": TLS,
    "Login": AUTH,
    "Envelope": ENVELOPE,
    "Content": CONTENT,
    "After the last byte": FINAL,
}
ROWS = [row for rows in TABLE.values() for row in rows]

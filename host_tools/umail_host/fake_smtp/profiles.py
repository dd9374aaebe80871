"""The profiles of the fake server: what each provider offers, asks for and answers.

Replies are templates: ``{host}``, ``{peer}``, ``{date}``, ``{stamp}`` and ``{session}`` are filled in for each
connection, the rest by the command that answers. A line feed makes a multi-line reply.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

GENERIC_REPLIES = {
    "banner": "220 {host} ESMTP ready",
    "hello": "Hello [{peer}]",
    "starttls": "220 2.0.0 Ready to start TLS",
    "starttls-again": "503 5.5.1 TLS is active already",
    "starttls-absent": "502 5.5.1 Command not implemented",
    "tls-required": "530 5.7.0 Must issue a STARTTLS command first",
    "auth-required": "530 5.7.0 Authentication required",
    "auth-clear": "538 5.7.11 Encryption required for requested authentication mechanism",
    "auth-unknown": "504 5.5.4 Unrecognized authentication type",
    "auth-absent": "502 5.5.1 Command not implemented",
    "auth-again": "503 5.5.1 Already authenticated",
    "auth-cancelled": "501 5.7.0 Authentication cancelled",
    "auth-undecodable": "501 5.5.2 Cannot decode response",
    "auth-ok": "235 2.7.0 Authentication successful",
    "auth-failed": "535 5.7.8 Authentication credentials invalid",
    "basic-off": "534 5.7.9 Authentication mechanism is too weak",
    "hello-first": "503 5.5.1 Send hello first",
    "ehlo-name": "501 5.5.4 Invalid domain name",
    "mail-ok": "250 2.1.0 Sender OK",
    "mail-again": "503 5.5.1 Sender already specified",
    "mail-first": "503 5.5.1 Need MAIL command",
    "mail-address": "501 5.1.7 Bad sender address syntax",
    "rcpt-ok": "250 2.1.5 Recipient OK",
    "rcpt-first": "554 5.5.1 No valid recipients",
    "rcpt-address": "501 5.1.3 Bad recipient address syntax",
    "rcpt-many": "452 4.5.3 Too many recipients",
    "parameter": "555 5.5.4 Unsupported option: {parameter}",
    "parameter-value": "501 5.5.4 Bad value of {parameter}",
    "utf8-undeclared": "553 5.6.7 Non-ASCII address without SMTPUTF8",
    "size": "552 5.3.4 Message size exceeds fixed limit",
    "data": "354 Start mail input; end with <CRLF>.<CRLF>",
    "data-binary": "503 5.5.1 DATA cannot carry BODY=BINARYMIME",
    "data-after-bdat": "503 5.5.1 DATA cannot follow BDAT",
    "bdat-syntax": "501 5.5.4 Syntax: BDAT count [LAST]",
    "chunk": "250 2.0.0 {size} octets received",
    "chunk-last-failed": "503 5.5.1 An earlier chunk failed",
    "bare-lf": "550 5.6.11 Bare line feeds are illegal",
    "queued": "250 2.0.0 OK queued as {queue_id}",
    "rset": "250 2.0.0 OK",
    "noop": "250 2.0.0 OK",
    "vrfy": "252 2.5.2 Cannot VRFY user",
    "help": "214 2.0.0 See RFC 5321",
    "quit": "221 2.0.0 Bye",
    "unknown": "500 5.5.2 Command unrecognized",
    "unimplemented": "502 5.5.1 Command not implemented",
    "long-line": "500 5.5.2 Line too long",
    "arguments": "501 5.5.4 Syntax error in arguments",
    "idle": "421 4.4.2 {host} Timeout exceeded",
    "shutdown": "421 4.3.2 {host} Service shutting down",
    "sync": "554 5.5.0 SMTP synchronization error",
    "too-many-errors": "421 4.7.0 {host} Too many errors",
}

_TRACE = "[{host} {stamp} {session}]"
EXCHANGE_REPLIES = GENERIC_REPLIES | {
    "banner": "220 {host} Microsoft ESMTP MAIL Service ready at {date} [{session}]",
    "starttls": "220 2.0.0 SMTP server ready",
    "starttls-again": "503 5.5.2 Only one STARTTLS command can be issued per session",
    "starttls-absent": "500 5.3.3 Unrecognized command 'STARTTLS'",
    "tls-required": f"451 5.7.3 STARTTLS is required to send mail {_TRACE}",
    "auth-required": f"530 5.7.57 Client not authenticated to send mail. {_TRACE}",
    "auth-clear": f"504 5.7.4 Unrecognized authentication type {_TRACE}",
    "auth-unknown": f"504 5.7.4 Unrecognized authentication type {_TRACE}",
    "auth-absent": f"504 5.7.4 Unrecognized authentication type {_TRACE}",
    "auth-again": "503 5.5.2 Already authenticated",
    "auth-cancelled": "501 5.7.0 Authentication cancelled",
    "auth-undecodable": "501 5.5.4 Invalid arguments",
    "auth-failed": f"535 5.7.3 Authentication unsuccessful {_TRACE}",
    "basic-off": f"550 5.7.30 Basic authentication is not supported for Client Submission. {_TRACE}",
    "hello-first": "503 5.5.2 Send hello first",
    "mail-again": "503 5.5.2 Sender already specified",
    "mail-first": "503 5.5.2 Need mail command",
    "mail-address": "501 5.1.7 Invalid address",
    "rcpt-first": "503 5.5.2 Need rcpt command",
    "rcpt-address": "501 5.1.3 Invalid address",
    "rcpt-many": "452 4.5.3 Too many recipients",
    "parameter": "501 5.5.4 Invalid arguments",
    "parameter-value": "501 5.5.4 Invalid arguments",
    "utf8-undeclared": "501 5.1.7 Invalid address",
    "size": "552 5.3.4 Message size exceeds fixed maximum message size",
    "data-binary": "503 5.5.2 BODY=BINARYMIME requires BDAT",
    "data-after-bdat": "503 5.5.2 Bad sequence of commands",
    "bdat-syntax": "501 5.5.4 Invalid arguments",
    "chunk": "250 2.6.0 CHUNK received OK, {size} octets",
    "chunk-last-failed": "503 5.5.2 Bad sequence of commands",
    "bare-lf": "550 5.6.11 SMTP; BareLinefeedsAreIllegal, message contains bare linefeeds",
    "queued": "250 2.0.0 OK {message_id} [Hostname={hostname}]",
    "rset": "250 2.0.0 Resetting",
    "vrfy": "252 2.1.5 Cannot VRFY user",
    "help": "214-This server supports the following commands:\n"
    "214 HELO EHLO STARTTLS RCPT DATA RSET MAIL QUIT HELP AUTH BDAT",
    "quit": "221 2.0.0 Service closing transmission channel",
    "unknown": "500 5.3.3 Unrecognized command '{verb}'",
    "unimplemented": "502 5.3.3 Command not implemented",
    "long-line": "500 5.5.2 Line too long",
    "arguments": "501 5.5.4 Invalid arguments",
    "idle": "421 4.4.1 Connection timed out",
    "shutdown": "421 4.3.2 Service not available",
    "too-many-errors": "421 4.7.0 Too many errors on this connection, closing transmission channel",
}


@dataclass(frozen=True, slots=True)
class Profile:
    """How one kind of server behaves.

    Args:
        name: what ``--profile`` takes.
        host: the server's name in banner, EHLO and replies.
        policy: who may send what; a name in ``policy.POLICIES``.
        size: octets a message may have, advertised as SIZE; 0 advertises none and takes 150 MB.
        mechanisms: AUTH mechanisms offered and taken after TLS.
        clear_mechanisms: those offered and taken without TLS.
        offered_mechanisms: advertised but refused with 504; for servers that lie.
        extra: further EHLO lines.
        starttls: STARTTLS offered; ``implicit_tls``: TLS from the first byte (port 465).
        require_tls: MAIL is refused in clear; ``require_auth``: MAIL is refused before AUTH.
        strict_ehlo: odd EHLO names are refused (501 5.5.4).
        refuse_bare_lf: a bare LF in content that is not BINARYMIME is refused.
        login_initial_response: AUTH LOGIN takes the user name with the command; when off, it asks for it again.
        login_prompts: what AUTH LOGIN asks, before base64.
        xoauth2_refusal: ``exchange`` (535 at once) or ``gmail`` (334 with JSON, an empty line, then 535).
        basic_auth: LOGIN and PLAIN are allowed; when off they are refused as "basic-off" tells.
        enforce_sync: input that arrives before its turn ends the session (Exim's smtp_enforce_sync).
        tarpit: seconds by which every refusal is late.
        idle: seconds of silence after which the server says 421 and closes.
        max_recipients: recipients a message may have.
        max_line: octets a command line may have (RFC 4954 asks for 12288).
    """

    name: str
    host: str = "mail.example.org"
    policy: str = "open"
    size: int = 52428800
    pipelining: bool = True
    chunking: bool = True
    eightbit: bool = True
    binarymime: bool = True
    smtputf8: bool = True
    dsn: bool = True
    enhanced: bool = True
    ehlo: bool = True
    starttls: bool = True
    implicit_tls: bool = False
    mechanisms: tuple[str, ...] = ("LOGIN", "PLAIN", "XOAUTH2")
    clear_mechanisms: tuple[str, ...] = ()
    offered_mechanisms: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    require_tls: bool = False
    require_auth: bool = False
    strict_ehlo: bool = False
    refuse_bare_lf: bool = False
    login_initial_response: bool = True
    login_prompts: tuple[str, str] = ("Username:", "Password:")
    xoauth2_refusal: str = "exchange"
    basic_auth: bool = True
    enforce_sync: bool = False
    tarpit: float = 0.0
    idle: float = 300.0
    max_recipients: int = 1000
    max_line: int = 16384
    replies: Mapping[str, str] = field(default_factory=lambda: GENERIC_REPLIES, repr=False)

    def capabilities(self, tls: bool) -> list[str]:
        """The lines of the EHLO reply after the first, in Exchange's order."""
        mechanisms = (self.mechanisms if tls else self.clear_mechanisms) + self.offered_mechanisms
        lines = [
            (f"SIZE {self.size}" if self.size else ""),
            ("PIPELINING" if self.pipelining else ""),
            ("DSN" if self.dsn else ""),
            ("ENHANCEDSTATUSCODES" if self.enhanced else ""),
            ("STARTTLS" if self.starttls and not tls else ""),
            ("AUTH " + " ".join(mechanisms) if mechanisms else ""),
            ("8BITMIME" if self.eightbit else ""),
            ("BINARYMIME" if self.binarymime else ""),
            ("CHUNKING" if self.chunking else ""),
            ("SMTPUTF8" if self.smtputf8 else ""),
            *self.extra,
        ]
        return [line for line in lines if line]

    def mail_parameters(self) -> dict[str, str]:
        """The parameters that MAIL takes, with the form of their values as regular expressions."""
        bodies = [form for form, on in (("7BIT|8BITMIME", self.eightbit), ("BINARYMIME", self.binarymime)) if on]
        allowed = {
            "SIZE": r"\d{1,20}" if self.size else None,
            "BODY": "|".join(bodies) or None,
            "SMTPUTF8": "" if self.smtputf8 else None,
            "RET": "FULL|HDRS" if self.dsn else None,
            "ENVID": r"\S{1,100}" if self.dsn else None,
            "AUTH": r"\S+" if self.mechanisms else None,
        }
        return {name: form for name, form in allowed.items() if form is not None}

    def rcpt_parameters(self) -> dict[str, str]:
        """The parameters that RCPT takes (RFC 3461, 4)."""
        when = "(SUCCESS|FAILURE|DELAY)"
        return {"NOTIFY": f"NEVER|{when}(,{when}){{0,2}}", "ORCPT": r"[\w-]+;\S+"} if self.dsn else {}


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("generic", policy="mailboxes"),
        Profile(
            "m365-submission",
            host="FR4P281CA0042.outlook.office365.com",
            policy="submission",
            size=157286400,
            mechanisms=("LOGIN", "XOAUTH2"),
            require_tls=True,
            require_auth=True,
            strict_ehlo=True,
            refuse_bare_lf=True,
            max_recipients=500,
            replies=EXCHANGE_REPLIES,
        ),
    )
}
SWITCHES = frozenset(item.name for item in fields(Profile)) - {"name", "policy", "replies"}


def find(name: str) -> Profile:
    """The profile of that name.

    Raises:
        ValueError: there is none; the text lists those there are.
    """
    if name not in PROFILES:
        raise ValueError(f"no profile {name!r}; there are: {', '.join(sorted(PROFILES))}")
    return PROFILES[name]


def adapt(profile: Profile, switches: Mapping[str, object]) -> Profile:
    """The profile with some of its ``SWITCHES`` set otherwise."""
    return replace(profile, **switches)  # type: ignore[arg-type]  # checked by name against SWITCHES before

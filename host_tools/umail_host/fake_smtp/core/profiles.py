"""The profiles of the fake server: what each provider offers, asks for and answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from umail_host.fake_smtp.core import replies

ORDER = (
    *("SIZE", "PIPELINING", "DSN", "ENHANCEDSTATUSCODES", "STARTTLS", "AUTH"),
    *("8BITMIME", "BINARYMIME", "CHUNKING", "SMTPUTF8"),
)


@dataclass(frozen=True, slots=True)
class Profile:
    """How one kind of server behaves.

    Args:
        name: what ``--profile`` takes.
        host: the server's name in banner, EHLO and replies.
        policy: who may send what; a name in ``policy.POLICIES``.
        size: bytes a message may have, advertised as SIZE; 0 advertises none and takes 150 MB.
        mechanisms: AUTH mechanisms offered and taken after TLS.
        clear_mechanisms: those offered and taken without TLS.
        offered_mechanisms: advertised but refused with 504; for servers that lie.
        refused_parameters: refused though offered, as ``BODY`` or ``BODY=BINARYMIME``.
        extra: further EHLO lines.
        starttls: STARTTLS offered; ``implicit_tls``: TLS from the first byte (port 465).
        order: the EHLO lines by keyword, as the provider sorts them.
        client_certificates: clients are asked for a certificate in the handshake.
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
        max_line: bytes a command line may have (RFC 4954 asks for 12288).
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
    client_certificates: bool = False
    order: tuple[str, ...] = ORDER
    mechanisms: tuple[str, ...] = ("LOGIN", "PLAIN", "XOAUTH2")
    clear_mechanisms: tuple[str, ...] = ()
    offered_mechanisms: tuple[str, ...] = ()
    refused_parameters: tuple[str, ...] = ()
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
    replies: Mapping[str, str] = field(default_factory=lambda: replies.GENERIC, repr=False)

    def capabilities(self, tls: bool) -> list[str]:
        """Return the lines of the EHLO reply after the first."""
        mechanisms = self.mechanisms if tls else self.clear_mechanisms
        if mechanisms:
            mechanisms += self.offered_mechanisms
        offered = {
            "SIZE": f"SIZE {self.size}" if self.size else "",
            "AUTH": "AUTH " + " ".join(mechanisms) if mechanisms else "",
            "PIPELINING": self.pipelining,
            "DSN": self.dsn,
            "ENHANCEDSTATUSCODES": self.enhanced,
            "STARTTLS": self.starttls and not tls,
            "8BITMIME": self.eightbit,
            "BINARYMIME": self.binarymime,
            "CHUNKING": self.chunking,
            "SMTPUTF8": self.smtputf8,
        }
        lines = [keyword if offered[keyword] is True else str(offered[keyword] or "") for keyword in self.order]
        return [line for line in [*lines, *self.extra] if line]

    def mail_parameters(self) -> dict[str, str]:
        """Return the parameters that MAIL takes, with the form of their values as regular expressions."""
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
        """Return the parameters that RCPT takes (RFC 3461, 4)."""
        when = "(SUCCESS|FAILURE|DELAY)"
        return {"NOTIFY": f"NEVER|{when}(,{when}){{0,2}}", "ORCPT": r"[\w-]+;\S+"} if self.dsn else {}


_SUBMISSION = Profile(
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
    replies=replies.EXCHANGE,
)
_MX = replace(
    _SUBMISSION,
    name="m365-mx",
    host="FR2DEU01FT021.mail.protection.outlook.com",
    policy="tenant",
    mechanisms=(),
    require_tls=False,
    require_auth=False,
    client_certificates=True,
    replies=replies.EXCHANGE_MX,
)
_GMAIL = Profile(
    "gmail",
    host="smtp.gmail.com",
    policy="gmail",
    size=35882577,
    binarymime=False,
    dsn=False,
    offered_mechanisms=("PLAIN-CLIENTTOKEN", "OAUTHBEARER"),
    order=("SIZE", "8BITMIME", "STARTTLS", "AUTH", "ENHANCEDSTATUSCODES", "PIPELINING", "CHUNKING", "SMTPUTF8"),
    require_tls=True,
    require_auth=True,
    xoauth2_refusal="gmail",
    max_recipients=100,
    replies=replies.GMAIL,
)
_HVE = replace(
    _SUBMISSION,
    name="m365-hve",
    host="smtp.hve.mx.microsoft",
    policy="hve",
    size=10485760,
    max_recipients=50,
)
# How Azure greets and refuses is not documented; what is here is what the other Microsoft servers say.
_AZURE = replace(
    _SUBMISSION,
    name="azure-communication",
    host="smtp.azurecomm.net",
    policy="azure",
    size=10485760,
    mechanisms=("LOGIN",),
    max_recipients=50,
)
PROFILES = {
    profile.name: profile
    for profile in (
        Profile("generic", policy="mailboxes"),
        _SUBMISSION,
        _MX,
        replace(_MX, name="m365-connector", policy="connector"),
        _HVE,
        _AZURE,
        _GMAIL,
        replace(_GMAIL, name="gmail-465", implicit_tls=True),
    )
}
SWITCHES = frozenset(item.name for item in fields(Profile)) - {"name", "policy", "replies"}


def find(name: str) -> Profile:
    """Return the profile of that name.

    Raises:
        ValueError: there is none; the text lists those there are.
    """
    if name not in PROFILES:
        raise ValueError(f"no profile {name!r}; there are: {', '.join(sorted(PROFILES))}")
    return PROFILES[name]


def adapt(profile: Profile, switches: Mapping[str, Any]) -> Profile:
    """Return the profile with some of its ``SWITCHES`` set otherwise."""
    return replace(profile, **switches)

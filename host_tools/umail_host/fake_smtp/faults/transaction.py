"""More faults of the fake server: login, envelope, content and what follows it; see ``faults``."""

from __future__ import annotations

import base64

from umail_host.fake_smtp.core import content, sasl
from umail_host.fake_smtp.core.events import Wait
from umail_host.fake_smtp.faults.registry import Hit, answers, changes, end, ends, fault, sends

_MINUTES = 180.0


def _body_reached(hit: Hit) -> bool:
    """Have as many bytes of content come as the argument says (one, unless told otherwise)?"""
    return hit.dialogue.session.body_octets >= int(hit.argument or 1)


def _one_taken(hit: Hit) -> bool:
    return hit.dialogue.envelope is not None and bool(hit.dialogue.envelope.recipients)


# ── login ────────────────────────────────────────────────────────────────────────────────────────────────────────────
changes("auth-absent", "AUTH is not offered after TLS", mechanisms=())
changes("auth-unknown", "only mechanisms that nobody has are offered", mechanisms=("NTLM", "GSSAPI"))
changes("login-only", "AUTH LOGIN is the only mechanism", mechanisms=("LOGIN",))
changes("auth-user-again", "AUTH LOGIN ignores the initial response, asks the user name", login_initial_response=False)
changes("auth-json", "a refused XOAUTH2 token is explained in a 334 with JSON first", xoauth2_refusal="gmail")
changes("auth-basic-off", "passwords are not taken any more: 550 5.7.30", basic_auth=False)
answers("auth", "auth-535", "535 5.7.3 Authentication unsuccessful", "every login is refused")
answers("auth", "auth-454", "454 4.7.0 Temporary authentication failure", "every login is refused for now")
answers("auth", "auth-503", "503 5.5.1 Bad sequence of commands", "503 in the place of 235, and not logged in")
answers("auth", "auth-250", "250 2.0.0 OK", "250 in the place of 235", takes_effect=True)
answers("challenge", "auth-334-garbage", "334 *not base64*", "a challenge that is not base64", takes_effect=True)


_OVERSIZED = b"334 " + base64.b64encode(b"Username:" * 1666) + b"\r\n"
sends("challenge", "auth-334-oversized", lambda _: _OVERSIZED, "a challenge of 20,000 characters")


@fault("auth")
def auth_334_endless(hit: Hit) -> bool:
    """one challenge after the other: the login never ends"""
    hit.dialogue.exchange = _ask_for_ever()
    hit.send(b"334 " + next(hit.dialogue.exchange) + b"\r\n")
    return False


def _ask_for_ever() -> sasl.Exchange:
    while True:
        yield base64.b64encode(b"Password:")


@fault("auth")
def auth_echo(hit: Hit) -> bool:
    """the refusal repeats what the client sent, which must reach no log"""
    hit.send(b"535 5.7.3 Authentication unsuccessful for " + hit.dialogue.last_response + b"\r\n")
    return False


# ── envelope ─────────────────────────────────────────────────────────────────────────────────────────────────────────
answers("mail", "mail-530", "530 5.7.57 Client not authenticated to send mail", "530 to MAIL")
answers("mail", "mail-550", "550 5.1.8 Access denied, bad outbound sender", "550 to MAIL")
answers("mail", "mail-451", "451 4.7.0 Temporary server error. Please try again later. PRX4", "451 to MAIL")
answers("mail", "mail-552", "552 5.3.4 Message size exceeds fixed maximum message size", "552 to MAIL with SIZE")
answers("mail", "mail-354", "354 Start mail input", "354 in the place of 250 to MAIL", takes_effect=True)
answers("rcpt", "rcpt-550", "550 5.4.1 Recipient address rejected: Access denied", "550 to RCPT")
answers("rcpt", "rcpt-452", "452 4.2.2 Mailbox full", "452 to RCPT")
changes(
    "parameters-refused",
    "parameters of MAIL are refused though offered",
    refused_parameters=("SIZE", "BODY", "SMTPUTF8", "RET", "ENVID"),
)
changes("binarymime-refused", "BINARYMIME is refused though offered", refused_parameters=("BODY=BINARYMIME",))


_550_REST = "550 to every recipient but the first"
answers("rcpt", "rcpt-550-rest", "550 5.1.1 User unknown", _550_REST, when=_one_taken)
_452_REST = "452 to every recipient but the first"
answers("rcpt", "rcpt-452-rest", "452 4.5.3 Too many recipients", _452_REST, when=_one_taken)

# ── content ──────────────────────────────────────────────────────────────────────────────────────────────────────────
answers("data", "data-250", "250 2.0.0 OK", "250 in the place of 354")
answers("data", "data-451", "451 4.3.0 Try again later", "451 to DATA")
answers("data", "data-554", "554 5.7.1 Transaction failed", "554 to DATA")
answers("bdat", "bdat-500", "500 5.5.2 Command unrecognized", "500 to BDAT: its bytes run as commands")
answers("bdat", "bdat-503", "503 5.5.1 Bad sequence of commands", "503 to BDAT: its bytes run as commands")
answers("chunk", "chunk-503", "503 5.5.1 Bad sequence of commands", "503 after a chunk that was taken")
answers("chunk", "chunk-552", "552 5.3.4 Message too big", "552 after a chunk that was taken")
answers("chunk", "chunk-451", "451 4.3.0 Try again later", "451 after a chunk that was taken")


@fault("data", when=lambda hit: hit.wire[:1] == b"5")
def data_354_anyway(hit: Hit) -> bool:
    """354 though there is no recipient; 554 comes after the dot"""
    hit.reply("354 Start mail input; end with <CRLF>.<CRLF>")
    content.take_data(hit.dialogue)
    return False


def _in_body(name: str, method: str, summary: str) -> None:
    ends("body", name, method, f"{summary}: {name}=BYTES", when=_body_reached)


_in_body("body-stop-reading", "stop_reading", "takes nothing any more, with the connection open")
_in_body("body-half-close", "half_close", "half-closed in the body")
_in_body("body-close", "drop", "closed in the body")
_in_body("body-reset", "reset", "reset in the body")
_EARLY = "552 in the body and closed, without waiting for its end: body-552-early=BYTES"
answers("body", "body-552-early", "552 5.3.4 Message too big", _EARLY, closes=True, when=_body_reached)


# ── the window after the last byte ───────────────────────────────────────────────────────────────────────────────────
answers("content", "content-451", "451 4.3.0 Try again later", "451 after the message")
answers("content", "content-552", "552 5.2.2 Mailbox full", "552 after the message")
answers("content", "content-554", "554 5.6.0 Content refused", "554 after the message")
answers("content", "content-354", "354 Start mail input", "354 in the place of 250: delivered", takes_effect=True)


ends("content", "content-lost", "drop", "delivered, and closed without the reply", takes_effect=True)
ends("content", "content-reset", "reset", "delivered, and reset without the reply", takes_effect=True)
_SILENT = "delivered, and never answered, with the connection open"
ends("content", "content-silent", "freeze", _SILENT, takes_effect=True)


@fault("content")
def content_late(hit: Hit) -> bool:
    """delivered, and answered three minutes late"""
    hit.dialogue.emit(Wait(_MINUTES))
    hit.send(hit.wire)
    return True


@fault("content")
def content_cut(hit: Hit) -> bool:
    """delivered, and closed in the middle of the reply"""
    hit.send(hit.wire[:7])
    end(hit, "drop")
    return True


ends("content", "content-undelivered", "drop", "not delivered, and closed without a reply")
sends("content", "content-doubled", lambda hit: hit.wire * 2, "delivered, and answered twice")


@fault("content")
def idle_close(hit: Hit) -> bool:
    """closed without a word after the message, while the connection is kept for the next"""
    hit.send(hit.wire)
    hit.dialogue.close()
    return True


@fault("content")
def idle_421(hit: Hit) -> bool:
    """421 and closed after the message, while the connection is kept for the next"""
    hit.send(hit.wire)
    hit.reply("421 4.4.1 Connection timed out")
    hit.dialogue.close()
    return True

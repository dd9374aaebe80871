"""Lets clients send the same short mail to the fake server, so that their dialogues stand side by side."""

from __future__ import annotations

import secrets
import smtplib
import time
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

import umail
from umail_host.errors import UserError
from umail_host.fake_smtp import FakeServer, Session
from umail_host.fake_smtp.record.transcript import CLIENT

_PATIENCE = 20
_RECIPIENT, _SUBJECT, _TEXT = "ops@contoso.com", "Freezer 3: -9 °C", "Is the door open?\n"


def send(server: FakeServer, client: str) -> int:
    """Let a client send; returns the number of its session, known by the name with which it greets.

    Raises:
        UserError: the server has no mailbox to log in to, or no session can be said to be the client's.
    """
    if not server.policy.mailboxes:
        raise UserError("the server has no mailbox that could send")
    user, password = next(iter(server.policy.mailboxes.items()))
    before, who = server.connections, f"{client}-{secrets.token_hex(4)}.example"
    told = "it was not answered"
    try:
        CLIENTS[client](server, user, password, who)
    except (smtplib.SMTPException, umail.MailError, OSError) as error:
        told = server.masker.mask(str(error).encode()).decode("utf-8", "replace")
    session = _session(server, before, who)
    if session is None:
        raise UserError(f"{client} has no dialogue to show: {told}")
    due = time.monotonic() + 2
    while session.ended is None and time.monotonic() < due:
        time.sleep(0.01)
    return session.number


def _session(server: FakeServer, before: int, who: str) -> Session | None:
    """Return the session whose client greeted with that name, or the only one in which nobody said anything."""
    lines = [entry for entry in server.transcript if entry.connection > before and entry.direction == CLIENT]
    greeted = {entry.connection for entry in lines if who.encode() in entry.data}
    new = [session for session in list(server.sessions) if session.number > before]
    silent = {session.number for session in new} - {entry.connection for entry in lines}
    wanted = greeted or (silent if len(silent) == 1 else set())
    return next((session for session in new if session.number in wanted), None)


def _smtplib(server: FakeServer, user: str, password: str, who: str) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = user, _RECIPIENT, _SUBJECT
    message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain="contoso.com")
    message.set_content(_TEXT)
    implicit = server.profile.implicit_tls
    context = server.ssl_context
    client: smtplib.SMTP
    if implicit:
        client = smtplib.SMTP_SSL(server.hostname, server.port, who, timeout=_PATIENCE, context=context)
    else:
        client = smtplib.SMTP(server.hostname, server.port, who, timeout=_PATIENCE)
    with client:
        if not implicit:
            client.starttls(context=context)
        client.login(user, password)
        client.send_message(message)


def _umail(server: FakeServer, user: str, password: str, who: str) -> None:
    route = umail.Route(
        server.hostname,
        server.port,
        security="tls" if server.profile.implicit_tls else "starttls",
        username=user,
        password=password,
        sender=user,
        trust=server.ca_der,
        ehlo=who,
    )
    umail.send(route, umail.Message(user, _RECIPIENT, _SUBJECT, text=_TEXT), timeout=_PATIENCE)


CLIENTS: dict[str, Callable[[FakeServer, str, str, str], None]] = {"umail": _umail, "smtplib": _smtplib}

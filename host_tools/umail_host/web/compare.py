"""Lets clients send the same short mail to the fake server, so that their dialogues stand side by side."""

from __future__ import annotations

import smtplib
import time
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

import umail
from umail_host.errors import UserError
from umail_host.fake_smtp import FakeServer

_PATIENCE = 20
_RECIPIENT, _SUBJECT, _TEXT = "ops@contoso.com", "Freezer 3: -9 °C", "Is the door open?\n"


def send(server: FakeServer, client: str) -> int:
    """Let a client send; returns the number of its session.

    Raises:
        UserError: the server has no mailbox to log in to, or the mail did not go.
    """
    if not server.policy.mailboxes:
        raise UserError("the server has no mailbox that could send")
    user, password = next(iter(server.policy.mailboxes.items()))
    before = server.connections
    try:
        CLIENTS[client](server, user, password)
    except (smtplib.SMTPException, umail.MailError, OSError) as error:
        told = server.masker.mask(str(error).encode()).decode("utf-8", "replace")
        if server.connections == before:
            raise UserError(f"{client} could not connect: {told}") from None
    due = time.monotonic() + 2
    while server.connections > before and server.sessions[-1].ended is None and time.monotonic() < due:
        time.sleep(0.01)
    return before + 1


def _smtplib(server: FakeServer, user: str, password: str) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = user, _RECIPIENT, _SUBJECT
    message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain="contoso.com")
    message.set_content(_TEXT)
    implicit = server.profile.implicit_tls
    who, context = "computer.example", server.ssl_context
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


def _umail(server: FakeServer, user: str, password: str) -> None:
    route = umail.Route(
        server.hostname,
        server.port,
        security="tls" if server.profile.implicit_tls else "starttls",
        username=user,
        password=password,
        sender=user,
        trust=server.ca_der,
    )
    umail.send(route, umail.Message(user, _RECIPIENT, _SUBJECT, text=_TEXT), timeout=_PATIENCE)


CLIENTS: dict[str, Callable[[FakeServer, str, str], None]] = {"umail": _umail, "smtplib": _smtplib}

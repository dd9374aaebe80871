"""What tests of the fake server need: one that is easily started, and clients that speak to it, tame and raw."""

from __future__ import annotations

import base64
import contextlib
import re
import smtplib
import socket
import ssl
import time
from collections.abc import Iterator

import planted
from umail_host.fake_smtp import FakeServer
from umail_host.fake_smtp.server.tls import Authority

USER, PASSWORD, TOKEN = "esp32@contoso.com", planted.MAIL_PASSWORD, planted.TOKEN
MAIL = b"From: <esp32@contoso.com>\r\nSubject: =?utf-8?B?w4Q=?=\r\nMessage-ID: <1@board>\r\n\r\nwarm\r\n..\r\n"
AUTHORITY = Authority(["localhost", "127.0.0.1", "mail.example.org"])


def start(profile: str = "m365-submission", **options) -> FakeServer:
    return FakeServer(profile, mailboxes={USER: PASSWORD}, tokens=[TOKEN], authority=AUTHORITY, **options)


def trusting(server: FakeServer) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=server.ca_der)
    context.hostname_checks_common_name = False
    return context


@contextlib.contextmanager
def smtp(server: FakeServer) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP("localhost", server.port, local_hostname="board.example", timeout=10) as client:
        client.starttls(context=trusting(server))
        yield client


class Raw:
    """A client that sends exactly what it is told, and reads replies."""

    def __init__(self, server: FakeServer, implicit: bool = False) -> None:
        self.server = server
        self.socket = socket.create_connection(("localhost", server.port), timeout=10)
        if implicit:
            self.secure()
        self.lines = self.socket.makefile("rb")

    def secure(self, **certificate) -> None:
        context = trusting(self.server)
        if certificate:
            context.load_cert_chain(**certificate)
        self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
        self.lines = self.socket.makefile("rb")

    def reply(self) -> str:
        whole = b""
        while not re.search(rb"(?m)^\d{3} .*\r\n\Z", whole):
            line = self.lines.readline()
            if not line:
                raise EOFError(whole)
            whole += line
        return whole.decode()

    def ask(self, data: bytes, replies: int = 1) -> list[str]:
        self.socket.sendall(data)
        return [self.reply() for _ in range(replies)]

    def login(self) -> None:
        """As umail does: EHLO, STARTTLS, EHLO, LOGIN with the user name as initial response."""
        self.reply()
        self.ask(b"EHLO board.example\r\n")
        self.ask(b"STARTTLS\r\n")
        self.secure()
        self.ask(b"EHLO board.example\r\n")
        self.ask(b"AUTH LOGIN " + base64.b64encode(USER.encode()) + b"\r\n")
        self.ask(base64.b64encode(PASSWORD.encode()) + b"\r\n")

    def hang_up(self) -> None:
        """Close once the server has taken all: closing before its replies are read would reset the connection."""
        self.socket.shutdown(socket.SHUT_WR)
        with contextlib.suppress(OSError):
            self.lines.read()
        self.close()

    def close(self) -> None:
        self.lines.close()
        self.socket.close()


def ended(server: FakeServer, count: int = 1) -> None:
    due = time.monotonic() + 5
    while sum(session.ended is not None for session in server.sessions) < count:
        assert time.monotonic() < due, "the session did not end"
        time.sleep(0.005)


def flight(quit_with_it: bool = True) -> bytes:
    envelope = b"MAIL FROM:<esp32@contoso.com> BODY=8BITMIME\r\nRCPT TO:<ops@contoso.com>\r\n"
    return envelope + b"BDAT %d LAST\r\n" % len(MAIL) + MAIL + (b"QUIT\r\n" if quit_with_it else b"")

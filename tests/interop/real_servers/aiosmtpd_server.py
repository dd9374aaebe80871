"""aiosmtpd, in a thread of this process."""

from __future__ import annotations

import re
from typing import Any

from .base import SIZE_LIMIT, Mail, Missing, RealServer, free_ports

try:
    import aiosmtpd
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
except ImportError:
    aiosmtpd = None

from umail_host.fake_smtp.server.tls import server_context


class Aiosmtpd(RealServer):
    """aiosmtpd: neither PIPELINING nor CHUNKING; it reads one command after another."""

    name = "aiosmtpd"
    LOGIN_LINE = "{upper} taken"
    OPENED, CLOSED = "opened", "closed"

    def start(self) -> None:
        if aiosmtpd is None:
            raise Missing("no aiosmtpd here: pip install aiosmtpd")
        self.version = aiosmtpd.__version__
        self.received: list[Mail] = []
        self.commands: list[str] = []
        self.port, self.tls_port, self.login_only_port = free_ports(3)
        context = server_context(self.identity)
        common: dict[str, Any] = {
            "hostname": "127.0.0.1",
            "enable_SMTPUTF8": True,
            "data_size_limit": SIZE_LIMIT,
            "authenticator": self._authenticate,
        }
        self.controllers = [
            _Controller(self, port=self.port, tls_context=context, **common),
            _Controller(
                self, port=self.login_only_port, tls_context=context, auth_exclude_mechanism=["PLAIN"], **common
            ),
            _Controller(self, port=self.tls_port, ssl_context=context, auth_require_tls=False, **common),
        ]
        for controller in self.controllers:
            controller.start()

    def stop(self) -> None:
        for controller in getattr(self, "controllers", []):
            controller.stop(no_assert=True)
        super().stop()

    def mails(self, count: int = 0, timeout: float = 10) -> list[Mail]:
        # A mail is in the list before it is answered.
        if len(self.received) < count:
            raise TimeoutError(f"aiosmtpd took {len(self.received)} mails, not {count}")
        return list(self.received)

    def logged(self) -> str:
        return "\n".join(self.commands)

    def pipelined(self, start: int) -> bool:
        return re.search(r"\[[1-9]\d* octets ahead", self.logged()[start:]) is not None

    def chunked(self, start: int) -> bool:
        return "BDAT" in self.logged()[start:]

    def asked_for_mail(self, start: int) -> bool:
        return "MAIL FROM" in self.waits_for("closed", start)

    def _authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> Any:
        user, password = self.login
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (user.encode(), password.encode())
        self.commands.append(f"{mechanism} {'taken' if good else 'refused'}")
        return AuthResult(success=good, handled=False)

    # -- hooks of aiosmtpd, which names them

    async def handle_RCPT(self, server: Any, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        """Refuse the two recipients that all servers refuse."""
        local = address.partition("@")[0]
        if local == "refused":
            return "550 5.1.1 nobody of that name"
        if local == "later":
            return "450 4.2.1 not now"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
        """Keep the mail."""
        self.received.append((envelope.mail_from or "", list(envelope.rcpt_tos), envelope.original_content or b""))
        return "250 2.0.0 taken"


if aiosmtpd is not None:

    class _Watched(SMTP):
        # Notes each command, with what had come of the next one already.
        def __init__(self, handler: Aiosmtpd, **named: Any) -> None:
            super().__init__(handler, **named)
            for command, method in list(self._smtp_methods.items()):
                self._smtp_methods[command] = self._noted(command, method)

        def connection_made(self, transport: Any) -> None:
            # Called again when TLS begins.
            if self.transport is None:
                self.event_handler.commands.append("opened")
            super().connection_made(transport)

        def connection_lost(self, error: Exception | None) -> None:
            self.event_handler.commands.append("closed")
            super().connection_lost(error)

        def _noted(self, command: str, method: Any) -> Any:
            async def noted(argument: str | None) -> None:
                ahead = len(self._reader._buffer)
                # What AUTH is given is secret.
                shown = (argument or "").partition(" ")[0] if command == "AUTH" else argument or ""
                self.event_handler.commands.append(f"{command} {shown} [{ahead} octets ahead]")
                await method(argument)

            return noted

    class _Controller(Controller):
        def factory(self) -> SMTP:
            return _Watched(self.handler, **self.SMTP_kwargs)

"""A mail server without a socket that runs every line as a command unless it waits for a message."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from drive import Driver

# Whatever servers have had for commands; the first four letters are what many of them look at.
_LINES = (
    "MAIL RCPT DATA BDAT RSET QUIT NOOP HELP HELO EHLO LHLO VRFY EXPN AUTH STARTTLS TURN ATRN ETRN SEND SOML SAML BURL",
    "XCLIENT XFORWARD",
)
VERBS = [verb for line in _LINES for verb in line.split(" ")]


class CommandServer(Driver):
    """Answers each command by ``answer(verb, line)``; None: as a server does that takes everything but BDAT.

    Attributes:
        connections: how many there were.
        lines: (verb, line) of each command that was run.
        mails: bytes of each message that was taken.
    """

    def __init__(
        self,
        offers: list[str],
        answer: Callable[[str, str], bytes | None] = lambda verb, line: None,
        chunks: bool = False,
    ) -> None:
        self.offers = offers
        self.answer = answer
        self.chunks = chunks
        self.connections = 0
        self.lines: list[tuple[str, str]] = []
        self.mails: list[bytes] = []
        self.limits: list[tuple[float | None, bool]] = []

    def limit(self, seconds: float | None, keep: bool = True) -> None:
        self.limits.append((seconds, keep))

    def lookup(self, host: str) -> list[str]:
        return [host]

    def connect(self, address: str, port: int, buffer: object) -> str:
        self.connections += 1
        self.buffer = buffer
        self.came = b""
        self.output = b"220 x\r\n"
        self.reading = False
        self.over = False
        return "192.0.2.7"

    def idle(self) -> int | None:
        return 0 if self.over else None

    def close(self) -> None:
        self.over = True

    def receive(self, seconds: float) -> int:
        count = self.give(self.output)
        self.output = self.output[count:]
        return count

    def hear(self, data: bytes) -> None:
        self.came += data
        while self.came and not self.over:
            if self.reading:
                text, end, rest = (b"\r\n" + self.came).partition(b"\r\n.\r\n")
                if not end:
                    return
                self.reading = False
                self.mails.append(text[2:])
                self.came = rest
                self.output += self.answer("TEXT", "") or b"250 2.0.0 ok\r\n"
                continue
            line, end, rest = self.came.partition(b"\n")
            if not end:
                return
            self.came = rest
            for part in line.decode("utf-8", "replace").splitlines() or [""]:
                self._command(part)

    def _command(self, line: str) -> None:
        # Blanks around it do not count, nor does how its letters are written.
        plain = unicodedata.normalize("NFKC", line).strip().upper()
        verb = next((verb for verb in VERBS if plain[:4] == verb[:4]), "")
        if verb:
            self.lines.append((verb, line))
        reply = self.answer(verb, line)
        if reply is None:
            reply = self._usual(verb, line)
        if verb == "DATA" and reply[:1] == b"3":
            self.reading = True
        if reply[:3] in (b"221", b"421"):
            self.over = True
        self.output += reply

    def _usual(self, verb: str, line: str) -> bytes:
        if verb in ("EHLO", "HELO"):
            return b"".join(b"250-%s\r\n" % offer.encode() for offer in ["x", *self.offers]) + b"250 HELP\r\n"
        if verb == "BDAT" and self.chunks:
            # (In these tests a chunk comes whole with its command.)
            size = int(line.split()[1])
            self.mails.append(self.came[:size])
            self.came = self.came[size:]
        if verb == "BDAT":
            return b"250 ok\r\n" if self.chunks else b"500 5.5.1 what?\r\n"
        return {"": b"500 5.5.2 what?\r\n", "DATA": b"354 go\r\n", "QUIT": b"221 bye\r\n"}.get(verb, b"250 ok\r\n")

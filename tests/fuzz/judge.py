"""Watches a dialogue from the server's side and raises ``Wrong`` if the client does what it never may.

It knows nothing of the core: it takes commands and replies apart by itself, gives each reply to the command that was
sent first, and from that says who has, who may have and who has not got the mail.
"""

from __future__ import annotations

import base64
import re
from typing import Any

from fuzz import world
from fuzz.hostile import Wrong

_COMMAND = re.compile(
    rb"(EHLO|HELO) [!-~]+|STARTTLS|AUTH (PLAIN|LOGIN|XOAUTH2)( [A-Za-z0-9+/=]+)?"
    rb"|MAIL FROM:<[^<> \0-\x1f]+>( SIZE=\d+| BODY=(8BITMIME|BINARYMIME)| SMTPUTF8| RET=HDRS| ENVID=[!-~]+)*"
    rb"|RCPT TO:<[^<> \0-\x1f]+>( NOTIFY=[A-Z,]+)?|DATA|BDAT \d+( LAST)?|RSET|QUIT"
)
_ANSWER = re.compile(rb"[A-Za-z0-9+/=]*")
_REPLY = re.compile(rb"([2-5][0-5][0-9])(?:[ -].*)?", re.DOTALL)
_LONGEST_LINE = 1024


def _forms(secret: str) -> list[bytes]:
    # In base64 a byte lies across two characters: the ends are cut off.
    octets = secret.encode()
    found = [octets]
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + octets)
        found.append(encoded[(0, 2, 3)[before] : 8 * (before + len(octets)) // 6])
    return found


SECRETS = [_forms(world.PASSWORD), _forms(world.TOKEN)]


def _plain(octets: bytes | bytearray) -> bytes:
    # Without the random part of boundaries.
    return re.sub(rb"=_[0-9a-f]{32}", b"=_", bytes(octets))


def _asks_user(challenge: bytes) -> bool:
    try:
        return base64.b64decode(challenge, validate=True).lower().startswith(b"user")
    except ValueError:
        return challenge.lower().startswith(b"user")


_PASSWORD = base64.b64encode(world.PASSWORD.encode())
_known: dict[int, set[bytes]] = {}


def _encodings(number: int) -> set[bytes]:
    # All that may come of a message.
    if number not in _known:
        found = _known[number] = set()
        for eightbit, binary in ((False, False), (True, False), (False, True), (True, True), ("inert", False)):
            body = world.messages(number).encode(eightbit, binary)
            found.add(_plain(b"".join([bytes(chunk) for chunk in body.chunks()])))
    return _known[number]


class Mail:
    """One transaction: who was named, what was answered, what of the message came."""

    def __init__(self) -> None:
        self.recipients: list[bytes] = []
        self.answers: dict[bytes, bytes] = {}
        self.refused = False
        self.octets = bytearray()
        self.ended = False
        self.final = b""

    @property
    def accepted(self) -> set[str]:
        """Whose RCPT was taken."""
        return {who.decode() for who, code in self.answers.items() if code in (b"250", b"251", b"252")}

    @property
    def doubtful(self) -> bool:
        """Whether somebody may have got it, as far as the client can know; 421 says that nobody has."""
        if not self.ended or self.refused or self.final[:1] in (b"4", b"5") or b"421" in self.answers.values():
            return False
        return bool(self.accepted) or len(self.answers) < len(self.recipients)


class Judge:
    """One client's judge; see ``hostile.Driver`` for when it is told what."""

    def begin(self, routes: list[Any]) -> None:
        """A client for these routes begins."""
        self.login = any(route.username for route in routes)
        self.required = routes[0].security in ("starttls", "tls")
        self.longest = 4096 if any(route.long_auth for route in routes) else 512
        self.told: list[bytes] = []
        # What servers said before they were told a secret: one in it is chance, not a leak.
        self.before = bytearray()
        self.connected()

    def sending(self, number: int) -> None:
        """The client is asked to send the message ``number`` of the world."""
        self.mails: list[Mail] = []
        self.number = number

    def connected(self) -> None:
        """A connection begins; the greeting is owed."""
        self.owed: list[bytes] = [b"greeting"]
        self.encrypted = self.verified = False
        self.features: set[bytes] = set()
        self.line = bytearray()
        self.chunk = 0
        self.last = False
        self.data = False
        self.login_runs = False
        self.challenge = b""
        self.incoming = bytearray()
        self.code = b""
        self.texts: list[bytes] = []
        self.broken = self.surplus = False
        self.replies = self.waits = 0
        self.mail = Mail()

    def secured(self, route: Any, host: str) -> None:
        """TLS begins."""
        if self.owed and self.owed != [b"greeting"]:
            raise Wrong(f"TLS begins while {self.owed!r} are not answered")
        if self.incoming or self.surplus:
            raise Wrong("TLS begins behind octets that were said in clear")
        self.encrypted = True
        self.verified = route.security != "opportunistic"
        self.features = set()

    def waited(self) -> None:
        """The client begins a wait."""
        self.waits += 1
        if self.waits > self.replies + 1:
            raise Wrong("one reply is waited for twice: whoever drips it holds the client")

    # -- what the client sends ----------------------------------------------------------------------------------------

    def sent(self, octets: bytes) -> None:
        """The client sends."""
        for forms in SECRETS:
            if any(form in octets for form in forms):
                self.told += forms
                if not self.verified:
                    raise Wrong(f"a secret without verified TLS: {octets!r}")
        while octets:
            if self.chunk:
                part, octets = octets[: self.chunk], octets[self.chunk :]
                self.chunk -= len(part)
                self.mail.octets += part
                if not self.chunk and self.last:
                    self._ends()
                continue
            line, feed, octets = octets.partition(b"\n")
            self.line += line + feed
            if not feed:
                break
            line = bytes(self.line)
            self.line.clear()
            if not line.endswith(b"\r\n"):
                raise Wrong(f"a line that ends in LF alone: {line!r}")
            if self.data:
                self._content(line)
            else:
                self._command(line[:-2])

    def _content(self, line: bytes) -> None:
        if line == b".\r\n":
            self.data = False
            self._in_step("the end of the message")
            self.owed.append(b"end")
            self._ends()
            return
        if not self.mail.accepted:
            raise Wrong(f"a message for nobody: {line[:60]!r}")
        self.mail.octets += line[1:] if line[:1] == b"." else line

    def _ends(self) -> None:
        self.mail.ended = True
        self.mails.append(self.mail)

    def _in_step(self, what: str) -> None:
        if (self.surplus or self.broken or (self.incoming and not self.owed)) and what != "QUIT":
            raise Wrong(f"{what} after octets that nobody asked for, or that are not a reply")

    def _command(self, line: bytes) -> None:
        verb = line[:4]
        if self.login_runs and not self.owed:
            if not _ANSWER.fullmatch(line) and verb != b"AUTH":
                raise Wrong(f"no answer to a challenge: {line!r}")
            if line == _PASSWORD and _asks_user(self.challenge):
                raise Wrong("the password for who asks for the user name")
            known = True
        else:
            known = _COMMAND.fullmatch(line) is not None
        if not known or len(line) > self.longest:
            raise Wrong(f"no command of {len(line)} octets: {line[:80]!r}")
        self._in_step(line[:4].decode())
        if self.owed and b"PIPELINING" not in self.features:
            raise Wrong(f"{line[:60]!r} while {self.owed!r} are not answered, without PIPELINING")
        getattr(self, "_" + verb.decode().lower(), self._other)(line)
        self.owed.append(bytes(line))

    def _other(self, line: bytes) -> None:
        pass

    def _auth(self, line: bytes) -> None:
        if not self.verified or not self.login:
            raise Wrong("a login over a connection that is not verified, or that nobody wants")

    def _star(self, line: bytes) -> None:
        if self.owed:
            raise Wrong("STARTTLS in a flight")

    def _mail(self, line: bytes) -> None:
        if self.required and not self.encrypted:
            raise Wrong("a mail in clear, by a route that wants TLS")
        self.mail = Mail()

    def _rcpt(self, line: bytes) -> None:
        who = line[9:].partition(b">")[0]
        for mail in self.mails:
            open_or_taken = who.decode() in mail.accepted or who not in mail.answers
            if who in mail.recipients and open_or_taken and mail.doubtful:
                raise Wrong(f"{who!r} may have got the mail, and is to get it once more")
        self.mail.recipients.append(who)

    def _data(self, line: bytes) -> None:
        if b"MAIL" not in {command[:4] for command in self.owed} and not self.mail.accepted:
            raise Wrong("DATA without a recipient")

    def _bdat(self, line: bytes) -> None:
        if b"CHUNKING" not in self.features:
            raise Wrong("BDAT, which the server does not offer")
        together = any(command[:4] in (b"MAIL", b"RCPT") for command in self.owed)
        if not together and not self.mail.accepted:
            raise Wrong("a message for nobody")
        if self.data or self.mail.ended:
            raise Wrong("BDAT after the message")
        words = line.split()
        self.chunk = int(words[1])
        self.last = len(words) > 2
        if not self.chunk and self.last:
            self._ends()

    # -- what the server says -----------------------------------------------------------------------------------------

    def said(self, octets: bytes) -> None:
        """The client receives; what it then does is to fit all of it."""
        self.incoming += octets
        if not self.told:
            self.before += octets
        while b"\n" in self.incoming and not self.broken:
            line, _, rest = bytes(self.incoming).partition(b"\n")
            self.incoming = bytearray(rest)
            self._reply_line(line.removesuffix(b"\r"))
        if len(self.incoming) >= _LONGEST_LINE:
            self.broken = True

    def _reply_line(self, line: bytes) -> None:
        found = _REPLY.fullmatch(line)
        if not found or (self.code and found[1] != self.code):
            self.broken = True
            return
        self.code = found[1]
        self.texts.append(line[4:])
        if line[3:4] == b"-":
            self.broken = len(self.texts) > 100 or sum(map(len, self.texts)) + 4 * len(self.texts) > 4096
            return
        code, texts = self.code, self.texts
        self.code, self.texts = b"", []
        if not self.owed:
            self.surplus = True
            return
        self.replies += 1
        self._answered(self.owed.pop(0), code, texts)

    def _answered(self, command: bytes, code: bytes, texts: list[bytes]) -> None:
        verb = command[:4]
        mail = self.mail
        if verb in (b"EHLO", b"HELO") and code == b"250":
            self.features = {text.upper().split()[0] for text in texts[1:] if text.split()}
        elif verb == b"MAIL":
            mail.refused = code[:1] != b"2"
        elif verb == b"RCPT":
            mail.answers[command[9:].partition(b">")[0]] = code
        elif verb == b"DATA" and code == b"354":
            self.data = True
        elif command == b"end" or command.endswith(b" LAST") or (verb == b"BDAT" and code[:1] != b"2"):
            mail.final = code
        self.challenge = texts[0]
        self.login_runs = code == b"334" and (verb == b"AUTH" or self.login_runs)

    # -- what comes of it ---------------------------------------------------------------------------------------------

    def ended(self, receipt: Any, error: Any) -> None:
        """A sending has ended, by a receipt or a MailError."""
        delivered = {who for mail in self.mails if mail.final == b"250" for who in mail.accepted}
        if receipt:
            if not set(receipt.accepted) <= delivered:
                raise Wrong(f"a receipt for {receipt.accepted}; the server took it for {delivered}")
            taken = [_plain(mail.octets) for mail in self.mails if mail.final == b"250"]
            if not _encodings(self.number).issuperset(taken):
                raise Wrong("the server took another message than was given")
            return
        if any(form in str(error).encode() and form not in self.before for form in self.told):
            raise Wrong(f"a secret in an error: {error}")
        if error.kind != "uncertain" and any(mail.doubtful for mail in self.mails):
            raise Wrong(f"a plain failure, though somebody may have got the mail: {error}")

"""The commands of SMTP: each a function that checks, changes the dialogue's state and answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from umail_host.fake_smtp.core import content, sasl, syntax
from umail_host.fake_smtp.core.events import Envelope, Recipient
from umail_host.fake_smtp.core.refused import Refused

if TYPE_CHECKING:
    from umail_host.fake_smtp.core.dialogue import Dialogue
    from umail_host.fake_smtp.core.profiles import Profile

_AUTH = re.compile(rb"\s*AUTH\s+\S+[ \t]+(\S.*?)\s*\Z", re.IGNORECASE | re.DOTALL)
# A client that goes on with its login after a refusal sends its password as a command.
_LOOKS_LIKE_A_RESPONSE = re.compile(rb"((?:[A-Za-z0-9+/]{4}){2,}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)\s*\Z")
_HELD = frozenset(("mail", "rcpt", "rset", "bdat"))
# After these nothing may follow in the same flight (RFC 2920, 3.1).
_LAST_IN_FLIGHT = frozenset(("EHLO", "HELO", "DATA", "VRFY", "NOOP", "STARTTLS", "AUTH"))


def secrets_in(dialogue: Dialogue, line: bytes) -> tuple[bytes, ...]:
    """Return the part of this line, whole or cut off, that no transcript may show: a response to AUTH."""
    if dialogue.exchange is not None:
        return (line.strip(),) if line.strip() else ()
    found = _AUTH.match(line)
    if not found and line.strip().upper().decode("latin-1") not in _COMMANDS:
        found = _LOOKS_LIKE_A_RESPONSE.match(line)
    return (found[1],) if found else ()


def read_line(dialogue: Dialogue) -> bool:
    """Take one line of the buffer and run it."""
    end = dialogue.buffer.find(b"\n")
    limit = dialogue.profile.max_line
    if end < 0:
        if len(dialogue.buffer) > limit:
            dialogue.hear(len(dialogue.buffer), secrets_in(dialogue, bytes(dialogue.buffer)))
            dialogue.reader = read_rest_of_line
            return True
        return False
    raw = bytes(dialogue.buffer[: end + 1])
    dialogue.hear(end + 1, secrets_in(dialogue, raw))
    if len(raw) > limit:
        dialogue.say("line", "long-line")
    elif not raw.endswith(b"\r\n"):
        # A line ends with CRLF and nothing else (RFC 5321, 2.3.8); taking LF is how smuggling works.
        dialogue.exchange = None
        dialogue.say("line", "arguments")
    elif dialogue.exchange is not None:
        dialogue.last_response = response = raw[:-2]
        attempt(dialogue, "auth", lambda: _respond(dialogue, response))
    else:
        _run(dialogue, raw[:-2])
    return True


def read_rest_of_line(dialogue: Dialogue) -> bool:
    """Drop a line that is too long, up to its end."""
    end = dialogue.buffer.find(b"\n")
    rest = bytes(dialogue.buffer[: end + 1] if end >= 0 else dialogue.buffer)
    if rest:
        dialogue.hear(len(rest), (rest.strip(),) if rest.strip() else ())
    if end < 0:
        return False
    dialogue.exchange = None
    dialogue.reader = read_line
    dialogue.say("line", "long-line")
    return True


def _run(dialogue: Dialogue, line: bytes) -> None:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        text = "\0"
    if any(character < " " or character == "\x7f" for character in text):
        dialogue.say("line", "arguments")
        return
    verb, _, argument = text.partition(" ")
    verb = verb.upper()
    command = _COMMANDS.get(verb)
    profile = dialogue.profile
    if command is None or (verb == "BDAT" and not profile.chunking) or (verb == "EHLO" and not profile.ehlo):
        dialogue.say("unknown", "unknown", verb=verb[:40])
    elif profile.enforce_sync and dialogue.buffer and (verb in _LAST_IN_FLIGHT or _out_of_turn(profile, verb)):
        dialogue.say("sync", "sync")
        dialogue.close()
    else:
        attempt(dialogue, verb.lower(), lambda: command(dialogue, argument.strip()))


def _out_of_turn(profile: Profile, verb: str) -> bool:
    # A chunk follows its BDAT at once (RFC 3030, 2); everything else waits for a reply if PIPELINING is not offered.
    return not profile.pipelining and verb != "BDAT"


def attempt(dialogue: Dialogue, point: str, command: Callable[[], None]) -> None:
    """Run a command, and answer with the refusal if it raises one."""
    try:
        command()
    except Refused as refused:
        dialogue.say(point, refused.reply, hold=point in _HELD, **refused.values)


def _ehlo(dialogue: Dialogue, argument: str) -> None:
    lines = [f"{{host}} {dialogue.profile.replies['hello']}", *dialogue.profile.capabilities(dialogue.session.tls)]
    _hello(dialogue, "ehlo", argument, "250 " + "\n".join(lines))


def _helo(dialogue: Dialogue, argument: str) -> None:
    _hello(dialogue, "helo", argument, f"250 {{host}} {dialogue.profile.replies['hello']}")


def _hello(dialogue: Dialogue, point: str, name: str, reply: str) -> None:
    if dialogue.profile.strict_ehlo and not syntax.ehlo_name(name):
        raise Refused("ehlo-name")
    if dialogue.say(point, reply):
        dialogue.session.ehlo = name or "?"
        content.reset(dialogue)


def _starttls(dialogue: Dialogue, argument: str) -> None:
    if dialogue.session.tls:
        raise Refused("starttls-again")
    if not dialogue.profile.starttls:
        raise Refused("starttls-absent")
    if argument:
        raise Refused("arguments")
    if dialogue.say("starttls", "starttls"):
        dialogue.start_tls()


def _auth(dialogue: Dialogue, argument: str) -> None:
    profile, session = dialogue.profile, dialogue.session
    name, _, initial = argument.partition(" ")
    mechanism = name.upper()
    offered = profile.mechanisms if session.tls else profile.clear_mechanisms
    if not session.ehlo:
        raise Refused("hello-first")
    if session.user is not None or dialogue.envelope:
        raise Refused("auth-again")
    if not offered:
        raise Refused("auth-absent" if session.tls or not profile.mechanisms else "auth-clear")
    if mechanism not in offered or mechanism not in sasl.MECHANISMS:
        raise Refused("auth-unknown")
    dialogue.last_response = initial.strip().encode()
    dialogue.exchange = sasl.MECHANISMS[mechanism](profile, dialogue.last_response or None)
    _advance(dialogue, None)


def _respond(dialogue: Dialogue, response: bytes) -> None:
    if response == b"*":
        dialogue.exchange = None
        raise Refused("auth-cancelled")
    _advance(dialogue, response)


def _advance(dialogue: Dialogue, response: bytes | None) -> None:
    exchange, dialogue.exchange = dialogue.exchange, None
    if exchange is None:
        return
    try:
        challenge = next(exchange) if response is None else exchange.send(response)
    except sasl.Undecodable:
        raise Refused("auth-undecodable") from None
    except StopIteration as stop:
        _judge(dialogue, stop.value)
        return
    dialogue.exchange = exchange
    dialogue.say("challenge", "334 " + challenge.decode())


def _judge(dialogue: Dialogue, claim: sasl.Claim) -> None:
    if claim.password is not None and not dialogue.profile.basic_auth:
        raise Refused("basic-off")
    refusal = dialogue.policy.authenticate(dialogue.session, claim)
    if refusal is None:
        if dialogue.say("auth", "auth-ok"):
            dialogue.session.user = claim.user
    elif claim.token and dialogue.profile.xoauth2_refusal == "gmail":
        dialogue.exchange = sasl.refused()
        _advance(dialogue, None)
    else:
        raise Refused(refusal)


def _mail(dialogue: Dialogue, argument: str) -> None:
    profile, session = dialogue.profile, dialogue.session
    if not session.ehlo:
        raise Refused("hello-first")
    if profile.require_tls and not session.tls:
        raise Refused("tls-required")
    if profile.require_auth and session.user is None:
        raise Refused("auth-required")
    if dialogue.envelope:
        raise Refused("mail-again")
    address, parameters = _path(argument, "FROM")
    for name, value in parameters.items():
        if {name, f"{name}={value.upper()}"} & set(profile.refused_parameters):
            raise Refused("parameter", parameter=name)
    _check(address, parameters, profile.mail_parameters(), parameters)
    if int(parameters.get("SIZE") or 0) > (profile.size or content.MAX_SIZE):
        raise Refused("size")
    refusal = dialogue.policy.sender(session, address)
    if refusal:
        raise Refused(refusal, address=address)
    if dialogue.say("mail", "mail-ok", hold=True):
        content.reset(dialogue)
        dialogue.envelope = Envelope(address, parameters, user=session.user)


def _rcpt(dialogue: Dialogue, argument: str) -> None:
    envelope, profile = dialogue.envelope, dialogue.profile
    if envelope is None or dialogue.content.begun:
        raise Refused("mail-first")
    address, parameters = _path(argument, "TO")
    _check(address, parameters, profile.rcpt_parameters(), envelope.parameters)
    if len(envelope.recipients) >= profile.max_recipients:
        raise Refused("rcpt-many")
    refusal = dialogue.policy.recipient(dialogue.session, envelope, address)
    if refusal:
        raise Refused(refusal, address=address)
    if dialogue.say("rcpt", "rcpt-ok", hold=True, address=address):
        envelope.recipients.append(Recipient(address, parameters))


def _path(argument: str, keyword: str) -> tuple[str, dict[str, str]]:
    try:
        return syntax.path(argument, keyword)
    except syntax.BadSyntax as wrong:
        raise Refused(str(wrong)) from None


def _check(address: str, parameters: dict[str, str], allowed: dict[str, str], declared: dict[str, str]) -> None:
    for name, value in parameters.items():
        if name not in allowed:
            raise Refused("parameter", parameter=name)
        if not re.fullmatch(allowed[name], value, re.IGNORECASE):
            raise Refused("parameter-value", parameter=name)
    # RFC 6531, 3.4: an address beyond ASCII needs the parameter at MAIL.
    if not address.isascii() and "SMTPUTF8" not in declared:
        raise Refused("utf8-undeclared")


def _rset(dialogue: Dialogue, argument: str) -> None:
    if dialogue.say("rset", "rset", hold=True):
        content.reset(dialogue)


def _quit(dialogue: Dialogue, argument: str) -> None:
    if dialogue.say("quit", "quit"):
        dialogue.close()


def _fixed(point: str) -> Callable[[Dialogue, str], None]:
    def command(dialogue: Dialogue, argument: str) -> None:
        dialogue.say(point, point)

    return command


_COMMANDS: dict[str, Callable[[Dialogue, str], None]] = {
    "EHLO": _ehlo,
    "HELO": _helo,
    "STARTTLS": _starttls,
    "AUTH": _auth,
    "MAIL": _mail,
    "RCPT": _rcpt,
    "DATA": content.data,
    "BDAT": content.bdat,
    "RSET": _rset,
    "QUIT": _quit,
    "NOOP": _fixed("noop"),
    "VRFY": _fixed("vrfy"),
    "EXPN": _fixed("vrfy"),
    "HELP": _fixed("help"),
}

"""The faults of the fake server: each an entry or one small function, named as in a plan.

They stand in the order of a session. A function that returns true leaves the command its effect, false takes it away,
``None`` lets the dialogue go on as usual; see ``plan``. Those of ``reply-…`` take the point as argument:
``reply-drip=mail`` (EHLO's reply unless told otherwise).
"""

from __future__ import annotations

from collections.abc import Callable

from umail_host.fake_smtp.core.events import Say, Wait
from umail_host.fake_smtp.faults.registry import POINTS, Hit, answers, changes, chooses, end, ends, fault, sends
from umail_host.fake_smtp.server.tls import CERTIFICATES

_DRIP = 0.004
LATE = 30.0


# ── the connection and its greeting ──────────────────────────────────────────────────────────────────────────────────
@fault("listen")
def connect_refused(hit: Hit) -> None:
    """nothing listens on the port"""


ends("connect", "connect-reset", "reset", "accepted, then reset at once")
ends("connect", "connect-close", "drop", "accepted, then closed at once")
ends("connect", "connect-silent", "freeze", "accepted, and never a word")
answers("banner", "banner-421", "421 4.3.2 {host} Service not available", "greets with 421 and closes", closes=True)
answers("banner", "banner-554", "554 5.3.2 {host} No SMTP service here", "greets with 554 and waits for QUIT")
_LINES = "220 {host} ESMTP\nUnsolicited mail is refused\nready"
answers("banner", "banner-multiline", _LINES, "greets with a reply of three lines", takes_effect=True)


sends(
    "banner",
    "banner-garbage",
    lambda hit: hit.random.randbytes(64) + b"\r\n",
    "greets with random bytes",
    takes_effect=False,
)
_SSH = "another protocol's greeting: the port is wrong"
sends("banner", "banner-ssh", lambda _: b"SSH-2.0-OpenSSH_9.2\r\n", _SSH, takes_effect=False)


# ── any reply, at any point ──────────────────────────────────────────────────────────────────────────────────────────
@fault("ehlo", anywhere=True)
def reply_drip(hit: Hit) -> bool:
    """byte by byte"""
    for octet in hit.wire:
        hit.dialogue.emit(Say(bytes([octet])))
        hit.dialogue.emit(Wait(_DRIP))
    return True


@fault("banner", anywhere=True)
def reply_slow(hit: Hit) -> bool:
    """byte by byte, a second each: never whole within a deadline"""
    for octet in hit.wire:
        hit.dialogue.emit(Say(bytes([octet])))
        hit.dialogue.emit(Wait(1.0))
    return True


@fault("ehlo", anywhere=True)
def reply_split(hit: Hit) -> bool:
    """each CR in one segment, its LF in the next"""
    for piece in hit.wire.split(b"\n")[:-1]:
        hit.dialogue.emit(Say(piece))
        hit.dialogue.emit(Wait(_DRIP))
        hit.dialogue.emit(Say(b"\n"))
    return True


@fault("ehlo", anywhere=True)
def reply_late(hit: Hit) -> bool:
    """half a minute late"""
    hit.dialogue.emit(Wait(LATE))
    hit.send(hit.wire)
    return True


@fault("ehlo", anywhere=True)
def reply_lost(hit: Hit) -> bool:
    """never sent, though the command takes effect"""
    return True


def _damaged(name: str, wire: Callable[[Hit], bytes], summary: str) -> None:
    sends("ehlo", name, wire, summary, anywhere=True)


sends("mail", "reply-doubled", lambda hit: hit.wire * 2, "sent twice in one segment", anywhere=True)
_EARLY = "followed by the reply to a command that was not given yet"
_damaged("reply-early", lambda hit: hit.wire + b"250 2.0.0 OK\r\n", _EARLY)
_damaged("reply-bare-lf", lambda hit: hit.wire.replace(b"\r\n", b"\n"), "lines end with LF alone")
_LONE_CR = "a CR without LF stands in each line"
_damaged("reply-lone-cr", lambda hit: hit.wire.replace(b"\r\n", b"\r250 x\r\n"), _LONE_CR)
_damaged("reply-code-short", lambda _: b"25\r\n", "a code of two digits: 25")
_damaged("reply-code-long", lambda _: b"2500 OK\r\n", "a code of four digits: 2500")
_damaged("reply-code-letters", lambda _: b"abc OK\r\n", "letters in the place of a code")
_CHANGES = b"250-first\r\n550-second\r\n250 third\r\n"
_damaged("reply-code-changes", lambda _: _CHANGES, "the code changes within a reply of several lines")
_damaged("reply-empty", lambda _: b"\r\n", "an empty line")
_8BIT = b"-\x00\x1b[31m\xff\xfe\x07 text\r\n"
_damaged(
    "reply-8bit",
    lambda hit: hit.wire[:3] + _8BIT + hit.wire,
    "NUL, escape sequences and bytes beyond ASCII in the text, before the right reply",
)
_damaged("reply-long-line", lambda hit: hit.wire[:3] + b" " + b"x" * 65536 + b"\r\n", "a line of 64 KiB")


@fault("ehlo", anywhere=True)
def reply_endless(hit: Hit) -> bool:
    """continuation lines without end"""
    return end(hit, "flood", hit.wire[:3] + b"-and so on\r\n")


@fault("ehlo", anywhere=True)
def reply_endless_line(hit: Hit) -> bool:
    """one line without end"""
    return end(hit, "flood", b"x" * 1024)


@fault("mail", anywhere=True)
def answer(hit: Hit) -> bool:
    """another reply: answer=POINT TEXT, for example answer=mail 550 5.1.8 Access denied"""
    hit.reply(hit.argument.partition(" ")[2] or "451 4.0.0 Try later")
    return False


ends("mail", "close-at", "drop", "closed without a word: close-at=POINT", anywhere=True)
ends("mail", "reset-at", "reset", "reset: reset-at=POINT", anywhere=True)
_HALF = "half-closed: the server's side ends, the client's is still read: half-close-at=POINT"
ends("mail", "half-close-at", "half_close", _HALF, anywhere=True)
_SILENT = "silent from here on, with the connection open: silent-at=POINT"
ends("mail", "silent-at", "freeze", _SILENT, anywhere=True)

_421 = "421 4.3.2 {host} Service closing transmission channel"
for _point in POINTS:
    if _point not in ("connect", "banner", "helo", "handshake", "bdat", "noop"):
        answers(_point, f"421-at-{_point}", _421, f"421 at {_point}, and closed", closes=True)

# ── EHLO and what it offers ──────────────────────────────────────────────────────────────────────────────────────────
changes("ehlo-refused", "EHLO is unknown, HELO works", ehlo=False)
answers("ehlo", "ehlo-501", "501 5.5.4 Invalid domain name", "the EHLO name is refused")
changes("no-pipelining", "PIPELINING is not offered", pipelining=False)
changes("no-chunking", "CHUNKING and BINARYMIME are not offered", chunking=False, binarymime=False)
changes("no-8bitmime", "8BITMIME and BINARYMIME are not offered", eightbit=False, binarymime=False)
changes("no-smtputf8", "SMTPUTF8 is not offered", smtputf8=False)
changes("no-size", "SIZE is not offered", size=0)
changes("small-size", "messages beyond 1,000 bytes are refused", size=1000)
changes("enforce-sync", "talking out of turn ends the session", enforce_sync=True)


@fault("ehlo", when=lambda hit: hit.dialogue.session.tls)
def capabilities_differ(hit: Hit) -> bool:
    """after TLS neither PIPELINING nor CHUNKING nor the mechanisms are as they were in clear"""
    hit.adapt(pipelining=False, chunking=False, binarymime=False, smtputf8=False, mechanisms=("PLAIN",))
    lines = "\n".join(hit.dialogue.profile.capabilities(True))
    hit.reply("250 {host} Hello\n" + lines)
    return True


@fault("mail")
def pipelining_lies(hit: Hit) -> bool:
    """PIPELINING is offered, yet what came with MAIL in one flight is thrown away"""
    hit.send(hit.wire)
    if hit.dialogue.buffer:
        hit.dialogue.hear(len(hit.dialogue.buffer))
    return True


# ── STARTTLS and the handshake ───────────────────────────────────────────────────────────────────────────────────────
changes("starttls-stripped", "STARTTLS is not offered, as when an attacker removes it", starttls=False)
changes(
    "starttls-stripped-auth",
    "STARTTLS is not offered, and logins in clear are welcome",
    starttls=False,
    require_tls=False,
    clear_mechanisms=("LOGIN", "PLAIN", "XOAUTH2"),
)
answers("starttls", "starttls-454", "454 4.7.0 TLS not available due to temporary reason", "454 to STARTTLS")
answers("starttls", "starttls-502", "502 5.5.1 Command not implemented", "502 to a STARTTLS that was offered")
answers("starttls", "starttls-421", "421 4.7.66 TLS 1.0 and 1.1 are not supported", "421 4.7.66 to STARTTLS")


_INJECTED = b"250-evil\r\n250-PIPELINING\r\n250 AUTH PLAIN LOGIN\r\n"
_BY_ATTACKER = "replies in clear follow the 220, as an attacker injects them"
sends("starttls", "starttls-injected", lambda hit: hit.wire + _INJECTED, _BY_ATTACKER)
_IN_CLEAR = "220, and then the dialogue goes on in clear"
sends("starttls", "starttls-in-clear", lambda hit: hit.wire, _IN_CLEAR, takes_effect=False)
ends("handshake", "handshake-stall", "freeze", "nothing comes after the 220")
ends("handshake", "handshake-reset", "reset", "reset after the 220")
ends("handshake", "handshake-close", "drop", "closed after the 220")


@fault("handshake")
def handshake_garbage(hit: Hit) -> bool:
    """random bytes in the place of the handshake"""
    hit.send(hit.random.randbytes(512))
    return end(hit, "freeze")


for _kind in CERTIFICATES:
    if _kind not in ("good", "direct"):
        chooses(f"certificate-{_kind}", f"the certificate: {CERTIFICATES[_kind].__doc__}", certificate=_kind)
for _version in ("1.0", "1.1", "1.2"):
    chooses(f"tls-{_version}", f"TLS {_version} only", tls_only=_version)

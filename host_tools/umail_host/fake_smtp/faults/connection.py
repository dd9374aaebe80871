"""The faults of the fake server: each one small function, named as in a plan.

They stand in the order of a session. A function that answers true leaves the command its effect, false takes it away,
``None`` lets the dialogue go on as usual; see ``plan``. Those of ``reply-…`` take the point as argument:
``reply-drip=mail`` (EHLO's reply unless told otherwise).
"""

from __future__ import annotations

from umail_host.fake_smtp.core.events import Say, Wait
from umail_host.fake_smtp.faults.registry import POINTS, Hit, answers, changes, end, fault
from umail_host.fake_smtp.server.tls import CERTIFICATES

_DRIP = 0.004
LATE = 30.0


# ── the connection and its greeting ──────────────────────────────────────────────────────────────────────────────────
@fault("listen")
def connect_refused(hit: Hit) -> None:
    """nothing listens on the port"""


@fault("connect")
def connect_reset(hit: Hit) -> bool:
    """accepted, then reset at once"""
    return end(hit, "reset")


@fault("connect")
def connect_close(hit: Hit) -> bool:
    """accepted, then closed at once"""
    return end(hit, "drop")


@fault("connect")
def connect_silent(hit: Hit) -> bool:
    """accepted, and never a word"""
    return end(hit, "freeze")


@fault("banner")
def banner_421(hit: Hit) -> bool:
    """greets with 421 and closes"""
    hit.reply("421 4.3.2 {host} Service not available")
    hit.dialogue.close()
    return False


@fault("banner")
def banner_554(hit: Hit) -> bool:
    """greets with 554 and waits for QUIT"""
    hit.reply("554 5.3.2 {host} No SMTP service here")
    return False


@fault("banner")
def banner_multiline(hit: Hit) -> bool:
    """greets with a reply of three lines"""
    hit.reply("220 {host} ESMTP\nUnsolicited mail is refused\nready")
    return True


@fault("banner")
def banner_garbage(hit: Hit) -> bool:
    """greets with random bytes"""
    hit.send(hit.random.randbytes(64) + b"\r\n")
    return False


@fault("banner")
def banner_ssh(hit: Hit) -> bool:
    """another protocol's greeting: the port is wrong"""
    hit.send(b"SSH-2.0-OpenSSH_9.2\r\n")
    return False


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


@fault("mail", anywhere=True)
def reply_doubled(hit: Hit) -> bool:
    """sent twice in one segment"""
    hit.send(hit.wire * 2)
    return True


@fault("ehlo", anywhere=True)
def reply_early(hit: Hit) -> bool:
    """followed by the reply to a command that was not given yet"""
    hit.send(hit.wire + b"250 2.0.0 OK\r\n")
    return True


@fault("ehlo", anywhere=True)
def reply_bare_lf(hit: Hit) -> bool:
    """lines end with LF alone"""
    hit.send(hit.wire.replace(b"\r\n", b"\n"))
    return True


@fault("ehlo", anywhere=True)
def reply_lone_cr(hit: Hit) -> bool:
    """a CR without LF stands in each line"""
    hit.send(hit.wire.replace(b"\r\n", b"\r250 x\r\n"))
    return True


@fault("ehlo", anywhere=True)
def reply_code_short(hit: Hit) -> bool:
    """a code of two digits: 25"""
    hit.send(b"25\r\n")
    return True


@fault("ehlo", anywhere=True)
def reply_code_long(hit: Hit) -> bool:
    """a code of four digits: 2500"""
    hit.send(b"2500 OK\r\n")
    return True


@fault("ehlo", anywhere=True)
def reply_code_letters(hit: Hit) -> bool:
    """letters in the place of a code"""
    hit.send(b"abc OK\r\n")
    return True


@fault("ehlo", anywhere=True)
def reply_code_changes(hit: Hit) -> bool:
    """the code changes within a reply of several lines"""
    hit.send(b"250-first\r\n550-second\r\n250 third\r\n")
    return True


@fault("ehlo", anywhere=True)
def reply_empty(hit: Hit) -> bool:
    """an empty line"""
    hit.send(b"\r\n")
    return True


@fault("ehlo", anywhere=True)
def reply_8bit(hit: Hit) -> bool:
    """NUL, escape sequences and bytes beyond ASCII in the text, before the right reply"""
    hit.send(hit.wire[:3] + b"-\x00\x1b[31m\xff\xfe\x07 text\r\n" + hit.wire)
    return True


@fault("ehlo", anywhere=True)
def reply_long_line(hit: Hit) -> bool:
    """a line of 64 KiB"""
    hit.send(hit.wire[:3] + b" " + b"x" * 65536 + b"\r\n")
    return True


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


@fault("mail", anywhere=True)
def close_at(hit: Hit) -> bool:
    """closed without a word: close-at=POINT"""
    return end(hit, "drop")


@fault("mail", anywhere=True)
def reset_at(hit: Hit) -> bool:
    """reset: reset-at=POINT"""
    return end(hit, "reset")


@fault("mail", anywhere=True)
def half_close_at(hit: Hit) -> bool:
    """half-closed: the server's side ends, the client's is still read: half-close-at=POINT"""
    return end(hit, "half_close")


@fault("mail", anywhere=True)
def silent_at(hit: Hit) -> bool:
    """silent from here on, with the connection open: silent-at=POINT"""
    return end(hit, "freeze")


def _register_421(point: str) -> None:
    @fault(point, f"421-at-{point}")
    def action(hit: Hit) -> bool:
        hit.reply("421 4.3.2 {host} Service closing transmission channel")
        hit.dialogue.close()
        return False

    action.__doc__ = f"421 at {point}, and closed"


for _point in POINTS:
    if _point not in ("connect", "banner", "helo", "handshake", "bdat", "noop"):
        _register_421(_point)

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


@fault("starttls")
def starttls_injected(hit: Hit) -> bool:
    """replies in clear follow the 220, as an attacker injects them"""
    hit.send(hit.wire + b"250-evil\r\n250-PIPELINING\r\n250 AUTH PLAIN LOGIN\r\n")
    return True


@fault("starttls")
def starttls_in_clear(hit: Hit) -> bool:
    """220, and then the dialogue goes on in clear"""
    hit.send(hit.wire)
    return False


@fault("handshake")
def handshake_stall(hit: Hit) -> bool:
    """nothing comes after the 220"""
    return end(hit, "freeze")


@fault("handshake")
def handshake_reset(hit: Hit) -> bool:
    """reset after the 220"""
    return end(hit, "reset")


@fault("handshake")
def handshake_close(hit: Hit) -> bool:
    """closed after the 220"""
    return end(hit, "drop")


@fault("handshake")
def handshake_garbage(hit: Hit) -> bool:
    """random bytes in the place of the handshake"""
    hit.send(hit.random.randbytes(512))
    return end(hit, "freeze")


def _register_certificate(kind: str) -> None:
    @fault("connect", f"certificate-{kind}")
    def action(hit: Hit) -> None:
        hit.dialogue.session.certificate = kind

    action.__doc__ = f"the certificate: {CERTIFICATES[kind].__doc__}"


for _kind in CERTIFICATES:
    if _kind not in ("good", "direct"):
        _register_certificate(_kind)


def _register_version(version: str) -> None:
    @fault("connect", f"tls-{version}")
    def action(hit: Hit) -> None:
        hit.dialogue.session.tls_only = version

    action.__doc__ = f"TLS {version} only"


for _version in ("1.0", "1.1", "1.2"):
    _register_version(_version)

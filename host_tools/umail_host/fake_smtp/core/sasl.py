"""The server's side of AUTH: LOGIN, PLAIN and XOAUTH2 as generators that yield challenges and receive responses.

Challenges and responses are as on the wire, in base64. The generator's value is what the client claims to be.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Generator
from dataclasses import dataclass, field

from umail_host.fake_smtp.core.profiles import Profile

Exchange = Generator[bytes, bytes, "Claim"]


@dataclass(frozen=True, slots=True)
class Claim:
    """Who the client says it is, and by what it wants to prove it."""

    user: str
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)


class Undecodable(ValueError):
    """A response is not base64, or not of the form its mechanism asks for."""


def decode(response: bytes) -> bytes:
    """Return one response, decoded; ``=`` stands for an empty one (RFC 4954, 4).

    Raises:
        Undecodable: it is not base64.
    """
    if response == b"=":
        return b""
    try:
        return base64.b64decode(response, validate=True)
    except binascii.Error:
        raise Undecodable("not base64") from None


def _text(octets: bytes) -> str:
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        raise Undecodable("not UTF-8") from None


def login(profile: Profile, initial: bytes | None) -> Exchange:
    """Run LOGIN, with the user name as initial response if the profile takes one."""
    ask_user, ask_password = (base64.b64encode(prompt.encode()) for prompt in profile.login_prompts)
    user = initial if initial and profile.login_initial_response else (yield ask_user)
    name = _text(decode(user))
    password = yield ask_password
    return Claim(name, password=_text(decode(password)))


def plain(profile: Profile, initial: bytes | None) -> Exchange:
    """Run PLAIN (RFC 4616): authorisation id, NUL, user, NUL, password."""
    parts = decode(initial if initial else (yield b"")).split(b"\0")
    if len(parts) != 3:
        raise Undecodable("not authzid NUL authcid NUL passwd")
    return Claim(_text(parts[1]), password=_text(parts[2]))


def xoauth2(profile: Profile, initial: bytes | None) -> Exchange:
    """Run XOAUTH2: ``user=…^Aauth=Bearer …^A^A``."""
    response = decode(initial if initial else (yield b""))
    if not response.endswith(b"\1\1"):
        raise Undecodable("not terminated by two ^A")
    pairs = dict(pair.partition(b"=")[::2] for pair in response[:-2].split(b"\1"))
    scheme, _, token = pairs.get(b"auth", b"").partition(b" ")
    if scheme.lower() != b"bearer" or b"user" not in pairs:
        raise Undecodable("no user= or auth=Bearer")
    return Claim(_text(pairs[b"user"]), token=_text(token))


MECHANISMS: dict[str, Callable[[Profile, bytes | None], Exchange]] = {
    "LOGIN": login,
    "PLAIN": plain,
    "XOAUTH2": xoauth2,
}
GMAIL_REFUSAL = base64.b64encode(b'{"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}')


def refused() -> Exchange:
    """Refuse a token as Gmail does: JSON as a challenge, an empty response, then the refusal."""
    yield GMAIL_REFUSAL
    return Claim("", token=None)

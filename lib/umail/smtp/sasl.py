"""The SASL mechanisms LOGIN, PLAIN (RFC 4616) and XOAUTH2: which one to use, and what to answer to each challenge.

Pure: ``answers`` is a generator that is sent each decoded challenge and yields the next answer, both bytes. It never
sees a socket. The answer yielded first may travel with the AUTH command (the initial response of RFC 4954).
"""

from binascii import a2b_base64, b2a_base64


class Refused(Exception):
    """The server's challenges do not fit the mechanism; the argument says how (str)."""


def encode(data):
    """Base64 without a line end (bytes)."""
    return b2a_base64(data)[:-1]


def decode(text):
    """Return the bytes of a challenge; if it is not base64, the text itself: some servers prompt in plain words."""
    try:
        return a2b_base64(text)
    except ValueError:
        return text


def choose(offered, has_token, wanted=None):
    """Return the mechanisms to use, the best first: a list of ``"XOAUTH2"``, ``"PLAIN"`` and ``"LOGIN"``.

    Args:
        offered: what the server offers, upper case (a collection of str).
        has_token: an access token is there rather than a password.
        wanted: the only one to use (str), or None.
    """
    fit = ("XOAUTH2",) if has_token else ("PLAIN", "LOGIN")
    return [name for name in fit if name in offered and wanted in (None, name)]


def answers(mechanism, username, secret):
    """Run the client's side of one exchange (generator): yields each answer, is sent each challenge.

    Args:
        mechanism: what ``choose`` gave.
        username, secret: bytes; the secret is the password or the access token.

    Raises:
        Refused: the server asks for what must not be sent.
    """
    if mechanism == "LOGIN":
        # By position, whatever the prompts say; but a prompt for the user name never gets the password.
        if _asks_user((yield username)) and _asks_user((yield username)):
            raise Refused("it asks for the user name again and again")
        yield secret
    else:
        if mechanism == "PLAIN":
            first = b"\0" + username + b"\0" + secret
        else:
            first = b"user=" + username + b"\x01auth=Bearer " + secret + b"\x01\x01"
        # An empty challenge after it: the server did not take the initial response and asks for it.
        if not (yield first):
            yield first
        # XOAUTH2: a refusal with its reason in JSON; an empty answer brings the final reply.
        if mechanism == "XOAUTH2":
            yield b""
    raise Refused("it asks for more than %s has" % mechanism)


def _asks_user(challenge):
    return challenge.lower().startswith(b"user")

"""Whether a case of injection_cases.py is to be taken, and whether what then arrived is one mail with its content."""

from __future__ import annotations

import email
import re
import unicodedata
from email.header import decode_header, make_header
from email.message import Message
from email.policy import compat32
from email.utils import getaddresses

from injection_cases import FREE, WORDS, build, payload

# What a server writes above a mail.
TRACE = frozenset(("return-path", "received", "delivered-to", "x-original-to", "envelope-to", "delivery-date"))
# What of the payloads fits a grammar: nothing of it means anything to SMTP or to a reader of headers.
_ADDRESS = frozenset(("dot", "cut to octets", "other line ends", "forged field"))
_ID = frozenset(("dot", "two addresses", "encoded word", "forged field"))
_NAME = _ID - {"encoded word"} | {"opening bracket", "closing bracket"}
_TYPE = _ID | _NAME | {"forged address", "forged parameter"}
_TAKEN = {
    **dict.fromkeys(("sender, local part", "sender, domain", "sender, pair"), _ADDRESS),
    # What stands before the last bracket is the name.
    "sender, in brackets": _ADDRESS | {"opening bracket"},
    **dict.fromkeys(("to, local part", "to, domain", "cc, local part", "bcc, local part"), _ADDRESS),
    **dict.fromkeys(("file, subtype", "file, type's parameter"), _TYPE),
    **dict.fromkeys(("file, cid", "message_id, inside"), _ID),
    "reply_to, local part": _ADDRESS,
    "header, name": _NAME,
}


def taken(case: str) -> bool:
    """Whether the mail is to be sent; otherwise it is to be refused."""
    place, _, name = case.partition("/")
    kinds = {unicodedata.category(character) for character in payload(name)}
    if place == "file":
        return True
    if place in FREE:
        return "Cs" not in kinds
    if place in WORDS:
        return not kinds & {"Cc", "Cs"}
    return name in _TAKEN.get(place, ())


def route_taken(case: str) -> bool:
    """Whether a mail is to be sent with what a case says of the route."""
    place, _, name = case.partition("/")
    text = payload(name)
    kinds = {unicodedata.category(character) for character in text}
    fine = not kinds & {"Cc", "Cs"}
    if place == "token":
        return fine
    fine = fine and len(text.encode()) < 200
    if place in ("username", "password") or place.endswith(", username"):
        return fine
    if "ehlo" in place:
        return fine and " " not in text
    return name in _ADDRESS and (place == "relay, sender" or place.endswith("local part"))


def _bare(value: object) -> str:
    text = value[1] if isinstance(value, tuple) else value
    assert isinstance(text, str)
    return text[:-1].rpartition("<")[2] if text.endswith(">") else text


def _people(values: object) -> list[str]:
    return [_bare(value) for value in (values if isinstance(values, list) else [values] if values else [])]


def envelope(case: str) -> tuple[str, list[str]]:
    """The sender and the recipients of a case."""
    arguments = build(case)
    everybody = [one for name in ("to", "cc", "bcc") for one in _people(arguments.get(name))]
    return _bare(arguments["sender"]), list(dict.fromkeys(everybody))


def _lines(text: str) -> bytes:
    return text.encode().replace(b"\r\n", b"\n").replace(b"\r", b"\n").rstrip(b"\n")


def _decoded(value: str) -> str:
    return str(make_header(decode_header(value)))


def _headers(content: bytes) -> list[tuple[str, str]]:
    """Names and values, unfolded, without the server's."""
    head = content.partition(b"\r\n\r\n")[0].decode()
    # By CRLF and nothing else: str.splitlines knows other ends.
    pairs = [line.partition(":") for line in re.sub(r"\r\n(?=[ \t])", "", head).split("\r\n")]
    return [(name, value[1:]) for name, _, value in pairs if name.lower() not in TRACE]


def judge(case: str, content: bytes, binary: bool = False) -> None:
    """Fails unless these bytes are the mail that was given; ``binary``: they may hold files as they are."""
    if not binary:
        assert not re.search(rb"\r(?!\n)|(?<!\r)\n|\0", content), "an end of line that is not CRLF, or a NUL"
        assert max(map(len, content.split(b"\r\n"))) <= 998
    arguments = build(case)
    pairs = _headers(content)
    assert [name for name, _ in pairs] == _names(arguments)
    headers = dict(pairs)
    assert _decoded(headers["Subject"]) == arguments["subject"]
    for name, argument in (("From", "sender"), ("To", "to"), ("Cc", "cc"), ("Reply-To", "reply_to")):
        if name in headers and argument in arguments:
            _judge_people(headers[name], arguments[argument])
    for name, value in arguments.get("headers", ()):
        assert _decoded(headers[name]) == value
    if "message_id" in arguments:
        assert headers["Message-ID"] == arguments["message_id"]
    _judge_parts(arguments, email.message_from_bytes(content, policy=compat32))


def _names(arguments: dict) -> list[str]:
    names = ["From", "To"] + [name for key, name in (("cc", "Cc"), ("reply_to", "Reply-To")) if key in arguments]
    names += ["Subject", "Date", "Message-ID"] + [name for name, _ in arguments.get("headers", ())]
    return names + ["Auto-Submitted", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"]


def _judge_people(value: str, given: object) -> None:
    found = getaddresses([value])
    whole = given if isinstance(given, list) else [given]
    assert [address for _, address in found] == _people(whole)
    for (name, _), one in zip(found, whole, strict=True):
        if isinstance(one, tuple):
            assert _decoded(name) == one[0]


def _judge_parts(arguments: dict, mail: Message) -> None:
    """The texts and the files, each once, with what was given."""
    leaves = [part for part in mail.walk() if not part.is_multipart()]
    files = arguments.get("attachments", [])
    texts = [part for part in leaves if part.get_content_disposition() is None]
    assert [part.get_content_type() for part in texts] == ["text/plain"] + ["text/html"] * ("html" in arguments)
    for part, name in zip(texts, ("text", "html"), strict=False):
        assert part.get_payload(decode=True).rstrip(b"\r\n").replace(b"\r\n", b"\n") == _lines(arguments[name])
    assert len(leaves) == len(texts) + len(files)
    for part, file in zip(leaves[len(texts) :], files, strict=True):
        octets = file["octets"].encode("utf-8", "surrogatepass") if "octets" in file else file["source"]
        assert part.get_payload(decode=True) == octets
        # Python's reader takes a space at the end away.
        assert part.get_filename() == file["name"].rstrip()
        if "cid" in file:
            assert part["Content-ID"] == f"<{file['cid']}>"
        if "type" in file:
            assert re.sub(r"\r\n ", " ", part["Content-Type"]) == file["type"]

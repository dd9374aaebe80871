"""The content of a message: DATA up to the lone dot, and BDAT chunks (RFC 3030), both bounded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from umail_host.fake_smtp.core.events import Deliver
from umail_host.fake_smtp.core.refused import Refused

if TYPE_CHECKING:
    from umail_host.fake_smtp.core.dialogue import Dialogue

MAX_SIZE = 157286400
_END = b"\r\n.\r\n"
_CHUNK = re.compile(r"(\d{1,12})(?: +(LAST))?\Z", re.IGNORECASE)
_MESSAGE_ID = re.compile(rb"^message-id[ \t]*:((?:[^\r\n]|\r\n[ \t])*)", re.IGNORECASE | re.MULTILINE)
_BARE_LF = re.compile(rb"(?<!\r)\n")


class Content:
    """What has come of a message so far.

    Attributes:
        octets: the content; under DATA with the CRLF before it and dots still stuffed.
        left: bytes of the current chunk that are still to come; ``last``: it is the last one.
        begun: a chunk has been announced; ``refusal``: the reply to this chunk and those after it.
    """

    __slots__ = ("begun", "last", "left", "octets", "oversize", "refusal", "size")

    def __init__(self) -> None:
        self.octets = bytearray()
        self.size = 0
        self.left = 0
        self.last = False
        self.begun = False
        self.oversize = False
        self.refusal = ""

    def add(self, data: bytes, limit: int, keep: int = 0) -> None:
        """Append; beyond ``limit`` bytes only the last ``keep`` stay."""
        self.size += len(data)
        self.octets += data
        if self.size > limit:
            self.oversize = True
        if self.oversize and len(self.octets) > keep:
            del self.octets[: len(self.octets) - keep]


def _limit(dialogue: Dialogue) -> int:
    return dialogue.profile.size or MAX_SIZE


def data(dialogue: Dialogue, argument: str) -> None:
    """Run DATA: refuse it without a transaction, else let content follow."""
    envelope = dialogue.envelope
    if argument:
        raise Refused("arguments")
    if envelope is None:
        raise Refused("mail-first")
    if not envelope.recipients:
        raise Refused("rcpt-first")
    if dialogue.content.begun:
        raise Refused("data-after-bdat")
    if envelope.body == "BINARYMIME":
        raise Refused("data-binary")
    if dialogue.say("data", "data"):
        take_data(dialogue)


def take_data(dialogue: Dialogue) -> None:
    """Read content from here on, up to the lone dot."""
    dialogue.content = Content()
    dialogue.content.octets += b"\r\n"
    dialogue.reader = _read_data


def _read_data(dialogue: Dialogue) -> bool:
    if not dialogue.buffer:
        return False
    content = dialogue.content
    before = len(content.octets)
    start = max(0, before - len(_END) + 1)
    window = bytes(content.octets[start:]) + bytes(dialogue.buffer)
    found = window.find(_END)
    count = len(dialogue.buffer) if found < 0 else start + found + len(_END) - before
    content.add(dialogue.hear(count), _limit(dialogue) + len(_END), keep=len(_END) - 1)
    dialogue.at_body(content.size)
    if found < 0 or dialogue.reader is not _read_data:
        return dialogue.reader is not _read_data
    dialogue.read_commands()
    octets = bytes(content.octets[2 : -len(_END) + 2]).replace(b"\r\n.", b"\r\n")
    finish(dialogue, octets.removeprefix(b"."))
    return True


def bdat(dialogue: Dialogue, argument: str) -> None:
    """Run BDAT: always take its bytes, so that they can never run as commands; then judge the chunk."""
    found = _CHUNK.match(argument)
    if not found:
        raise Refused("bdat-syntax")
    content, envelope = dialogue.content, dialogue.envelope
    if envelope is None or not envelope.recipients:
        content = dialogue.content = Content()
        content.refusal = "mail-first" if envelope is None else "rcpt-first"
    content.begun = True
    content.left = int(found[1])
    content.last = found[2] is not None
    if dialogue.say("bdat", ""):
        dialogue.reader = _read_chunk


def _read_chunk(dialogue: Dialogue) -> bool:
    content = dialogue.content
    if content.left:
        if not dialogue.buffer:
            return False
        chunk = dialogue.hear(min(content.left, len(dialogue.buffer)))
        content.left -= len(chunk)
        if content.refusal:
            content.size += len(chunk)
        else:
            content.add(chunk, _limit(dialogue))
        dialogue.at_body(content.size)
        if content.left or dialogue.reader is not _read_chunk:
            return dialogue.reader is not _read_chunk
    dialogue.read_commands()
    if content.oversize and not content.refusal:
        content.refusal = "size"
    if content.refusal:
        dialogue.say("chunk", content.refusal, hold=True)
        if content.last:
            reset(dialogue)
        elif content.refusal not in ("mail-first", "rcpt-first"):
            content.refusal = "chunk-last-failed"
    elif content.last:
        finish(dialogue, bytes(content.octets))
    elif not dialogue.say("chunk", "chunk", hold=True, size=str(content.size)):
        content.refusal = "chunk-last-failed"
    return True


def reset(dialogue: Dialogue) -> None:
    """Forget the transaction."""
    dialogue.envelope = None
    dialogue.content = Content()


def finish(dialogue: Dialogue, octets: bytes) -> None:
    """Judge the whole content, deliver it, and answer."""
    envelope, oversize = dialogue.envelope, dialogue.content.oversize
    reset(dialogue)
    if envelope is None or not envelope.recipients:
        dialogue.say("content", "rcpt-first", hold=True)
        return
    envelope.content = octets
    refusal: str | None = "size" if oversize or len(octets) > _limit(dialogue) else None
    if (
        refusal is None
        and dialogue.profile.refuse_bare_lf
        and envelope.body != "BINARYMIME"
        and _BARE_LF.search(octets)
    ):
        refusal = "bare-lf"
    if refusal is None:
        refusal = dialogue.policy.content(dialogue.session, envelope)
    if refusal:
        dialogue.say("content", refusal, hold=True)
        return
    late = dialogue.policy.delay(dialogue.session, envelope)
    dialogue.wait(late)
    place = dialogue.mark()
    message_id = _message_id(octets)
    dialogue.session.messages += 1
    if dialogue.say("content", "queued", hold=True, message_id=message_id, size=str(len(octets))):
        dialogue.policy.accepted(dialogue.session, envelope, late)
        dialogue.emit(Deliver(envelope), place)
    else:
        dialogue.session.messages -= 1


def _message_id(octets: bytes) -> str:
    found = _MESSAGE_ID.search(octets[:65536].partition(b"\r\n\r\n")[0])
    return found[1].decode("utf-8", "replace").strip() if found else "<generated@mail.example.org>"

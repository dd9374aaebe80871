"""Asks a board about the mails that wait on it or that it gave up, with the library's own outbox, and changes them."""

from __future__ import annotations

import json
from typing import Any

from umail import advice
from umail_host.device import maintenance
from umail_host.device.board import ExecError
from umail_host.errors import UserError

_MARK = "umail-outbox "
# Runs on the board, with the library's own outbox; the configuration's word is kept, so that a rest of the route stays.
_BOX = f"""
import json,time
from umail.outbox import Outbox
try:
 import umail.durable
 word=None
except ImportError:
 from umail.queue.spool import Spool
 s=Spool('/outbox').load()
 word=s[2] if s else ''
box=Outbox('/outbox',None,config=word,uptime=lambda:time.ticks_ms()//1000)
def find(n):
 return [e for e in box.entries if n is None or e.number==n]
def tell(v):
 print({_MARK!r}+json.dumps(v))
def row(e):
 m=box.read(e)
 p=box.policy
 now=box.now()
 rests=e.state!='dead' and p.until>now
 return {{'number':'%06x'%e.number,'state':e.state,'due':max(0,e.until-now,p.until-now if rests else 0),
 'attempts':e.attempts or (p.fails if rests else 0),'size':e.size,'priority':e.priority,
 'subject':m.subject if m else '','to':m.recipients if m else [],'why':e.why,'gone':e.gone,
 'rests':p.why if rests else ''}}
"""

Row = dict[str, Any]


def mails(port: str) -> list[Row]:
    """Return all mails on the board, the oldest first."""
    return [_explained(row) for row in _ask(port, "tell([row(e) for e in box.entries])")]


def mail(port: str, number: str) -> Row:
    """Return one mail, with its text and the names of its attachments."""
    code = (
        "r=row(e)\n m=box.read(e)\n r['text']=(m.text or '') if m else ''\n"
        " r['attachments']=[a.name for a in m.attachments] if m else []\n tell(r)"
    )
    return _one(port, number, code)


def retry(port: str) -> int:
    """Let all mails that wait be tried at once; return their number."""
    return int(_ask(port, "box.retry()\ntell(len(box.pending()))"))


def retry_one(port: str, number: str) -> Row:
    """Let one mail be tried at once, also one that was given up."""
    return _one(port, number, "box.retry(e)\n tell(row(e))")


def purge_dead(port: str) -> int:
    """Remove all mails that were given up; return their number."""
    return int(_ask(port, "n=len(box.dead())\nbox.purge()\ntell(n)"))


def purge(port: str, number: str) -> Row:
    """Remove one mail, whatever its state."""
    return _one(port, number, "tell(row(e))\n box.purge(e)")


def _one(port: str, number: str, code: str) -> Row:
    """Return what ``code`` says of the mail ``e`` with that number."""
    try:
        wanted = int(number, 16)
    except ValueError:
        raise UserError(
            f"{number!r} is not the number of a mail: `umail outbox ls` shows them, such as 000003"
        ) from None
    row = _ask(port, f"for e in find({wanted}):\n {code}")
    if not isinstance(row, dict):
        raise UserError(f"the board has no mail {number}: `umail outbox ls` shows them")
    return _explained(row)


def _explained(row: Row) -> Row:
    """Say why a mail waits that was not refused itself: its route rests, since a person must act or a pause is on."""
    key = row.pop("rests")
    if key and not row["why"]:
        row["why"] = f"the route rests ({key}): {advice.text(key)}".rstrip(": ")
    return row


def _ask(port: str, code: str) -> Any:
    """Return what ``code`` tells on the board; None if it tells nothing."""
    with maintenance.held(port) as link:
        try:
            printed = link.exec(_BOX + code, timeout=60)
        except ExecError as error:
            # Where the library lies, /lib, ROMFS or frozen in, is the board's affair.
            if "ImportError: " in error.traceback:
                raise UserError("umail is not on this board: run umail deploy first", 3) from None
            raise UserError(f"the outbox could not be read: {error}", 3) from None
    for line in printed.splitlines():
        if line.startswith(_MARK):
            return json.loads(line[len(_MARK) :])
    return None

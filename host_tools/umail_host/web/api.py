"""The API: mails, sessions, faults, limits, boards; what the page does, any program can do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from umail_host.errors import UserError
from umail_host.fake_smtp import FakeServer
from umail_host.fake_smtp.faults.plan import describe, parse
from umail_host.fake_smtp.faults.registry import FAULTS, POINTS
from umail_host.web import html, mail, schemas, spam, timeline
from umail_host.web.boards import ACTIONS, Boards
from umail_host.web.compare import CLIENTS, send
from umail_host.web.hub import Hub
from umail_host.web.operations import ApiError, Operation, integer, openapi, text
from umail_host.web.store import FIELDS, Row, Store

if TYPE_CHECKING:
    from umail_host.doctor.domain import Dns

_SEARCH = {name: text() for name in FIELDS}
_LIMITS = ("per_minute", "per_hour", "recipients_a_day", "max_sessions")
_READY = 60.0
ONE = (404,)  # what asks for one of something may find none
_FILTERED = 500  # mails whose points of SpamAssassin are remembered
_FIRST = 40  # mails that the page brings along: more than a screen shows
_OF_A_ROW = ("number", "id", "time", "header_from", "sender", "subject", "preview", "thread", "threaded", "attachments")


class Api:
    """What can be asked of one server.

    Args:
        server: the fake server; ``store``: its mails; ``hub``: tells the pages; ``boards``: the virtual boards.
        settle: returns when all mails that came are in the store.
        dns: asked for SPF and DMARC of senders; None: nobody is.
    """

    def __init__(
        self,
        server: FakeServer,
        store: Store,
        hub: Hub,
        boards: Boards,
        settle: Callable[[], None] = lambda: None,
        dns: Dns | None = None,
    ) -> None:
        self._server, self._store, self._hub, self._boards = server, store, hub, boards
        self._settle, self._dns = settle, dns
        self._filtered: dict[str, dict[str, Any]] = {}
        self.operations = [*self._of_mails(), *self._of_the_server(), *self._of_boards()]

    def _of_mails(self) -> list[Operation]:
        """Return the operations on mails."""
        return [
            Operation(
                "GET",
                "/mails",
                self.list_mails,
                {**_SEARCH, "offset": integer(0, 10**9, default=0), "limit": integer(1, 500, default=100)},
                gives=schemas.MAILS,
            ),
            Operation("DELETE", "/mails", self.delete_mails, _SEARCH, gives=schemas.DELETED, slow=True),
            Operation("GET", "/mails/{id}", self.get_mail, gives=schemas.MAIL, answers=ONE),
            Operation("GET", "/mails/{id}/standing", self.get_standing, gives=schemas.STANDING, answers=ONE, slow=True),
            Operation("DELETE", "/mails/{id}", self.delete_mail, gives=schemas.DELETED, answers=ONE),
            Operation("GET", "/mails/{id}/source", self.get_source, answers=ONE, media="message/rfc822"),
            Operation("GET", "/mails/{id}/html", self.get_html, answers=ONE, media="text/html"),
            Operation("GET", "/mails/{id}/parts/{index}", self.get_part, answers=ONE, media="application/octet-stream"),
            Operation(
                "GET",
                "/wait",
                self.wait_for,
                {**_SEARCH, "count": integer(1, 10**6, default=1), "timeout": integer(0, 60, default=10)},
                gives=schemas.FOUND,
                answers=(408,),
            ),
            Operation("GET", "/export", self.export, _SEARCH, media="application/mbox"),
        ]

    def _of_the_server(self) -> list[Operation]:
        """Return those on sessions, faults and limits."""
        return [
            Operation("GET", "/server", self.get_server, gives=schemas.SERVER),
            Operation("GET", "/sessions", self.list_sessions, gives=schemas.SESSIONS),
            Operation("GET", "/sessions/{number}", self.get_session, gives=schemas.SESSION, answers=ONE),
            Operation(
                "POST",
                "/sessions",
                self.compare,
                body={"client": text(20, enum=list(CLIENTS))},
                required=("client",),
                gives=schemas.COMPARED,
                answers=(409,),
                slow=True,
            ),
            Operation("GET", "/faults", self.get_faults, gives=schemas.FAULTS),
            Operation(
                "PUT",
                "/faults",
                self.set_faults,
                body={"plan": text(), "seed": integer(0, 2**53)},
                required=("plan",),
                gives=schemas.PLAN,
            ),
            Operation("GET", "/limits", self.get_limits, gives=schemas.LIMITS),
            Operation(
                "PUT",
                "/limits",
                self.set_limits,
                body={name: integer(0, 10**6) for name in _LIMITS},
                gives=schemas.LIMITS,
            ),
        ]

    def _of_boards(self) -> list[Operation]:
        """Return those on virtual boards."""
        return [
            Operation("GET", "/boards", self.list_boards, gives=schemas.BOARDS),
            Operation("GET", "/boards/{name}", self.get_board, gives=schemas.STATE, answers=ONE),
            Operation(
                "GET", "/boards/{name}/outbox", self.get_outbox, gives=schemas.OUTBOX, answers=(404, 409), slow=True
            ),
            Operation(
                "POST",
                "/boards/{name}",
                self.act,
                body={
                    "action": text(20, enum=list(ACTIONS)),
                    "value": {"type": "number", "minimum": -1e9, "maximum": 1e9},
                },
                required=("action",),
                gives=schemas.BOARD,
                answers=(404, 409),
            ),
        ]

    def routes(self) -> list[Route]:
        """Return all routes."""
        described = openapi(self.operations)

        async def description(request: Request) -> Response:
            return JSONResponse(described)

        async def events(request: Request) -> Response:
            return StreamingResponse(self._hub.stream(self._store.state), media_type="text/event-stream")

        return [
            *(operation.route() for operation in self.operations),
            Route("/api/v1/openapi.json", description),
            Route("/api/v1/events", events),
            Route("/readyz", self._readyz),
        ]

    # Mails.

    def list_mails(self, offset: int, limit: int, **where: str) -> dict[str, Any]:
        """List mails, the newest first; each word of q must appear in addresses, subject, Message-ID or text."""
        total, newest, rows = self._store.page(_given(where), offset, limit)
        return {"total": total, "newest": newest, "mails": rows}

    def delete_mails(self, **where: str) -> dict[str, int]:
        """Delete all mails that match; without a search, all."""
        deleted = self._store.delete(_given(where))
        self._hub.publish("reload", None)
        return {"deleted": deleted}

    def get_mail(self, id: str) -> dict[str, Any]:
        """Return a mail: headers, MIME tree, text, envelope, warnings, and the mails of its thread."""
        found, content = self._store.get(id), self._store.content(id)
        if found is None or content is None:
            raise _missing("mail", id)
        _, thread = self._store.find({"thread": found[0]["thread"]}, 0, 50)
        return mail.view(content, found[0]) | {"thread_mails": thread[::-1]}

    def get_standing(self, id: str) -> dict[str, Any]:
        """Return what others think of a mail: SPF and DMARC if a DNS server was named, SpamAssassin if it is here."""
        found, content = self._store.get(id), self._content(id)
        if found is None:
            raise _missing("mail", id)
        row, asked = found[0], self._dns is not None
        peer = next((one.peer for one in self._server.sessions if one.number == row["session"]), None)
        warnings = []
        if self._dns is not None:
            from umail_host.web.reputation import domain_warnings  # a resolver is not loaded if nobody is to be asked

            warnings = domain_warnings(content, row["sender"], peer, self._dns)
        return {"asked_dns": asked, "warnings": warnings, "spamassassin": self._spam(id, content)}

    def _spam(self, key: str, content: bytes) -> dict[str, Any] | None:
        if key not in self._filtered:
            found = spam.spamassassin(content)
            if found is None or "error" in found:
                return found
            if len(self._filtered) >= _FILTERED:
                self._filtered.clear()
            self._filtered[key] = found
        return self._filtered[key]

    def delete_mail(self, id: str) -> dict[str, int]:
        """Delete a mail."""
        if not self._store.delete({}, id):
            raise _missing("mail", id)
        self._hub.publish("reload", None)
        return {"deleted": 1}

    def get_source(self, id: str) -> Response:
        """Return a mail's bytes as they came, as a file .eml."""
        return _file(self._content(id), f"{id}.eml", "message/rfc822")

    def get_html(self, id: str) -> Response:
        """Return a mail's HTML, sanitised, for a sandboxed frame."""
        page = html.page(self._content(id))
        if page is None:
            raise ApiError(404, "this mail has no HTML")
        return HTMLResponse(page, headers={"Content-Security-Policy": html.POLICY})

    def get_part(self, id: str, index: str) -> Response:
        """Return the decoded bytes of a part, to be saved."""
        found = mail.attachment(self._content(id), int(index)) if index.isdecimal() and len(index) < 6 else None
        if found is None:
            raise _missing("part", index)
        headers = {"Content-Disposition": found[1], "Content-Security-Policy": html.POLICY}
        return Response(found[0], media_type="application/octet-stream", headers=headers)

    async def wait_for(self, count: int, timeout: int, **where: str) -> dict[str, Any]:
        """Return as soon as that many mails match; 408 after timeout seconds."""
        due = time.monotonic() + timeout
        while True:
            total, rows = await asyncio.to_thread(self._store.find, _given(where), 0, min(count, 500))
            left = due - time.monotonic()
            if total >= count:
                return {"total": total, "mails": rows}
            if left <= 0 or self._hub.closed:
                raise ApiError(408, f"{total} of {count} mails came within {timeout} s")
            await self._hub.news(min(left, 1.0))

    def export(self, **where: str) -> Response:
        """Return all mails that match in one file, mbox (RFC 4155; lines that begin with From are quoted)."""
        keys = self._store.keys(_given(where))
        return _file(self._mbox(keys), "umail.mbox", "application/mbox")

    def _mbox(self, keys: list[str]) -> Iterator[bytes]:
        for key in keys:
            found, content = self._store.get(key), self._store.content(key)
            if found is not None and content is not None:
                when = datetime.fromtimestamp(found[0]["time"], UTC).strftime("%a %b %d %H:%M:%S %Y")
                sender = found[0]["sender"].replace(" ", "") or "MAILER-DAEMON"
                lines = content.replace(b"\r\n", b"\n").split(b"\n")
                quoted = [b">" + line if line.lstrip(b">").startswith(b"From ") else line for line in lines]
                yield f"From {sender} {when}\n".encode() + b"\n".join(quoted) + b"\n\n"

    def _content(self, key: str) -> bytes:
        content = self._store.content(key)
        if content is None:
            raise _missing("mail", key)
        return content

    # The server.

    def start(self) -> dict[str, Any]:
        """Return what the page begins with: the server, the newest mails as the list shows them, and up to where."""
        found = self.list_mails(0, _FIRST)
        rows = [{name: row[name] for name in _OF_A_ROW} for row in found["mails"]]
        return {"server": self.get_server(), "state": self._store.state(), "mails": found | {"mails": rows}}

    def get_server(self) -> dict[str, Any]:
        """Return what the server is: profile, port, mails in all, where they are kept."""
        server = self._server
        told = {"profile": server.profile.name, "host": server.host, "port": server.port, "names": server.names}
        told |= {"mails": self._store.state()[0], "boards": self._boards.names, "clients": list(CLIENTS)}
        return told | {"maildir": str(self._store.maildir), "faults": self._plan(), "actions": list(ACTIONS)}

    async def _readyz(self, request: Request) -> Response:
        asked = request.query_params.get("wait", "0")
        try:
            left = min(max(float(asked or _READY), 0.0), _READY)  # ?wait alone: as long as may be
        except ValueError:
            left = 0.0
        due = time.monotonic() + (left if left == left else 0.0)
        while not self._server.listening and time.monotonic() < due:
            await asyncio.sleep(0.02)
        return JSONResponse({"ready": self._server.listening}, 200 if self._server.listening else 503)

    def list_sessions(self) -> list[dict[str, Any]]:
        """List the sessions of this run, the newest first, 500 at the most."""
        return [timeline.brief(session) for session in self._server.sessions[:-501:-1]]

    def get_session(self, number: str) -> dict[str, Any]:
        """Return a session with its dialogue in flights, TLS, faults, and the mails that it brought."""
        for session in self._server.sessions:
            if str(session.number) == number:
                found = timeline.whole(self._server, session)
                self._settle()  # its mails are on their way into the index
                return found | {"mails": self._store.of_session(session.number)}
        raise _missing("session", number)

    def compare(self, client: str) -> dict[str, Any]:
        """Let a client send one short mail to this server, to see its dialogue beside another's."""
        return {"session": send(self._server, client)}

    def get_faults(self) -> dict[str, Any]:
        """List all faults with what they do, and the plan in force."""
        known = [{"name": name, "summary": fault.summary, "point": fault.point} for name, fault in FAULTS.items()]
        return {"plan": self._plan(), "seed": self._server.plan.seed, "faults": known, "points": POINTS}

    def set_faults(self, plan: str, seed: int = 0) -> dict[str, Any]:
        """Follow a plan of faults from now on, as NAME[=ARGUMENT][@OCCURRENCE][,…]; an empty one ends them."""
        try:
            parse(plan, seed)
        except ValueError as error:
            raise ApiError(422, str(error)) from None
        self._server.follow(plan, seed)
        self._hub.publish("faults", self._plan())
        return {"plan": self._plan(), "seed": seed}

    def _plan(self) -> str:
        return ",".join(describe(planned) for planned in self._server.plan.faults)

    def get_limits(self) -> dict[str, int]:
        """Return the limits of a user: messages a minute (late beyond) and an hour, recipients a day, sessions."""
        return {name: getattr(self._server.policy, name) for name in _LIMITS}

    def set_limits(self, **limits: int) -> dict[str, int]:
        """Set limits from now on; 0 is no limit."""
        for name, value in limits.items():
            setattr(self._server.policy, name, value)
        return self.get_limits()

    # Boards.

    def list_boards(self) -> list[dict[str, Any]]:
        """List the virtual boards."""
        return [self._boards.brief(name) for name in self._boards.names]

    def get_board(self, name: str) -> dict[str, Any]:
        """Return a board: power, Wi-Fi, clock, sensor, reset cause, readings and marks for the chart, console."""
        return self._boards.state(self._board(name))

    def get_outbox(self, name: str) -> list[Row]:
        """Return the mails on a board's flash: waiting, due when and why, given up and why; the board goes on."""
        return self._boards.outbox(self._board(name))

    def act(self, name: str, action: str, value: float = 0) -> dict[str, Any]:
        """Do to a board what a user would: reset, power, Wi-Fi, time server, clock, sensor, flash, network."""
        try:
            self._boards.act(self._board(name), action, value)
        except (OSError, UserError) as error:
            raise ApiError(409, str(error)) from None
        return self._boards.brief(name)

    def _board(self, name: str) -> str:
        if name not in self._boards.names:
            raise _missing("board", name)
        return name


def _given(where: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in where.items() if value}


def _missing(what: str, name: str) -> ApiError:
    return ApiError(404, f"there is no {what} {name[:80]!r}")


def _file(content: bytes | Iterator[bytes], name: str, kind: str) -> Response:
    headers = {"Content-Disposition": mail.disposition(name), "Content-Security-Policy": html.POLICY}
    if isinstance(content, bytes):
        return Response(content, media_type=kind, headers=headers)
    return StreamingResponse(content, media_type=kind, headers=headers)

"""The shapes of the API's answers, as JSON Schema: a client in any language can be generated of them."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
YES: Schema = {"type": "boolean"}


def many(schema: Schema) -> Schema:
    """Return the schema of a list of these."""
    return {"type": "array", "items": schema}


def maybe(schema: Schema) -> Schema:
    """Return the schema of one of these, or of null."""
    return {"anyOf": [schema, {"type": "null"}]}


def thing(**properties: Schema) -> Schema:
    """Return the schema of an object that has all these properties and no other."""
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _named(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


_ROW = {
    "number": WHOLE,
    "id": TEXT,
    "time": NUMBER,
    "session": maybe(WHOLE),
    "user": maybe(TEXT),
    "sender": TEXT,
    "recipients": many(TEXT),
    "header_from": TEXT,
    "header_to": TEXT,
    "subject": TEXT,
    "message_id": TEXT,
    "thread": TEXT,
    "size": WHOLE,
    "attachments": WHOLE,
    "preview": TEXT,
    "threaded": WHOLE,
}
_PART = thing(index=WHOLE, depth=WHOLE, type=TEXT, name=TEXT, size=WHOLE, encoding=TEXT, attachment=YES)
_RULE = thing(points=NUMBER, name=TEXT, text=TEXT)
_POINTS = thing(points=NUMBER, required=NUMBER, rules=many(_RULE))
_SESSION = {
    "number": WHOLE,
    "peer": TEXT,
    "started": NUMBER,
    "ended": maybe(NUMBER),
    "tls": TEXT,
    "user": maybe(TEXT),
    "ehlo": TEXT,
    "round_trips": WHOLE,
    "messages": WHOLE,
    "faults": many(TEXT),
    "ending": TEXT,
}
_CERTIFICATE = thing(**dict.fromkeys(("kind", "issuer", "from", "until"), TEXT), names=many(TEXT))
_FLIGHT = thing(
    **{"from": {"enum": ["C", "S", "!"]}, "at": NUMBER, "until": NUMBER, "tls": YES, "lines": many(TEXT)},
    times=many(NUMBER),
    more=WHOLE,
    trip=WHOLE,
    fault=YES,
)
_BOARD = {
    "name": TEXT,
    "powered": YES,
    "wifi": TEXT,
    "ntp": YES,
    "clock": NUMBER,
    "cause": TEXT,
    "sensor": maybe(thing(celsius=NUMBER, gone=YES)),
    "reading": maybe(NUMBER),
    "latency": maybe(NUMBER),
    "limit": maybe(NUMBER),
    "hysteresis": NUMBER,
    "unit": TEXT,
}
_LINE = thing(time=NUMBER, text=TEXT) | {"properties": {"time": NUMBER, "text": TEXT, "act": YES}}
_WAITING = {
    "number": TEXT,
    "state": TEXT,
    "due": WHOLE,
    "attempts": WHOLE,
    "size": WHOLE,
    "priority": WHOLE,
    "subject": TEXT,
    "to": many(TEXT),
    "why": TEXT,
    "gone": many(many(TEXT)),
}
_LIMITS = ("per_minute", "per_hour", "recipients_a_day", "max_sessions")

COMPONENTS: dict[str, Schema] = {
    "Error": thing(error=TEXT),
    "Row": thing(**_ROW),
    "Warning": thing(key=TEXT, text=TEXT),
    "Mail": thing(
        **_ROW,
        headers=many(thing(name=TEXT, value=TEXT, raw=TEXT)),
        headers_left_out=WHOLE,
        parts=many(_PART),
        parts_left_out=YES,
        text=TEXT,
        text_cut=YES,
        html=YES,
        warnings=many(_named("Warning")),
        thread_mails=many(_named("Row")),
    ),
    "Session": thing(**_SESSION),
    "Board": thing(**_BOARD),
}
MAILS = thing(total=WHOLE, newest=WHOLE, mails=many(_named("Row")))
FOUND = thing(total=WHOLE, mails=many(_named("Row")))
MAIL = _named("Mail")
STANDING = thing(
    asked_dns=YES,
    warnings=many(_named("Warning")),
    spamassassin={"anyOf": [_POINTS, _named("Error"), {"type": "null"}]},
)
DELETED = thing(deleted=WHOLE)
SERVER = thing(
    profile=TEXT,
    host=TEXT,
    port=WHOLE,
    names=TEXT,
    mails=WHOLE,
    boards=many(TEXT),
    clients=many(TEXT),
    maildir=TEXT,
    faults=TEXT,
    actions=many(TEXT),
)
SESSIONS = many(_named("Session"))
SESSION = thing(
    **_SESSION,
    cipher=TEXT,
    certificate=maybe(_CERTIFICATE),
    client_names=many(TEXT),
    octets_in=WHOLE,
    octets_out=WHOLE,
    flights=many(_FLIGHT),
    flights_left_out=WHOLE,
    mails=many(_named("Row")),
)
COMPARED = thing(session=WHOLE)
PLAN = thing(plan=TEXT, seed=WHOLE)
FAULTS = thing(
    plan=TEXT,
    seed=WHOLE,
    faults=many(thing(name=TEXT, summary=TEXT, point=TEXT)),
    points=many(TEXT),
)
LIMITS = thing(**dict.fromkeys(_LIMITS, WHOLE))
BOARD, BOARDS = _named("Board"), many(_named("Board"))
STATE = thing(
    **_BOARD,
    lines=many(_LINE),
    readings=many(many(NUMBER)),
    marks=many(thing(time=NUMBER, kind=TEXT, text=TEXT)),
)
OUTBOX = many(thing(**_WAITING))
READY = thing(ready=YES)

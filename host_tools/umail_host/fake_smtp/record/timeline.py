"""What happened at a server in one timeline: both directions, faults where they struck, and the mail that resulted."""

from __future__ import annotations

import json
from typing import Any

from umail_host.fake_smtp.faults.plan import describe
from umail_host.fake_smtp.record.masking import Masker
from umail_host.fake_smtp.record.transcript import Entry
from umail_host.fake_smtp.server.server import FakeServer
from umail_host.terminal import count


def text(server: FakeServer) -> str:
    """Return the timeline as lines, with the plan above and a line for each session and message below."""
    faults = ", ".join(describe(planned) for planned in server.plan.faults) or "none"
    lines = [f"profile {server.profile.name}; faults {faults}; seed {server.plan.seed}\n", server.transcript.text()]
    for session in server.sessions:
        struck = ", ".join(session.faults) or "no fault"
        lines.append(
            f"session {session.number}: {count(session.round_trips, 'round trip')}, {session.octets_in} bytes in, "
            f"{session.octets_out} out, {count(session.messages, 'message')}, {struck}; {session.ending or 'closed'}\n"
        )
    for delivery in server.inbox.deliveries:
        recipients = ", ".join(delivery.recipients)
        lines.append(f"mail {delivery.connection}: {delivery.sender} to {recipients}: {delivery.headers['Subject']}\n")
    return server.masker.mask("".join(lines).encode()).decode("utf-8", "replace")


def as_json(server: FakeServer) -> str:
    """Return the same as one JSON object."""
    whole = {
        "profile": server.profile.name,
        "faults": [describe(planned) for planned in server.plan.faults],
        "seed": server.plan.seed,
        "sessions": [
            {
                "number": session.number,
                "peer": session.peer,
                "tls": session.tls_version,
                "user": session.user,
                "round_trips": session.round_trips,
                "octets_in": session.octets_in,
                "octets_out": session.octets_out,
                "messages": session.messages,
                "faults": session.faults,
                "ending": session.ending,
            }
            for session in server.sessions
        ],
        "mail": [
            {
                "time": delivery.time,
                "connection": delivery.connection,
                "sender": delivery.sender,
                "recipients": delivery.recipients,
                "subject": str(delivery.headers["Subject"]),
                "message_id": str(delivery.headers["Message-ID"]),
                "octets": len(delivery.content),
            }
            for delivery in server.inbox.deliveries
        ],
    }
    # What else an entry has is never a secret, and there may be many of them.
    entries = list(map(Entry.as_row, server.transcript))
    for row in entries:
        row["text"] = _masked(row["text"], server.masker)
    return json.dumps(_masked(whole, server.masker) | {"entries": entries}, ensure_ascii=False) + "\n"


def _masked(value: Any, masker: Masker) -> Any:
    # Before JSON escapes what a secret may hold.
    if isinstance(value, dict):
        return {name: _masked(one, masker) for name, one in value.items()}
    if isinstance(value, list):
        return [_masked(one, masker) for one in value]
    return masker.mask(value.encode()).decode("utf-8", "replace") if isinstance(value, str) else value

"""The dialogue of a session as flights: what was said in one breath, when, and which fault struck."""

from __future__ import annotations

import functools
from typing import Any

from cryptography import x509
from cryptography.x509.oid import ExtensionOID, NameOID

from umail_host.fake_smtp import Entry, FakeServer, Session
from umail_host.fake_smtp.record.transcript import CLIENT, NOTE, SERVER

_LINES, _LONGEST, _FLIGHTS = 12, 200, 400


def brief(session: Session) -> dict[str, Any]:
    """Return what the list of sessions shows of one."""
    return {
        "number": session.number,
        "peer": session.peer,
        "started": session.started,
        "ended": session.ended,
        "tls": session.tls_version,
        "user": session.user,
        "ehlo": session.ehlo[:_LONGEST],
        "round_trips": session.round_trips,
        "messages": session.messages,
        "faults": session.faults[:50],
        "ending": session.ending,
    }


def whole(server: FakeServer, session: Session) -> dict[str, Any]:
    """Return a session with its flights; secrets were masked when they came."""
    entries = [entry for entry in server.transcript if entry.connection == session.number]
    found = flights(entries, session.started, session.peer)
    kind = session.certificate or server.certificate
    return brief(session) | {
        "cipher": session.cipher,
        "certificate": _certificate(server.authority.server(kind).leaf, kind) if session.tls_version else None,
        "client_names": list(session.certificate_names),
        "octets_in": session.octets_in,
        "octets_out": session.octets_out,
        "flights": found[:_FLIGHTS],
        "flights_left_out": max(0, len(found) - _FLIGHTS),
    }


def flights(entries: list[Entry], start: float, peer: str) -> list[dict[str, Any]]:
    """Gather consecutive lines of one side into flights; a reply to what a client said ends a round trip.

    The count on a flight is how many round trips had ended with it, as `Session` counts them.

    Args:
        start: when the TCP connection stood, and from which client: the first of the flights.
    """
    tcp = {"from": NOTE, "at": 0.0, "until": 0.0, "tls": False, "lines": [f"TCP: {peer}"], "times": [0.0], "more": 0}
    found: list[dict[str, Any]] = [tcp | {"trip": 0, "fault": False}]
    trips, asked = 0, False
    talk: dict[str, Any] | None = None  # the flight that goes on
    for entry in entries:
        fault = entry.direction == NOTE and entry.text.startswith("fault ")
        one = talk if talk is not None and talk["from"] == entry.direction else None
        if one is None:
            one = {"from": entry.direction, "at": _since(start, entry), "tls": entry.tls, "lines": [], "times": []}
            one |= {"more": 0, "trip": 0, "fault": fault}
            found.append(one)
            if entry.direction != NOTE or not entry.text.startswith("delivered "):
                talk = one if entry.direction != NOTE else None  # what was delivered is shown within the flight
            if entry.direction == SERVER and asked:
                trips, asked = trips + 1, False
                one["trip"] = trips
        asked = asked or entry.direction == CLIENT
        one["until"] = _since(start, entry)
        if len(one["lines"]) < _LINES:
            one["lines"].append(entry.text[:_LONGEST])
            one["times"].append(one["until"])
        else:
            one["more"] += 1
    return found


def _since(start: float, entry: Entry) -> float:
    return round((entry.time - start) * 1000, 3)


@functools.lru_cache(maxsize=32)
def _certificate(leaf: bytes, kind: str) -> dict[str, Any]:
    certificate = (
        x509.load_pem_x509_certificate(leaf) if leaf.startswith(b"-----") else x509.load_der_x509_certificate(leaf)
    )
    try:
        names = certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
        told = [str(name.value) for name in names]  # type: ignore[attr-defined]
    except x509.ExtensionNotFound:
        told = []
    issuer = certificate.issuer.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    return {
        "kind": kind,
        "names": told,
        "issuer": str(issuer[0].value) if issuer else "",
        "from": certificate.not_valid_before_utc.isoformat(),
        "until": certificate.not_valid_after_utc.isoformat(),
    }

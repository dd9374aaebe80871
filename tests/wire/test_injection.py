"""Nothing that an argument holds becomes a command, a header, a recipient or a second mail.

Every public argument is tried with what injects and smuggles elsewhere (injection_cases.py). What arrives is one mail
with what was given, or the argument is refused before anything was said.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from injection_cases import FREE, STRICT, WORDS, cases
from injection_judge import envelope, judge, taken
from wire_device import Device

from umail_host.fake_smtp import FakeServer

PROGRAM = Path(__file__).with_name("injection_program.py")


def attempt(device: Device, server: FakeServer, run: str, tried: list[str], **job: Any) -> list[dict[str, Any]]:
    """What became of each case, on a connection of its own."""
    # A mail of 11 kB is made and kept whole here.
    device.command = [word.replace("heapsize=160k", "heapsize=1m") for word in device.command]
    route = {"host": "localhost", "port": server.port, "security": "plain"}
    return device.run({"run": run, "cases": tried, "route": route, **job}, program=PROGRAM)


def verbs(octets: bytes) -> str:
    """The commands that a client gave, as a server reads them that keeps to RFC 5321 and RFC 3030."""
    found = []
    while octets:
        line, end, octets = octets.partition(b"\r\n")
        assert end
        assert not re.search(rb"[\r\n\0]", line)
        found.append(line.split(b" ")[0].decode())
        if found[-1] == "BDAT":
            octets = octets[int(line.split(b" ")[1]) :]
        elif found[-1] == "DATA":
            octets = (b"\r\n" + octets).partition(b"\r\n.\r\n")[2]
    return " ".join(found)


def octets(server: FakeServer, direction: str) -> dict[int, bytes]:
    """What went that way, by connection."""
    found: dict[int, bytes] = {}
    for segment in server.raw_capture:
        if segment.direction == direction:
            found[segment.connection] = found.get(segment.connection, b"") + segment.data
    return found


def check(server: FakeServer, tried: list[str], results: list[dict[str, Any]]) -> None:
    """Each case was taken or refused as it should, and what was taken arrived as it was given."""
    assert len(results) == len(tried)
    assert [case for case, result in zip(tried, results, strict=True) if ("accepted" in result) != taken(case)] == []
    # A refusal comes before a connection, from the argument that it names.
    refused = [result for result in results if "accepted" not in result]
    assert [result for result in refused if "refused" not in result] == []
    sent = [case for case in tried if taken(case)]
    assert len(server.sessions) == len(server.inbox.deliveries) == len(sent)
    client, answers = octets(server, "C"), octets(server, "S")
    for number, (case, delivery) in enumerate(zip(sent, server.inbox.deliveries, strict=True), 1):
        assert delivery.connection == number
        sender, people = envelope(case)
        assert (delivery.sender, delivery.recipients) == (sender, people), case
        said = verbs(client[number])
        assert re.fullmatch(rf"EHLO MAIL( RCPT){{{len(people)}}}( DATA|( BDAT){{1,2}})( QUIT)?", said), (case, said)
        replies = re.findall(rb"(?m)^\d\d\d ", answers[number])
        assert len(replies) == len(said.split()) + 1 + said.count("DATA"), case
        judge(case, delivery.content, binary=delivery.envelope.body == "BINARYMIME")


@pytest.mark.parametrize("kind", [FREE, WORDS, STRICT], ids=["texts", "words", "grammar"])
def test_every_argument_of_a_message_is_sent_as_it_is_or_refused(device, serve, kind):
    server = serve("generic", settle=0)
    tried = cases(place for place in kind if place != "file, path")
    check(server, tried, attempt(device, server, "by_message", tried))


@pytest.mark.parametrize("device", ["micropython", "cpython"], indirect=True)
@pytest.mark.parametrize(
    "switches", [{"chunking": False, "binarymime": False}, {"pipelining": False}, {"eightbit": False}], ids=str
)
def test_texts_arrive_as_they_are_by_every_way_of_sending(device, serve, switches):
    server = serve("generic", settle=0, **switches)
    tried = cases(["text", "text and html"])
    check(server, tried, attempt(device, server, "by_message", tried))

"""What injects and smuggles elsewhere arrives at Postfix and Exim as one mail with what was given, or not at all."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
from injection_cases import FREE, STRICT, TO, WORDS, cases, payload
from injection_judge import envelope, judge, taken
from real_servers import RealServer
from wire_device import ROOT, Device

PROGRAM = ROOT / "tests" / "wire" / "injection_program.py"
# What a server logs where a client says what is not a command, or speaks out of turn; and each mail that it takes.
COMPLAINTS = re.compile(
    r"improper command|non-SMTP|too many errors|reject|protocol error|syntax error|unrecognized|synchroniz|timeout",
    re.IGNORECASE,
)
TAKEN = {"postfix": r"(?m)/qmgr\[\d+\]: \w+: from=", "exim": r"(?m) <= "}
# A server's own grammar decides on these.
ADDRESSES = [place for place in STRICT if "local part" in place or "domain" in place]
FEW = ("dot", "cut to octets", "two addresses", "encoded word", "forged address", "long")


def attempt(
    server: RealServer, name: str, interpreter: str, folder: Path, run: str, tried: list[str], **job: Any
) -> Any:
    """What became of each case, tried by the library on that interpreter with that driver."""
    kind, _, driver = name.partition("-")
    command = [sys.executable] if kind == "cpython" else [interpreter, "-X", "heapsize=1m"]
    trust = folder / "root.der"
    trust.write_bytes(server.ca_der)
    route = {"host": server.hostname, "port": server.port, "security": "plain"}
    if job.pop("tls", False):
        route.update(security="starttls", trust=str(trust))
    device = Device(command, ROOT / "lib", trust, driver)
    user, password = server.login
    whole = {"run": run, "cases": tried, "whole": True, "route": route, "user": user, "password": password, **job}
    # Byte by byte over TLS takes a busy computer more than a minute.
    return device.run(whole, timeout=110, program=PROGRAM)


def arrived(server: RealServer, start: int, before: int, results: list[dict[str, Any]]) -> dict[str, tuple]:
    """The mails since ``before``, by the id that their receipts told: as many as the server's log tells."""
    ids = [result["id"] for result in results if "accepted" in result]
    found = {}
    for sender, people, content in server.mails(before + len(ids))[before:]:
        (mark,) = re.findall(rb"(?mi)^Message-ID: *(\S+)\r\n", content.partition(b"\r\n\r\n")[0] + b"\r\n")
        found[mark.decode()] = sender, people, content
    assert sorted(found) == sorted(ids)
    logged = server.logged()[start:]
    assert len(re.findall(TAKEN[server.name], logged)) == len(ids)
    assert [line for line in logged.splitlines() if COMPLAINTS.search(line)] == []
    return found


@pytest.fixture(params=["micropython", "cpython-aio"])
def name(request: pytest.FixtureRequest) -> str:
    """An interpreter and its driver."""
    return request.param


@pytest.mark.parametrize("server", ["postfix", "exim"], indirect=True)
def test_what_a_message_holds_stays_inside_it(server: RealServer, micropython: str, name: str, tmp_path: Path) -> None:
    start, before = len(server.logged()), len(server.mails())
    tried = cases(["text", "file"]) + cases([*FREE, *WORDS], FEW)
    results = attempt(server, name, micropython, tmp_path, "by_client", tried)
    assert [case for case, result in zip(tried, results, strict=True) if ("accepted" in result) != taken(case)] == []
    mails = arrived(server, start, before, results)
    for case, result in zip(tried, results, strict=True):
        if taken(case):
            sender, people, content = mails[result["id"]]
            given, to = envelope(case)
            assert (sender, sorted(people)) == (given, sorted(to)), case
            judge(case, content)


@pytest.mark.parametrize("server", ["postfix", "exim"], indirect=True)
def test_what_goes_by_data_stays_inside_it(server: RealServer, micropython: str, name: str, tmp_path: Path) -> None:
    start, before = len(server.logged()), len(server.mails())
    tried = cases(["write, octet by octet", "send, as bytes"])
    results = attempt(server, name, micropython, tmp_path, "by_compat", tried, tls=True)
    mails = arrived(server, start, before, results)
    assert len(mails) > 50
    for case, result in zip(tried, results, strict=True):
        if "accepted" in result:
            sender, people, content = mails[result["id"]]
            assert (sender, people) == (server.login[0], [TO])
            given = payload(case.partition("/")[2]).encode("utf-8", "surrogatepass")
            body = content.partition(b"\r\n\r\n")[2]
            assert body.rstrip(b"\r\n") == re.sub(rb"\r\n|\r|\n", b"\r\n", given).rstrip(b"\r\n"), case


@pytest.mark.parametrize("server", ["postfix", "exim"], indirect=True)
def test_odd_addresses_are_taken_as_they_are_or_refused(
    server: RealServer, micropython: str, name: str, tmp_path: Path
) -> None:
    before = len(server.mails())
    tried = cases(ADDRESSES, ["dot", "cut to octets"])
    results = attempt(server, name, micropython, tmp_path, "by_client", tried)
    sent = [(case, result) for case, result in zip(tried, results, strict=True) if "accepted" in result]
    assert len(sent) > len(ADDRESSES)
    for case, result in zip(tried, results, strict=True):
        if "accepted" not in result:
            assert result["stage"] in ("mail", "rcpt"), (case, result)
    given = []
    for case, result in sent:
        sender, people = envelope(case)
        given.append((sender, sorted(people) if result["accepted"] == len(people) else [TO]))
    came = [(sender, sorted(people)) for sender, people, _ in server.mails(before + len(sent))[before:]]
    assert sorted(came) == sorted(given)

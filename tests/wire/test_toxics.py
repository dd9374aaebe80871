"""A bad network between umail and the server: slow in every way, or ended at any byte of either direction."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from wire_device import PASSWORD, USER
from wire_program import Program

import planted
from umail_host.fake_smtp import FakeServer
from umail_host.fake_smtp.faults.toxics import Proxy, parse

SLOW = ("latency=0.05,jitter=0.02", "slice=1", "slice=7,slice_delay=0.0005", "bandwidth=40000", "slow_close=0.2")
MESSAGE = {"sender": USER, "to": "ops@contoso.com", "subject": "first", "text": "t"}
# At so many bytes, spread evenly, the connection is ended.
CUTS = 7


@dataclass
class Bench:
    """The library in one process, a server, and the network between them."""

    program: Program
    server: FakeServer
    network: Proxy
    trust: Path

    def send(self, toxics: str = "", do: str = "send") -> dict[str, Any]:
        """One mail through these toxics; "next": by the same client."""
        self.network.up, self.network.down = parse(toxics)
        route = {"host": "localhost", "port": self.network.port, "trust": str(self.trust)}
        route |= {"username": USER, "password": PASSWORD}
        message = {**MESSAGE, "subject": "second"} if do == "next" else MESSAGE
        # Where nothing comes, the time runs out each time; elsewhere a machine may be busy.
        patience = 1 if "timeout" in toxics else 5
        options = {"timeout": patience, "deadline": 4 * patience}
        job = {"route": route, "message": message, "options": options, "final": patience}
        return self.program.ask(do=do, way="client", **job)

    def settle(self) -> int:
        """How many mails have arrived, once the server is done with whatever the client left behind."""
        due = time.monotonic() + 1
        while time.monotonic() < due and not all(session.ended for session in self.server.sessions):
            time.sleep(0.005)
        return len(self.server.inbox)


@pytest.fixture(params=["", "aio"], ids=["blocking", "asyncio"])
def bench(request: pytest.FixtureRequest, serve: Any, tmp_path: Path) -> Iterator[Bench]:
    """On MicroPython within a small heap, with either driver."""
    server = serve("generic", settle=0.002)
    (tmp_path / "root.der").write_bytes(server.ca_der)
    command = [request.getfixturevalue("micropython"), "-X", "heapsize=192k"]
    program = Program(command, request.getfixturevalue("compiled"), request.param)
    with Proxy(server.port) as network:
        yield Bench(program, server, network, tmp_path / "root.der")
    program.stop()


def test_a_slow_network_keeps_no_mail_back(bench: Bench) -> None:
    for number, toxics in enumerate(SLOW, 1):
        result = bench.send(toxics)
        assert "round_trips" in result, (toxics, result)
        bench.program.ask(do="end")
        assert len(bench.server.inbox.wait(number)) == number


@pytest.mark.parametrize("toxic", ["limit_data", "reset", "timeout"])
def test_a_network_that_ends_at_any_octet_leaves_no_doubt_untold(bench: Bench, toxic: str) -> None:
    assert "round_trips" in bench.send()
    sizes = {"up": len(bench.server.raw_capture.octets("C")), "down": len(bench.server.raw_capture.octets("S"))}
    bench.program.ask(do="end")
    bench.settle()
    # A silence is waited for each time.
    cuts = 1 if toxic == "timeout" else CUTS
    seen = set()
    for way, size in sizes.items():
        for at in [*(size * cut // cuts for cut in range(cuts)), size - 1]:
            bench.server.inbox.clear()
            case = f"{way}:{toxic}={at}"
            result = bench.send(case)
            told = "round_trips" not in result
            seen.add(result.get("kind"))
            if told:
                assert "error" in result, (case, result)
                assert not result["open"], case
                assert result["ms"] < 5000, (case, result)
            else:
                bench.program.ask(do="end")
            mails = bench.settle()
            possible = (0, 1) if told and result["kind"] == "uncertain" else (int(not told),)
            assert mails in possible, (case, result)
            second = bench.send(do="next" if told else "send")
            assert "round_trips" in second, (case, second)
            bench.program.ask(do="end")
            assert len(bench.server.inbox.wait(mails + 1)) == mails + 1, case
            assert not planted.found(bench.program.output + f"{result} {second}")
    assert {"temporary", "uncertain"} <= seen
    assert not planted.found(bench.server.raw_capture.octets("C"))

"""No credential leaves over a connection that is not verified TLS: every row of credential_table.py, over real sockets.

Each is tried on MicroPython with the blocking driver, and on one of the other three kinds of client in turn.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from credential_table import Case, cases
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from wire_device import PASSWORD, ROOT, USER
from wire_program import Program

import planted
from umail_host.fake_smtp import FakeServer
from umail_host.fake_smtp.server.tls import Authority

CASES = list(cases())
MECHANISMS = ("LOGIN", "PLAIN", "XOAUTH2")
MESSAGE = {"sender": USER, "to": "ops@contoso.com", "subject": "s", "text": "t"}


@dataclass
class Bench:
    """Clients and servers, started once.

    Attributes:
        programs: the clients; the first tries every case.
        certificate: of the board, as a route takes it; ``leaf``: its bytes.
    """

    programs: list[Program]
    folder: Path
    authority: Authority = field(default_factory=lambda: Authority(["localhost", "contoso.com"]))
    servers: dict[tuple[bool, str, bool], FakeServer] = field(default_factory=dict)

    def __post_init__(self) -> None:
        key = serialization.load_der_private_key(planted.private_key(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        identity = self.authority.issue_by_hand(key, ["contoso.com"])
        self.leaf = identity.leaf
        files = {"root": self.authority.root_der, "another": Authority(["localhost"]).root_der, "key": identity.key}
        files |= {f"chain{number}": der for number, der in enumerate(identity.chain)}
        for name, der in files.items():
            (self.folder / f"{name}.der").write_bytes(der)
        self.certificate = [[self.path("chain0"), self.path("chain1")], self.path("key")]

    def path(self, name: str) -> str:
        """Of a file with that certificate or key."""
        return str(self.folder / f"{name}.der")

    def server(self, case: Case) -> FakeServer:
        """The server of the case."""
        kind = (case.starttls, case.auth, case.security == "tls")
        if kind not in self.servers:
            self.servers[kind] = FakeServer(
                "generic",
                authority=self.authority,
                mailboxes={USER: PASSWORD},
                tokens={planted.TOKEN: USER},
                client_certificates=True,
                starttls=case.starttls,
                implicit_tls=case.security == "tls",
                mechanisms=MECHANISMS if case.auth in ("in TLS", "in both") else (),
                clear_mechanisms=MECHANISMS if case.auth in ("in clear", "in both") else (),
            )
            self.servers[kind].start()
        return self.servers[kind]

    def route(self, case: Case, server: FakeServer) -> dict[str, Any]:
        """The arguments of its route."""
        route = {"host": "localhost", "port": server.port, "security": case.security}
        route["trust"] = "insecure" if case.trust == "insecure" else self.path(case.trust)
        credentials = {
            "none": {},
            "password": {"username": USER, "password": PASSWORD},
            "token": {"username": USER, "access_token": planted.TOKEN},
            "certificate": {"certificate": self.certificate},
        }
        return {**route, **credentials[case.credential]}


@pytest.fixture(scope="module")
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """All that the cases need."""
    micropython = [request.getfixturevalue("micropython"), "-X", "heapsize=192k"]
    library = request.getfixturevalue("compiled")
    made = Bench(
        [
            *(Program(micropython, library, ""), Program(micropython, library, "aio")),
            *(Program([sys.executable], ROOT / "lib", ""), Program([sys.executable], ROOT / "lib", "aio")),
        ],
        tmp_path_factory.mktemp("decision"),
    )
    yield made
    for each in (*made.programs, *made.servers.values()):
        each.stop()


def attempt(bench: Bench, case: Case, program: Program) -> None:
    """Have one client try a case, and hold its outcome, what it printed and what it sent against the table."""
    server = bench.server(case)
    sessions, delivered = len(server.sessions), len(server.inbox)
    job = {"route": bench.route(case, server), "message": MESSAGE, "options": {"timeout": 5}}
    result = program.ask(do="send", way="alert", **job)
    new = server.sessions[sessions:]
    octets = b"".join(server.raw_capture.octets("C", session.number) for session in new)
    assert not planted.found(octets)
    assert not planted.found(program.output + str(result))
    assert ("WARNING" in program.output) == case.loud
    if case.outcome == "refused":
        assert "verified TLS" in result["refused_here"]
        assert not new
        return
    if not case.outcome.startswith("delivered"):
        assert f"{result['stage']} {result['kind']} {result['key']}" == case.outcome
        # Nothing of a mail or a login was said in clear, and the board's certificate not shown.
        for words in (b"AUTH", b"MAIL", bench.leaf):
            assert words not in octets
        assert len(server.inbox) == delivered
        return
    assert "round_trips" in result, result
    (session,) = new
    assert bool(session.tls_version) == (not case.outcome.endswith("clear"))
    assert (b"MAIL FROM" in octets) == case.outcome.endswith("clear")
    assert session.user == (USER if case.credential in ("password", "token") else None)
    assert ("contoso.com" in session.certificate_names) == (case.credential == "certificate")


@pytest.mark.parametrize("number", range(len(CASES)), ids=[case.name for case in CASES])
def test_a_credential_goes_over_verified_tls_or_not_at_all(bench: Bench, number: int) -> None:
    attempt(bench, CASES[number], bench.programs[0])
    attempt(bench, CASES[number], bench.programs[1 + number % 3])


# What the first of two routes fails with → whether a second of each kind is taken.
FALLBACKS = [
    ("nothing listens there", "starttls, root", "starttls, root", True),
    ("the password is wrong", "starttls, root", "starttls, root", True),
    ("the certificate is another's", "starttls, another", "starttls, root", False),
    ("STARTTLS is taken away", "starttls, root", "starttls, root", False),
    ("nothing listens there", "starttls, root", "starttls, insecure", False),
    ("nothing listens there", "starttls, root", "opportunistic, root", False),
    ("nothing listens there", "starttls, root", "plain, root", False),
    ("the password is wrong", "starttls, root", "plain, root", False),
    ("nothing listens there", "starttls, insecure", "starttls, root", True),
    ("nothing listens there", "starttls, insecure", "opportunistic, root", False),
    ("nothing listens there", "opportunistic, root", "plain, root", True),
]


@pytest.mark.parametrize(("failure", "first", "second", "taken"), FALLBACKS)
@pytest.mark.parametrize("client", [0, 1])
def test_a_second_route_is_never_a_weaker_one_nor_taken_where_the_first_was_not_to_be_trusted(
    bench: Bench, serve: Any, failure: str, first: str, second: str, taken: bool, client: int
) -> None:
    wrong = {USER: "another"} if failure == "the password is wrong" else {USER: PASSWORD}
    offered = failure != "STARTTLS is taken away"
    bad = serve("generic", authority=bench.authority, mailboxes=wrong, starttls=offered)
    good = serve("generic", authority=bench.authority)
    if failure == "nothing listens there":
        bad.pause()
    routes = []
    for server, kind in ((bad, first), (good, second)):
        security, _, trust = kind.partition(", ")
        case = Case(security, "password" if security == "starttls" else "none", trust, True, "in TLS")
        routes.append(bench.route(case, server))
    job = {"route": routes, "message": MESSAGE, "options": {"timeout": 5}}
    result = bench.programs[client].ask(do="send", way="alert", **job)
    assert ("round_trips" in result) == taken, result
    assert len(good.sessions) == len(good.inbox) == int(taken)
    for server in (bad, good):
        assert not planted.found(server.raw_capture.octets("C"))

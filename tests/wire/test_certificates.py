"""Certificates beyond those of fault_table.py: names and wildcards, signatures, the board's own, and a clock unset.

Each case is tried from MicroPython and CPython, with both drivers, over real sockets and TLS.
"""

from __future__ import annotations

import datetime
import ssl
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from certificate_names import NAME_IS_WRONG, NAMES
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from fake_dns import FakeDns
from wire_device import PASSWORD, ROOT, USER
from wire_program import Program

from umail import advice
from umail_host.fake_smtp import FakeServer
from umail_host.fake_smtp.core.session import Session
from umail_host.fake_smtp.server.tls import Authority, Identity

MESSAGE = {"sender": USER, "to": "ops@contoso.com", "subject": "s", "text": "t"}


class Names(Authority):
    """Issues certificates for exactly these names, wildcards of every kind too, and in the common name another."""

    def __init__(self, *names: str, common_name: str = "cn.example.net") -> None:
        super().__init__([common_name])
        self.alternatives = names

    def server(self, name: str = "good") -> Identity:
        """As told above."""
        return self.issue_by_hand(ec.generate_private_key(ec.SECP256R1()), self.alternatives)


class Sha1(Authority):
    """Signs with SHA-1, which libraries no longer do: the signature is made by hand."""

    def server(self, name: str = "good") -> Identity:
        """A leaf signed by a root of its own, RSA of 2,048 bits each."""
        signer, key = (rsa.generate_private_key(65537, 2048) for _ in range(2))
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "SHA-1 root")])
        made = x509.CertificateBuilder().issuer_name(subject).serial_number(7)
        day = datetime.timedelta(days=1)
        made = made.not_valid_before(self._now - day).not_valid_after(self._now + day)
        root = made.subject_name(subject).public_key(signer.public_key())
        root = root.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self.trusted = root.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
        leaf = made.subject_name(x509.Name([])).public_key(key.public_key())
        leaf = leaf.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=True)
        der = leaf.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
        # The object identifiers of sha256WithRSAEncryption and sha1WithRSAEncryption differ in their last byte.
        der = der.replace(bytes.fromhex("2a864886f70d01010b"), bytes.fromhex("2a864886f70d010105"))
        signed = x509.load_der_x509_certificate(der).tbs_certificate_bytes
        der = der[:-256] + signer.sign(signed, padding.PKCS1v15(), hashes.SHA1())
        encoded = (serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return Identity([der], key.private_bytes(*encoded))

    @property
    def root_der(self) -> bytes:
        """The root to trust."""
        return self.trusted


@pytest.fixture(scope="module")
def programs(request: pytest.FixtureRequest) -> Iterator[dict[str, Program]]:
    """The library in four processes, by interpreter and driver."""
    interpreter, library = request.getfixturevalue("micropython"), request.getfixturevalue("compiled")
    running = {}
    for driver in ("", "aio"):
        running["micropython" + driver] = Program([interpreter, "-X", "heapsize=192k"], library, driver)
        running["cpython" + driver] = Program([sys.executable], ROOT / "lib", driver)
    yield running
    for program in running.values():
        program.stop()


def outcomes(programs: dict[str, Program], server: FakeServer, root: Path, **more: object) -> dict[str, str]:
    """What becomes of a mail from each program; ``more`` goes to the route, ``dns`` and ``year`` to the job."""
    root.write_bytes(server.ca_der)
    job = {name: more.pop(name) for name in ("dns", "year") if name in more}
    route = {"host": "localhost", "port": server.port, "username": USER, "password": PASSWORD, "trust": str(root)}
    route = {name: value for name, value in {**route, **more}.items() if value is not None}
    job |= {"do": "send", "way": "alert", "route": route, "message": MESSAGE, "options": {"timeout": 5}}
    found = {}
    for name, program in programs.items():
        result = program.ask(**job)
        assert not result["open"], name
        assert PASSWORD not in program.output
        if "error" in result:
            assert advice.text(result["key"]), result
            assert "\n" not in result["error"]
        found[name] = f"{result['stage']} {result['kind']} {result['key']}" if "error" in result else "delivered"
    assert PASSWORD.encode() not in server.raw_capture.octets()
    return found


def release(micropython: str) -> tuple[int, ...]:
    """The release of an interpreter."""
    asked = "import sys; print(*sys.implementation.version[:2])"
    done = subprocess.run([micropython, "-c", asked], capture_output=True, text=True, check=True)
    return tuple(map(int, done.stdout.split()))


def every(programs: dict[str, Program], micropython: str, cpython: str = "") -> dict[str, str]:
    """The same outcome by all programs, or by all of each interpreter."""
    return {name: cpython or micropython if name.startswith("cpython") else micropython for name in programs}


@pytest.mark.parametrize(("host", "name", "outcome", "on_cpython"), NAMES)
def test_a_certificate_is_for_the_hosts_name_and_a_wildcard_for_one_label(
    programs, serve, tmp_path, host, name, outcome, on_cpython
):
    server = serve("generic", authority=Names(name))
    with FakeDns({(host, "A"): ["127.0.0.1"]}) as resolver:
        found = outcomes(programs, server, tmp_path / "root.der", host=host, dns=[resolver.address])
    assert found == every(programs, outcome, on_cpython)
    assert len(server.inbox.deliveries) == list(found.values()).count("delivered")


def test_an_address_is_checked_against_the_addresses_in_the_certificate(programs, serve, tmp_path, micropython):
    attempt = partial(outcomes, programs, root=tmp_path / "root.der", host="127.0.0.1")
    # As docs/porting.md says: mbed TLS 2.28, of the release 1.22, looks at names alone.
    right = NAME_IS_WRONG if release(micropython) < (1, 23) else "delivered"
    assert attempt(server=serve("generic", authority=Authority(["127.0.0.1"]))) == every(programs, right, "delivered")
    assert attempt(server=serve("generic", authority=Authority(["127.0.0.2"]))) == every(programs, NAME_IS_WRONG)
    assert attempt(server=serve("generic", authority=Authority(["localhost"]))) == every(programs, NAME_IS_WRONG)


def test_the_common_name_counts_on_micropython_only_and_not_beside_other_names(programs, serve, tmp_path):
    attempt = partial(outcomes, programs, root=tmp_path / "root.der")
    alone = serve("generic", authority=Names(common_name="localhost"))
    assert attempt(server=alone) == every(programs, "delivered", NAME_IS_WRONG)
    beside = serve("generic", authority=Names("other.example.net", common_name="localhost"))
    assert attempt(server=beside) == every(programs, NAME_IS_WRONG)


def test_a_signature_with_sha_1_is_refused(programs, serve, tmp_path):
    server = serve("generic", authority=Sha1(["localhost"]))
    assert outcomes(programs, server, tmp_path / "root.der") == every(programs, "starttls security cert_other")


@pytest.mark.parametrize("certificate", ["wrong-name", "unknown-root", "expired"])
def test_what_is_wrong_with_a_certificate_is_not_forgiven_by_a_second_try(programs, serve, tmp_path, certificate):
    server = serve("generic", certificate=certificate, authority=Authority(["localhost"]))
    for program in programs.values():
        job = {"route": {"host": "localhost", "port": server.port, "trust": str(tmp_path / "root.der")}}
        (tmp_path / "root.der").write_bytes(server.ca_der)
        job |= {"message": MESSAGE, "options": {}}
        first = program.ask(do="send", **job)
        second = program.ask(do="next", **job)
        program.ask(do="end")
        assert first["key"] == second["key"]
        assert first["kind"] == "security"
    # Nothing but EHLO was said in clear, and nothing at all inside TLS.
    assert {entry for entry in server.raw_capture.octets("C").split(b"\r\n") if b"MAIL" in entry} == set()
    assert not server.inbox.deliveries


def test_a_clock_unset_has_an_error_of_its_own_before_anything_is_said(programs, serve, tmp_path):
    server = serve("generic")
    attempt = partial(outcomes, programs, server, root=tmp_path / "root.der", year=2000)
    assert attempt() == every(programs, "connect temporary clock")
    assert attempt(security="tls") == every(programs, "connect temporary clock")
    assert "sync" in advice.text("clock")
    assert not server.sessions
    # If no certificate is checked, the time does not matter.
    clear = {"username": None, "password": None}
    assert attempt(security="opportunistic", **clear) == every(programs, "delivered")
    assert attempt(security="plain", **clear) == every(programs, "delivered")
    assert attempt(trust="insecure") == every(programs, "delivered")
    # Set again: what the certificate says counts.
    assert outcomes(programs, server, tmp_path / "root.der") == every(programs, "delivered")
    expired = serve("generic", certificate="expired")
    assert outcomes(programs, expired, tmp_path / "old.der") == every(programs, "starttls security cert_expired")


def stored(folder: Path, identity: Identity, chain: slice = slice(None)) -> list[object]:
    """The arguments of a route's certificate, as files."""
    paths = []
    for number, der in enumerate(identity.chain[chain]):
        paths.append(folder / f"{number}.der")
        paths[-1].write_bytes(der)
    (folder / "key.der").write_bytes(identity.key)
    return [[str(path) for path in paths], str(folder / "key.der")]


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("case", ["good", "without its intermediate", "another root", "expired"])
def test_a_board_shows_its_certificate_with_its_chain_and_learns_why_it_is_refused(
    programs, serve, tmp_path, security, case
):
    authority = Authority(["localhost"])
    issuer = Authority(["localhost"]) if case == "another root" else authority
    identity = issuer.issue(["contoso.com"], -9, -1 if case == "expired" else 9)
    server = serve(
        "m365-connector",
        authority=authority,
        implicit_tls=security == "tls",
        connector_networks=(),
        connector_certificates=("contoso.com",),
    )
    shown = stored(tmp_path, identity, slice(0, 1) if case == "without its intermediate" else slice(None))
    attempt = partial(outcomes, programs, server, tmp_path / "root.der", username=None, password=None)
    found = attempt(security=security, certificate=shown)
    if case == "good":
        assert found == every(programs, "delivered")
        return
    assert found == every(programs, "starttls configuration cert_refused")
    assert "intermediates" in advice.text("cert_refused")
    assert not server.inbox.deliveries
    assert identity.key not in server.raw_capture.octets()


def test_a_server_that_wants_a_certificate_and_gets_none_is_not_blamed_for_its_own(programs, serve, tmp_path):
    server = serve("m365-connector")
    server.context_for(Session(0, "")).verify_mode = ssl.CERT_REQUIRED
    found = outcomes(programs, server, tmp_path / "root.der", username=None, password=None)
    # mbed TLS does not tell which alert it was.
    assert found == every(programs, "starttls security tls_failed", "starttls configuration cert_refused")
    assert not server.inbox.deliveries


def test_a_server_that_is_not_verified_does_not_see_the_boards_certificate(programs, serve, tmp_path):
    authority = Authority(["localhost"])
    server = serve("m365-connector", authority=authority, certificate="unknown-root", tls_version="1.2")
    shown = stored(tmp_path, authority.client("contoso.com"))
    login = {"username": None, "password": None, "certificate": shown}
    found = outcomes(programs, server, tmp_path / "root.der", **login)
    assert found == every(programs, "starttls security cert_unknown_root")
    for der in authority.client("contoso.com").chain:
        assert der[-64:] not in server.raw_capture.octets("C")
    assert (tmp_path / "0.der").read_bytes() not in server.raw_capture.octets("C")

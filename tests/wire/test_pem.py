"""Certificates as people have them, in PEM: taken on CPython; on a board the error says what makes DER of it."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from wire_device import USER

from umail_host.fake_smtp.server.tls import Authority

CPYTHON, BOARD = ["cpython", "cpython-aio"], ["micropython", "micropython-aio"]
RELAY = {"kind": "relay", "domain": "contoso.com", "sender": USER, "host": "localhost"}
MESSAGE = {"sender": USER, "to": "someone@fabrikam.com", "subject": "s", "text": "t"}


def pem(folder: Path, name: str, *certificates: bytes) -> str:
    path = folder / name
    path.write_text("Bag Attributes\n" + "".join(map(ssl.DER_cert_to_PEM_cert, certificates)))
    return str(path)


def key(folder: Path, der: bytes, password: bytes = b"") -> str:
    how = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    form = serialization.PrivateFormat.TraditionalOpenSSL
    path = folder / "key.pem"
    path.write_bytes(serialization.load_der_private_key(der, None).private_bytes(serialization.Encoding.PEM, form, how))
    return str(path)


def send(device, serve, folder, der_key, password=b"", root=True):
    """What becomes of a mail by a connector; the route's files are PEM, the root's only with ``root``."""
    authority = Authority(["localhost"])
    identity = authority.client("contoso.com")
    server = serve("m365-connector", authority=authority, connector_certificates=("contoso.com",))
    device.trust.write_bytes(server.ca_der)
    route = {**RELAY, "port": server.port, "trust": str(device.trust)}
    if root:
        route["trust"] = pem(folder, "ca.pem", identity.leaf, server.ca_der)
    (folder / "key.der").write_bytes(identity.key)
    mine = str(folder / "key.der") if der_key else key(folder, identity.key, password)
    route["certificate"] = [[pem(folder, f"{n}.pem", one) for n, one in enumerate(identity.chain)], mine]
    (result,) = device.run({"route": route, "messages": [MESSAGE], "one_shot": True})
    return result


@pytest.mark.parametrize("device", CPYTHON, indirect=True)
@pytest.mark.parametrize("der_key", [True, False])
def test_a_root_a_client_certificate_and_its_key_in_pem_are_taken_on_cpython(device, serve, tmp_path, der_key):
    assert "accepted" in send(device, serve, tmp_path, der_key)


@pytest.mark.parametrize("device", CPYTHON, indirect=True)
def test_an_encrypted_key_is_an_error_and_not_a_question(device, serve, tmp_path):
    result = send(device, serve, tmp_path, False, b"secret")
    assert (result["kind"], result["key"]) == ("configuration", "cert_file")


@pytest.mark.parametrize("device", BOARD, indirect=True)
def test_on_a_board_the_error_says_the_command(device, serve, tmp_path):
    result = send(device, serve, tmp_path, True)
    assert (result["kind"], result["key"]) == ("configuration", "cert_file")
    assert "ca.pem is PEM, boards read DER: openssl x509 -in FILE -outform DER -out FILE.der" in result["error"]
    result = send(device, serve, tmp_path, False, root=False)
    assert "key.pem is PEM, boards read DER: openssl pkey -in FILE -outform DER" in result["error"]

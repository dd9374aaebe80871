"""A root that passes is one that a board's TLS accepts; a file of certificates is read whatever wrote it."""

from __future__ import annotations

import base64
import datetime
import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12
from cryptography.x509.oid import NameOID

from host.deploy.test_deploy_serial import CONFIG
from umail_host import certificates, files
from umail_host.deploy import material
from umail_host.errors import UserError
from umail_host.settings import Settings

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
Made = tuple[x509.Certificate, Key]
HOST, ROOT = "mail.example.org", "/certs/root.der"
PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER
TRUSTING = Settings.of(CONFIG | {"mail": CONFIG["mail"] | {"trust": ROOT}})


def make(
    name: str,
    key: Key,
    issuer: Made | None = None,
    authority: bool | None = True,
    days: tuple[int, int] = (-1, 90),
    how: hashes.HashAlgorithm | None = None,
) -> Made:
    """Make a certificate, of itself if no issuer is given."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + datetime.timedelta(days=days[0]))
        .not_valid_after(now + datetime.timedelta(days=days[1]))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), False)
    )
    if authority is not None:
        builder = builder.add_extension(x509.BasicConstraints(authority, None), True)
    return builder.sign(issuer[1] if issuer else key, how or hashes.SHA256()), key


def p256() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


GOOD = make("My Root", p256())
LEAF = make(HOST, p256(), GOOD, False)
SHORT = make("Short", rsa.generate_private_key(65537, 1024))
CURVE = make("Curve", ec.generate_private_key(ec.SECP256K1()))
RSA = rsa.generate_private_key(65537, 2048)
OLD = make("Old", RSA, how=hashes.SHA224())
ALONE = make(HOST, p256(), authority=False)
ALONE_OLD = make(HOST, RSA, authority=False, how=hashes.SHA224())
PLAIN = make("Plain", p256(), authority=None)
BETWEEN = make("Between", p256(), GOOD)
CASES = {
    "root": (GOOD, LEAF),
    "intermediate": (BETWEEN, make(HOST, p256(), BETWEEN, False)),
    "leaf": (LEAF, LEAF),
    "short": (SHORT, make(HOST, p256(), SHORT, False)),
    "curve": (CURVE, make(HOST, p256(), CURVE, False)),
    "old signature of a root": (OLD, make(HOST, p256(), OLD, False)),
    "its own": (ALONE, ALONE),
    "its own, old": (ALONE_OLD, ALONE_OLD),
    "no extension": (PLAIN, PLAIN),
}
CLIENT = """import socket, sys, tls
context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
context.verify_mode = tls.CERT_REQUIRED
context.load_verify_locations(open("root.der", "rb").read())
s = socket.socket()
s.connect(socket.getaddrinfo("127.0.0.1", int(sys.argv[1]))[0][-1])
context.wrap_socket(s, server_hostname="mail.example.org")
"""


def greet_once(listener: socket.socket, context: ssl.SSLContext) -> None:
    connection, _ = listener.accept()
    with connection:
        try:
            context.wrap_socket(connection, server_side=True).close()
        except OSError:
            # The client did not like the certificate.
            pass


@pytest.mark.parametrize("case", CASES)
def test_a_board_completes_the_handshake_by_a_root_that_passes_and_by_no_other(
    case: str, tmp_path: Path, micropython: str
) -> None:
    (root, _), (server, key) = CASES[case]
    try:
        material.checked(TRUSTING, {ROOT: root.public_bytes(DER)})
        passes = True
    except UserError:
        passes = False
    secret = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "server.pem").write_bytes(server.public_bytes(PEM) + secret)
    (tmp_path / "root.der").write_bytes(root.public_bytes(DER))
    (tmp_path / "client.py").write_text(CLIENT)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.load_cert_chain(tmp_path / "server.pem")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = threading.Thread(target=greet_once, args=(listener, context), daemon=True)
        serving.start()
        done = subprocess.run(
            [micropython, "client.py", str(listener.getsockname()[1])],
            cwd=tmp_path,
            capture_output=True,
            timeout=60,
            check=False,
        )
        serving.join(60)
    assert passes == (done.returncode == 0), done.stderr


def judged(octets: bytes) -> str:
    """What is said of a file that is to be a root; empty: nothing."""
    try:
        assert material.checked(TRUSTING, {ROOT: files.Brought.of("my.pem", octets)}) == {
            ROOT: GOOD[0].public_bytes(DER)
        }
    except UserError as error:
        return str(error)
    return ""


ROOT_PEM, ROOT_DER = GOOD[0].public_bytes(PEM), GOOD[0].public_bytes(DER)


@pytest.mark.parametrize(
    "octets",
    [
        ROOT_PEM,
        ROOT_DER,
        ROOT_DER + b"\r\n",
        ROOT_PEM.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + ROOT_PEM,
        ROOT_PEM.decode().encode("utf-16"),
        base64.encodebytes(ROOT_DER),
        ROOT_PEM * 2,
        pkcs7.serialize_certificates([GOOD[0]], PEM),
        pkcs7.serialize_certificates([GOOD[0]], DER),
    ],
    ids=["PEM", "DER", "DER, line feed", "CRLF", "BOM", "UTF-16", "base64", "twice", "PKCS 7", "PKCS 7, DER"],
)
def test_a_root_is_read_whatever_program_wrote_it(octets: bytes) -> None:
    assert judged(octets) == ""


SECRET_KEY = GOOD[1].private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
REQUEST = x509.CertificateSigningRequestBuilder().subject_name(GOOD[0].subject).sign(p256(), hashes.SHA256())
BOTH = pkcs12.serialize_key_and_certificates(b"x", GOOD[1], GOOD[0], None, serialization.BestAvailableEncryption(b"x"))


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (b"", "is empty"),
        (b"<html>404</html>", "is HTML, a web page"),
        (SECRET_KEY, "is a private key, and stays secret: give the certificate"),
        (REQUEST.public_bytes(PEM), "is a request for a certificate"),
        (REQUEST.public_bytes(DER), "is a request for a certificate"),
        (BOTH, "is PKCS #12, certificate and key in one: openssl pkcs12 -in my.pem"),
        (ROOT_PEM.replace(b"CERTIFICATE", b"TRUSTED CERTIFICATE"), "openssl x509 -in my.pem -out root.pem"),
        (ROOT_PEM[:200], "holds a certificate that is cut off or damaged"),
        (b"nothing", "holds no certificate: give a PEM or DER file"),
        (LEAF[0].public_bytes(PEM) + ROOT_PEM, "holds 2 certificates (number 2 is the root), and a file on a board"),
        (LEAF[0].public_bytes(PEM), "give the root that issued it, CN=My Root"),
        (make("Future", p256(), days=(30, 90))[0].public_bytes(PEM), "is valid only from 20"),
    ],
)
def test_what_is_not_a_root_is_told_by_the_name_that_it_was_given_by(octets: bytes, words: str) -> None:
    told = judged(octets)
    assert words in told
    assert f"my.pem (for {ROOT})" in told or "in my.pem" in told


def test_a_root_that_ends_soon_is_right_and_told() -> None:
    (soon, _), long = make("Soon", p256(), days=(-1, 7)), make("Long", p256(), days=(-1, 31))[0]
    assert material.notes(TRUSTING, material.checked(TRUSTING, {ROOT: long.public_bytes(DER)})) == []
    (note,) = material.notes(TRUSTING, material.checked(TRUSTING, {ROOT: soon.public_bytes(DER)}))
    assert note.startswith(f"the certificate in {ROOT} ends on 20")
    assert certificates.ends_soon(soon.public_bytes(DER), ROOT) == note

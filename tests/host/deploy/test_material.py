"""Certificates, keys and recordings are checked before anything is copied; PEM becomes the DER that a board reads."""

from __future__ import annotations

import datetime
import json
import ssl
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import NameOID

from host.deploy.test_deploy_serial import CONFIG, run
from umail_host import certificates
from umail_host.deploy import material
from umail_host.device import boards
from umail_host.errors import UserError
from umail_host.fake_smtp.server.tls import Authority
from umail_host.settings import Settings
from umail_host.virtual_board import VirtualBoard

AUTHORITY = Authority(["localhost"])
GOOD, OTHER = AUTHORITY.client("boards.contoso.com"), AUTHORITY.client("other.contoso.com")
OLD = AUTHORITY.issue(["boards.contoso.com"], -30, -1)
LEAF, ISSUER, KEY, ROOT = "/certs/leaf.der", "/certs/issuer.der", "/certs/key.der", "/certs/root.der"
RELAY = {"route": "m365.relay", "domain": "contoso.com", "sender": "a@contoso.com", "to": ["b@contoso.com"]}
SETTINGS = Settings.of(
    CONFIG | {"mail": RELAY | {"certificate": [LEAF, ISSUER], "private_key": KEY, "trust": ROOT}},
)
WHOLE = {LEAF: GOOD.chain[0], ISSUER: GOOD.chain[1], KEY: GOOD.key, ROOT: GOOD.chain[1]}


def of_kind(key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> tuple[bytes, bytes]:
    """Make a certificate of a key, and return both as DER."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "boards.contoso.com")])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(5)
    made = made.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=30))
    signed = made.sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())
    encoding, form = serialization.Encoding.DER, serialization.PrivateFormat.PKCS8
    return signed.public_bytes(encoding), key.private_bytes(encoding, form, serialization.NoEncryption())


ED25519 = of_kind(ed25519.Ed25519PrivateKey.generate())
BRAINPOOL, P384, SECP256K1 = (
    of_kind(ec.generate_private_key(curve())) for curve in (ec.BrainpoolP256R1, ec.SECP384R1, ec.SECP256K1)
)


RSA = rsa.generate_private_key(65537, 2048)


def signed(algorithm: hashes.HashAlgorithm, pss: bool = False) -> bytes:
    """Make a certificate of an RSA key that is signed in that way, and return it as DER."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "boards.contoso.com")])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(RSA.public_key()).serial_number(5)
    made = made.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=30))
    how = padding.PSS(padding.MGF1(algorithm), padding.PSS.DIGEST_LENGTH) if pss else None
    return made.sign(RSA, algorithm, rsa_padding=how).public_bytes(serialization.Encoding.DER)


PSS, SHA3 = signed(hashes.SHA256(), pss=True), signed(hashes.SHA3_256())


def pem_key(password: bytes | None = None) -> bytes:
    key = serialization.load_der_private_key(GOOD.key, None)
    how = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, how)


def pem(*certificates: bytes) -> bytes:
    return b"Bag Attributes\n" + "".join(map(ssl.DER_cert_to_PEM_cert, certificates)).encode()


def test_pem_becomes_der_and_der_stays():
    assert material.checked(SETTINGS, WHOLE) == WHOLE
    as_pem = {LEAF: pem(GOOD.leaf), ISSUER: pem(GOOD.chain[1]), KEY: pem_key(), ROOT: pem(GOOD.chain[1])}
    assert material.checked(SETTINGS, as_pem) == WHOLE
    # Without a configuration the name tells.
    assert material.checked(None, {ROOT: pem(GOOD.leaf), "/x.pem": b"-----BEGIN"})[ROOT] == GOOD.leaf


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({LEAF: b"x"}, "/certs/leaf.der holds no certificate"),
        ({ROOT: b"x"}, "/certs/root.der holds no certificate"),
        ({LEAF: OLD.leaf}, "/certs/leaf.der expired on"),
        ({LEAF: OTHER.leaf}, "the key in /certs/key.der does not match the certificate"),
        ({ISSUER: OTHER.leaf}, "/certs/issuer.der did not issue /certs/leaf.der"),
        ({KEY: pem_key(b"secret")}, "/certs/key.der is encrypted, and a board has no pass phrase"),
        ({KEY: b"x"}, "/certs/key.der holds no key"),
        ({LEAF: pem(*GOOD.chain)}, "/certs/leaf.der holds 2 certificates"),
        ({KEY: ED25519[1]}, "/certs/key.der has a key of the kind Ed25519, which the TLS of MicroPython does not know"),
        ({LEAF: ED25519[0]}, "/certs/leaf.der has a key of the kind Ed25519"),
        ({ROOT: ED25519[0]}, "/certs/root.der has a key of the kind Ed25519"),
        ({ROOT: SHA3}, "the certificate in /certs/root.der is signed by"),
        ({KEY: BRAINPOOL[1]}, "/certs/key.der has a key of the kind brainpoolP256r1"),
    ],
)
def test_what_a_board_could_not_use_is_told_in_one_sentence(wrong, words):
    with pytest.raises(UserError) as caught:
        material.checked(SETTINGS, WHOLE | wrong)
    assert words in str(caught.value)


def test_a_key_is_found_beside_its_certificate_and_its_curve_in_one_file():
    parameters = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    for before in (pem(GOOD.leaf), parameters, b"Bag Attributes: none\n"):
        assert material.checked(SETTINGS, WHOLE | {KEY: before + pem_key()}) == WHOLE


@pytest.mark.parametrize(
    "kind", [ED25519, BRAINPOOL, P384, SECP256K1], ids=["Ed25519", "Brainpool", "P-384", "secp256k1"]
)
def test_a_board_takes_the_keys_that_pass_and_no_other(kind, tmp_path, micropython):
    (tmp_path / "leaf").write_bytes(kind[0])
    (tmp_path / "key").write_bytes(kind[1])
    code = "import tls\nc = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)\n"
    code += "c.load_cert_chain(open('leaf', 'rb').read(), open('key', 'rb').read())"
    done = subprocess.run([micropython, "-c", code], cwd=tmp_path, capture_output=True, check=False)
    try:
        assert certificates.private_key(kind[1], "key", certificates.single(kind[0], "leaf"))
        passes = True
    except UserError:
        passes = False
    assert passes == (done.returncode == 0), done.stderr


@pytest.mark.parametrize("der", [GOOD.chain[1], PSS, SHA3], ids=["PKCS 1", "PSS", "SHA-3"])
def test_a_pico_loads_the_certificates_that_pass_and_no_other(der, tmp_path, micropython):
    # The unix port's TLS is configured as that of the Picos (extmod/mbedtls/mbedtls_config_common.h).
    (tmp_path / "root").write_bytes(der)
    code = "import tls\ntls.SSLContext(tls.PROTOCOL_TLS_CLIENT).load_verify_locations(open('root', 'rb').read())"
    done = subprocess.run([micropython, "-c", code], cwd=tmp_path, capture_output=True, check=False)
    try:
        files = material.checked(SETTINGS, WHOLE | {ROOT: der})
        material.check_loads(SETTINGS, files, boards.load("RPI_PICO_W"))
        passes = True
    except UserError:
        passes = False
    assert passes == (done.returncode == 0), done.stderr


def test_a_signature_that_an_esp32_alone_knows_is_refused_for_others():
    files = material.checked(SETTINGS, WHOLE | {ROOT: PSS})
    material.check_loads(SETTINGS, files, boards.load("ESP32_GENERIC"))
    with pytest.raises(UserError, match=r"root\.der is signed by RSASSA-PSS, which no board but an ESP32 can load"):
        material.check_loads(SETTINGS, files, boards.load("W5500_EVB_PICO"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"yesterday;-9,6\n", "has no row"),
        ("t,v\n2026-01-01,-9.6 °C\n".encode(), 'has no numeric value; in its first row, the recording says "-9.6 °C"'),
        (b"PK\3\4\x14\0\6\0", "is a workbook or a ZIP archive: save the sheet as CSV"),
        (b"\x1f\x8b\x08\0", "is compressed by gzip: unpack it"),
    ],
)
def test_nothing_is_asked_of_a_board_for_a_recording_that_it_could_not_read(content, words, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(CONFIG | {"sensor": {"type": "trace", "path": "/t.csv"}}))
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(UserError, match=rf"the trace /t\.csv {words}"):
        run("--port", "/dev/none", "--config", tmp_path / "config.json", "--file", f"{tmp_path}/t.csv:/t.csv")


def test_a_file_that_is_neither_given_nor_on_the_board_is_named_before_anything_is_copied(tmp_path, micropython):
    config = tmp_path / "config.json"
    config.write_text(json.dumps(CONFIG | {"mail": CONFIG["mail"] | {"trust": ROOT}}))
    with VirtualBoard(tmp_path / "flash") as board:
        with pytest.raises(
            UserError, match=rf"mail\.trust names {ROOT}, which is not on the board: bring it with --file"
        ):
            run("--port", board.port, "--config", config)
        assert not (tmp_path / "flash" / "lib").exists()

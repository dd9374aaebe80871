"""Certificates, keys and recordings are checked before anything is copied; PEM becomes the DER that a board reads."""

from __future__ import annotations

import json
import ssl

import pytest
from cryptography.hazmat.primitives import serialization

from host.deploy.test_deploy_serial import CONFIG, run
from umail_host.deploy import material
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
    ],
)
def test_what_a_board_could_not_use_is_told_in_one_sentence(wrong, words):
    with pytest.raises(UserError) as caught:
        material.checked(SETTINGS, WHOLE | wrong)
    assert words in str(caught.value)


def test_nothing_is_asked_of_a_board_for_a_recording_that_it_could_not_read(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(CONFIG | {"sensor": {"type": "trace", "path": "/t.csv"}}))
    (tmp_path / "t.csv").write_text("yesterday;-9,6\n")
    with pytest.raises(UserError, match=r"the trace /t\.csv has no row"):
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

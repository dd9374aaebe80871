"""Reads certificates and keys, PEM or DER, and gives them as a board takes them: DER, one a file, in force."""

from __future__ import annotations

import datetime
import itertools
import re

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import SignatureAlgorithmOID as Signed

from umail_host.errors import UserError

_PEM = b"-----BEGIN"
# A PEM file may hold more than the key: its certificate, the parameters of its curve.
_KEY = re.compile(rb"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?-----END \1-----", re.DOTALL)
# extmod/mbedtls/mbedtls_config_common.h of MicroPython
_CURVES = ("secp192r1", "secp224r1", "secp256r1", "secp384r1", "secp521r1", "secp256k1")
# The same file, library/oid.c of mbed TLS: a certificate that is signed otherwise cannot even be loaded.
_SIGNATURES = (
    *(Signed.RSA_WITH_MD5, Signed.RSA_WITH_SHA1, Signed.RSA_WITH_SHA224, Signed.RSA_WITH_SHA256),
    *(Signed.RSA_WITH_SHA384, Signed.RSA_WITH_SHA512, Signed.ECDSA_WITH_SHA1, Signed.ECDSA_WITH_SHA224),
    *(Signed.ECDSA_WITH_SHA256, Signed.ECDSA_WITH_SHA384, Signed.ECDSA_WITH_SHA512),
)


def is_pem(octets: bytes) -> bool:
    """Tell whether these are PEM."""
    return _PEM in octets


def chain(octets: bytes, name: str) -> list[bytes]:
    """Return the certificates in a PEM or DER file, the leaf first, as DER.

    Raises:
        UserError: it holds none, the leaf has ended, or a board knows no keys or signatures of that kind.
    """
    try:
        found = x509.load_pem_x509_certificates(octets) if is_pem(octets) else [x509.load_der_x509_certificate(octets)]
    except ValueError:
        raise UserError(f"{name} holds no certificate: give a PEM or DER file") from None
    for one in found:
        _check_kind(one.public_key(), name)
        if (how := one.signature_algorithm_oid) not in (*_SIGNATURES, Signed.RSASSA_PSS):
            raise UserError(
                f"the certificate in {name} is signed by {how._name}, which the TLS of MicroPython does not know: "
                "have it signed by RSA or ECDSA with SHA-256"
            )
    end = found[0].not_valid_after_utc
    if end < datetime.datetime.now(datetime.UTC):
        raise UserError(f"the certificate in {name} expired on {end:%Y-%m-%d}: renew it")
    return [one.public_bytes(serialization.Encoding.DER) for one in found]


def single(octets: bytes, name: str) -> bytes:
    """Return the certificate in a PEM or DER file as DER.

    Raises:
        UserError: as of `chain`, or it holds several.
    """
    found = chain(octets, name)
    if len(found) > 1:
        raise UserError(f"{name} holds {len(found)} certificates, and a file on a board holds one: split it")
    return found[0]


def check_signature(der: bytes, name: str, port: str) -> None:
    """Check that a board can load a certificate signed like this one; ``port``: of its MicroPython.

    Raises:
        UserError: it is signed by RSASSA-PSS, which ESP-IDF's TLS alone knows (esp_config.h there).
    """
    if port != "esp32" and x509.load_der_x509_certificate(der).signature_algorithm_oid == Signed.RSASSA_PSS:
        raise UserError(
            f"the certificate in {name} is signed by RSASSA-PSS, which no board but an ESP32 can load: "
            "have it signed by PKCS #1 v1.5 (AD CS: AlternateSignatureAlgorithm=0)"
        )


def check_order(certificates: list[bytes], names: list[str]) -> None:
    """Check that each certificate was issued by the next.

    Raises:
        UserError: one was not.
    """
    loaded = [x509.load_der_x509_certificate(der) for der in certificates]
    for number, (one, issuer) in enumerate(itertools.pairwise(loaded)):
        if one.issuer != issuer.subject:
            raise UserError(
                f"{names[number + 1]} did not issue {names[number]}: list the board's own certificate first, "
                "then the one that issued it, and so on"
            )


def _check_kind(key: object, name: str) -> None:
    """Check that a board's mbed TLS takes such a key; ``key``: public or private."""
    curve = key.curve.name if isinstance(key, ec.EllipticCurvePublicKey | ec.EllipticCurvePrivateKey) else ""
    if curve in _CURVES or isinstance(key, rsa.RSAPublicKey | rsa.RSAPrivateKey):
        return
    kind = curve or re.sub("(Public|Private)Key$", "", type(key).__name__)
    raise UserError(
        f"{name} has a key of the kind {kind}, which the TLS of MicroPython does not know: "
        "take one of RSA, or on the curve P-256"
    )


def private_key(octets: bytes, name: str, leaf: bytes = b"") -> bytes:
    """Return the key in a PEM or DER file as DER.

    Args:
        leaf: the certificate (DER) that it must belong to; empty: any.

    Raises:
        UserError: it holds none, is encrypted, of a kind that a board does not know, or belongs to another certificate.
    """
    if found := _KEY.search(octets):
        octets = found[0]
    load = serialization.load_pem_private_key if is_pem(octets) else serialization.load_der_private_key
    try:
        key = load(octets, None)
    except TypeError:
        raise UserError(
            f"{name} is encrypted, and a board has no pass phrase: openssl pkey -in {name} -out key.pem"
        ) from None
    except ValueError:
        raise UserError(f"{name} holds no key: give a PEM or DER file without a pass phrase") from None
    _check_kind(key, name)
    encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    public = key.public_key().public_bytes(encoding, form)
    if leaf and x509.load_der_x509_certificate(leaf).public_key().public_bytes(encoding, form) != public:
        raise UserError(f"the key in {name} does not match the certificate: give the key it was issued for")
    return key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())

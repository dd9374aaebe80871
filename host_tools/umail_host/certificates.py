"""Reads certificates and keys, PEM or DER, and gives them as a board takes them: DER, one a file, valid today."""

from __future__ import annotations

import datetime
import itertools
import re

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import SignatureAlgorithmOID as Signed

from umail_host import certificate_files, terminal
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
# mbedtls_x509_crt_profile_default (library/x509_crt.c): what a chain may have; a root's own signature is not looked at.
_LEAST_RSA = 2048
_STRONG_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_WEAK_HASHES = ("md5", "sha1", "sha224")
# Clocks of authorities and of this computer differ.
_SKEW = datetime.timedelta(hours=1)
_SOON = datetime.timedelta(days=30)


def is_pem(octets: bytes) -> bool:
    """Tell whether these are PEM."""
    return _PEM in octets


def chain(octets: bytes, name: str) -> list[bytes]:
    """Return the certificates in a file, the leaf first, as DER.

    Raises:
        UserError: it holds none, the leaf has ended or is not valid yet, or a board knows no keys or signatures of
            that kind.
    """
    found = certificate_files.load(octets, name)
    for one in found:
        _check_kind(one.public_key(), name)
        if (how := one.signature_algorithm_oid) not in (*_SIGNATURES, Signed.RSASSA_PSS):
            raise UserError(
                f"the certificate in {name} is signed by {how._name}, which the TLS of MicroPython does not know: "
                "have it signed by RSA or ECDSA with SHA-256"
            )
    begin, end, now = found[0].not_valid_before_utc, found[0].not_valid_after_utc, datetime.datetime.now(datetime.UTC)
    if end < now:
        raise UserError(f"the certificate in {name} expired on {end:%Y-%m-%d}: renew it")
    if begin > now + _SKEW:
        raise UserError(f"the certificate in {name} is valid only from {begin:%Y-%m-%d} on: give one that is valid now")
    return [one.public_bytes(serialization.Encoding.DER) for one in found]


def single(octets: bytes, name: str) -> bytes:
    """Return the certificate in a file as DER.

    Raises:
        UserError: as of `chain`, or it holds several.
    """
    found = chain(octets, name)
    if len(found) > 1:
        roots = [number for number, der in enumerate(found, 1) if _issued_itself(x509.load_der_x509_certificate(der))]
        root = f" (number {roots[0]} is the root)" if roots else ""
        raise UserError(
            f"{name} holds {len(found)} certificates{root}, and a file on a board holds one: split it; a trust is the "
            "root alone, a board's own certificate the first, and each that issued it is a file of its own"
        )
    return found[0]


def check_trust(der: bytes, name: str) -> None:
    """Check that a server's certificate can follow from this one, by the rules of mbed TLS (x509_crt.c).

    Raises:
        UserError: it is neither an authority's nor issued itself, or its key is too weak for any chain.
    """
    one = x509.load_der_x509_certificate(der)
    key = one.public_key()
    itself, authority = _issued_itself(one), _is_authority(one)
    if not itself and not authority:
        raise UserError(
            f"{name} is a server's certificate, not an authority's, and nothing follows from it: "
            f"give the root that issued it, {terminal.printable(one.issuer.rfc4514_string())[:120]}"
        )
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < _LEAST_RSA:
        raise UserError(
            f"{name} has an RSA key of {key.key_size} bits, which a board accepts in no connection: "
            f"take a root of {_LEAST_RSA} bits or more"
        )
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name not in _STRONG_CURVES:
        raise UserError(
            f"{name} has a key on the curve {key.curve.name}, which a board accepts in no connection: take P-256"
        )
    if itself and not authority and one.signature_hash_algorithm and one.signature_hash_algorithm.name in _WEAK_HASHES:
        raise UserError(
            f"{name} is signed with {one.signature_hash_algorithm.name.upper()}, which a board accepts of no server: "
            "have it reissued with SHA-256"
        )


def ends_soon(der: bytes, name: str) -> str:
    """Return a note if the certificate ends within 30 days; else empty."""
    end = x509.load_der_x509_certificate(der).not_valid_after_utc
    if end > datetime.datetime.now(datetime.UTC) + _SOON:
        return ""
    return f'the certificate in {name} ends on {end:%Y-%m-%d}: renew it, or let the board warn of it by "expires"'


def _issued_itself(one: x509.Certificate) -> bool:
    return one.issuer == one.subject


def _is_authority(one: x509.Certificate) -> bool:
    if one.version == x509.Version.v1:
        # It has no extensions, and is trusted as it is.
        return True
    try:
        return one.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


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
        here = name.partition(" (for ")[0]  # see `files.Brought`
        raise UserError(
            f"{name} is encrypted, and a board has no pass phrase: openssl pkey -in {here} -out key.pem"
        ) from None
    except ValueError:
        raise UserError(f"{name} holds no key: give a PEM or DER file without a pass phrase") from None
    _check_kind(key, name)
    encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    public = key.public_key().public_bytes(encoding, form)
    if leaf and x509.load_der_x509_certificate(leaf).public_key().public_bytes(encoding, form) != public:
        raise UserError(f"the key in {name} does not match the certificate: give the key it was issued for")
    return key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())

"""Reads certificates and keys, PEM or DER, and gives them as a board takes them: DER, one a file, in force."""

from __future__ import annotations

import datetime
import itertools

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from umail_host.errors import UserError

_PEM = b"-----BEGIN"


def is_pem(octets: bytes) -> bool:
    """Tell whether these are PEM."""
    return _PEM in octets


def chain(octets: bytes, name: str) -> list[bytes]:
    """Return the certificates in a PEM or DER file, the leaf first, as DER.

    Raises:
        UserError: it holds none, or the leaf has ended.
    """
    try:
        found = x509.load_pem_x509_certificates(octets) if is_pem(octets) else [x509.load_der_x509_certificate(octets)]
    except ValueError:
        raise UserError(f"{name} holds no certificate: give a PEM or DER file") from None
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


def private_key(octets: bytes, name: str, leaf: bytes = b"") -> bytes:
    """Return the key in a PEM or DER file as DER.

    Args:
        leaf: the certificate (DER) that it must belong to; empty: any.

    Raises:
        UserError: it holds none, is encrypted, or belongs to another certificate.
    """
    load = serialization.load_pem_private_key if is_pem(octets) else serialization.load_der_private_key
    try:
        key = load(octets, None)
    except TypeError:
        raise UserError(
            f"{name} is encrypted, and a board has no pass phrase: openssl pkey -in {name} -out key.pem"
        ) from None
    except ValueError:
        raise UserError(f"{name} holds no key: give a PEM or DER file without a pass phrase") from None
    encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    public = key.public_key().public_bytes(encoding, form)
    if leaf and x509.load_der_x509_certificate(leaf).public_key().public_bytes(encoding, form) != public:
        raise UserError(f"the key in {name} does not match the certificate: give the key it was issued for")
    return key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())

"""Finds the certificates in a file, whatever program wrote it, and says what a file is that holds none."""

from __future__ import annotations

import base64
import binascii
import codecs
import re
import warnings

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7

from umail_host.errors import UserError

_LABEL = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----")
_INSTEAD = {
    "TRUSTED CERTIFICATE": "is a certificate as only OpenSSL has it: openssl x509 -in {name} -out root.pem",
    "CERTIFICATE REQUEST": "is a request for a certificate: give the certificate that the authority made of it",
    "NEW CERTIFICATE REQUEST": "is a request for a certificate: give the certificate that the authority made of it",
    "PUBLIC KEY": "is a public key: give the certificate",
    "PRIVATE KEY": "is a private key, and stays secret: give the certificate",
    "PKCS12": "is PKCS #12, certificate and key in one: openssl pkcs12 -in {name} -nokeys -out root.pem",
    "HTML": "is HTML, a web page: download the certificate itself",
    "CERTIFICATE": "holds a certificate that is cut off or damaged: take all of it, from its BEGIN to its END line",
    "": "is empty",
}
# PFX ::= SEQUENCE { version INTEGER (3), … (RFC 7292, 4)
_PKCS12 = re.compile(rb"\x30(?:\x80|[\x81-\x84].{1,4}|.)\x02\x01\x03", re.DOTALL)


def load(octets: bytes, name: str) -> list[x509.Certificate]:
    """Return the certificates in a file: PEM, DER, PKCS #7, base64 alone, or such text in UTF-16; each of them once.

    Raises:
        UserError: it holds none; says what it is instead.
    """
    octets = _plain(octets)
    found = _certificates(octets)
    if not found:
        told = _INSTEAD.get(_kind(octets), "holds no certificate: give a PEM or DER file").format(
            name=name.partition(" (for ")[0]  # see `files.Brought`
        )
        raise UserError(f"{name} {told}")
    return list(dict.fromkeys(found))


def _plain(octets: bytes) -> bytes:
    """Return text in UTF-16, as PowerShell writes it, as ASCII; anything else as it is."""
    if octets.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return octets.decode("utf-16", "replace").encode("ascii", "replace")
    return octets


def _certificates(octets: bytes) -> list[x509.Certificate]:
    pem = _LABEL.search(octets)
    ways = (
        (x509.load_pem_x509_certificates, pkcs7.load_pem_pkcs7_certificates)
        if pem
        else (_der, pkcs7.load_der_pkcs7_certificates, _base64)
    )
    for way in ways:
        try:
            with warnings.catch_warnings():
                # PKCS #7 of OpenSSL and Windows is BER, about which cryptography warns.
                warnings.simplefilter("ignore")
                if found := way(octets):
                    return found
        except (ValueError, TypeError, binascii.Error):
            continue
    return []


def _der(octets: bytes) -> list[x509.Certificate]:
    try:
        return [x509.load_der_x509_certificate(octets)]
    except ValueError:
        # A line feed behind it is what an editor or a shell put there.
        return [x509.load_der_x509_certificate(octets.rstrip(b"\r\n"))]


def _base64(octets: bytes) -> list[x509.Certificate]:
    return [x509.load_der_x509_certificate(base64.b64decode(b"".join(octets.split()), validate=True))]


def _kind(octets: bytes) -> str:
    """Return what a file without a certificate is, as a key of ``_INSTEAD``; "?" if that is not known."""
    if not octets.strip():
        return ""
    if label := _LABEL.search(octets):
        kind = label[1].decode()
        return "PRIVATE KEY" if kind.endswith("PRIVATE KEY") else kind
    if octets.lstrip()[:1] == b"<":
        return "HTML"
    if _PKCS12.match(octets):
        return "PKCS12"
    try:
        x509.load_der_x509_csr(octets)
        return "CERTIFICATE REQUEST"
    except ValueError:
        pass
    try:
        serialization.load_der_private_key(octets, None)
        return "PRIVATE KEY"
    except TypeError:
        # It is encrypted.
        return "PRIVATE KEY"
    except ValueError:
        return "?"

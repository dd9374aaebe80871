"""What CPython's ssl needs and MicroPython's does not: older TLS and suites shut out, certificates as PEM files."""

import os
import ssl
import tempfile

from .sockets_cpython import TlsSocket


def _label(key):
    # SEC1 begins with version 1; PKCS#1 with version 0 and an INTEGER; PKCS#8 with version 0 and a SEQUENCE (RFC 5958).
    header = 2 + (key[1] & 0x7F if key[1] & 0x80 else 0)
    if key[header + 2] == 1:
        return "EC PRIVATE KEY"
    return "RSA PRIVATE KEY" if key[header + 3] == 2 else "PRIVATE KEY"


def prepare(context, checked):
    """TLS 1.2 at least, where MicroPython's mbed TLS begins; names unchecked where certificates are not ``checked``."""
    context.sslsocket_class = TlsSocket
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Forward secrecy and AEAD (RFC 9325, 4.2); all suites of TLS 1.3 have both.
    context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
    context.check_hostname = checked
    # RFC 9525, 2: a host is named by the subjectAltName, never by the common name.
    context.hostname_checks_common_name = False


def _pem(data, label=None):
    if b"-----BEGIN" in data:
        return data.decode() + "\n"
    pem = ssl.DER_cert_to_PEM_cert(data)
    return pem.replace("CERTIFICATE", label(data)) if label else pem


def load(context, chain, key):
    """Load a client's chain into an ``ssl.SSLContext``.

    Args:
        chain: certificates, leaf first; ``key``: of the leaf; bytes, DER or PEM.
    """
    pem = "".join([_pem(key, _label), *[_pem(certificate) for certificate in chain]])
    # mkstemp's file is readable by its owner only.
    number, path = tempfile.mkstemp()
    try:
        with os.fdopen(number, "w") as file:
            file.write(pem)
        # An encrypted key is an error and not a question on the console.
        context.load_cert_chain(path, password=lambda: b"")
    finally:
        os.unlink(path)

"""What a failed TLS handshake means."""

import ssl
import sys
from errno import ETIMEDOUT

from umail import load_transient

from ..errors import MailError

# Words of mbed TLS and of OpenSSL → the advice's key.
_MEANING = (
    ("expired", "cert_expired"),
    ("starts in the future", "cert_future"),
    ("not yet valid", "cert_future"),
    ("does not match", "cert_name"),
    ("mismatch", "cert_name"),
    ("is not valid for", "cert_name"),
    ("not correctly signed", "cert_unknown_root"),
    ("issuer certificate", "cert_unknown_root"),
    ("self-signed", "cert_unknown_root"),
    ("self signed", "cert_unknown_root"),
    ("alloc", "tls_memory"),
    ("memory", "tls_memory"),
    ("certificate", "cert_other"),
)

# Bytes of heap that a handshake takes if TLS allocates from there, measured on a build with 32-bit words.
_NEED = 36000

# What TLS sockets raise up to MicroPython 1.27: mbed TLS's number alone (its upper part, if two are added up).
_NUMBERS = {
    0x7280: "SSL_CONN_EOF",
    0x7780: "SSL_FATAL_ALERT_MESSAGE",
    0x7F00: "SSL_ALLOC_FAILED",
    0x2880: "X509_ALLOC_FAILED",
    0x3F80: "PK_ALLOC_FAILED",
    0x4D80: "ECP_ALLOC_FAILED",
    0x5180: "MD_ALLOC_FAILED",
    0x6180: "CIPHER_ALLOC_FAILED",
}


def failed(error):
    """Make the MailError for what ``error`` (ValueError, OSError) tells of a certificate or key before a handshake."""
    number = error.args[0] if error.args else 0
    system = isinstance(error, OSError) and not isinstance(error, getattr(ssl, "SSLError", ()))
    if system and not (isinstance(number, int) and number < 0) and not load_transient("durable").for_a_person(error):
        # A card that is out, or flash that refuses for a moment.
        text = "a certificate or key cannot be read for now: %s" % error
        return MailError("starttls", "temporary", text, key="flash_read")
    if number == -0x5E80:
        # MBEDTLS_ERR_SSL_BAD_CONFIG: none is left to offer, as on the unix port of 1.22.
        text = "this MicroPython's TLS has no cipher suite with forward secrecy and AEAD"
        return MailError("starttls", "configuration", text, key="tls_too_old")
    if sys.platform == "rp2":
        import gc

        gc.collect()
        if gc.mem_free() < _NEED:
            # mbed TLS has the same words for a certificate that it has no memory for.
            text = "%d bytes of memory are free, a handshake takes %d: %s" % (gc.mem_free(), _NEED, error)
            return MailError("starttls", "temporary", text, key="tls_memory")
    return MailError("starttls", "configuration", "certificate or key cannot be used: %s" % error, key="cert_file")


def worded(error):
    """Return an OSError of a TLS socket that has a negative number and no words as later releases raise it."""
    number = -error.args[0]
    if number < 256:
        # The system's, which mbed TLS passed on with its sign changed.
        return OSError(number)
    name = _NUMBERS.get(number & 0x7F80)
    return OSError(-number, "MBEDTLS_ERR_" + name) if name else error


def meaning(error, route, free=None):
    """Make the MailError for what ended a handshake with ``route``'s server.

    ``free``: bytes of heap that were free for it, or None if TLS has memory of its own.
    """
    # mbed TLS writes whole lines.
    text = " ".join(str(error).split())
    low = text.lower()
    # Errors of the system have a positive number, mbed TLS's a negative one; ValueError is a certificate's.
    code = error.args[0] if error.args else 0
    network = isinstance(error, OSError) and isinstance(code, int) and code > 0
    if "eof" in low or (network and not isinstance(error, getattr(ssl, "SSLError", ()))):
        # Whoever can close a connection can do so before TLS as well: nothing that a later try would endanger. A server
        # that refuses our certificate may hang up before its alert is read.
        key = "timeout" if code == ETIMEDOUT else "cert_refused" if route.certificate else "closed"
        return MailError("starttls", "temporary", "TLS: no handshake: " + text, key=key)
    if "alert" in low and "internal" in low:
        text = "the server broke off with an error of its own: " + text
        return MailError("starttls", "temporary", "TLS: " + text, key="closed")
    if "alert" in low:
        # The server's word: the certificate it speaks of is ours, shown or missed.
        if route.certificate or "certificate" in low:
            return MailError("starttls", "configuration", "TLS: " + text, key="cert_refused")
        low = ""
    for words, key in _MEANING:
        if words in low:
            break
    else:
        key = "tls_failed"
    if free is not None and free < _NEED:
        # Out of memory, mbed TLS finds that no certificate can be trusted.
        key = "tls_memory"
        text = "%d bytes of memory were free, a handshake takes %d: %s" % (free, _NEED, text)
    return MailError("starttls", "temporary" if key == "tls_memory" else "security", "TLS: " + text, key=key)

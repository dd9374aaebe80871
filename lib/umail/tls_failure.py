"""What a failed TLS handshake means."""

import ssl

from .errors import MailError

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


def meaning(error):
    """The MailError for what a handshake raised, or None where it is an error of the connection."""
    text = str(error)
    for words, key in _MEANING:
        if words in text.lower():
            break
    else:
        # OSError with an errno of the system is the network's; mbed TLS's are negative, ValueError is a certificate's.
        code = error.args[0] if error.args else 0
        if isinstance(error, OSError) and isinstance(code, int) and code > 0:
            if not isinstance(error, getattr(ssl, "SSLError", ())):
                return None
        key = "tls_failed"
    return MailError("starttls", "temporary" if key == "tls_memory" else "security", "TLS: " + text, key=key)

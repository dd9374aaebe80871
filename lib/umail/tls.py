"""TLS as a route wants it: what is trusted, the client's certificate, and what a failed handshake means."""

import ssl

from .errors import MailError


def _der(source):
    if isinstance(source, str):
        with open(source, "rb") as file:
            return file.read()
    return source


def _load_chain(context, certificate):
    # ([leaf, *intermediates], key), DER.
    chain = [_der(source) for source in certificate[0]]
    key = _der(certificate[1])
    if hasattr(context, "minimum_version"):
        from .tls_cpython import load

        load(context, chain, key)
    else:
        # MicroPython adds each certificate, with the key of the first, to one chain.
        for one in chain:
            context.load_cert_chain(one, key)


def wrap(sock, route, host):
    """Begin TLS on a connected non-blocking socket; the handshake runs with the first send or receive.

    Raises:
        MailError: stage starttls, where a certificate file cannot be used.
    """
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if hasattr(context, "minimum_version"):
            # CPython may allow less; MicroPython's mbed TLS begins at 1.2.
            context.minimum_version = ssl.TLSVersion.TLSv1_2
        if route.security == "opportunistic" or route.trust == "insecure":
            if route.trust == "insecure":
                print('umail: WARNING: certificates are not checked (trust="insecure"): for a bench only')
            if hasattr(context, "check_hostname"):
                context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        else:
            context.verify_mode = ssl.CERT_REQUIRED
            trust = route.trust
            if trust is None:
                from . import certs

                trust = certs.load(route.roots) if route.roots else certs.load()
            for source in trust if isinstance(trust, (list, tuple)) else (trust,):
                context.load_verify_locations(cadata=_der(source))
        if route.certificate:
            _load_chain(context, route.certificate)
    except (ValueError, OSError) as error:
        raise MailError("starttls", "configuration", "certificate or key cannot be used: %s" % error, key="cert_file")
    return context.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)


def failure(error):
    """The MailError for what a handshake raised, or None where it is an error of the connection."""
    text = str(error)
    low = text.lower()
    for words, key in _MEANING:
        if words in low:
            break
    else:
        # OSError with an errno of the system is the network's; mbed TLS's are negative, ValueError is a certificate's.
        code = error.args[0] if error.args else 0
        if isinstance(error, OSError) and isinstance(code, int) and code > 0 and not isinstance(error, _SSL_ERROR):
            return None
        key = "tls_failed"
    kind = "temporary" if key == "tls_memory" else "security"
    return MailError("starttls", kind, "TLS: " + text, key=key)


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
_SSL_ERROR = getattr(ssl, "SSLError", ())

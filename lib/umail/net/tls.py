"""TLS as a route wants it: what is trusted, and the client's certificate (what a failure means: tls_failure.py)."""

import ssl
import sys

from umail import load_transient

from ..errors import MailError


def _der(source):
    if isinstance(source, str):
        with open(source, "rb") as file:
            return file.read()
    return source


def wrap(sock, route, host):
    """Begin TLS on a connected non-blocking socket; the handshake runs with the first send or receive.

    Returns:
        The socket to use, and how many bytes of heap are free if the handshake takes its memory from there, else None.

    Raises:
        MailError: stage starttls, where a certificate file cannot be used.
    """
    trust = route.trust
    certificate = route.certificate
    checked = trust != "insecure" and route.security != "opportunistic"
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if trust == "insecure":
            print('umail: WARNING: certificates are not checked (trust="insecure"): for a bench only')
        if hasattr(context, "minimum_version"):
            from .tls_cpython import prepare

            prepare(context, checked)
        context.verify_mode = ssl.CERT_REQUIRED if checked else ssl.CERT_NONE
        if checked:
            if trust is None:
                trust = load_transient("certs").load(route.roots)
            for source in trust if isinstance(trust, (list, tuple)) else (trust,):
                context.load_verify_locations(cadata=_der(source))
        if certificate:
            # ([leaf, *intermediates], key), DER. MicroPython adds each, with the key of the first, to one chain.
            key = _der(certificate[1])
            chain = [_der(source) for source in certificate[0]]
            if hasattr(context, "minimum_version"):
                from .tls_cpython import load

                load(context, chain, key)
            else:
                for source in chain:
                    context.load_cert_chain(source, key)
    except (ValueError, OSError) as error:
        raise MailError("starttls", "configuration", "certificate or key cannot be used: %s" % error, key="cert_file")
    free = None
    if sys.implementation.name == "micropython":
        import gc

        # mbed TLS cannot collect when it runs short of memory.
        gc.collect()
        if sys.platform == "rp2":
            free = gc.mem_free()
    return context.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False), free

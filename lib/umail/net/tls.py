"""TLS as a route wants it: what is trusted, and the client's certificate (what a failure means: tls_failure.py)."""

import ssl
import sys

from umail import load_transient

from ..errors import MailError


def _read(source, what="x509"):
    # The bytes of a certificate or key. PEM is for CPython: MicroPython without its PEM parser names no reason.
    if isinstance(source, str):
        with open(source, "rb") as file:
            data = file.read()
    else:
        data = source
    if b"-----BEGIN" in data and not hasattr(ssl.SSLContext, "minimum_version"):
        name = source if isinstance(source, str) else "it"
        raise ValueError("%s is PEM, boards read DER: openssl %s -in FILE -outform DER -out FILE.der" % (name, what))
    return data


def wrap(sock, route, host):
    """Begin TLS on a connected non-blocking socket; the handshake runs with the first send or receive.

    Returns:
        The socket to use, and how many bytes of heap are free if the handshake takes its memory from there, else None.

    Raises:
        MailError: stage starttls, if a certificate file cannot be used.
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
                data = _read(source)
                context.load_verify_locations(cadata=data.decode() if b"-----BEGIN" in data else data)
        if certificate:
            # ([leaf, *intermediates], key). MicroPython adds each, with the key of the first, to one chain.
            key = _read(certificate[1], "pkey")
            chain = [_read(source) for source in certificate[0]]
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

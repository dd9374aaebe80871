"""TLS as a route wants it: what is trusted, and the client's certificate (what a failure means: tls_failure.py)."""

import os
import sys

from umail import load_transient

if sys.implementation.name == "micropython":
    try:
        # What its ``ssl`` is made of from 1.23 on; that one hides the choice of cipher suites.
        import tls as ssl
    except ImportError:
        import ssl
else:
    import ssl


def tls(transport, route, host):
    """Turn to TLS as ``route`` says, for a host called ``host``; the handshake runs with the next bytes."""
    transport.wait_for(transport.timeout)
    transport.raw = transport.sock
    # The place that was kept for it.
    transport.free = None
    transport.sock, transport.free = wrap(transport.sock, route, host)
    transport.handshake = transport.unheard = route


def wrap(sock, route, host):
    """Begin TLS on a connected non-blocking socket; the handshake runs with the first send or receive.

    Returns:
        The socket to use, and how many bytes of heap are free (CPython: None).

    Raises:
        MailError: stage starttls, if a certificate file cannot be used, or not be read for now.
    """
    trust = route.trust
    checked = trust != "insecure" and route.security != "opportunistic"
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        # Of what was kept for TLS, what its socket will want in one piece.
        free = bytearray(544)
        if sys.implementation.name != "micropython" or trust == "insecure":
            load_transient("net.tls_rare").insecure(context, trust, checked)
        context.verify_mode = ssl.CERT_REQUIRED if checked else ssl.CERT_NONE
        if checked:
            load(context, trust, route)
        if sys.implementation.name == "micropython":
            set_ciphers(context)
        if route.certificate:
            load_transient("net.tls_rare").certificate(context, route.certificate)
    except (ValueError, OSError) as error:
        raise load_transient("net.tls_failure").failed(error)
    free = None
    if sys.implementation.name == "micropython":
        import gc

        # mbed TLS cannot collect when it runs short of memory.
        gc.collect()
        free = gc.mem_free()
    return context.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False), free


# (What has functions of its own finds places in a heap that is in pieces, and what it was made of leaves with each.)


def load(context, trust, route):
    # Trust the bundled roots of the route, or what it names.
    if trust is None:
        trust = load_transient("certs").load(route.roots)
    elif not isinstance(trust, (list, tuple)):
        trust = (trust,)
    for source in trust:
        data = source
        if isinstance(source, str):
            with open(source, "rb") as file:
                # (Without a number it would take half as much again.)
                data = file.read(os.stat(source)[6])
        if b"-----BEGIN" in data:
            data = load_transient("net.tls_rare").pem(context, data, source)
        if ssl.__name__ == "tls":
            context.load_verify_locations(data)
        else:
            load_transient("net.tls_rare").trust(context, data)


def set_ciphers(context):
    # Offer suites with forward secrecy and AEAD alone (RFC 9325, 4.2); static RSA and CBC have neither. Each is tried:
    # the list of all that there are would take two kilobytes.
    suites: list = []
    for end in "CHACHA20-POLY1305-SHA256 AES-256-GCM-SHA384 AES-128-GCM-SHA256".split():
        for start in "TLS1-3- TLS-ECDHE-ECDSA-WITH- TLS-ECDHE-RSA-WITH-".split():
            suites.append(start + end)
            try:
                context.set_ciphers(suites)
            except OSError:
                suites.pop()
    context.set_ciphers(suites)

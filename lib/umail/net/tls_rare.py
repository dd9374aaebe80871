"""What few routes have of TLS: a client's certificate, PEM, no checks at all; and what CPython's ssl needs."""

import sys


def pem(context, data, name, what="x509"):
    """Return the certificates of PEM ``data`` (bytes) as CPython's ssl takes them (str); ``name``: of its file.

    Raises:
        ValueError: this is MicroPython, which without its PEM parser would name no reason.
    """
    if sys.implementation.name == "micropython":
        name = name if isinstance(name, str) else "it"
        raise ValueError("%s is PEM, boards read DER: openssl %s -in FILE -outform DER -out FILE.der" % (name, what))
    return data.decode()


def _read(context, source, what):
    # The bytes of a certificate or key.
    data = source
    if isinstance(source, str):
        with open(source, "rb") as file:
            data = file.read()
    if b"-----BEGIN" in data:
        pem(context, data, source, what)
    return data


def insecure(context, trust, checked):
    """Say that nothing is checked, if so; set what only CPython's ssl must be told."""
    if trust == "insecure":
        print('umail: WARNING: certificates are not checked (trust="insecure"): for a bench only')
    if sys.implementation.name != "micropython":
        from .tls_cpython import prepare as strict

        strict(context, checked)


def trust(context, data):
    """Trust the root ``data``, as ``ssl`` wants it said."""
    context.load_verify_locations(cadata=data)


def certificate(context, one):
    """Make ``context`` show a client's ``one``, ([leaf, *intermediates], key)."""
    # MicroPython adds each, with the key of the first, to one chain.
    key = _read(context, one[1], "pkey")
    chain = [_read(context, source, "x509") for source in one[0]]
    if sys.implementation.name != "micropython":
        from .tls_cpython import load

        load(context, chain, key)
    else:
        for source in chain:
            context.load_cert_chain(source, key)

"""A connection lets go of its sockets, whatever becomes of its handshake."""

import sys

from check import equal, raises
from umail import MailError, Route
from umail.blocking import Wire
from umail.net import tls


class Socket:
    def __init__(self):
        self.closed = 0

    def write(self, octets):
        return 0

    def close(self):
        self.closed += 1


def test_a_handshake_that_failed_leaves_no_socket_open():
    raw, over = Socket(), Socket()

    kept = tls.wrap
    for fails in (False, True):
        wire = Wire(5)
        wire.limit(5)
        wire.sock = raw
        tls.wrap = lambda sock, route, host: (over, None)
        try:
            wire.tls(Route("h"), "h")
        finally:
            tls.wrap = kept
        if fails:
            raises(MailError, wire.move, b"", -4)
        wire.close()
        equal((wire.sock, wire.raw), (None, None))
    equal((raw.closed, over.closed), (2, 2))


def test_a_certificate_that_cannot_be_used_leaves_no_socket_open():
    raw = Socket()
    wire = Wire(5)
    wire.limit(5)
    wire.sock = raw
    error = raises(MailError, wire.tls, Route("h", trust="/no/such.der"), "h")
    equal((error.stage, error.kind, error.key), ("starttls", "configuration", "cert_file"))
    wire.close()
    equal(raw.closed > 0, True)
    equal(sys.implementation.name in ("cpython", "micropython"), True)

"""`tls` with the board's clock: mbed TLS here looks at the host's, and would pass certificates that a board refuses.

On a Pico mbed TLS allocates from MicroPython's heap (MICROPY_TRACKED_ALLOC), here from the host's. So what it takes
there is taken away here, as ballast, from the handshake to the socket's close.
"""

import errno

import board_link
import board_time
import tls as _native

_FIRST_CERTIFICATES = 757382400 + board_time.FROM_2000  # 2024-01-01: none in use today was valid before
# As measured with mbed TLS in a heap of 32-bit words: both records, 16 KiB in and 4 KiB out; what a handshake needs.
_WORDS = 2  # this heap has twice a Pico's bytes
_RECORDS = (16 * 1024 * _WORDS, 4 * 1024 * _WORDS)
_HANDSHAKE = (1024 * _WORDS,) * 12


def _ballast(sock):
    """Take from the heap what mbed TLS takes on a Pico; the socket gives it back."""
    try:
        sock.tls = [[bytearray(size) for size in sizes] for sizes in (_RECORDS, _HANDSHAKE)]
    except MemoryError:
        raise OSError(errno.ENOMEM)


class SSLContext:
    def __init__(self, protocol):
        self._context = _native.SSLContext(protocol)

    def __getattr__(self, name):
        return getattr(self._context, name)

    @property
    def verify_mode(self):
        return self._context.verify_mode

    @verify_mode.setter
    def verify_mode(self, mode):
        self._context.verify_mode = mode

    def wrap_socket(self, sock, **options):
        verified = self._context.verify_mode != _native.CERT_NONE
        if verified and not options.get("server_side") and board_time.time() < _FIRST_CERTIFICATES:
            raise ValueError("The certificate validity starts in the future")
        if board_link.platform != "rp2":
            return self._context.wrap_socket(sock, **options)
        _ballast(sock)
        try:
            return self._context.wrap_socket(sock, **options)
        except BaseException:
            sock.tls = None
            raise


class _Module:
    __all__ = [name for name in dir(_native) if not name.startswith("_")]  # for `from tls import *` in ssl
    SSLContext = SSLContext

    def __getattr__(self, name):
        return getattr(_native, name)


module = _Module()

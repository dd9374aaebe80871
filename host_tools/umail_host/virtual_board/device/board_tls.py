"""`tls` with the board's clock: mbed TLS here looks at the host's, and would pass certificates that a board refuses."""

import board_time
import tls as _native

_FIRST_CERTIFICATES = 757382400 + board_time.FROM_2000  # 2024-01-01: none in use today was valid before


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
        return self._context.wrap_socket(sock, **options)


class _Module:
    __all__ = [name for name in dir(_native) if not name.startswith("_")]  # for `from tls import *` in ssl
    SSLContext = SSLContext

    def __getattr__(self, name):
        return getattr(_native, name)


module = _Module()

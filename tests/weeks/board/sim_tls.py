"""TLS: of a sample of the connections real on both sides, by mbed TLS; of the others the certificate's fate alone."""

import io

import sim_net
import tls as _native
from sim_chip import Module

# DER: the server's certificate and key, and those of somebody else; filled by sim_main.
MATERIAL = {}
# One connection of so many has real TLS.
SAMPLE = 10
COUNT = [0, 0]
_DAY = 86400
_WORDS = {
    "expired": "The certificate validity has expired",
    "future": "The certificate validity starts in the future",
    "name": "The certificate Common Name (CN) does not match with the expected CN",
    "unknown": "The certificate is not correctly signed by the trusted CA",
}


def _fate(chip, host):
    """Return what is wrong with the certificate that the board is shown for ``host``; "" for nothing."""
    world = chip.world
    fault = world.fault("certificate")
    if fault and (fault.get("both", True) or not host.startswith("mail2.")):
        return fault["how"]
    if world.fault("portal"):
        return "unknown"
    # Renewed every 60 days for 90, as by ACME; judged by the board's own clock.
    now = chip.unix_ms() // 1000
    renewed = world.unix() // (60 * _DAY) * 60 * _DAY
    if now < renewed - _DAY:
        return "future"
    return "expired" if now > renewed + 90 * _DAY else ""


# The cipher suites that mbed TLS has.
_SUITES: list = []


class Context:
    """``ssl.SSLContext`` of a client."""

    def __init__(self, protocol):
        self.verify_mode = 0
        self._roots = []
        self._ciphers = None

    def set_ciphers(self, ciphers):
        """Take the cipher suites that are offered; raises OSError for one that mbed TLS does not have."""
        if not _SUITES:
            _SUITES.extend(_native.SSLContext(_native.PROTOCOL_TLS_CLIENT).get_ciphers())
        for name in ciphers:
            if name not in _SUITES:
                raise OSError(-0x5E80, "MBEDTLS_ERR_SSL_BAD_CONFIG")
        self._ciphers = list(ciphers)

    def load_verify_locations(self, cadata):
        """Take a root, which must be a certificate."""
        self._roots.append(cadata)

    def wrap_socket(self, sock, server_hostname=None, do_handshake_on_connect=True):
        """Return TLS over ``sock``; the handshake runs with the first byte."""
        chip = sim_net.CHIP
        chip.trouble("tls")
        fate = _fate(chip, server_hostname)
        short = chip.world.fault("memory")
        if chip.port.name == "rp2" and short and not fate and chip.world.chance.random() < short["part"]:
            # mbed TLS had no memory to check it.
            return Pretended(sock, "unknown")
        COUNT[0] += 1
        if COUNT[0] % SAMPLE or fate not in ("", "unknown") or sock.peer is None:
            return Pretended(sock, fate)
        COUNT[1] += 1
        return self._real(sock, server_hostname, "other" if fate else "server")

    def _real(self, sock, host, whose):
        pipe = Pipe(sock)
        server = _native.SSLContext(_native.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(*MATERIAL[whose])
        pipe.tls = server.wrap_socket(pipe, server_side=True, do_handshake_on_connect=False)
        context = _native.SSLContext(_native.PROTOCOL_TLS_CLIENT)
        context.verify_mode = _native.CERT_REQUIRED
        if self._ciphers:
            context.set_ciphers(self._ciphers)
        for root in self._roots:
            context.load_verify_locations(root)
        sock.peer = pipe
        wrapped = context.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
        for key in [key for key, (_, below) in sim_net.TLS_OF.items() if not below.open]:
            del sim_net.TLS_OF[key]
        sim_net.TLS_OF[id(wrapped)] = wrapped, sock
        return wrapped


class Pretended:
    """A connection over which nothing is encrypted; its handshake fails or not."""

    def __init__(self, sock, fate):
        self._sock = sock
        self._fate = fate
        self._done = False

    def _handshake(self):
        if self._done:
            return
        self._done = True
        sock = self._sock
        if sock.peer is None:
            return
        if self._fate:
            sock.arrivals.append([sim_net.CHIP.world.now, b""])
            sock.peer = None
            raise ValueError(_WORDS[self._fate])
        sock.peer.secured()

    def write(self, data):
        self._handshake()
        return self._sock.write(data)

    def readinto(self, buffer):
        self._handshake()
        return self._sock.readinto(buffer)

    def when(self, events):
        return self._sock.when(events)

    def close(self):
        self._sock.close()


class Pipe(io.IOBase):
    """The server's end of a connection with real TLS; stands between the board's socket and its service."""

    def __init__(self, sock):
        self._sock = sock
        self._inner = sock.peer
        self._inner._sock = self
        self._inner.secured()
        self._input = b""
        self._late = 0
        self.tls = None
        # How many pieces were sent and read; with which one the board will have read what.
        self._sent = self._read = 0
        self._plain = []

    # The service's side.

    def arrives(self, data, later=0):
        """Encrypt what the service sends."""
        self._late = later
        if data:
            self.tls.write(data)
            self._plain.append((self._sent, data))
        else:
            self._sock.arrives(data, later)

    # The board's side.

    def hear(self, data):
        """Decrypt what the board sends."""
        self._input += data
        buffer = bytearray(4096)
        while True:
            try:
                count = self.tls.readinto(buffer)
            except (OSError, ValueError):
                # The board does not trust this certificate.
                return
            if not count:
                return
            self._inner.hear(bytes(buffer[:count]))

    def heard(self, data):
        """Tell the service which of its replies the board has read."""
        self._read += 1
        while self._plain and self._plain[0][0] <= self._read:
            self._inner.heard(self._plain.pop(0)[1])

    def closed(self):
        """The board has closed."""
        self._inner.closed()

    # What mbed TLS uses.

    def readinto(self, buffer, size=-1):
        if not self._input:
            return None
        count = min(len(buffer), len(self._input))
        buffer[:count] = self._input[:count]
        self._input = self._input[count:]
        return count

    def write(self, data):
        self._sent += 1
        self._sock.arrives(bytes(data), self._late)
        return len(data)

    def ioctl(self, request, argument):
        return argument if request == 3 else 0 if request == 4 else -1


ssl = Module(_native, SSLContext=Context)

"""`socket` through the board's Wi-Fi: nothing reaches out while it is down, and open connections stall.

Every socket is non-blocking underneath; blocking and time-outs are made here, so that a connection which waits notices
the Wi-Fi going away.
"""

import errno
import io
import select
import socket as _native
import time as _host

from board_link import call, online

AF_INET = _native.AF_INET
AF_INET6 = _native.AF_INET6
SOCK_STREAM = _native.SOCK_STREAM
SOCK_DGRAM = _native.SOCK_DGRAM
SOCK_RAW = _native.SOCK_RAW
SOL_SOCKET = _native.SOL_SOCKET
SO_REUSEADDR = _native.SO_REUSEADDR
SO_BROADCAST = _native.SO_BROADCAST
SO_KEEPALIVE = _native.SO_KEEPALIVE
IPPROTO_IP = 0
IPPROTO_TCP = 6
IPPROTO_UDP = 17
TCP_NODELAY = 1

_APPLICATION_DATA = 23  # the type of a TLS record
_READ = 1
_WRITE = 4
_POLL = 3
_CLOSE = 4
_LOOK = 5  # ms between looks at the Wi-Fi and the time-out
_NTP = 123  # the world's time server has every name, and answers by itself
_NO_DNS = -202  # lwIP's EAI_FAIL


def getaddrinfo(host, port, family=0, type=0, protocol=0, flags=0):
    if not online():
        raise OSError(_NO_DNS)
    if port == _NTP and type == SOCK_DGRAM:
        return [(AF_INET, type, 0, "", (host, port))]
    try:
        found = _native.getaddrinfo(host, port, AF_INET, type or SOCK_STREAM)
    except OSError:
        raise OSError(_NO_DNS)
    return [(AF_INET, type or SOCK_STREAM, 0, "", _readable(address)) for _, _, _, _, address in found]


def _readable(address):
    """Return an address as an ESP32 has it, a tuple; the host's interpreter has the operating system's bytes."""
    _, octets, port = _native.sockaddr(address)[:3]
    return (_native.inet_ntop(AF_INET, octets), port)


def _packed(address):
    if not isinstance(address, tuple):
        return address
    return _native.getaddrinfo(address[0], address[1], AF_INET, SOCK_STREAM)[0][-1]


class socket(io.IOBase):
    def __init__(self, family=AF_INET, type=SOCK_STREAM, protocol=0, *, _accepted=None):
        self._socket = _accepted or _native.socket(family, type)
        self._socket.setblocking(False)
        self._timeout = None  # seconds; None: wait forever
        self.tls = None  # what TLS over this socket takes of a Pico's heap
        self._poll = select.poll()
        self._poll.register(self._socket, _READ | _WRITE)
        self._answer = None

    def _ready(self, events, wait=0):
        """Return which of ``events`` (and hang-up, error) the socket has; nothing while the Wi-Fi is down."""
        if self._socket is None or not online():
            _host.sleep_ms(wait)
            return 0
        self._poll.modify(self._socket, events)
        for _, found in self._poll.ipoll(wait):
            return found
        return 0

    def _wait(self, events):
        """Wait until ready; OSError(EAGAIN or ETIMEDOUT) when the time-out passes."""
        if self._socket is None:
            raise OSError(9)  # EBADF
        if self._ready(events):
            return
        if self._timeout == 0:
            raise OSError(errno.EAGAIN)
        start = _host.ticks_ms()
        while not self._ready(events, _LOOK):
            if self._timeout is not None and _host.ticks_diff(_host.ticks_ms(), start) >= self._timeout * 1000:
                raise OSError(errno.ETIMEDOUT)

    def settimeout(self, seconds):
        self._timeout = seconds

    def setblocking(self, blocking):
        self._timeout = None if blocking else 0

    def setsockopt(self, level, option, value):
        if level == SOL_SOCKET and not callable(value):
            self._socket.setsockopt(level, option, value)

    def fileno(self):
        return self._socket.fileno()

    def connect(self, address):
        if not online():
            raise OSError(errno.EHOSTUNREACH)
        address = _packed(address)
        try:
            self._socket.connect(address)
        except OSError as error:
            if error.errno != errno.EINPROGRESS or self._timeout == 0:
                raise
            self._wait(_WRITE)
            self._socket.connect(address)  # tells how the attempt ended

    def bind(self, address):
        self._socket.bind(_packed(address))

    def listen(self, backlog=2):
        self._socket.listen(backlog)

    def accept(self):
        self._wait(_READ)
        accepted, address = self._socket.accept()
        return socket(_accepted=accepted), _readable(address)

    def recv(self, size):
        if self._answer is not None:
            answer, self._answer = self._answer, None
            return answer[:size]
        self._wait(_READ)
        return self._socket.recv(size)

    def recvfrom(self, size):
        self._wait(_READ)
        data, address = self._socket.recvfrom(size)
        return data, _readable(address)

    def send(self, data):
        self._wait(_WRITE)
        return self._socket.send(data)

    def sendto(self, data, address):
        if not online():
            raise OSError(errno.EHOSTUNREACH)
        if isinstance(address, tuple) and address[1] == _NTP:
            answer = call("ntp.ask", address[0], list(bytes(data)))
            self._answer = None if answer is None else bytes(answer)
            return len(data)
        return self._socket.sendto(data, _packed(address))

    def sendall(self, data):
        view = memoryview(data)
        while view:
            view = view[self.send(view) :]

    # What streams (ssl, asyncio, readline) use. None means: would block.

    def readinto(self, buffer, size=-1):
        view = memoryview(buffer)
        if size >= 0:
            view = view[:size]
        done = 0
        while done < len(view):
            try:
                self._wait(_READ)
                count = self._socket.readinto(view[done:])
            except OSError as error:
                if error.errno != errno.EAGAIN or done:
                    if done:
                        break
                    raise
                return None
            if not count:
                break
            done += count
        return done

    def read(self, size=-1):
        data = b""
        while size < 0 or len(data) < size:
            buffer = bytearray(256 if size < 0 else size - len(data))
            count = self.readinto(buffer)
            if count is None:
                return data or None
            if not count:
                break
            data += memoryview(buffer)[:count]
        return data

    def readline(self):
        line = b""
        while not line.endswith(b"\n"):
            byte = self.read(1)
            if byte is None:
                return line or None
            if not byte:
                break
            line += byte
        return line

    def write(self, data):
        if self.tls and data[0] == _APPLICATION_DATA:  # the handshake is over
            self.tls[1] = None
        try:
            return self.send(data)
        except OSError as error:
            if error.errno == errno.EAGAIN:
                return None
            raise

    def makefile(self, mode="rb", buffering=0):
        return self

    def ioctl(self, request, argument):
        if request == _POLL:
            return self._ready(argument)
        if request == _CLOSE:
            self.close()
            return 0
        return -1

    def close(self):
        if self._socket is not None:
            self._socket.close()
            self._socket = self.tls = None

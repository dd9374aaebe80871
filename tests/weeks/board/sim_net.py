"""The network as the chip sees it: the Wi-Fi, sockets on it, and a ``poll`` in which the time passes."""

import io
import select as _select

from sim_chip import Module

CHIP = None
# (address, port) → what makes a server's side of a connection; port → what answers a datagram.
SERVICES = {}
DATAGRAMS = {}
ROUTER = "192.168.1.1"
TRIP = 60  # milliseconds there and back
# How many connections are open, and the most since somebody asked.
OPEN = [0, 0]
_ASSOCIATE = 1500
_READ, _WRITE, _ERROR = 1, 4, 8


class Radio:
    """The station and its access point."""

    def __init__(self):
        self.on = False
        self.since = None
        self.hears = False

    def reset(self):
        """Begin anew with the chip."""
        self.__init__()

    def up(self):
        """Return True while the board has an address."""
        faults = CHIP.world.faults
        if "access_point" in faults:
            self.since = None
        stuck = faults.get("radio")
        if stuck and not stuck.get("healed"):
            self.since = None
            if not stuck.get("met"):
                stuck["met"] = True
                CHIP.world.log("meets", "radio")
        return self.since is not None and CHIP.world.now - self.since >= _ASSOCIATE

    def switched(self, on):
        """Switch the radio; off and on again frees one that is stuck, if that is its trouble."""
        if self.on and not on:
            self.since = None
            self._heal("switch")
        self.on = on

    def restarted(self):
        """Free a radio that only a reset frees, and all sockets."""
        OPEN[0] = 0
        self.reset()
        self._heal("reset")

    def _heal(self, by):
        stuck = CHIP.world.faults.get("radio")
        if stuck and stuck["by"] in (by, "switch"):
            stuck["healed"] = True
            CHIP.world.log("healed", "radio")


RADIO = Radio()


def online():
    """Return True if packets leave the house."""
    return RADIO.up() and "line" not in CHIP.world.faults


class WLAN:
    """A board's ``network.WLAN``."""

    IF_STA = 0

    def __init__(self, interface=0):
        CHIP.world.alive()

    def active(self, on=None):
        if on is not None:
            CHIP.trouble("radio")
            RADIO.switched(on)
        return RADIO.on

    def connect(self, ssid, key):
        CHIP.world.alive()
        RADIO.since = CHIP.world.now

    def disconnect(self):
        CHIP.world.alive()
        RADIO.since = None

    def isconnected(self):
        CHIP.world.alive()
        return RADIO.up()

    def status(self):
        return 1010 if RADIO.up() else 201

    def ifconfig(self, parts=None):
        address = "192.168.1.23" if RADIO.up() else "0.0.0.0"
        return address, "255.255.255.0", ROUTER, ROUTER


network = Module(None, WLAN=WLAN, STA_IF=0)


def _hits(down, where):
    """Return True if a provider that is away is that at ``where``."""
    if where[1] == 443 or (where[1] == 465 and not down["both"]):
        return False
    return not (down.get("ipv4") and ":" in where[0])


class Socket(io.IOBase):
    """A socket that never blocks, but for datagrams with a time-out.

    Attributes:
        arrivals (list): [when, bytes] that will have arrived then; ``b""`` is the end of the stream, None a reset.
    """

    def __init__(self, family=2, kind=1, protocol=0):
        CHIP.trouble("socket")
        self.datagrams = kind == 2
        self.arrivals = []
        self.timeout = None
        self.peer = None
        self.ready = None
        self.failure = None
        self.where = None
        self.open = False

    def setblocking(self, blocking):
        pass

    def settimeout(self, seconds):
        self.timeout = seconds

    def connect(self, where):
        """Begin to connect; what comes of it is seen later."""
        world = CHIP.world
        self.where = where
        if not RADIO.up():
            raise OSError(113)
        if self.datagrams:
            return
        self.open = True
        OPEN[0] += 1
        OPEN[1] = max(OPEN)
        if online():
            make = SERVICES.get(where)
            down = world.faults.get("provider")
            if down and not _hits(down, where):
                down = None
            if make is None or (down and down["how"] == "refused"):
                self.failure = 111
                self.ready = world.now + TRIP
            elif not down:
                self.ready = world.now + TRIP
                self.peer = make(self)
        raise OSError(115)

    def sendto(self, data, where):
        self.where = where
        return self.write(data)

    def write(self, data):
        """Send: a server answers at once, and its answer is on its way then."""
        world = CHIP.world
        if self.failure:
            raise OSError(self.failure)
        if world.step():
            CHIP.cut_power()
        if not online():
            # Nothing of this connection ever comes again.
            self.peer = None
        elif self.datagrams:
            answer = DATAGRAMS[self.where[1]](self.where[0], bytes(data))
            if answer is not None:
                self.arrives(answer)
        elif self.peer is not None:
            self.peer.hear(bytes(data))
        return len(data)

    def arrives(self, data, later=0):
        """Send ``data`` to the board (by a server)."""
        at = CHIP.world.now + TRIP + later
        if self.arrivals:
            at = max(at, self.arrivals[-1][0])
        self.arrivals.append([at, data])

    def when(self, events):
        """Return the moment at which it can be read or written, None: never."""
        now = CHIP.world.now
        if self.failure or (self.ready is not None and not self.arrivals and events & _WRITE):
            return max(self.ready, now)
        if events & _WRITE and (self.datagrams or self.ready is not None):
            return now if self.datagrams else max(self.ready, now)
        if events & _READ and self.arrivals and RADIO.up():
            return max(self.arrivals[0][0], now)
        return None

    def readinto(self, buffer, size=-1):
        """Receive what has arrived; None: nothing yet."""
        world = CHIP.world
        world.alive()
        if self.failure and world.now >= self.ready:
            raise OSError(self.failure)
        if not self.arrivals or self.arrivals[0][0] > world.now or not RADIO.up():
            return None
        if world.step():
            CHIP.cut_power()
        data = self.arrivals[0][1]
        if data is None:
            raise OSError(104)
        count = min(len(buffer), len(data))
        buffer[:count] = data[:count]
        if count == len(data) and count:
            self.arrivals.pop(0)
            if self.peer is not None:
                self.peer.heard(data)
        else:
            self.arrivals[0][1] = data[count:]
        return count

    def recv(self, size):
        """Receive a datagram, waiting as long as was settled."""
        world = CHIP.world
        if self.timeout is not None:
            end = world.now + int(self.timeout * 1000)
            while world.now < end and not (self.arrivals and self.arrivals[0][0] <= world.now):
                world.advance(min([end] + [at for at, _ in self.arrivals]))
        world.alive()
        if not self.arrivals or self.arrivals[0][0] > world.now:
            raise OSError(110)
        return self.arrivals.pop(0)[1][:size]

    def ioctl(self, request, argument):
        if request == 3:
            at = self.when(argument)
            return argument if at is not None and at <= CHIP.world.now else 0
        if request == 4:
            self.close()
            return 0
        # (On unix, 0 would be standard input to poll, which asks for a file descriptor first.)
        return -1

    def close(self):
        if self.open:
            self.open = False
            OPEN[0] = max(OPEN[0] - 1, 0)
        peer, self.peer = self.peer, None
        if peer is not None:
            peer.closed()


def getaddrinfo(host, port, family=0, kind=1, protocol=0, flags=0):
    """Resolve by the system's resolver, which asks the router."""
    from sim_hosts import names

    world = CHIP.world
    world.alive()
    if ":" in host:
        return [(10, kind, 0, "", (host, port))]
    if not host[-1:].isdigit():
        if not RADIO.up():
            raise OSError(-202)
        world.advance(world.now + TRIP)
        found = names(host) if online() else None
        if not found:
            raise OSError(-202)
        host = found[0]
    return [(2, kind, 0, "", (host, port))]


socket = Module(None, socket=Socket, getaddrinfo=getaddrinfo, AF_INET=2, AF_INET6=10, SOCK_STREAM=1, SOCK_DGRAM=2)


class Poll:
    """``select.poll()`` of one socket, or of TLS over one; ``ipoll`` is of several plain ones, as asyncio wants it."""

    def __init__(self):
        self._all = []

    def register(self, sock, events):
        self._sock = sock
        self._events = events
        self._all.append((sock, events))

    def unregister(self, sock):
        self._all = [one for one in self._all if one[0] is not sock]

    def modify(self, sock, events):
        self.unregister(sock)
        self.register(sock, events)

    def ipoll(self, milliseconds):
        """Wait for one of the sockets; -1: for ever."""
        world = CHIP.world
        world.alive()
        end = world.now + (1 << 29 if milliseconds < 0 else milliseconds)
        while True:
            times = [(sock, events, sock.when(events)) for sock, events in self._all]
            found = [(sock, events) for sock, events, at in times if at is not None and at <= world.now]
            if found or world.now >= end:
                return found
            world.advance(min([at for _, _, at in times if at is not None] + [end]))

    def poll(self, milliseconds):
        """Wait for the socket; the time passes here."""
        world = CHIP.world
        world.alive()
        tls, plain = TLS_OF.get(id(self._sock), (None, self._sock))
        end = world.now + milliseconds
        while True:
            if tls:
                # mbed TLS knows what it waits for, and what it has decrypted already.
                poll = _select.poll()
                poll.register(self._sock, self._events)
                if poll.poll(0):
                    return [(self._sock, self._events)]
                at = min([when for when, _ in plain.arrivals if when > world.now] + [end])
            else:
                at = plain.when(self._events)
                if at is not None and at <= world.now:
                    return [(self._sock, self._events)]
            if world.now >= end:
                return []
            world.advance(end if at is None else min(at, end))


# The id of a native TLS socket → that socket, which keeps the id its own, and the plain one below it.
TLS_OF = {}
select = Module(None, poll=Poll, POLLIN=_READ, POLLOUT=_WRITE, POLLERR=_ERROR)

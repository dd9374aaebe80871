"""From a mail and its routes to a receipt: connecting, reusing, reconnecting, falling back; without a socket.

Beside what a session yields (see session.py), these generators yield tuples that begin with the name of a method of
the driver:

- ``("limit", seconds)``: all that follows must be done within ``seconds``; None: within what is left of the last limit,
  apart from that for the final reply (see session.py);
- ``("lookup", host)`` → addresses (list of str), by the system's resolver;
- ``("udp", server, packet, seconds)`` → a datagram that answers, or None (see dns.py);
- ``("connect", address, port, buffer)`` → the local address (str) or None;
- ``("idle",)`` → None if nothing has come in and the connection stands, else as a receive;
- ``("call", token, refresh)`` → an access token;
- ``("close",)``.
"""

from umail import load_transient

from .errors import MailError
from .mime.fields import clean, now, refuse
from .net.sockets import Buffer
from .smtp.session import Session


def _strength(route):
    if route.security in ("starttls", "tls"):
        return 1 if route.trust == "insecure" else 2
    return 0


class Delivery:
    """What a client does, for one or several routes.

    Args:
        routes: a ``Route`` or a list of them, tried in order.
        timeout (float): seconds for each reply before the final one, and for each address to connect to.
        deadline (float): seconds for one mail, up to its last byte.
        leaving (callable): called just before the last bytes of a message leave; may raise MailError to stop them.
    """

    def __init__(self, routes, timeout, deadline, leaving=None):
        self.routes = routes if isinstance(routes, (list, tuple)) else (routes,)
        for name, value in (("timeout", timeout), ("deadline", deadline)):
            # Not a number, infinite, or more than a board's clock of milliseconds can tell.
            if not isinstance(value, (int, float)) or not 0 < value <= 400000:
                refuse(name, value, "is not a number of seconds from 0 to 400,000")
        self.deadline = deadline
        # How many connections this mail may still take.
        self.left = 0
        # Its buffer comes before the heap is in pieces.
        self.session = Session(self.routes[0], timeout, Buffer())
        self.session.leaving = leaving
        self.connected = False
        # Hosts that have taken a mail before.
        self.hosts: "tuple | list" = ()

    def send(self, message, final=False):
        """Send one mail (generator): returns a ``Receipt``. With ``final``, QUIT travels along; nothing stays open."""
        yield ("limit", self.deadline)
        self.left = 3
        try:
            outcome = yield from self.once(message, final)
            if len(outcome.accepted) == len(message.recipients):
                return outcome
        except MailError as error:
            outcome = error
            if error.stage != "rcpt" or len(error.refused) in (0, len(message.recipients)):
                raise
        return (yield from load_transient("smtp.recipient_batches").rest(self, message, final, outcome))

    def once(self, message, final):
        """Send one mail in one envelope, to as many of its recipients as the route takes (generator)."""
        failed = None
        routes = list(self.routes)
        if self.connected and (yield from self._stands()):
            # What has been found to work comes first again.
            routes.remove(self.session.route)
            routes.insert(0, self.session.route)
        # None is weaker than one before it, though that one may only rest.
        usable: list = []
        for route in routes:
            if not usable or _strength(route) >= _strength(usable[-1]):
                usable.append(route)
        for route in usable:
            if failed and not self.left:
                break
            if route.rests and route is not usable[-1]:
                route.rests -= 1
                continue
            try:
                receipt = yield from self._by(route, message, final)
                route.fails = 0
                return receipt
            except MailError as error:
                error.known = (route.host or route.mx) in self.hosts
                if error.stage == "resolve" and error.kind == "configuration":
                    # A router whose line is down says so of every name (RFC 2308: for a short time). A name that
                    # was typed and never found may be a slip of the pen.
                    if error.known or route.reached:
                        error.kind = "temporary"
                if error.kind == "configuration":
                    # Trying again makes it worse: if there is another route, this one rests for so many mails.
                    route.fails = min(route.fails + 1, 6)
                    route.rests = 1 << route.fails
                # Not after a doubt whether it was delivered, nor for security's sake, nor for the message's own fault.
                if error.kind not in ("temporary", "configuration"):
                    raise
                if not failed or failed.kind != "temporary":
                    failed = error
                else:
                    # A way that may soon be open again counts more than one that a person must open.
                    failed.text += "; " + str(error)
        raise failed

    def close(self):
        """QUIT, waited for no longer than a second, and close (generator)."""
        if self.connected and self.session.in_step:
            yield ("limit", 1)
            try:
                yield from self.session.quit()
            except (MailError, OSError):
                # What was sent is sent; the server's farewell changes nothing.
                pass
        yield from self._hang_up()

    def _hang_up(self):
        self.connected = False
        yield ("close",)

    def _stands(self):
        # A server may have closed, or said 421, while nobody asked.
        try:
            if self.session.in_step and not len(self.session.buffer) and (yield ("idle",)) is None:
                return True
        except OSError:
            pass
        yield from self._hang_up()
        return False

    def _by(self, route, message, final):
        session = self.session
        if session.route is not route:
            yield from self._hang_up()
            session.use(route)
        refresh = False
        while True:
            # What the last try had for a final reply is over.
            yield ("limit", None)
            problem = None
            fresh = not self.connected
            try:
                if fresh:
                    yield from self._connect(route, refresh)
                receipt = yield from session.send(message, final)
            except Exception as error:
                problem = error
            # (After a mail for which nothing more follows it is out of step: QUIT went with it.)
            if (final and problem) or not session.in_step:
                yield from self._hang_up()
            if not problem:
                return receipt
            refresh = load_transient("smtp.retry").again(session, problem, refresh, fresh, self.left or self.connected)

    def _connect(self, route, refresh):
        session = self.session
        session.begin()
        session.stage = "connect"
        if _strength(route) == 2 and now() is None:
            raise session.error("clock")
        secret = route.password
        if route.token:
            session.stage = "auth"
            secret = clean("token", (yield ("call", route.token, refresh)))
        local = yield from self._reach(route)
        self.connected = True
        self.left -= 1
        yield from session.open(route.ehlo or "[%s]" % (local or "127.0.0.1"), secret)

    def _reach(self, route):
        # A connection to the first address, of the first host, that takes it: the local address.
        session = self.session
        session.stage = "resolve"
        hosts = (
            (route.host,) if route.host else (yield from load_transient("net.mx").hosts(load_transient("dns"), route))
        )
        for session.host in hosts:
            session.stage = "resolve"
            try:
                addresses = yield from load_transient("net.resolve").resolve(session.host)
            except MailError:
                # RFC 5321, 5.1: the next mail host may have an address.
                if session.host is hosts[-1]:
                    raise
                continue
            session.stage = "connect"
            while addresses:
                for address in addresses:
                    try:
                        local = yield ("connect", address, route.port, session.buffer)
                        route.reached = True
                        return local
                    except OSError as error:
                        failure = error
                addresses = yield from load_transient("net.resolve").others(session.host, addresses)
        from errno import ECONNREFUSED

        key = "refused" if failure.args[0] == ECONNREFUSED else "unreachable"
        text = load_transient("errno_words").text(failure)
        raise session.error(key, "%s port %d: %s" % (session.host, route.port, text))

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
from .net.sockets import Buffer
from .smtp.session import Session


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
            if type(value) is not int or not 0 < value <= 400000:
                load_transient("checks").seconds(name, value)
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
        if len(self.routes) > 1:
            return (yield from load_transient("fallback").once(self, message, final))
        try:
            return (yield from self.by(self.routes[0], message, final))
        except MailError as error:
            load_transient("fallback").judge(self, self.routes[0], error)
            raise

    def close(self):
        """QUIT, waited for no longer than a second, and close (generator)."""
        if self.connected and self.session.in_step:
            yield ("limit", 1)
            try:
                yield from self.session.quit()
            except (MailError, OSError):
                # What was sent is sent; the server's farewell changes nothing.
                pass
        yield from self.hang_up()

    def stands(self):
        """Tell whether the connection can be used (generator): a server may have closed, or said 421, meanwhile."""
        try:
            return self.session.in_step and not len(self.session.buffer) and (yield ("idle",)) is None
        except OSError:
            return False

    def hang_up(self):
        """Close the connection (generator)."""
        self.connected = False
        yield ("close",)

    def by(self, route, message, final):
        """Send one mail by ``route`` (generator), on a connection that stands or a new one, again if that may help."""
        session = self.session
        if self.connected and (session.route is not route or not (yield from self.stands())):
            yield from self.hang_up()
        if session.route is not route:
            session.use(route)
        refresh = False
        while True:
            # What the last try had for a final reply is over.
            yield ("limit", None)
            problem = None
            fresh = not self.connected
            try:
                if fresh:
                    yield from self.connect(route, refresh)
                receipt = yield from session.send(message, final)
            except Exception as error:
                problem = error
            # (After a mail for which nothing more follows it is out of step: QUIT went with it.)
            if (final and problem) or not session.in_step:
                yield from self.hang_up()
            if not problem:
                route.fails = 0
                return receipt
            refresh = load_transient("smtp.retry").again(session, problem, refresh, fresh, self.left or self.connected)

    def connect(self, route, refresh):
        """Connect, and open the session (generator); ``refresh``: with a new access token."""
        name, secret = yield from load_transient("connecting").connect(self, route, refresh)
        yield from self.session.open(name, secret)

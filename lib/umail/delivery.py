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

from .net import transport
from .smtp import session


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
        if type(timeout) is not int or type(deadline) is not int or not 0 < timeout <= 400000 >= deadline > 0:
            for name, value in (("timeout", timeout), ("deadline", deadline)):
                load_transient("checks").timeout(name, value)
        self.deadline = deadline
        # How many connections this mail may still take.
        self.left = 0
        # Its buffer comes before the heap is in pieces.
        self.session = session.Session(self.routes[0], timeout, transport.Buffer())
        self.session.leaving = leaving
        self.connected = False
        # Hosts that have taken a mail before.
        self.hosts: "tuple | list" = ()

    def send(self, message, final=False):
        """Send one mail (generator): returns a ``Receipt``. With ``final``, QUIT travels along; nothing stays open."""
        yield ("limit", self.deadline)
        self.left = 3
        outcome = None
        if not self.connected and len(self.routes) == 1:
            yield ("limit", None)
            # Written before the heap is in pieces; it suits any server that takes it in one flight with its envelope.
            text = load_transient("mime.plain").render(message) if hasattr(message, "author") else None
            if not text and getattr(message, "attachments", False):
                load_transient("mime.multipart").ready()
            try:
                yield from self.connect(self.routes[0], False)
                content = [text or load_transient("mime.body").render(self.session, message)]
                text = None
                outcome = yield from self.session.send(message, final, content)
            except Exception as error:
                outcome = error
        accepted = getattr(outcome, "accepted", ())
        if len(accepted) < len(message.recipients) or not accepted:
            # On a connection that stands, again, by another route, or to more people.
            return (yield from load_transient("fallback").send(self, message, final, outcome))
        if final:
            self.connected = False
            yield ("close",)
        self.routes[0].fails = 0
        return outcome

    def close(self):
        """QUIT, waited for no longer than a second, and close (generator)."""
        return load_transient("fallback").close(self)

    def connect(self, route, refresh):
        """Connect, and open the session (generator); ``refresh``: with a new access token."""
        name, secret = yield from load_transient("connecting").connect(self, route, refresh)
        yield from self.session.open(name, secret)

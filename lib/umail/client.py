"""The client of programs that send several mails over one connection (see blocking.py)."""

from .blocking import Wire
from .delivery import Delivery


class Client:
    """Sends mails one after the other over one connection, which is made when first needed and kept.

    Args:
        route: a ``Route``, or a list of them: tried in order if one fails for now or is set up wrongly.
        timeout (float): seconds for a connection and for each reply before the final one.
        deadline (float): seconds for one mail, up to its last byte; the final reply has 600 more (RFC 5321).
        tick (callable): called at least once a second while anything waits.
    """

    def __init__(self, route, timeout=30, deadline=120, tick=None):
        self._delivery = Delivery(route, timeout, deadline)
        self._wire = Wire(timeout, tick)

    def send(self, message):
        """Send one ``Message``; returns a ``Receipt``, raises ``MailError``."""
        return self._wire.run(self._delivery.send(message))

    def close(self):
        """Take leave of the server, not waiting longer than a second for its answer, and close."""
        self._wire.run(self._delivery.close())

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.close()

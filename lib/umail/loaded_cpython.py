"""What sends a mail, loaded before an event loop runs: to import it later would hold the loop (not on a board)."""

from . import connecting, fallback, making  # noqa: F401
from .mime import body, fields, plain  # noqa: F401
from .net import opening, resolve, tls  # noqa: F401
from .smtp import data, flight, handshake, sending, transaction  # noqa: F401

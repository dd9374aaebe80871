"""A mail's bytes, as one server is to get them (multipart.py has those of a mail with attachments)."""

from umail import load_transient


class Body:
    """The bytes of a mail, as one server is to get them.

    ``size`` is their number, or None if a part's length is unknown; ``body`` is what they need of the server:
    "7bit", "8bit" or "binary". ``dots`` tells whether the chunk last yielded may hold a dot.
    """

    dots = True

    def __init__(self, octets):
        self.octets = octets
        self.size = len(octets)
        self.body = "8bit" if max(octets) > 127 else "7bit"

    def chunks(self):
        """Yield the bytes as bytes-like pieces: CRLF line ends, no dot stuffed. May be called again."""
        yield self.octets


def encode(message, eightbit):
    """Encode a ``Message`` of a text alone; see ``Message.encode``."""
    # (An instance of a class keeps the module of the class in RAM.)
    return Body(load_transient("mime.fields").encode(message, eightbit))


def render(session, message):
    """Encode a ``Message`` as the server of ``session`` is to get it; returns a ``Body``."""
    session.stage = "mail"
    features = session.features
    return message.encode("8BITMIME" in features, "CHUNKING" in features and "BINARYMIME" in features)

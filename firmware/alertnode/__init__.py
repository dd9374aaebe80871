"""The alert node: reads a sensor, decides by rules, and mails who must know."""

VERSION = "0.1.0"


def _(text):
    """Return ``text``: the host's build puts the words of the board's language in the place of each call."""
    return text

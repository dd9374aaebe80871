"""What the system's error numbers mean, in words."""

import errno

_WORDS = (
    ("ECONNREFUSED", "nothing listens there"),
    ("ECONNRESET", "the other side reset the connection"),
    ("ECONNABORTED", "the connection was broken off"),
    ("EPIPE", "the other side had closed the connection"),
    ("ENOTCONN", "the connection is closed"),
    ("ETIMEDOUT", "no answer in time"),
    ("EHOSTUNREACH", "no way to this host: is the network up?"),
    ("ENETUNREACH", "no way to this network: is the network up?"),
    ("ENOMEM", "no memory left for the connection"),
    ("ENOBUFS", "no memory left for the connection"),
    ("EIO", "the network interface failed"),
)
# Numbers that only some ports have in ``errno``: lwIP's, and an ESP32's for a name that was not found.
_NUMBERS = {
    32: 3,
    103: 2,
    104: 1,
    107: 4,
    110: 5,
    111: 0,
    113: 6,
    101: 7,
    118: 6,
    12: 8,
    105: 9,
    128: 4,
    -2: -1,
    -202: -1,
}


def text(problem):
    """Say in words (str) what an OSError is about, with its number; as it is if it has words of its own."""
    number = problem.args[0] if problem.args else None
    if not isinstance(number, int):
        return str(problem)
    for name, words in _WORDS:
        if getattr(errno, name, None) == number:
            break
    else:
        at = _NUMBERS.get(number)
        if at is None:
            return "error %d of the network" % number if len(problem.args) < 2 else str(problem)
        words = "the name was not found" if at < 0 else _WORDS[at][1]
    return "%s (error %d)" % (words, number)

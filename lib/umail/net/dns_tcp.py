"""A DNS query over TCP (RFC 7766), if an answer was cut off."""

from .transport import Buffer


def ask(server, question, seconds):
    """Ask once over TCP (generator): the answer, empty if none came."""
    buffer = Buffer(4098)
    address, _, port = server.partition("#")
    try:
        yield ("connect", address, int(port or 53), buffer)
        yield bytes((len(question) >> 8, len(question) & 255)) + question
        wait = seconds
        while len(buffer) < 2 or len(buffer) < 2 + (buffer.data[0] << 8 | buffer.data[1]):
            # Nothing is taken out of the buffer: once full, a longer answer never completes.
            if len(buffer) == len(buffer.data) or not (yield wait):
                break
            wait = 0
    except OSError:
        pass
    yield ("close",)
    return bytes(buffer.view[2 : buffer.end])

"""What tests of requests over HTTP need: a store in RAM, an answer of an endpoint, and a network that gives it."""


def exchange(steps, answer, cut=100000):
    """Drive one request whose server says ``answer``, ``cut`` bytes at a time, and closes.

    Returns:
        (what the request gives, bytes sent, names of the steps that it asked for).
    """
    sent, asked, value, buffer = [], [], None, None
    while True:
        try:
            what = steps.send(value)
        except StopIteration as stop:
            return stop.value, b"".join(sent), asked
        value = None
        if isinstance(what, tuple):
            asked.append(what[0])
            if what[0] == "connect":
                buffer = what[3]
            elif what[0] == "lookup":
                value = ["192.0.2.1"]
        elif isinstance(what, (int, float)):
            space = buffer.space()
            part = answer[: min(cut, len(space))]
            answer = answer[len(part) :]
            space[: len(part)] = part
            buffer.end += len(part)
            value = len(part)
        else:
            sent.append(bytes(what))


class Store:
    def __init__(self, value):
        self.value = value

    def get(self, key):
        return self.value

    def set(self, key, value):
        self.value = value


def answered(octets):
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(octets) + octets

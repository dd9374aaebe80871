"""What tests of tokens need: a store in RAM, an answer of an endpoint."""


class Store:
    def __init__(self, value):
        self.value = value

    def get(self, key):
        return self.value

    def set(self, key, value):
        self.value = value


def answered(octets):
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(octets) + octets

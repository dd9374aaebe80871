"""TLS reads one record at a time while its handshake goes on, so that other tasks run between two."""

from check import equal
from umail.net.tls_records import Records


class Socket:
    # All the server's records have come in already.
    def __init__(self, octets):
        self.octets = octets
        self.closed = False

    def readinto(self, room):
        if not self.octets:
            return None
        count = min(len(room), len(self.octets))
        room[:count] = self.octets[:count]
        self.octets = self.octets[count:]
        return count

    def write(self, octets):
        return len(octets)

    def close(self):
        self.closed = True


class Wire:
    handshake = True


def turn(stream):
    # One call of mbed TLS: it reads records, the header of each apart, as long as there are any.
    read = 0
    while True:
        header = bytearray(5)
        if stream.readinto(header) is None:
            return read
        equal(stream.readinto(bytearray(header[4])), header[4])
        read += 1


def record(length):
    return bytes((22, 3, 3, 0, length)) + bytes(length)


def test_each_turn_of_a_handshake_reads_one_record():
    stream = Records(Wire(), Socket(record(89) + record(200) + record(4)))
    equal([turn(stream) for _ in range(4)], [1, 1, 1, 0])


def test_a_record_of_five_octets_only_waits_for_the_next_turn():
    stream = Records(Wire(), Socket(record(5)))
    header, body = bytearray(5), bytearray(5)
    equal(stream.readinto(header), 5)
    equal(stream.readinto(body), None)
    equal(stream.readinto(body), 5)


def test_after_the_handshake_nothing_is_held_back():
    wire = Wire()
    wire.handshake = False
    equal(turn(Records(wire, Socket(record(40) + record(41) + record(42)))), 3)


def test_closing_closes_the_socket():
    for how in (lambda stream: stream.close(), lambda stream: stream.ioctl(4, 0)):
        sock = Socket(b"")
        how(Records(Wire(), sock))
        equal(sock.closed, True)

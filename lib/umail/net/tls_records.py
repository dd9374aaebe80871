"""What TLS reads from under asyncio on MicroPython: one record at a time, so that other tasks run between two.

mbed TLS goes on with a handshake as long as there is something to read: in one call it checks the chain of certificates
and the server's signature, and reckons the keys. Here it finds nothing to read after each record, until asked again.
"""

import io


class Records(io.IOBase):
    """The stream below TLS.

    Args:
        wire: whose ``handshake`` tells whether it still goes on.
        sock: the connected socket.
    """

    def __init__(self, wire, sock):
        self.wire = wire
        self.sock = sock
        self.begun = False

    def readinto(self, data):
        """Receive; every second header of a record, which mbed TLS reads apart (five bytes), is not there yet."""
        if len(data) == 5 and self.wire.handshake:
            self.begun = not self.begun
            if not self.begun:
                return None
        return self.sock.readinto(data)

    def write(self, data):
        """Send."""
        return self.sock.write(data)

    def ioctl(self, request, argument):
        """Close; nothing else is asked for, as the driver waits for the socket itself."""
        if request == 4:
            self.sock.close()
        return 0

    def close(self):
        """Close the socket."""
        self.sock.close()

"""`machine.I2C` over the chips that the host has put on the bus; one bus, whatever its pins."""

from board_link import call


class I2C:
    def __init__(self, id=-1, *, scl=None, sda=None, freq=400000, timeout=50000):
        self._register = 0

    def init(self, *, scl, sda, freq=400000):
        pass

    def scan(self):
        return call("i2c.scan")

    def readfrom_mem(self, address, register, count, *, addrsize=8):
        return bytes(call("i2c.read", address, register, count))

    def readfrom_mem_into(self, address, register, buffer, *, addrsize=8):
        buffer[:] = self.readfrom_mem(address, register, len(buffer))

    def writeto_mem(self, address, register, data, *, addrsize=8):
        call("i2c.write", address, register, list(bytes(data)))

    def writeto(self, address, data, stop=True):
        data = bytes(data)
        if data:
            self._register = data[0]
        call("i2c.write", address, self._register, list(data[1:]))
        return len(data)

    def readfrom(self, address, count, stop=True):
        return self.readfrom_mem(address, self._register, count)

    def readfrom_into(self, address, buffer, stop=True):
        buffer[:] = self.readfrom(address, len(buffer))


class SoftI2C(I2C):
    def __init__(self, scl, sda, *, freq=400000, timeout=50000):
        super().__init__()

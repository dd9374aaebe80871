"""`machine.I2C` and `machine.SoftI2C` over the chips that the host has put on the bus; one bus, whatever its pins."""

from board_link import call


def _number(pin):
    return getattr(pin, "id", pin)


class I2C:
    _soft = False

    def __init__(self, id=-1, *, scl=None, sda=None, freq=400000, timeout=50000):
        self.init(scl=scl, sda=sda, freq=freq)

    def init(self, *, scl, sda, freq=400000):
        call("i2c.open", _number(scl), _number(sda))

    def scan(self):
        return call("i2c.scan", self._soft)

    def writeto(self, address, data, stop=True):
        return call("i2c.write", self._soft, address, list(bytes(data)))

    def writevto(self, address, parts, stop=True):
        return self.writeto(address, b"".join([bytes(part) for part in parts]), stop)

    def readfrom(self, address, count, stop=True):
        return bytes(call("i2c.read", self._soft, address, count))

    def readfrom_into(self, address, buffer, stop=True):
        buffer[:] = self.readfrom(address, len(buffer))

    def readfrom_mem(self, address, register, count, *, addrsize=8):
        self.writeto(address, register.to_bytes(addrsize // 8, "big"), False)
        return self.readfrom(address, count)

    def readfrom_mem_into(self, address, register, buffer, *, addrsize=8):
        buffer[:] = self.readfrom_mem(address, register, len(buffer), addrsize=addrsize)

    def writeto_mem(self, address, register, data, *, addrsize=8):
        self.writeto(address, register.to_bytes(addrsize // 8, "big") + bytes(data))


class SoftI2C(I2C):
    _soft = True

    def __init__(self, scl, sda, *, freq=400000, timeout=50000):
        self.init(scl=scl, sda=sda, freq=freq)

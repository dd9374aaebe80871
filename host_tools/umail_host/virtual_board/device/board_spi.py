"""`machine.SPI` and `machine.SoftSPI` over the chips on the bus; a chip hears while its CS is low."""

from board_link import call


class SPI:
    LSB = 0
    MSB = 1

    def __init__(self, id=-1, baudrate=1000000, **settings):
        self.init(baudrate, **settings)

    def init(self, baudrate=1000000, *, polarity=0, phase=0, bits=8, firstbit=1, sck=None, mosi=None, miso=None):
        self._mode = polarity << 1 | phase

    def deinit(self):
        pass

    def _transfer(self, data):
        return bytes(call("spi.transfer", self._mode, list(bytes(data))))

    def write(self, data):
        self._transfer(data)

    def read(self, count, write=0):
        return self._transfer(bytes([write] * count))

    def readinto(self, buffer, write=0):
        buffer[:] = self.read(len(buffer), write)

    def write_readinto(self, data, buffer):
        buffer[:] = self._transfer(data)


class SoftSPI(SPI):
    def __init__(self, baudrate=500000, *, polarity=0, phase=0, bits=8, firstbit=1, sck=None, mosi=None, miso=None):
        if sck is None or mosi is None or miso is None:
            raise ValueError("must specify all of sck/mosi/miso")
        self.init(baudrate, polarity=polarity, phase=phase)

"""`onewire`, `ds18x20` and `dht` over sensors whose values, faults and absence the host sets."""

import errno

from board_link import call


class _Module:
    """A module made of keywords, so that three small ones share a file."""

    def __init__(self, **names):
        for name in names:
            setattr(self, name, names[name])


class OneWireError(Exception):
    pass


class OneWire:
    SEARCH_ROM = 0xF0
    MATCH_ROM = 0x55
    SKIP_ROM = 0xCC

    def __init__(self, pin):
        self.pin = pin

    def reset(self, required=False):
        present = call("onewire.reset", self.pin.id)
        if required and not present:
            raise OneWireError
        return present

    def scan(self):
        return [bytearray(rom) for rom in call("onewire.scan", self.pin.id)]

    def crc8(self, data):
        crc = 0
        for byte in data:
            crc ^= byte
            for _ in range(8):
                crc = (crc >> 1) ^ (0x8C if crc & 1 else 0)
        return crc


class DS18X20:
    """As MicroPython's driver: read_temp() before a conversion gives the power-on value 85.0, and a bad CRC raises."""

    def __init__(self, onewire):
        self.ow = onewire

    def scan(self):
        return [rom for rom in self.ow.scan() if rom[0] in (0x10, 0x22, 0x28)]

    def convert_temp(self):
        self.ow.reset(True)
        call("onewire.convert", self.ow.pin.id)

    def read_scratch(self, rom):
        self.ow.reset(True)
        scratch = bytearray(call("onewire.scratch", self.ow.pin.id, list(rom)))
        if self.ow.crc8(scratch):
            raise Exception("CRC error")
        return scratch

    def write_scratch(self, rom, data):
        self.ow.reset(True)

    def read_temp(self, rom):
        scratch = self.read_scratch(rom)
        raw = scratch[1] << 8 | scratch[0]
        return (raw - 0x10000 if raw & 0x8000 else raw) / 16


class _DHT:
    WHOLE = False

    def __init__(self, pin):
        self._pin = pin.id
        self.buf = bytearray(5)

    def measure(self):
        octets = call("dht.measure", self._pin, self.WHOLE)
        if octets is None:
            raise OSError(errno.ETIMEDOUT)
        self.buf = bytearray(octets)
        if sum(self.buf[:4]) & 0xFF != self.buf[4]:
            raise Exception("checksum error")


class DHT11(_DHT):
    WHOLE = True

    def temperature(self):
        return self.buf[2]

    def humidity(self):
        return self.buf[0]


class DHT22(_DHT):
    def temperature(self):
        value = ((self.buf[2] & 0x7F) << 8 | self.buf[3]) * 0.1
        return -value if self.buf[2] & 0x80 else value

    def humidity(self):
        return (self.buf[0] << 8 | self.buf[1]) * 0.1


onewire = _Module(OneWire=OneWire, OneWireError=OneWireError)
ds18x20 = _Module(DS18X20=DS18X20)
dht = _Module(DHT11=DHT11, DHT22=DHT22)

"""Checks the CRC-8 that chips put behind their data."""


def crc8(data, polynomial=0x31, crc=0xFF):
    """Return the CRC-8 of ``data``, highest bit first; by default that of Sensirion and AHT20: 0x92 for BE EF."""
    for byte in data:
        crc ^= byte
        for bit in range(8):
            crc = (crc << 1 ^ polynomial if crc & 0x80 else crc << 1) & 0xFF
    return crc


def wrong():
    """Return the OSError of a wrong checksum."""
    return OSError("wrong checksum: check the wires; two chips at one address do that, too")


def words(data):
    """Return the numbers of 16 bits in ``data``, each with its CRC behind it. Raises OSError if one is wrong."""
    found = []
    for i in range(0, len(data), 3):
        if crc8(data[i : i + 2]) != data[i + 2]:
            raise wrong()
        found.append(data[i] << 8 | data[i + 1])
    return found

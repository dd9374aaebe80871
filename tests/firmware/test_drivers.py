"""Drivers convert as the worked examples of their data sheets do, and refuse what a chip cannot have said."""

import sys

from alertnode.sensors import (
    aht20,
    bme280,
    bmp280,
    chip,
    crc,
    hx711,
    ina219,
    max6675,
    max31865,
    mcp9808,
    scd4x,
    sht3x,
    sht4x,
)
from check import equal, inside

# Trimming of the example in BST-BMP280-DS001, 3.12, as the registers from 0x88 on hold it, and one for the humidity.
TRIMMING = bytes.fromhex("706b436718fc7d8e43d6d00b270b8c00f9ff8c3cf8c67017004b")
HUMIDITY = bytes.fromhex("6a010014230 31e".replace(" ", ""))


def near(value, wanted, within):
    equal((value, abs(value - wanted) <= within), (value, True))


def fails(function, *arguments):
    try:
        function(*arguments)
    except OSError as error:
        return str(error)
    return ""


def test_a_bmp280_converts_the_example_of_its_data_sheet():
    # BST-BMP280-DS001, 3.12: UT 519888, UP 415148: t_fine 128422, 25.08 °C, 100653.27 Pa.
    trim = bme280.trimming(TRIMMING)
    equal(trim, [27504, 26435, -1000, 36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000])
    fine = bme280.fine_temperature(519888, trim)
    equal((fine, (fine * 5 + 128) >> 8), (128422, 2508))
    # In whole numbers, as a board's floats have 24 bits: 100653.254.
    equal(bme280.pressure(415148, fine, trim), 25767233)


def relative(raw, fine, trim):
    # The same in floating point: BST-BME280-DS002, 8.1.
    h1, h2, h3, h4, h5, h6 = trim[12:]
    var = fine - 76800.0
    humid = (raw - (h4 * 64.0 + h5 / 16384.0 * var)) * (
        h2 / 65536.0 * (1.0 + h6 / 67108864.0 * var * (1.0 + h3 / 67108864.0 * var))
    )
    return min(max(humid * (1.0 - h1 * humid / 524288.0), 0), 100)


def test_a_bme280s_humidity_is_the_same_in_whole_numbers_and_in_floating_point():
    # The data sheet has no example with numbers, but both formulas: 4.2.3 and 8.1.
    trim = bme280.trimming(TRIMMING, HUMIDITY)
    equal(trim[12:], [75, 362, 0, 323, 50, 30])
    for raw in (20000, 25000, 30000, 35000, 40000):
        for fine in (-100000, 0, 128422, 300000):
            near(bme280.humidity(raw, fine, trim) / 1024, relative(raw, fine, trim), 0.1)
    equal(bme280.humidity(65535, 128422, trim), 102400)
    equal(bme280.humidity(0, 128422, trim), 0)


def test_negative_trimming_of_humidity_keeps_its_sign():
    # 0xE4 and 0xE6 are the high bytes of H4 and H5, which share 0xE5 (table 16).
    equal(bme280.trimming(TRIMMING, bytes([0, 0, 0, 0xFF, 0x21, 0xFE, 0x80]))[15:], [-15, -30, -128])


def test_the_checksum_is_that_of_the_data_sheets():
    # SHT3x-DIS, 4.12, SHT4x, 4.4, SCD4x, 3.11: CRC of BE EF is 92.
    equal(crc.crc8(b"\xbe\xef"), 0x92)
    # SCD4x, 3.5.2: 500 ppm, 25 °C, 37 %.
    equal(crc.words(bytes.fromhex("01f4336667a25eb93c")), [0x01F4, 0x6667, 0x5EB9])
    inside("wrong checksum", fails(crc.words, bytes.fromhex("01f4346667a25eb93c")))


class Wire:
    """A bus whose answers come from a list."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.written = []

    def write(self, address, data):
        self.written.append(bytes(data))

    def read(self, address, count):
        answer = self.answers.pop(0)
        equal(len(answer), count)
        return answer

    def registers(self, address, first, count):
        self.write(address, bytes([first]))
        return self.read(address, count)

    def number(self, address, register):
        data = self.registers(address, register, 2)
        return data[0] << 8 | data[1]


class Buses:
    """Lends one Wire, or pins."""

    def __init__(self, wire=None, **pins):
        self.wire = wire
        self.pins = pins
        self.slept = 0

    def sleep(self, milliseconds):
        self.slept += milliseconds

    def i2c(self, config):
        return self.wire


def test_an_scd4x_converts_the_example_of_its_data_sheet():
    ready = bytes.fromhex("8006") + bytes([crc.crc8(b"\x80\x06")])
    buses = Buses(Wire(ready, ready, bytes.fromhex("01f4336667a25eb93c")))
    driver = scd4x.Driver({}, buses)
    equal(driver.start(), 0)
    co2, temperature, humidity = driver.read()
    equal(co2, 500)
    near(temperature, 25, 0.01)
    near(humidity, 37, 0.01)
    equal(buses.wire.written, [b"\xe4\xb8", b"\xe4\xb8", b"\xec\x05"])


def test_an_scd4x_that_does_not_measure_is_told_to_and_waited_for():
    idle = b"\x80\x00" + bytes([crc.crc8(b"\x80\x00")])
    buses = Buses(Wire(idle, idle, idle))
    driver = scd4x.Driver({}, buses)
    equal((driver.start(), buses.wire.written[-1]), (5100, b"\x21\xb1"))
    inside("has not measured", fails(driver.read))
    # It had lost its supply: it is told again.
    equal((driver.start(), buses.wire.written[-1]), (5100, b"\x21\xb1"))


def test_an_sht_converts_as_its_data_sheet_has_it():
    # SHT3x-DIS, 4.13, and SHT4x, 4.6: both ends and the middle of the scale.
    equal((sht4x.celsius(0), sht4x.celsius(65535)), (-45, 130))
    near(sht4x.celsius(0x6667), 25, 0.01)
    for kind, ends in ((sht3x, (0, 100, 50)), (sht4x, (0, 100, 56.5))):
        driver = kind.Driver({"address": 0x44}, Buses(Wire()))
        equal((driver._percent(0), driver._percent(65535)), ends[:2])
        near(driver._percent(32767.5), ends[2], 0.001)


def test_an_aht20_converts_both_halves_of_its_answer():
    # AHT20, 6.1, 6.2: S / 2**20 * 100 %, S / 2**20 * 200 - 50 °C.
    equal(aht20.convert(b"\x1c\x80\x00\x08\x00\x00"), (50, 50))
    equal(aht20.convert(b"\x1c\x40\x00\x06\x00\x00"), (25, 25))
    wrong = b"\x1c\x80\x00\x08\x00\x00"
    driver = aht20.Driver({}, Buses(Wire(wrong + bytes([crc.crc8(wrong) ^ 1]))))
    inside("wrong checksum", fails(driver.read))
    busy = b"\x9c\x80\x00\x08\x00\x00"
    inside("still measuring", fails(aht20.Driver({}, Buses(Wire(busy + bytes([crc.crc8(busy)])))).read))


def test_an_ina219_converts_the_example_of_its_data_sheet():
    # SBOS448, table 8: 0x07D0 and 0x5D98 at a shunt of 2 mΩ are 11.98 V, 10 A, 119.82 W.
    volts, amperes, watts = ina219.convert(0x07D0, 0x5D98, 0.002)
    near(volts, 11.98, 0.0001)
    near(amperes, 10, 0.0001)
    near(watts, 119.82, 0.03)
    near(ina219.convert(0xFC18, 0, 0.1)[1], -0.1, 0.00001)
    equal(ina219.values({"shunt": 0.1})[1][2:], (-0.32 / 0.1, 0.32 / 0.1))


def test_an_mcp9808_converts_as_its_data_sheet_has_it():
    # DS25095, equation 5-1; the flags in the three highest bits do not count.
    for word, value in ((0xC194, 25.25), (0x0000, 0), (0x1FFF, -0.0625), (0x1E70, -25), (0x07D0, 125), (0xE194, 25.25)):
        equal(mcp9808.celsius(word), value)
    driver = mcp9808.Driver({"address": 0x18}, Buses(Wire(b"\0\0")))
    inside("another kind", fails(driver.start))


def test_a_max31865_converts_the_table_of_its_data_sheet():
    # 19-6478, table 9: a Pt100 at a reference of 400 Ω: ohms and ADC code (of 15 bits) by temperature.
    table = (
        (-200, 18.52, 1517),
        (-100, 60.26, 4936),
        (0, 100, 8192),
        (25, 109.73, 8989),
        (100, 138.51, 11347),
        (550, 297.49, 24370),
    )
    for celsius, ohms, code in table:
        near(max31865.celsius(ohms / 100), celsius, 0.04)
        near(max31865.celsius(code / 32768 * 4), celsius, 0.07)


def test_a_max6675_converts_the_table_of_its_data_sheet():
    # 19-2235, "Serial Interface": bit 15 and 1 are 0, 14 to 3 the temperature in 1/4 °C, 2 an open wire.
    equal((max6675.celsius(0), max6675.celsius(0x7FF8), max6675.celsius(400 << 3)), (0, 1023.75, 100))
    inside("wire is broken", fails(max6675.celsius, 0x0004))
    inside("no MAX6675", fails(max6675.celsius, 0xFFFF))


class Esp32:
    """The module esp32 of a chip whose MicroPython cannot read its thermometer, or can."""


def test_a_chip_whose_thermometer_its_release_cannot_read_is_a_missing_reading_with_a_sentence():
    before = sys.modules.get("esp32")
    port = sys.modules["esp32"] = Esp32()
    try:
        inside("this chip has no thermometer", fails(chip.Driver({}, None).read))
        port.raw_temperature = lambda: 122
        near(chip.Driver({}, None).read()[0], 50, 0.001)
        port.mcu_temperature = lambda: 41
        equal(chip.Driver({}, None).read(), (41,))
    finally:
        del sys.modules["esp32"]
        if before:
            sys.modules["esp32"] = before


def test_an_rp2_thermometer_converts_as_its_data_sheet_has_it():
    # RP2040, 4.9.5: 0.706 V are 27 °C, 1.721 mV a degree less.
    near(chip.rp2_celsius(0.706 / 3.3 * 65535), 27, 0.01)
    near(chip.rp2_celsius((0.706 - 0.01721) / 3.3 * 65535), 37, 0.01)


def test_every_value_of_a_driver_has_a_name_a_unit_and_its_ends():
    for module in (aht20, bme280, bmp280, chip, hx711, max6675, max31865, mcp9808, scd4x, sht3x, sht4x):
        names = [value[0] for value in module.VALUES]
        equal((len(set(names)), [value for value in module.VALUES if len(value) != 4]), (len(names), []))
        equal(len(names) > 1, "" not in names)

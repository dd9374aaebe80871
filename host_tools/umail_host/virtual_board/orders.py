"""What is typed into `umail board`: orders to the world around the virtual board."""

from __future__ import annotations

from umail_host.virtual_board.board import VirtualBoard

HELP = """off, on, reset (the power), wifi up, wifi drop, wifi refuse, ntp on, ntp off,
pin 13 0 (1, or open), touch 14 1 (0), pulse 12 5 (five times), show 2 (the level of a pin), volts 34 1.25,
ds18b20 4 37.5, ds18b20 4 37.5 1 (the second one on that wire), dht 5 21.0 55,
bme280 21.5 40 1013, bmp280 21.5 1013, sht3x 21.5 40, sht4x 21.5 40, aht20 21.5 40, scd4x 800 21.5 40,
ina219 12.1 0.3, mcp9808 21.5, gone bme280, back bme280,
i2c hold (a chip holds the bus until nine clocks), i2c short (forever), i2c free,
max31865 5 80 (the pin cs), max6675 14 12 15 300 (the pins sck, miso, cs), hx711 25 26 1234 (the pins, the number)."""
_CHIPS = {
    "bme280": ("celsius", "percent", "hectopascal"),
    "bmp280": ("celsius", "hectopascal"),
    "sht3x": ("celsius", "percent"),
    "sht4x": ("celsius", "percent"),
    "aht20": ("celsius", "percent"),
    "scd4x": ("ppm", "celsius", "percent"),
    "ina219": ("volts", "amperes"),
    "mcp9808": ("celsius",),
}


def obey(virtual: VirtualBoard, words: list[str]) -> str:
    """Carry one order out; return what is to be told.

    Raises:
        ValueError: a number was expected.
    """
    if not words or _power(virtual, words) or _pins(virtual, words) or _chips(virtual, words):
        return ""
    if words[0] == "show" and len(words) == 2:
        return f"pin {words[1]} is {virtual.pins[int(words[1])].level}"
    return "not understood; see umail board --help"


def _power(virtual: VirtualBoard, words: list[str]) -> bool:
    match words:
        case ["off"]:
            virtual.power_off()
        case ["on"]:
            virtual.power_on()
        case ["reset"]:
            virtual.hard_reset()
        case ["wifi", "up" | "drop" | "refuse" as action]:
            {"up": virtual.wifi.up, "drop": virtual.wifi.drop, "refuse": virtual.wifi.refuse}[action]()
        case ["ntp", "on" | "off" as state]:
            virtual.clock.ntp = state == "on"
        case _:
            return False
    return True


def _pins(virtual: VirtualBoard, words: list[str]) -> bool:
    match words:
        case ["pin", number, level]:
            virtual.pins[int(number)].drive(None if level == "open" else int(level))
        case ["touch", number, "0" | "1" as touched]:
            virtual.pins[int(number)].touched = touched == "1"
        case ["pulse", number, count]:
            virtual.pins[int(number)].pulse(int(count))
        case ["volts", number, volts]:
            virtual.pins[int(number)].volts = float(volts)
        case ["ds18b20", number, celsius, *index]:
            virtual.sensors.ds18b20(int(number), *map(int, index[:1])).celsius = float(celsius)
        case ["dht", number, celsius, humidity]:
            sensor = virtual.sensors.dht(int(number))
            sensor.celsius, sensor.humidity = float(celsius), float(humidity)
        case ["max31865", cs, celsius]:
            virtual.spi.max31865(int(cs)).celsius = float(celsius)
        case ["max6675", sck, miso, cs, celsius]:
            virtual.sensors.max6675(int(sck), int(miso), int(cs)).celsius = float(celsius)
        case ["hx711", dout, sck, raw]:
            virtual.sensors.hx711(int(dout), int(sck)).raw = int(raw)
        case _:
            return False
    return True


def _chips(virtual: VirtualBoard, words: list[str]) -> bool:
    match words:
        case ["i2c", "hold"]:
            virtual.i2c.hold()
        case ["i2c", "short"]:
            virtual.i2c.hold(clocks=None)
        case ["i2c", "free"]:
            virtual.i2c.release()
        case ["gone" | "back" as action, chip] if chip in _CHIPS:
            getattr(virtual.i2c, chip)().gone = action == "gone"
        case [chip, *values] if chip in _CHIPS and len(values) == len(_CHIPS[chip]):
            there = getattr(virtual.i2c, chip)()
            for name, value in zip(_CHIPS[chip], values, strict=True):
                setattr(there, name, float(value))
        case _:
            return False
    return True

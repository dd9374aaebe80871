"""`esp32`: non-volatile storage kept by the host beside the flash, what wakes the chip, its partitions."""

import board_pins
from board_link import call, chip
from board_partition import Partition  # noqa: F401

HEAP_DATA = 4
HEAP_EXEC = 1
WAKEUP_ALL_LOW = False
WAKEUP_ANY_HIGH = True


class NVS:
    """Keys and values of a namespace: read back at once, but only ``commit()`` makes them outlive a reset."""

    def __init__(self, namespace):
        call("nvs.open", namespace)
        self._namespace = namespace

    def __repr__(self):
        return "<NVS namespace>"

    def set_i32(self, key, value):
        call("nvs.set", self._namespace, key, int(value))

    def get_i32(self, key):
        return call("nvs.get_i32", self._namespace, key)

    def set_blob(self, key, value):
        call("nvs.set", self._namespace, key, list(value.encode() if isinstance(value, str) else bytes(value)))

    def get_blob(self, key, buffer):
        value = call("nvs.get_blob", self._namespace, key, len(buffer))
        buffer[: len(value)] = bytes(value)
        return len(value)

    def erase_key(self, key):
        call("nvs.erase", self._namespace, key)

    def commit(self):
        call("nvs.commit", self._namespace)


def _wake_on(reason, pins, level):
    call("power.wake_on", reason, [pin.id for pin in pins or ()], int(bool(level)))


# Which chip wakes by what: SOC_PM_SUPPORT_EXT0_WAKEUP, …_EXT1_WAKEUP, SOC_GPIO_SUPPORT_DEEPSLEEP_WAKEUP of ESP-IDF.
if chip in ("esp32", "esp32s2", "esp32s3"):

    def wake_on_ext0(pin=None, level=False):
        global _by_ext0
        if _by_touch:
            raise ValueError("no resources")
        _by_ext0 = pin is not None
        _wake_on(2, pin and (pin,), level)

    def wake_on_touch(wake):
        global _by_touch
        if _by_ext0:
            raise ValueError("no resources")
        _by_touch = bool(wake)


if chip != "esp32c3":

    def wake_on_ext1(pins=None, level=False):
        _wake_on(3, pins, level)


def wake_on_gpio(pins=None, level=False):
    global _by_gpio
    if pins is not None:
        _by_gpio = bool(pins)
    _wake_on(7, pins, level)


_by_gpio = _by_ext0 = _by_touch = False


def check_deepsleep():
    """Raise ValueError if a pin is to end the deep sleep of a chip that only light sleep wakes so."""
    if _by_touch:
        call("power.wake_on", 5, list(board_pins.TouchPad.woken), 0)
    if _by_gpio and chip in ("esp32", "esp32s2", "esp32s3"):
        raise ValueError("DEEPSLEEP with gpio pins not supported on this chip")


if chip == "esp32":

    def raw_temperature():
        return 128

else:

    def mcu_temperature():
        return 53


def idf_heap_info(capabilities):
    """Return memory outside MicroPython's heap, which TLS has on an ESP32: a region's total, free, largest, least."""
    return [(160000, 110000, 94000, 90000)]

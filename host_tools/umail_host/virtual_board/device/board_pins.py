"""`machine.Pin` and `machine.ADC` as a board has them: its chip's pins and methods, interrupts, what is refused."""

import board_events
import machine as _native
from board_link import call, chip, platform, tell

_RP2 = platform == "rp2"

# Pins that MicroPython has on each chip, as ranges (ports/esp32/machine_pin.h, for a board with USB); the first that is
# an input only; those that an ADC reads (machine_adc.c; rp2: GPIO26 to 29).
_GPIOS = {
    "esp32s2": ((0, 21), (33, 46)),
    "esp32s3": ((0, 21), (33, 48)),
    "esp32c3": ((0, 13), (20, 21)),
    "esp32c5": ((0, 12), (23, 28)),
    "esp32c6": ((0, 11), (14, 23)),
    "esp32p4": ((0, 23), (26, 54)),
    "rp2040": ((0, 29),),
    "rp2350": ((0, 29),),
}.get(chip, ((0, 23), (25, 27), (32, 39)))
_FIRST_INPUT = {"esp32": 34, "esp32s2": 46}.get(chip, 99)
_ANALOG = {
    "esp32": (0, 2, 4, 12, 13, 14, 15, 25, 26, 27, 32, 33, 34, 35, 36, 37, 38, 39),
    "esp32s2": range(1, 21),
    "esp32s3": range(1, 21),
    "esp32c3": range(6),
    "esp32c5": range(1, 7),
    "esp32c6": range(7),
    "esp32p4": list(range(16, 24)) + list(range(49, 55)),
}.get(chip, range(26, 30))
_NAMES = call("power.pin_names")


def _find(pin):
    """Return the number of a pin, or its name if it has no number."""
    if isinstance(pin, int):
        for first, last in _GPIOS:
            if first <= pin <= last:
                return pin
    elif isinstance(pin, str) and _RP2:
        if pin in _NAMES or pin in ("WL_GPIO0", "WL_GPIO1", "WL_GPIO2"):
            return "LED" if pin == "WL_GPIO0" else pin
        if pin == "LED":  # pins.csv of boards whose LED is not behind a Wi-Fi chip
            return 25
        for prefix in ("GPIO", "GP"):
            if pin.startswith(prefix) and pin[len(prefix) :].isdigit():
                return _find(int(pin[len(prefix) :]))
        raise ValueError('unknown named pin "%s"' % pin)
    raise ValueError("invalid pin")


class Pin(_native.PinBase):
    if _RP2:
        IN, OUT, OPEN_DRAIN, ALT = 0, 1, 2, 3
        PULL_UP, PULL_DOWN = 1, 2
        IRQ_RISING, IRQ_FALLING = 8, 4
    else:
        IN, OUT, OPEN_DRAIN = 1, 3, 7
        PULL_DOWN, PULL_UP = 1, 2
        IRQ_RISING, IRQ_FALLING = 1, 2
        WAKE_LOW, WAKE_HIGH = 4, 5
        DRIVE_0, DRIVE_1, DRIVE_2, DRIVE_3 = 0, 1, 2, 3

    def __init__(self, id, mode=-1, pull=-1, *, value=None, drive=None, hold=None, alt=0):
        self.id = _find(id)
        self._handler = None
        self.init(mode, pull, value=value)

    def __repr__(self):
        return ("Pin(GPIO%s)" if _RP2 and isinstance(self.id, int) else "Pin(%s)") % self.id

    def init(self, mode=-1, pull=-1, *, value=None, drive=None, hold=None, alt=0):
        if mode is None:
            mode = -1
        if _RP2:
            if isinstance(self.id, str):
                if pull not in (-1, None):
                    raise ValueError("pulls are not supported for external pins")
                if mode not in (-1, self.IN, self.OUT):
                    raise ValueError("only Pin.OUT and Pin.IN are supported for this pin")
            # The host knows an ESP32's numbers.
            mode = {0: 1, 1: 3, 2: 7}.get(mode, -1)
            pull = {1: 2, 2: 1}.get(pull, pull)
        elif mode & 2 and mode > 0 and self.id >= _FIRST_INPUT:
            raise ValueError("pin can only be input")
        call("pin.init", self.id, mode, pull or 0, None if value is None else int(bool(value)))

    def value(self, level=None):
        if level is None:
            return call("pin.get", self.id)
        tell("pin.put", self.id, int(bool(level)))
        return None

    __call__ = value

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)

    def toggle(self):
        self.value(not self.value())

    if _RP2:
        high, low = on, off

    def irq(self, handler=None, trigger=IRQ_RISING | IRQ_FALLING, *, priority=1, wake=None, hard=False):
        self._handler = handler
        board_events.listen("pin%s" % self.id, handler and self._fire)
        if _RP2:
            trigger >>= 2
            trigger = trigger >> 1 | (trigger & 1) << 1
        call("pin.irq", self.id, trigger if handler else 0)

    def _fire(self, value):
        self._handler(self)


# machine_touchpad.c; what a pad reads untouched and touched.
_TOUCH = {
    "esp32": ((0, 2, 4, 12, 13, 14, 15, 27, 32, 33), 720, 160),
    "esp32s2": (range(1, 15), 23000, 61000),
    "esp32s3": (range(1, 15), 23000, 61000),
}.get(chip, ((), 0, 0))


class TouchPad:
    """A pad of the touch sensor; ``woken`` are those that a touch brings below the threshold that they were given."""

    woken: dict = {}

    def __init__(self, pin):
        if pin.id not in _TOUCH[0]:
            raise ValueError("invalid pin for touchpad")
        self._id = pin.id

    def config(self, threshold):
        # An S2 or S3 has no threshold of it: MicroPython takes the number and forgets it.
        if chip == "esp32" and _TOUCH[2] < threshold <= _TOUCH[1]:
            self.woken[self._id] = True

    def read(self):
        return _TOUCH[2 if call("touch.touched", self._id) else 1]


def _microvolts(pin):
    return call("adc.microvolts", pin)


# ports/esp32/adc.h
_LEAST_BITS, _MOST_BITS = (9, 12) if chip == "esp32" else (13, 13) if chip == "esp32s2" else (12, 12)


class _Esp32Adc:
    ATTN_0DB = 0
    ATTN_2_5DB = 1
    ATTN_6DB = 2
    ATTN_11DB = 3
    if chip == "esp32":
        WIDTH_9BIT = 9
        WIDTH_10BIT = 10
        WIDTH_11BIT = 11
    if chip == "esp32s2":
        WIDTH_13BIT = 13
    else:
        WIDTH_12BIT = 12

    # Full scale in microvolts of each attenuation, as the ESP32's documentation gives it.
    _FULL = (950000, 1250000, 1750000, 2450000)

    def __init__(self, pin, *, atten=3):
        self._id = pin.id if isinstance(pin, Pin) else pin
        if self._id not in _ANALOG:
            raise ValueError("invalid pin")
        self.init(atten=atten)

    def init(self, *, atten=3):
        self.atten(atten)
        self._bits = _MOST_BITS

    def deinit(self):
        pass

    def atten(self, atten):
        if not 0 <= atten <= 3:
            raise ValueError("invalid attenuation")
        self._atten = atten

    def width(self, bits):
        if not _LEAST_BITS <= bits <= _MOST_BITS:
            raise ValueError("invalid bit-width")
        self._bits = bits

    def read_uv(self):
        return min(_microvolts(self._id), self._FULL[self._atten])

    def read_u16(self):
        return min(self.read_uv() * 65535 // self._FULL[self._atten], 65535)

    def read(self):
        return self.read_u16() >> (16 - self._bits)


class _Rp2Adc:
    CORE_TEMP = 4

    def __init__(self, pin):
        if isinstance(pin, int) and 0 <= pin <= 4:
            self._id = pin + 26  # a channel
        else:
            self._id = pin.id if isinstance(pin, Pin) else _find(pin)
            if self._id not in _ANALOG:
                raise ValueError("Pin doesn't have ADC capabilities")

    def read_u16(self):
        raw = min(_microvolts(self._id) * 4095 // 3300000, 4095)
        return raw << 4 | raw >> 8


ADC = _Rp2Adc if _RP2 else _Esp32Adc

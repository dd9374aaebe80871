"""`machine` as a board has it, over the simulated world: resets, pins, ADC, RTC, watchdog, sleep, timers."""

import board_events
import board_i2c
import board_spi
import board_time
import machine as _native
from board_link import call, chip, halt, platform, tell

_RP2 = platform == "rp2"
_WATCHDOG, _DEEPSLEEP = call("power.limits")
PWRON_RESET = 1
WDT_RESET = 3

I2C = board_i2c.I2C
SoftI2C = board_i2c.SoftI2C
SPI = board_spi.SPI
SoftSPI = board_spi.SoftSPI
mem8 = _native.mem8
mem16 = _native.mem16


class _Scratch:
    """`mem32` as far as a Pico's program may use it here: SCRATCH0 to SCRATCH3 of the watchdog, which resets leave."""

    _BASE = 0x400D800C if chip == "rp2350" else 0x4005800C

    def _at(self, address):
        if address % 4 or not self._BASE <= address < self._BASE + 16:
            raise ValueError("address %x is not one of the watchdog's scratch registers" % address)
        return address - self._BASE

    def _all(self):
        return bytearray((bytes(call("rtc.memory")) + bytes(16))[:16])

    def __getitem__(self, address):
        at = self._at(address)
        return int.from_bytes(self._all()[at : at + 4], "little")

    def __setitem__(self, address, value):
        at = self._at(address)
        kept = self._all()
        kept[at : at + 4] = (value & 0xFFFFFFFF).to_bytes(4, "little")
        call("rtc.memory", list(kept))


mem32 = _Scratch() if platform == "rp2" else _native.mem32
idle = _native.idle
soft_reset = _native.soft_reset
Signal = _native.Signal
time_pulse_us = _native.time_pulse_us


def reset():
    tell("power.reset")
    halt()


def bootloader(timeout=None):
    tell("power.bootloader")
    halt()


def reset_cause():
    return call("power.cause")


if not _RP2:
    HARD_RESET = 2
    DEEPSLEEP_RESET = 4
    SOFT_RESET = 5
    SLEEP = 2
    DEEPSLEEP = 4
    PIN_WAKE = EXT0_WAKE = 2
    EXT1_WAKE = 3
    TIMER_WAKE = 4
    TOUCHPAD_WAKE = 5
    ULP_WAKE = 6

    def wake_reason():
        return call("power.woken")[0]

    def wake_pins():
        return tuple(call("power.woken")[1])


def unique_id():
    return bytes(call("power.unique_id"))


def freq(hertz=None):
    if hertz is None:
        return call("power.frequency")
    if _RP2:
        return call("power.frequency", hertz)
    if hertz // 1000000 not in (20, 40, 80, 160, 240):
        raise ValueError("frequency must be 20MHz, 40MHz, 80Mhz, 160MHz or 240MHz")
    return call("power.frequency", hertz)


def disable_irq():
    return board_events.hold(True)


def enable_irq(state=False):
    board_events.hold(state)


def _check_sleep(time_ms):
    if time_ms is not None and time_ms >= _DEEPSLEEP:
        if _RP2:
            raise ValueError("sleep too long")
        raise OverflowError("overflow converting long int to machine word")


def deepsleep(time_ms=None):
    _check_sleep(time_ms)
    tell("power.deepsleep", time_ms)
    halt()


def lightsleep(time_ms=None):
    _check_sleep(time_ms)
    begun = board_time.ticks_us()
    call("power.lightsleep", time_ms)
    board_time.slept(time_ms, begun)


sleep = lightsleep


class WDT:
    """Once made it must be fed to the end of the board's days: the host counts, and resets the board."""

    def __init__(self, id=0, timeout=5000):
        if id != 0:
            raise ValueError("WDT(%d) doesn't exist" % id) if _RP2 else ValueError
        if not _RP2 and timeout <= 0:
            raise ValueError("WDT timeout too short")
        if _WATCHDOG and timeout > _WATCHDOG:
            raise ValueError("timeout exceeds %d" % _WATCHDOG)
        call("watchdog.arm", timeout)

    def feed(self):
        tell("watchdog.feed")


class RTC:
    def datetime(self, parts=None):
        return self._datetime(parts, 4)

    def init(self, parts):
        self._datetime(parts, 3)

    def _datetime(self, parts, hour):
        if parts is None:
            now = call("clock.get")
            t = board_time.gmtime(now // 1000000 + board_time.FROM_2000)
            return (t[0], t[1], t[2], t[6], t[3], t[4], t[5], 0 if _RP2 else now % 1000000)
        if len(parts) != 8:
            raise ValueError("requested length 8 but object has length %d" % len(parts))
        clock = (parts[hour], parts[hour + 1], parts[hour + 2])
        seconds = board_time.mktime((parts[0], parts[1], parts[2]) + clock + (0, 0))
        call("clock.set", (seconds - board_time.FROM_2000) * 1000000 + parts[7])
        return None

    def memory(self, data=None):
        if data is None:
            return bytes(call("rtc.memory"))
        if len(data) > 2048:
            raise ValueError("buffer too long")
        return call("rtc.memory", list(bytes(data)))


if _RP2:
    del RTC.memory, RTC.init  # a Pico has neither


# Pins of the chip, and those among them that an ADC reads (ports/esp32/machine_adc.c; rp2: GPIO26 to 29).
_GPIOS = {"esp32s2": 47, "esp32s3": 49, "esp32c3": 22, "esp32c5": 29, "esp32c6": 31, "esp32p4": 55}.get(chip, 40)
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
        if 0 <= pin < (30 if _RP2 else _GPIOS):
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


def _microvolts(pin):
    return call("adc.microvolts", pin)


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
        self.atten(atten)

    def init(self, *, atten=3):
        self.atten(atten)

    def deinit(self):
        pass

    def atten(self, atten):
        if not 0 <= atten <= 3:
            raise ValueError("invalid attenuation")
        self._atten = atten

    def width(self, bits):
        if not 9 <= bits <= 13:
            raise ValueError("invalid bit-width")

    def read_uv(self):
        return min(_microvolts(self._id), self._FULL[self._atten])

    def read_u16(self):
        return min(self.read_uv() * 65535 // self._FULL[self._atten], 65535)

    def read(self):
        return self.read_u16() >> 4


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


class Timer:
    ONE_SHOT = 0
    PERIODIC = 1

    def __init__(self, id, **settings):
        self._name = "timer%d" % id
        if settings:
            self.init(**settings)

    def init(self, *, mode=1, period=-1, callback=None, freq=0, hard=False):
        if freq:
            period = int(1000 / freq)
        board_events.listen(self._name, callback and (lambda value: callback(self)))
        call("timer.start", self._name, period, mode == self.PERIODIC)

    def deinit(self):
        call("timer.start", self._name, 0, False)
        board_events.listen(self._name, None)


class PWM:
    def __init__(self, pin, freq=5000, duty=512, duty_u16=None, **settings):
        self._pin = pin
        self._freq = freq
        self._duty = duty_u16 if duty_u16 is not None else duty << 6
        self._sound()

    def _sound(self):
        tell("pin.pwm", self._pin.id, self._freq if self._duty else 0)

    def freq(self, hertz=None):
        if hertz is None:
            return self._freq
        self._freq = hertz
        self._sound()
        return None

    def duty(self, duty=None):
        if duty is None:
            return self._duty >> 6
        self._duty = duty << 6
        self._sound()
        return None

    def duty_u16(self, duty=None):
        if duty is None:
            return self._duty
        self._duty = duty
        self._sound()
        return None

    def deinit(self):
        tell("pin.pwm", self._pin.id, 0)

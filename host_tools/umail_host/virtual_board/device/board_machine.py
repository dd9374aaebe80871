"""`machine` as a board has it, over the simulated world: resets, pins, ADC, RTC, watchdog, sleep, timers."""

import board_events
import board_i2c
import board_time
import machine as _native
from board_link import call, halt, platform, tell

PWRON_RESET = 1
WDT_RESET = 3
if platform != "rp2":
    HARD_RESET = 2
    DEEPSLEEP_RESET = 4
    SOFT_RESET = 5
SLEEP = 2
DEEPSLEEP = 4
PIN_WAKE = 2
TIMER_WAKE = 4

I2C = board_i2c.I2C
SoftI2C = board_i2c.SoftI2C
mem8 = _native.mem8
mem16 = _native.mem16


class _Scratch:
    """`mem32` as far as a Pico's program may use it here: SCRATCH0 to SCRATCH3 of the watchdog, which resets leave."""

    _BASE = 0x4005800C

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


def wake_reason():
    return TIMER_WAKE if reset_cause() == 4 else 0


def unique_id():
    return bytes(call("power.unique_id"))


def freq(hertz=None):
    if hertz is None:
        return call("power.frequency")
    if hertz // 1000000 not in (20, 40, 80, 160, 240):
        raise ValueError("frequency must be 20MHz, 40MHz, 80Mhz, 160MHz or 240MHz")
    return call("power.frequency", hertz)


def disable_irq():
    return board_events.hold(True)


def enable_irq(state=False):
    board_events.hold(state)


def deepsleep(time_ms=None):
    tell("power.deepsleep", time_ms)
    halt()


def lightsleep(time_ms=None):
    call("power.lightsleep", time_ms)


sleep = lightsleep


class WDT:
    """Once made it must be fed to the end of the board's days: the host counts, and resets the board."""

    def __init__(self, id=0, timeout=5000):
        if id != 0:
            raise ValueError
        if timeout <= 0:
            raise ValueError("WDT timeout too short")
        if platform == "rp2" and timeout > 8388:
            raise ValueError("timeout exceeds 8388")
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
            return (t[0], t[1], t[2], t[6], t[3], t[4], t[5], now % 1000000)
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


if platform == "rp2":
    del RTC.memory  # a Pico has none


class Pin(_native.PinBase):
    IN = 1
    OUT = 3
    OPEN_DRAIN = 7
    PULL_DOWN = 1
    PULL_UP = 2
    IRQ_RISING = 1
    IRQ_FALLING = 2
    WAKE_LOW = 4
    WAKE_HIGH = 5
    DRIVE_0 = 0
    DRIVE_1 = 1
    DRIVE_2 = 2
    DRIVE_3 = 3

    def __init__(self, id, mode=-1, pull=-1, *, value=None, drive=None, hold=None):
        if not isinstance(id, int) or not 0 <= id < 49:
            raise ValueError("invalid pin")
        self.id = id
        self._handler = None
        self.init(mode, pull, value=value)

    def __repr__(self):
        return "Pin(%d)" % self.id

    def init(self, mode=-1, pull=-1, *, value=None, drive=None, hold=None):
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

    def irq(self, handler=None, trigger=3, *, priority=1, wake=None, hard=False):
        self._handler = handler
        board_events.listen("pin%d" % self.id, handler and self._fire)
        call("pin.irq", self.id, trigger if handler else 0)

    def _fire(self, value):
        self._handler(self)


class ADC:
    ATTN_0DB = 0
    ATTN_2_5DB = 1
    ATTN_6DB = 2
    ATTN_11DB = 3
    WIDTH_9BIT = 9
    WIDTH_10BIT = 10
    WIDTH_11BIT = 11
    WIDTH_12BIT = 12

    # Full scale in microvolts of each attenuation, as the ESP32's documentation gives it.
    _FULL = (950000, 1250000, 1750000, 2450000)

    def __init__(self, pin, *, atten=0):
        self._id = pin.id if isinstance(pin, Pin) else pin
        if not isinstance(self._id, int) or not 0 <= self._id < 40:
            raise ValueError("invalid pin")
        self.init(atten=atten)

    def init(self, *, atten=None):
        if atten is not None:
            self.atten(atten)

    def atten(self, atten):
        if not 0 <= atten <= 3:
            raise ValueError("invalid atten")
        self._atten = atten

    def width(self, bits):
        pass

    def read_uv(self):
        return min(call("adc.microvolts", self._id), self._FULL[self._atten])

    def read_u16(self):
        return min(self.read_uv() * 65535 // self._FULL[self._atten], 65535)

    def read(self):
        return self.read_u16() >> 4


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

    def freq(self, hertz=None):
        if hertz is None:
            return self._freq
        self._freq = hertz
        return None

    def duty(self, duty=None):
        if duty is None:
            return self._duty >> 6
        self._duty = duty << 6
        return None

    def duty_u16(self, duty=None):
        if duty is None:
            return self._duty
        self._duty = duty
        return None

    def deinit(self):
        pass

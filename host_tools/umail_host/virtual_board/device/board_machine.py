"""`machine` as a board has it, over the simulated world: resets, pins, ADC, RTC, watchdog, sleep, timers."""

import board_events
import board_i2c
import board_pins
import board_spi
import board_time
import machine as _native
from board_link import call, chip, halt, late, platform, tell

_RP2 = platform == "rp2"
if not _RP2:
    import board_esp32
_WATCHDOG, _DEEPSLEEP = call("power.limits")
PWRON_RESET = 1
WDT_RESET = 3

Pin = board_pins.Pin
ADC = board_pins.ADC
if chip in ("esp32", "esp32s2", "esp32s3"):
    TouchPad = board_pins.TouchPad
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


def __getattr__(name):
    if name == "UART" and not _RP2:
        return late("modem", name)
    raise AttributeError("module has no attribute '%s'" % name)


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
    if not _RP2:
        board_esp32.check_deepsleep()
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

"""What differs from port to port: where time begins, what outlives a reset, the module ``machine``."""

import time as _time

_2000, _2021 = 946684800, 1609459200
# SCRATCH0 of an RP2040's watchdog, four words of which are for programs.
_SCRATCH = 0x4005800C


class Module:
    """A built-in module with some names exchanged."""

    def __init__(self, native, **names):
        self._native = native
        for name in names:
            setattr(self, name, names[name])

    def __getattr__(self, name):
        return getattr(self._native, name)


class Port:
    """One of MicroPython's ports.

    Attributes:
        epoch, begins (int): Unix seconds at which its time counts from, and that it shows after power-on.
        short_at (tuple): the places at which memory is short while it is; ipv6 (bool): what its sockets know.
    """

    def __init__(self, name, board, epoch, begins, short_at, ipv6):
        self.name = name
        self.board = board
        self.epoch = epoch
        self.begins = begins
        self.short_at = short_at
        self.ipv6 = ipv6

    def free(self, world):
        """Return what ``gc.mem_free`` says."""
        return 30000 if "memory" in world.faults else 90000


PORTS = {
    "esp32": Port("esp32", "Simulated board with ESP32", _2000, _2000, ("open", "socket", "tls"), False),
    # Its TLS takes memory from the heap, and blames the certificate if there is none (sim_tls.py).
    "rp2": Port("rp2", "Simulated Pico W with RP2040", 0, _2021, ("open", "socket"), True),
}


class Rtc:
    """``machine.RTC``."""

    chip = None

    def datetime(self, fields):
        year, month, day, _, hour, minute, second, _ = fields
        self.chip.set_unix_ms(_time.mktime((year, month, day, hour, minute, second, 0, 0, 0)) * 1000)


class Esp32Rtc(Rtc):
    """That of an ESP32, with memory that lasts through resets and deep sleep."""

    def memory(self, data=None):
        chip = self.chip
        chip.world.alive()
        if data is None:
            return chip.memory
        if len(data) > 2048:
            raise ValueError("buffer too long")
        chip.memory = bytes(data)
        return None


class Registers:
    """``machine.mem32``: the scratch registers, which a reset leaves alone."""

    def __init__(self, chip):
        self._chip = chip

    def __getitem__(self, address):
        self._chip.world.alive()
        at = self._at(address)
        return int.from_bytes((self._chip.memory + bytes(16))[at : at + 4], "little")

    def __setitem__(self, address, value):
        self._chip.world.alive()
        at = self._at(address)
        kept = bytearray((self._chip.memory + bytes(16))[:16])
        kept[at : at + 4] = (value & 0xFFFFFFFF).to_bytes(4, "little")
        self._chip.memory = bytes(kept)

    def _at(self, address):
        if not 0 <= address - _SCRATCH < 16 or address & 3:
            raise ValueError("no register of the watchdog at %x" % address)
        return address - _SCRATCH


def _watchdog(chip):
    """Return the class ``machine.WDT``."""

    class WDT:
        def __init__(self, timeout):
            if chip.port.name == "rp2" and timeout > 8388:
                raise ValueError("timeout exceeds 8388")
            chip.watchdog = timeout
            self.feed()

        def feed(self):
            chip.world.alive()
            chip.fed = chip.world.now
            chip.trouble("feed")

    return WDT


def _timer(chip):
    """Return the class ``machine.Timer``."""

    class Timer:
        PERIODIC = 1

        def __init__(self, number):
            pass

        def init(self, period, mode, callback):
            # (It may not crash or hang there: an interrupt does not.)
            def tick(timer):
                armed, chip.armed = chip.armed, []
                callback(timer)
                chip.armed = armed

            chip.timer = tick

        def deinit(self):
            chip.timer = None

    return Timer


def machine(chip, errors):
    """Return the module ``machine``; ``errors``: the exceptions' classes by their names."""
    world = chip.world

    class ADC:
        def __init__(self, pin):
            pass

        def read_uv(self):
            return _read(chip, errors)

    def deepsleep(milliseconds):
        chip.off_until = world.now + milliseconds
        world.stop("sleep")

    causes = {"power": 1, "reset": 2, "watchdog": 3, "sleep": 4}
    names = {"PWRON_RESET": 1, "WDT_RESET": 3}
    Esp32Rtc.chip = Rtc.chip = chip
    if chip.port.name == "rp2":
        # Each reset goes by the watchdog.
        causes["reset"] = 3
        names.update(mem32=Registers(chip), Timer=_timer(chip), lightsleep=chip.nap, RTC=Rtc)
    else:
        names.update(HARD_RESET=2, DEEPSLEEP_RESET=4, SOFT_RESET=5, RTC=Esp32Rtc, deepsleep=deepsleep)
    return Module(
        None,
        reset_cause=lambda: causes[chip.cause],
        reset=lambda: world.stop("reset"),
        WDT=_watchdog(chip),
        ADC=ADC,
        Pin=lambda *args: None,
        **names,
    )


def _read(chip, errors):
    """Return the microvolts at the sensor's pin."""
    world = chip.world
    chip.trouble("sensor")
    fault = world.faults.get("sensor")
    if fault:
        raise errors[fault["error"]](fault["text"])
    if world.sensor != world.value:
        world.sensor = world.value
        world.log("reads", str(world.value))
    return int(world.value * 1000000 + 0.5)

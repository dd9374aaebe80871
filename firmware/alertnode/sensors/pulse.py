"""Counts the pulses of a water, gas or rain meter at a pin, by interrupt."""

from alertnode.sensors.reading import Ready

KEYS = {
    "pin": ("pin", None),
    "pull": (("up", "down", "none"), "up"),
    "edge": (("falling", "rising"), "falling"),
    "debounce": ("number", 0.01, 0, 1),
}
VALUES = (("total", "", 0, None), ("rate", "/min", 0, None))


class Driver(Ready):
    """The meter at ``pin``: pulses since the node started, and a minute since the reading before.

    A pulse within ``debounce`` seconds after another one is the same. A chip that sleeps counts nothing, and an ESP32
    that encrypts a mail for a second takes the pulses of that second for one; with ``debounce`` 0 it keeps eight.
    """

    def __init__(self, config, buses):
        from time import ticks_diff, ticks_ms  # type: ignore[attr-defined]

        self._ticks, self._diff = ticks_ms, ticks_diff
        self._debounce = round(config["debounce"] * 1000)
        self._count = 0
        self._pulse = self._began = ticks_ms()
        self._before = 0
        pin = buses.input(config["pin"], config["pull"])
        edge = pin.IRQ_FALLING if config["edge"] == "falling" else pin.IRQ_RISING
        try:
            # On an rp2 the handler runs at once; elsewhere as soon as the program is between two bytecodes.
            pin.irq(self._happened, edge, hard=True)
        except TypeError:
            pin.irq(self._happened, edge)
        self._pin = pin

    def read(self):
        """Return the pulses so far, and those a minute since the last reading."""
        now, count = self._ticks(), self._count
        span = self._diff(now, self._began)
        rate = (count - self._before) * 60000 / span if span > 0 else None
        self._began, self._before = now, count
        return count, rate

    def _happened(self, pin):
        # Nothing here may allocate.
        now = self._ticks()
        if not self._count or not 0 <= self._diff(now, self._pulse) < self._debounce:  # negative after 6.2 days
            self._count += 1
        self._pulse = now

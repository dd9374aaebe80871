"""Counts the pulses of a water, gas or rain meter at a pin, by interrupt; on battery each one wakes the board."""

from alertnode.sensors.reading import Ready

KEYS = {
    "pin": ("pin", None),
    "pull": (("up", "down", "none"), "up"),
    "edge": (("falling", "rising"), "falling"),
    "debounce": ("number", 0.01, 0, 1),
    "wake": ("switch", False),
}
VALUES = (("total", "", 0, None), ("rate", "/min", 0, None))
# Between two readings of a board that sleeps, the rate is that of this many milliseconds at least.
_LEAST = 60000


class Driver(Ready):
    """The meter at ``pin``: pulses since the node started, and a minute since the reading before.

    A pulse within ``debounce`` seconds after another one is the same. A chip that sleeps counts nothing, and an ESP32
    that encrypts a mail for a second takes the pulses of that second for one; with ``debounce`` 0 it keeps eight. With
    ``wake`` the pulse that ends a sleep is counted, and what was counted is kept through it: see wake.py.
    """

    # The level at the last look, for wake.py.
    last = None

    def __init__(self, config, buses):
        from time import ticks_add, ticks_diff, ticks_ms  # type: ignore[attr-defined]

        self._ticks, self._diff, self._add = ticks_ms, ticks_diff, ticks_add
        self._debounce = round(config["debounce"] * 1000)
        self._level = 0 if config["edge"] == "falling" else 1
        self._count = 0
        self._pulse = self._began = ticks_ms()
        self._before = 0
        # A contact has ended the sleep: what is read now is between two readings.
        self.between = False
        pin = buses.input(config["pin"], config["pull"])
        edge = pin.IRQ_FALLING if config["edge"] == "falling" else pin.IRQ_RISING
        try:
            # On an rp2 the handler runs at once; elsewhere as soon as the program is between two bytecodes.
            pin.irq(self._happened, edge, hard=True)
        except TypeError:
            pin.irq(self._happened, edge)
        self.pin = pin

    def read(self):
        """Return the pulses so far, and those a minute since the last reading."""
        now, count = self._ticks(), self._count
        span = self._diff(now, self._began)
        if self.between:
            self.between = False
            return count, (count - self._before) * 60000 / max(span, _LEAST)
        rate = (count - self._before) * 60000 / span if span > 0 else None
        self._began, self._before = now, count
        return count, rate

    def woken(self, level):
        """Take note that this ``level`` has ended a sleep: a pulse, which no interrupt has seen, or its end."""
        self._count += level == self._level

    def dump(self, unix):
        """Return what ``load`` wants after a sleep: the pulses now, those at the last reading, when that was."""
        return [self._count, self._before, unix - self._diff(self._ticks(), self._began) // 1000]

    def load(self, kept, unix):
        """Take up what ``dump`` returned before the sleep, or anything; ``unix`` is the time now, in seconds."""
        if not isinstance(kept, list) or len(kept) != 3 or [one for one in kept if type(one) is not int or one < 0]:
            return
        self._count += kept[0]
        self._before = kept[1]
        # (Ticks are right for six days.)
        self._began = self._add(self._ticks(), -1000 * min(max(unix - kept[2], 0), 500000))

    def _happened(self, pin):
        # Nothing here may allocate.
        now = self._ticks()
        if not self._count or not 0 <= self._diff(now, self._pulse) < self._debounce:  # negative after 6.2 days
            self._count += 1
        self._pulse = now

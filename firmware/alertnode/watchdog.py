"""Keeps a watchdog of minutes on a chip whose own knows only seconds; loaded only on such a board."""

# Milliseconds that every such chip can do, and how often it is fed.
SHORT = 8000
EVERY = 2000


class Watchdog:
    """Feeds the chip's watchdog by a timer, for as long as ``feed`` was called within ``milliseconds``.

    A hang of the interpreter itself, which runs no timer, resets the board after 8 s. ``ticks`` and ``since`` are those
    of the module platform, ``machine`` is MicroPython's module.
    """

    def __init__(self, machine, milliseconds, ticks, since):
        self._milliseconds = milliseconds
        self._ticks = ticks
        self._since = since
        self._fed = ticks()
        self._chip = machine.WDT(timeout=SHORT)
        self._timer = machine.Timer(-1)
        self._periodic = machine.Timer.PERIODIC
        self.start()

    def start(self):
        """Begin to feed the chip's watchdog, or go on with it."""
        self.feed()
        self._timer.init(period=EVERY, mode=self._periodic, callback=self._on_timer)

    def stop(self):
        """Leave the feeding to whoever calls ``feed``."""
        self._timer.deinit()

    def feed(self):
        """Say that the program is at work."""
        self._fed = self._ticks()
        self._chip.feed()

    def _on_timer(self, timer):
        if self._since(self._fed) < self._milliseconds:
            self._chip.feed()

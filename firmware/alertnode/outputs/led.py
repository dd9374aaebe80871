"""A status LED: how it blinks says what the node does."""

KEYS = {"pin": ("pin", None), "on": ("whole", 1, 0, 1)}
# Milliseconds of one step, of which a busy node misses one now and then; by what the node does, the steps with light,
# from the lowest bit on, and their number.
_STEP = 200
_PATTERNS = {
    # A short flash every 5 s.
    "ok": (0b11, 25),
    # Two flashes every 3 s.
    "waits": (0b110011, 15),
    # Fast.
    "offline": (0b11, 4),
    # A second on, a second off: a person must do something.
    "refused": (0b11111, 10),
}


class Driver:
    """The LED at ``pin``, which shines at the level ``on``."""

    def __init__(self, config, node):
        from machine import Pin

        self._on = config["on"]
        self._node = node
        self._pin = Pin(config["pin"], Pin.OUT, value=1 - self._on)

    def tick(self):
        """Show what the node does."""
        steps, count = _PATTERNS[self._node.status()]
        light = steps >> self._node.clock.uptime() // _STEP % count & 1
        self._pin.value(self._on if light else 1 - self._on)

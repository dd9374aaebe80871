"""A button: a short press sends a test mail, a long one acknowledges what is under way: no repeats until it is over."""

KEYS = {
    "pin": ("pin", None),
    "pressed": ("whole", 0, 0, 1),
    "pull": (("up", "down", "none"), "up"),
    "long": ("number", 2, 0.5, 30),
}
# Milliseconds after a press in which its contact may bounce, and between two test mails.
_BOUNCE = 300
_AGAIN = 10000


class Driver:
    """The button at ``pin``, whose level is ``pressed`` while it is; it is long after ``long`` seconds."""

    def __init__(self, config, node):
        from machine import Pin

        self._node = node
        self._pressed = config["pressed"]
        self._long = round(config["long"] * 1000)
        self._hit = False
        self._since = None
        self._done = False
        self._released = -_BOUNCE
        self._mailed = -_AGAIN
        pull = {"up": Pin.PULL_UP, "down": Pin.PULL_DOWN, "none": None}[config["pull"]]
        self._pin = Pin(config["pin"], Pin.IN, pull)
        # A press that is over before the next look is seen all the same.
        self._pin.irq(self._interrupt, Pin.IRQ_RISING if self._pressed else Pin.IRQ_FALLING)

    def tick(self):
        """Look whether it is pressed, and act."""
        now = self._node.clock.uptime()
        down = self._pin.value() == self._pressed
        if self._since is None:
            if not (down or self._hit) or now - self._released < _BOUNCE:
                self._hit = False
                return
            self._since = now
            self._done = False
        self._hit = False
        if down:
            if not self._done and now - self._since >= self._long:
                self._done = True
                self._node.acknowledge()
            return
        if not self._done and now - self._mailed >= _AGAIN:
            self._mailed = now
            self._node.test_mail()
        self._since = None
        self._released = now

    def _interrupt(self, pin):
        self._hit = True

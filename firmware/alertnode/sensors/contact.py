"""Reads a contact between a pin and ground: 1 is open, 0 closed; ``debounce`` seconds of rest make it believed."""

from alertnode.sensors.reading import Ready

KEYS = {
    "pin": ("pin", None),
    "closed": ("whole", 0, 0, 1),
    "pull": (("up", "down", "none"), "up"),
    "debounce": ("number", 0.05, 0, 1),
    "wake": ("switch", False),
}
VALUES = (("", "", 0, 1),)
SWITCH = True


class Driver(Ready):
    """One contact; ``config`` is its section, ``buses`` gives its pin."""

    def __init__(self, config, buses):
        self.pin = buses.input(config["pin"], config["pull"])
        self._sleep = buses.sleep
        self.closed = config["closed"]
        self._debounce = round(config["debounce"] * 1000)
        # The level that was read last.
        self.last = None

    def read(self):
        """Return 1 if open, 0 if closed. Raises OSError if it never comes to rest."""
        step = self._debounce // 5
        state = self.pin.value()
        calm = 0
        for _again in range(100):
            if calm >= 5 or not step:
                self.last = state
                return (0 if state == self.closed else 1,)
            self._sleep(step)
            now = self.pin.value()
            calm = calm + 1 if now == state else 0
            state = now
        raise OSError("the contact never comes to rest: check its wires")

    def urgent(self):
        """Return True if the contact is not as it was read last."""
        return self.last is not None and self.pin.value() != self.last

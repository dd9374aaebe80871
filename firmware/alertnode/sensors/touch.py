"""Reads a touch pad of the chip as a contact: 0 while it is touched, 1 if not."""

import sys

from alertnode.sensors.reading import Ready

KEYS = {"pin": ("pin", None), "threshold": ("whole", None, 1, 4194303), "wake": ("switch", False)}
VALUES = (("", "", 0, 1),)
SWITCH = True


class Driver(Ready):
    """The pad at ``pin``; ``threshold`` is a number between what MicroPython's TouchPad reads touched and untouched.

    A touch makes that number smaller on an ESP32, larger on an S2 or S3. What it reads is believed at once.
    """

    closed = 0
    # The level that was read last.
    last = None

    def __init__(self, config, buses):
        from machine import Pin, TouchPad  # type: ignore[attr-defined]

        self._pad = TouchPad(Pin(config["pin"]))
        self._threshold = config["threshold"]
        name = getattr(sys.implementation, "_machine", "")
        self._larger = "S2" in name or "S3" in name
        # For those who ask a contact for its level.
        self.pin = self

    def value(self):
        """Return 0 if the pad is touched, else 1."""
        return 1 - ((self._pad.read() > self._threshold) == self._larger)

    def read(self):
        """Return the same, as a reading."""
        self.last = self.value()
        return (self.last,)

    def urgent(self):
        """Return True if the pad is not as it was read last."""
        return self.last is not None and self.value() != self.last

    def touch(self):
        """Let a touch wake the chip, as far as it knows a threshold for that."""
        self._pad.config(self._threshold)

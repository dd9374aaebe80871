"""The world around the node: its time, which leaps, what happens in it, chance drawn from a seed, and the log."""

import sys

START = 1767225600  # 2026-01-01, in Unix seconds, when a simulation begins
_MASK = 0xFFFFFFFF
_write = sys.stdout.write


class Gone(BaseException):
    """The processor stops here: power, watchdog, reset or deep sleep. No part of the firmware may catch it."""

    def __init__(self, cause):
        super().__init__(cause)
        self.cause = cause


class End(BaseException):
    """The simulation is over."""


class Broken(BaseException):
    """The simulator itself failed."""


class Chance:
    """A generator of random numbers (xorshift32), the same on every interpreter."""

    def __init__(self, seed):
        self._state = (seed * 2654435761 + 88172645) & _MASK or 1

    def word(self):
        """Return 32 random bits."""
        x = self._state
        x ^= (x << 13) & _MASK
        x ^= x >> 17
        x ^= (x << 5) & _MASK
        self._state = x
        return x

    def random(self):
        """Return a float from 0 up to 1."""
        return self.word() / 4294967296

    def bytes(self, count):
        """Return ``count`` random bytes."""
        return bytes([self.word() >> 24 for _ in range(count)])


class World:
    """All that happens outside the chip.

    Attributes:
        now (int): milliseconds since the simulation began; only ``advance`` moves it.
        faults (dict): what is wrong at the moment: a cause's name → its parameters.
        gone: the Gone that ended this life, raised again by whatever the firmware still touches.
        cut (int): the power goes at so many steps (writes to flash, packets) from now; 0: not.
        tear (bool): the last write is then left half done.
    """

    def __init__(self, seed, events, days):
        self.now = 0
        self.faults = {}
        self.gone = None
        self.cut = 0
        self.tear = False
        self.chip = None
        self.node = Chance(seed)
        self.chance = Chance(seed + 1000003)
        # The Message-IDs that a provider took last.
        self.taken = []
        self.value = 10.0
        self.sensor = ""
        # The moments at which something begins or ends: (when, order, event, begins).
        self._moments = []
        for order, event in enumerate(events):
            at, lasts = event["at"] * 1000, event.get("lasts", 0) * 1000
            self._moments.append((at, 2 * order, event, True))
            if lasts:
                self._moments.append((at + lasts, 2 * order + 1, event, False))
        self._moments.append((days * 86400000, 1 << 29, None, True))
        self._moments.sort(key=lambda moment: (moment[0], moment[1]))
        self._next = 0
        self.happened = 0

    def log(self, what, text=""):
        """Write a line of the log, whose every byte follows from the seed."""
        _write("%d %s %s\n" % (self.now, what, text))

    def alive(self):
        """Raise Gone if the chip has stopped: nothing it still does may have an effect."""
        if self.gone:
            raise self.gone

    def stop(self, cause):
        """Stop the chip at this instant."""
        self.gone = Gone(cause)
        raise self.gone

    def step(self):
        """Count one more write or packet, at which the power may be cut; return True if that is now."""
        self.alive()
        if self.cut:
            self.cut -= 1
            if not self.cut:
                return True
        return False

    def next_moment(self):
        """Return when something happens next."""
        return self._moments[self._next][0]

    def advance(self, target):
        """Let the time pass until ``target``, and happen what falls into it; stops after the first that happens."""
        self.alive()
        at, _, event, begins = self._moments[self._next]
        if at > target:
            self.now = target
            return False
        self.now = max(self.now, at)
        self._next += 1
        self.happened += 1
        if event is None:
            self.gone = End()
            raise self.gone
        try:
            self.chip.happen(event, begins)
        except Exception as error:
            # Not the firmware's: it must not be taken for a crash of the node.
            sys.print_exception(error)
            self.gone = Broken("the world failed at %r: %r" % (event, error))
            raise self.gone
        return True

    def pass_until(self, target):
        """Let the time pass until ``target``, with all that happens in it."""
        while self.advance(target):
            pass

    def fault(self, name):
        """Return the parameters of the fault ``name`` if it is there now, else None."""
        return self.faults.get(name)

    def unix(self):
        """Return the right time, in whole Unix seconds."""
        return START + self.now // 1000

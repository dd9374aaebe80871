"""Lets the pulses of a meter end the sleep of a board on battery, beside contacts; loaded if one may.

A pulse is counted by the interrupt while the board is awake, and by the wake if it sleeps.
"""

from alertnode import wake


class Wake(wake.Wake):
    """As wake.Wake, for contacts among which is a meter."""

    def __init__(self, app, sections):
        wake.Wake.__init__(self, app, sections)
        # (One at the most, but on a board whose configuration was not checked.)
        found = [(source.name, source.driver) for source, _pin in self._contacts if hasattr(source.driver, "dump")]
        self._name, self._meter = found[0] if found else ("", None)
        self._pulses = None
        if self._meter and app.port.slept():
            self._meter.load(app.state.values.get("pulses"), app.port.unix())

    def woken(self, passed):
        """As wake.Wake's; what the meter reads then is between two readings if the other sensors are not read."""
        at = wake.Wake.woken(self, passed)
        if self._meter:
            self._meter.between = bool(at)
        return at

    def arm(self):
        """As wake.Wake's."""
        if self._meter:
            # (At one moment: what comes later wakes the board.)
            self._meter.last = self._meter.pin.value()
            self._pulses = self._meter.dump(self._app.port.unix())
        return wake.Wake.arm(self)

    def kept(self, seconds):
        """As wake.Wake's, and what the meter has counted."""
        kept = wake.Wake.kept(self, seconds)
        kept["pulses"] = self._pulses
        return kept

    def _take(self, found):
        source = self._contacts[found[0] // 2][0]
        if source.name != self._name or not self._meter:
            wake.Wake._take(self, found)
            return
        # It rains for as long as it rains.
        self._row -= 1
        self._say("woken by the contact at pin %s", found)
        self._meter.woken(found[0] % 2)
        source.due = None

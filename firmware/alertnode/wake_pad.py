"""Lets touch pads end the sleep of a board on battery, beside contacts; loaded if one may.

A pad that is touched is looked at again after two seconds, as no chip waits for the finger to leave.
"""

from alertnode import wake

# machine.wake_reason(): three words of MicroPython.
_EXT1, _TIMER, _TOUCH = 3, 4, 5
# So many seconds later a touched pad is looked at again, so often.
_SOON = 2
_MOST = 20


class Wake(wake.Wake):
    """As wake.Wake, for contacts among which are pads."""

    def soon(self, seconds):
        """Return ``seconds`` until the next reading, or fewer if a pad is touched."""
        for i, (source, _pin) in enumerate(self._contacts):
            if self._is_pad(2 * i) and source.driver.last == 0 and self._row < _MOST:
                return min(seconds, _SOON)
        return seconds

    def _take(self, found):
        if not self._is_pad(found[0]):
            wake.Wake._take(self, found)
            return
        source = self._contacts[found[0] // 2][0]
        source.due = None
        # (Else it is looked at: nothing has woken the board.)
        if not found[0] % 2:
            self._say("woken by a touch at pin %s", found[:1])
            source.driver.read = wake._once(source.driver, 0)

    def _found(self, armed):
        import machine

        pads = [code for code in armed if self._is_pad(code)]
        if not pads or not hasattr(machine, "wake_reason"):
            return wake.Wake._found(self, armed)
        reason = machine.wake_reason()
        if reason == _TIMER:
            return [code for code in pads if code % 2]
        if reason == _TOUCH:
            pads = [code for code in pads if not code % 2]
            return [code for code in pads if not self._level(code)] or pads
        return [code for code in armed if code not in pads] if reason == _EXT1 else []

    def _arm(self, up, down):
        pads = [code for code in up + down if self._is_pad(code)]
        if not pads:
            wake.Wake._arm(self, up, down)
            return
        import esp32

        for code in pads:
            if not code % 2:
                self._contacts[code // 2][0].driver.touch()
                esp32.wake_on_touch(True)
        # MicroPython has touch or EXT0.
        up, down = [[code for code in codes if code not in pads] for codes in (up, down)]
        rest = up or down[:1]
        if rest:
            esp32.wake_on_ext1(self._pins(rest), bool(up))
        self._armed = rest + pads

    def _is_pad(self, code):
        return hasattr(self._contacts[code // 2][0].driver, "touch")

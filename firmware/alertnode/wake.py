"""Lets contacts end the sleep of a board on battery, and says which one did; loaded if one has ``"wake": true``.

A chip wakes at a level, not at a change. So each contact is waited for at the level that it did not have when it was
read last: one that stays open wakes the board once, and one that has moved since its reading wakes it at once. The
level that woke the board is what is read, even if the contact is back by then; what it is now is read right after it.
"""

import sys

# machine.wake_reason(): two words of MicroPython, and ESP_SLEEP_WAKEUP_GPIO, for which it has none.
_EXT0, _EXT1, _GPIO = 2, 3, 7
# So many wakes by contacts in a row: a loose wire must not empty the battery.
_MOST = 20


class Wake:
    """The contacts of ``app``, an App, that may wake it; ``sections`` are its sensors' configurations, by name."""

    def __init__(self, app, sections):
        self._app = app
        self._origin = app.origin
        self._contacts = []
        # (In the same order after each sleep.)
        for source in sorted(app.sensor.sources, key=lambda source: source.name):
            if sections[source.name].get("wake"):
                self._contacts.append((source, sections[source.name]["pin"]))
        # Wakes by contacts in a row; what is waited for: twice the contact's number, and the level.
        self._row = 0
        self._armed: list = []
        # Numbers of the contacts that have moved since, on a board that sleeps lightly.
        self._moved: list = []

    def woken(self, passed):
        """Say so if a contact ended the sleep, which lasted ``passed`` seconds.

        Return the uptime at which the other sensors are read again, 0 if that is now.
        """
        app = self._app
        app.origin = self._origin
        kept = app.state.values.get("wake")
        good = isinstance(kept, list) and len(kept) > 1 and not [one for one in kept if type(one) is not int]
        after, self._row = kept[:2] if good else (0, 0)
        found = self._found([code for code in kept[2:] if 0 <= code // 2 < len(self._contacts)] if good else [])
        if not found:
            self._row = 0
            return 0
        self._row += 1
        self._take(found)
        left = after - passed
        if left < 2:
            return 0
        at = app.clock.uptime() + left * 1000
        mine = [source for source, _pin in self._contacts]
        others = [source for source in app.sensor.sources if source not in mine]
        for source in others:
            # (A board that sleeps lightly knows it better.)
            source.due = source.due or at
        return min([source.due for source in others] or [at])

    def _take(self, found):
        self._say("woken by the contact at pin %s", found)
        for code in found:
            source = self._contacts[code // 2][0]
            source.due = None
            if len(found) == 1 and source.driver:
                source.driver.read = _once(source.driver, code % 2)

    def _say(self, text, found):
        text %= ", ".join([str(self._contacts[code // 2][1]) for code in found])
        self._app.origin += ", " + text
        self._app.log.show(text)

    def soon(self, seconds):
        """Return ``seconds`` until the next reading, or fewer if a contact must be looked at before."""
        return seconds

    def arm(self):
        """Let the contacts end the sleep that follows; return what tells that one did, if it is a light sleep."""
        import machine

        self._armed = []
        if self._row >= _MOST:
            text = "contacts have woken the board %d times in a row: they do so again after the next reading"
            self._app.log.show(text % self._row)
            return None
        if not hasattr(machine, "wake_reason"):
            self._moved = []
            for i, (source, _pin) in enumerate(self._contacts):
                if source.driver:
                    # (A handler ends the light sleep.)
                    source.driver.pin.irq(lambda pin, i=i: self._note(i))
            return self._look
        lasts = [(i, source.driver.last) for i, (source, _pin) in enumerate(self._contacts) if source.driver]
        waiting = [2 * i + 1 - last for i, last in lasts if last is not None]
        try:
            self._arm([code for code in waiting if code % 2], [code for code in waiting if not code % 2])
        except AttributeError:
            self._app.log.show("contacts cannot wake this board: its MicroPython is older than 1.27")
        except ValueError as error:
            self._app.log.show("contacts cannot wake this board: %s" % error)
        return None

    def kept(self, seconds):
        """Return what is to be found in the State after the sleep; ``seconds`` are those until the next reading."""
        return {"wake": [seconds, self._row] + self._armed}

    def _note(self, i):
        if i not in self._moved:
            self._moved.append(i)

    def _look(self):
        """Return the numbers of the contacts that have moved."""
        for i, (source, _pin) in enumerate(self._contacts):
            if source.urgent():
                self._note(i)
        return self._moved

    def _found(self, armed):
        """Return what was found of ``armed``, or [] if something else woke the board."""
        import machine

        if not hasattr(machine, "wake_reason"):
            lasts = [(i, self._contacts[i][0].driver.last) for i in self._look()]
            return [2 * i + 1 - last for i, last in lasts if last is not None]
        armed = {_EXT0: armed[:1], _EXT1: armed[1:], _GPIO: armed}.get(machine.wake_reason(), [])
        # EXT0 tells no pin, nor does MicroPython before 1.29.
        told = getattr(machine, "wake_pins", tuple)()
        named = [code for code in armed if self._contacts[code // 2][1] in told]
        return named or [code for code in armed if self._level(code) == code % 2] or armed

    def _level(self, code):
        driver = self._contacts[code // 2][0].driver
        return driver.pin.value() if driver else None

    def _arm(self, up, down):
        """Wait for a high level of ``up``, for a low one of ``down``, as far as the chip can; raise if it cannot."""
        import esp32

        kind = chip().replace("-", "")
        if kind[:1] == "C":
            # One level for all of them: what is low now goes first, as closed contacts are.
            codes = up or down
            # (Any other pin makes each sleep fail. ESP-IDF: SOC_GPIO_DEEP_SLEEP_WAKE_VALID_GPIO_MASK.)
            last = {"3": 5, "5": 6}.get(kind[1:2], 7)
            if [code for code in codes if self._contacts[code // 2][1] > last]:
                raise ValueError("invalid pin")
            if codes:
                esp32.wake_on_gpio(self._pins(codes), bool(up))
            self._armed = codes
            return
        # EXT0 takes one pin, EXT1 several of one level; several that are to be low wake an ESP32 only if all are.
        first = (down or up)[:1]
        rest = (up if down else up[1:]) or down[1:2]
        if first:
            esp32.wake_on_ext0(self._pins(first)[0], first[0] % 2 == 1)
        if rest:
            esp32.wake_on_ext1(self._pins(rest), rest[0] % 2 == 1)
        self._armed = first + rest

    def _pins(self, codes):
        return tuple([self._contacts[code // 2][0].driver.pin for code in codes])


def chip():
    """Return what follows ESP32 in the chip's name: C3 or -C3, S3, or nothing."""
    return getattr(sys.implementation, "_machine", "").rpartition("ESP32")[2]


def _once(driver, level):
    """Return what reads the ``level`` that woke the board, in place of the next reading of ``driver``."""
    read = driver.read

    def woken():
        driver.read = read
        driver.last = level
        return (0 if level == driver.closed else 1,)

    return woken

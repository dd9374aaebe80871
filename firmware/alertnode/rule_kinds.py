"""Rules on more than one limit or reading: outside a band, changed too fast, not changed; loaded if there is one."""

from alertnode.rules import Rule, is_number, shown

# A change is looked for in this many pieces of its time, each with its lowest and highest value.
_PIECES = 8


class Outside(Rule):
    """A value below ``low`` or above ``high``."""

    def set(self, section):
        """Take the limits from a checked section."""
        self.low = section["low"]
        self.high = section["high"]

    def _judge(self, reading):
        value, low, high = [shown(value) for value in (reading.value, self.low, self.high)]
        bottom, top = [shown(value) for value in (self.low + self.hysteresis, self.high - self.hysteresis)]
        # The limit that mails name is the one that was crossed.
        if not self.active and not low <= value <= high:
            self.limit = self.low if value < low else self.high
        return not low <= value <= high, bottom <= value <= top

    def load(self, kept, moment):
        """Take up what ``dump`` gave."""
        Rule.load(self, kept, moment)
        if self.peak is not None:
            self.limit = self.low if self.peak < self.low else self.high

    def _note(self, reading):
        value = reading.value
        lower = self.limit == self.low
        if self.peak is None or (value < self.peak if lower else value > self.peak):
            self.peak = value


class Change(Rule):
    """A value that changes by more than ``by`` within ``within`` milliseconds, up or down."""

    def set(self, section):
        """Take the limits from a checked section."""
        self.by = section["by"]
        self.within = round(section["within"] * 1000)
        # [begin, lowest, highest] of each piece of the time.
        self._pieces = []

    def _judge(self, reading):
        at, value = reading.at, reading.value
        pieces = [piece for piece in self._pieces if 0 <= at - piece[0] <= self.within]
        values = [value] + [piece[1] for piece in pieces] + [piece[2] for piece in pieces]
        far = max(abs(value - other) for other in values)
        if pieces and at - pieces[-1][0] < self.within // _PIECES:
            pieces[-1][1] = min(pieces[-1][1], value)
            pieces[-1][2] = max(pieces[-1][2], value)
        else:
            pieces.append([at, value, value])
        self._pieces = pieces
        self.limit = self.by
        far = shown(far)
        return far > shown(self.by), far <= shown(self.by - self.hysteresis)

    def dump(self, unix):
        """Return what must outlive a reset."""
        kept = Rule.dump(self, unix) or {}
        pieces = [[unix(at), low, high] for at, low, high in self._pieces if unix(at) is not None]
        if pieces:
            kept["own"] = pieces
        return kept or None

    def load(self, kept, moment):
        """Take up what ``dump`` gave."""
        Rule.load(self, kept, moment)
        own = kept.get("own")
        for piece in own[: _PIECES + 2] if isinstance(own, list) else ():
            if isinstance(piece, list) and len(piece) == 3 and not [one for one in piece if not is_number(one)]:
                at = moment(int(piece[0]))
                if at is not None:
                    self._pieces.append([at] + piece[1:])


class Stuck(Rule):
    """A value that has not changed, by more than the hysteresis, for the time ``for``."""

    _same = None
    _at = None

    def _judge(self, reading):
        value = reading.value
        if self._same is None or self._at is None or shown(abs(value - self._same)) > shown(self.hysteresis):
            moved = self._same is not None
            self._same, self._at = value, reading.at
            self.row = 0
            return False, moved
        return True, False

    def _began(self, reading):
        return self._at

    def dump(self, unix):
        """Return what must outlive a reset."""
        kept = Rule.dump(self, unix) or {}
        if self._same is not None:
            kept["own"] = [self._same, unix(self._at)]
        return kept or None

    def load(self, kept, moment):
        """Take up what ``dump`` gave."""
        Rule.load(self, kept, moment)
        own = kept.get("own")
        if isinstance(own, list) and len(own) == 2 and not [one for one in own if not is_number(one)]:
            self._same, self._at = own[0], moment(int(own[1]))

    def running(self):
        """Return the hour since which the value has not changed: one that does all the time is not news."""
        return None if self._at is None else self._at // 3600000

    def resume(self, kept, moment):
        """Take up when the value changed last, if it is still the same."""
        own = kept.get("own")
        good = isinstance(own, list) and len(own) == 2 and not [one for one in own if not is_number(one)]
        if (
            good
            and not self.active
            and self._same is not None
            and shown(abs(self._same - own[0])) <= shown(self.hysteresis)
        ):
            self._same, self._at = own[0], moment(int(own[1]))
            if self.row:
                self.since = self._at

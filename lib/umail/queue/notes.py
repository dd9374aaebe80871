"""What the next mail of an outbox tells of others: dropped, damaged, given up, waiting for a person."""


class Notes:
    """What the next mail tells.

    Attributes:
        dropped, damaged, buried, waiting (int): how many mails were dropped, damaged, given up, and wait for a person.
        why, outage (str): why the last one was given up or waits; what failed for long.
    """

    def __init__(self):
        self.load(())

    def load(self, kept):
        """Load what ``dump`` returned; what is missing in it counts as nothing."""
        kept = list(kept[:6]) + [0, 0, 0, "", "", 0][len(kept) :]
        self.dropped, self.damaged, self.buried = [int(count) for count in kept[:3]]
        self.why, self.outage = [str(text) for text in kept[3:5]]
        self.waiting = int(kept[5])

    def dump(self):
        """Return everything as a list, fit for JSON."""
        return [self.dropped, self.damaged, self.buried, self.why, self.outage, self.waiting]

    def told(self, before):
        """Forget what a delivered mail told: ``before`` is what ``dump`` returned when that mail was rendered."""
        now = self.dump()
        counts = [now[i] - before[i] for i in (0, 1, 2)]
        self.load(counts + [self.why, "" if self.outage == before[4] else self.outage, self.waiting - before[5]])

    def add(self, more):
        """Add the notes ``more``, as ``dump`` returned them."""
        kept = self.dump()
        texts = [more[i] or kept[i] for i in (3, 4)]
        self.load([kept[i] + more[i] for i in (0, 1, 2)] + texts + [kept[5] + more[5]])

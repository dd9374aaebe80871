"""Subject and text of one's own for the mails about events, by templates or a module; loaded if there are such."""

from alertnode import event_texts, texts
from alertnode.log import printable
from alertnode.sensors.reading import reason

# What a template may have in braces.
NAMES = ("about", "board", "event", "limit", "name", "since", "text", "time", "value", "what")


def check(section, problems):
    """Find what no braces may hold in the checked section ``texts``."""
    for key in ("subject", "text"):
        lines = section[key] or ()
        for line in (lines,) if isinstance(lines, str) else lines:
            wrong = unknown(line)
            if wrong is not None:
                problems.add("texts." + key, 'has "%s" in braces' % wrong[:40], NAMES)
                break


def unknown(line):
    """Return what stands in braces in ``line`` and is none of NAMES; None if nothing does."""
    for piece in line.split("{")[1:]:
        name, brace, _ = piece.partition("}")
        if name not in NAMES or not brace:
            return name
    return None


def fill(line, values):
    """Return ``line`` with each name in braces replaced by its value; a value's own braces stay."""
    first, *pieces = line.split("{")
    for piece in pieces:
        name, _, rest = piece.partition("}")
        first += values.get(name, "") + rest
    return first


class Own:
    """Makes subject and text by the checked section ``texts``; ``say`` takes console lines."""

    def __init__(self, section, say):
        self._subject = section["subject"]
        self._lines = section["text"]
        self._own = section["own"]
        self._say = say
        self._failed = False

    def mail(self, events, board, when, about, standard):
        """Return (subject, text) of the mail about ``events``, of which ``standard`` are the usual ones.

        ``board``, ``when`` and ``about`` are those of ``event_texts.mail``.
        """
        subject, text = standard
        values = _values(events[0], board, when, about, text)
        if self._subject:
            subject = fill(self._subject, values)
        if self._lines:
            parts = []
            for event in events:
                values = _values(event, board, when, about, text)
                parts.append("\n".join([fill(line, values) for line in self._lines]))
            text = "\n\n".join(parts) + "\n"
        if self._own:
            subject = self._call("subject", events[0]) or subject
            text = self._call("text", events[0]) or text
        # A header ends with its line.
        return printable(subject), text

    def _call(self, name, event):
        """Return what the module of one's own says, "" if it has no such function or fails: told once."""
        from alertnode.sensors.own import load

        try:
            found = getattr(load("texts", self._own), name, None)
            made = found(event) if found else ""
            if made is None or isinstance(made, str):
                return made or ""
            raise TypeError("%s() gave no text" % name)
        except Exception as error:
            if not self._failed:
                self._failed = True
                self._say("texts/%s.py fails, the mail has its usual words: %s" % (self._own, reason(error)))
        return ""


def _values(event, board, when, about, text):
    """Return what stands for each of NAMES."""
    rule = event.rule
    reading = event.reading
    return {
        "about": about,
        "board": board,
        "event": texts.word(event.kind),
        "limit": texts.amount(rule.limit, reading.unit) if rule.when in ("above", "below", "outside", "change") else "",
        "name": rule.name,
        "since": "" if event.since is None else when(event.since),
        "text": text,
        "time": when(reading.at),
        "value": reading.why if reading.value is None else event_texts.measured(reading),
        "what": event_texts.line(event),
    }

"""Puts events in words: the console line, the subject and the text of a mail. Pure."""

from alertnode.rules import ALERT, number


def amount(value, unit):
    """Return ``37.23 °C``; ``82 %``; ``3`` without a unit."""
    return (number(value) + " " + unit) if unit else number(value)


def count(number, what, more="s"):
    """Return ``1 alert`` or ``2 alerts``; ``more`` is what makes ``what`` a plural."""
    return "%d %s%s" % (number, what, "" if number == 1 else more)


def duration(seconds):
    """Return ``3 h 20 min``, ``45 min`` or ``12 s``."""
    if seconds < 120:
        return "%d s" % seconds
    minutes = seconds // 60
    if minutes < 120:
        return "%d min" % minutes
    if minutes < 2880:
        return "%d h %d min" % (minutes // 60, minutes % 60)
    return "%d days %d h" % (minutes // 1440, minutes // 60 % 24)


def line(event):
    """Return what has happened, in one line: ``temperature 37.5 °C is above 37.2 °C``."""
    rule = event.rule
    reading = event.reading
    began = event.kind == ALERT
    if rule.when == "gone":
        return "%s is gone: %s" % (rule.name, reading.why) if began else "%s is back" % rule.name
    if rule.when in ("open", "closed"):
        return "%s is %s" % (rule.name, "open" if reading.value else "closed")
    value = amount(reading.value, reading.unit)
    limit = amount(rule.limit, reading.unit)
    if began:
        return "%s %s is %s %s" % (rule.name, value, rule.when, limit)
    return "%s %s is back to normal (limit %s)" % (rule.name, value, limit)


def mail(event, board, when, about, more=()):
    """Return (subject, text) of the mail about ``event``.

    ``board`` is the board's name; ``when(at)`` returns a moment as local time; ``about`` is a line on the board and its
    program; ``more`` are further lines that must reach a person.
    """
    rule = event.rule
    reading = event.reading
    at = when(event.reading.at)
    unit = reading.unit
    what = line(event)
    subject = "%s: %s at %s" % (board, what, at)
    lines = ["On %s, %s." % (board, what), ""]

    def row(name, text):
        lines.append("%-10s %s" % (name + ":", text))

    if rule.when == "gone":
        if event.kind != ALERT:
            row("Value", amount(reading.value, unit))
    elif rule.when not in ("open", "closed"):
        row("Value", amount(reading.value, unit))
        row("Limit", _limit(rule, unit))
    row("Measured", at)
    if event.kind == ALERT:
        if event.since is not None and event.since != reading.at:
            row("Since", when(event.since))
    else:
        # A board that lost its power before it knew the date can't tell.
        began = "before the last start"
        if event.since is not None:
            began = "%s, %s before" % (when(event.since), duration((reading.at - event.since) // 1000))
        row("Began", began)
        if event.peak is not None and rule.when in ("above", "below"):
            row("Highest" if rule.when == "above" else "Lowest", amount(event.peak, unit))
    row("Board", about)
    if more:
        lines.append("")
        lines.extend(more)
    return subject, "\n".join(lines) + "\n"


def _limit(rule, unit):
    sides = ("above", "at or below") if rule.when == "above" else ("below", "at or above")
    return "alert %s %s, normal %s %s" % (sides[0], amount(rule.limit, unit), sides[1], amount(rule.normal(), unit))

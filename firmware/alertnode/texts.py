"""Puts events in words: the console line, the subject and the text of a mail. Pure."""

from alertnode.rules import AGAIN, ALERT, RECOVERY, THEN, number


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
    if event.kind in (AGAIN, THEN):
        return "%s, for %s now" % (_happened(rule, reading, True), _lasted(event))
    text = _happened(rule, reading, event.kind == ALERT)
    if event.times > 1:
        text += ", again, %s time in %s" % (_ordinal(event.times), duration(event.span // 1000))
    return text


def _happened(rule, reading, began):
    when = rule.when
    if when == "gone":
        return "%s is gone: %s" % (rule.name, reading.why) if began else "%s is back" % rule.name
    if when in ("open", "closed"):
        text = "%s is %s" % (rule.name, "open" if reading.value else "closed")
        return "%s for %s" % (text, duration(rule.lasts // 1000)) if began and rule.lasts else text
    value = amount(reading.value, reading.unit)
    if when == "stuck":
        if began:
            return "%s has been %s for %s" % (rule.name, value, duration(rule.lasts // 1000))
        return "%s moves again, %s" % (rule.name, value)
    limit = amount(rule.limit, reading.unit)
    if when == "change":
        if began:
            return "%s %s changed by more than %s in %s" % (rule.name, value, limit, duration(rule.within // 1000))
        return "%s %s is steady again" % (rule.name, value)
    if began:
        side = when if when != "outside" else "below" if reading.value < rule.limit else "above"
        return "%s %s is %s %s" % (rule.name, value, side, limit)
    return "%s %s is back to normal (limit %s)" % (rule.name, value, limit)


def _lasted(event):
    """Return how long the excursion lasts."""
    since = event.rule.told if event.since is None else event.since
    return duration(max(0, event.reading.at - since) // 1000)


def _ordinal(times):
    return "2nd" if times == 2 else "3rd" if times == 3 else "%dth" % times


def mail(event, board, when, about, more=(), others=()):
    """Return (subject, text) of the mail about ``event``, and ``others`` at the same time.

    ``board`` is the board's name; ``when(at)`` returns a moment as local time; ``about`` is a line on the board and its
    program; ``more`` are further lines that must reach a person.
    """
    at = when(event.reading.at)
    what = "; ".join([line(one) for one in (event,) + tuple(others)])
    lines = []
    for one in (event,) + tuple(others):
        lines += ["On %s, %s." % (board, line(one)), ""]
        _rows(one, when, lines)
        if others:
            lines.append("")
    lines.append(_row("Board", about))
    if more:
        lines.append("")
        lines.extend(more)
    return "%s: %s at %s" % (board, what, at), "\n".join(lines) + "\n"


def _row(name, text):
    return "%-10s %s" % (name + ":", text)


def _rows(event, when, lines):
    """Add a row to ``lines`` for each thing to know of ``event``."""
    rule = event.rule
    reading = event.reading
    unit = reading.unit
    if rule.when == "gone":
        if event.kind == RECOVERY:
            lines.append(_row("Value", amount(reading.value, unit)))
    elif rule.when not in ("open", "closed"):
        lines.append(_row("Value", amount(reading.value, unit)))
        if rule.when in ("above", "below", "outside"):
            lines.append(_row("Limit", _limit(rule, unit)))
    lines.append(_row("Measured", when(reading.at)))
    if event.kind != RECOVERY:
        if event.since is not None and event.since != reading.at:
            lines.append(_row("Since", when(event.since)))
        return
    # A board that lost its power before it knew the date can't tell.
    began = "before the last start"
    if event.since is not None:
        began = "%s, %s before" % (when(event.since), duration((reading.at - event.since) // 1000))
    lines.append(_row("Began", began))
    if event.peak is not None and rule.when in ("above", "below", "outside"):
        low = rule.when == "below" or (rule.when == "outside" and rule.limit == rule.low)
        lines.append(_row("Lowest" if low else "Highest", amount(event.peak, unit)))


def _limit(rule, unit):
    if rule.when == "outside":
        low, high = rule.low, rule.high
        band = (
            amount(low, unit),
            amount(high, unit),
            number(low + rule.hysteresis),
            amount(high - rule.hysteresis, unit),
        )
        return "alert below %s or above %s, normal from %s to %s" % band
    sides = ("above", "at or below") if rule.when == "above" else ("below", "at or above")
    return "alert %s %s, normal %s %s" % (sides[0], amount(rule.limit, unit), sides[1], amount(rule.normal(), unit))

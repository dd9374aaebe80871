"""Puts events in words: the console line, the subject and the text of a mail; and the mail into the outbox."""

from alertnode.rules import AGAIN, ALERT, RECOVERY, THEN, number
from alertnode.texts import amount, duration, local, united


def put(app, events):
    """Put the mails about ``events`` into the outbox of ``app``, an App: one for those whom the same events concern."""
    while events:
        whom = _whom(events[0])
        _put(app, [event for event in events if _whom(event) == whom], whom)
        events = [event for event in events if _whom(event) != whom]


def _put(app, events, key):
    to, urgent, kind = key
    alerts = len(events) if kind == ALERT else 0
    recoveries = len(events) if kind == RECOVERY else 0
    app.alerts += alerts
    app.recoveries += recoveries
    about = app.about()
    subject, text = mail(events[0], app.board, app.sensor.text, about, events[1:])
    if app.own:
        subject, text = app.own.mail(events, app.board, app.sensor.text, about, (subject, text))
    if app.more:
        text += "\n" + "\n".join(app.more) + "\n"
    said = "; ".join([line(event) for event in events])
    hold, until = (0, "") if urgent or app.quiet is None else app.quiet()
    if hold:
        app.log.say("%s: not urgent, waits until %s" % (said, until))
    # The first alert of a rule goes at once whatever else goes on, and a second one tells that it is the second.
    times = min([event.rule.times for event in events])
    key = "" if times == 2 else "+".join([event.rule.name for event in events])
    app.mailer.put(subject, text, said, kind, key, to, hold, kind == ALERT and times == 1)
    if app.day:
        app.day.count(alerts, recoveries)
    if app.panel:
        for event in events:
            app.panel.act(event)
    if app.more:
        app.more = ()
        if app.state is not None:
            app.state.told()


def _whom(event):
    """Return (whom else than the board's people ``event`` is for, whether it is urgent, its kind)."""
    rule = event.rule
    return rule.then[1] if event.kind == THEN else rule.to, rule.urgent, event.kind


def line(event):
    """Return what has happened, in one line: ``temperature 37.5 °C is above 37.2 °C``."""
    rule = event.rule
    reading = event.reading
    return _repeated(event, _happened(rule, reading, event.kind != RECOVERY))


def head(event):
    """Return how a subject begins, what a phone shows of it: ``Freezer -9.0 °C, limit -15 °C``."""
    rule = event.rule
    reading = event.reading
    when = rule.when
    name = rule.name[:1].upper() + rule.name[1:]
    began = event.kind != RECOVERY
    if when == "gone":
        text = _gone().head(name, reading)
    elif when in ("open", "closed"):
        text = ("%s open" if reading.value else "%s closed") % name
    else:
        text = name + " " + measured(reading)
        if not began:
            text += ", moves again" if when == "stuck" else ", steady again" if when == "change" else ", back to normal"
        elif when == "stuck":
            text += ", the same for %s" % duration(rule.lasts // 1000)
        else:
            limit = amount(rule.limit, reading.unit)
            text += (", changed by more than %s" if when == "change" else ", limit %s") % limit
    return _repeated(event, text)


def measured(reading):
    """Return what was measured; that it was, a digit behind the point shows."""
    digits = number(reading.value)
    if isinstance(reading.value, float) and "." not in digits:
        digits += ".0"
    return united(local(digits), reading.unit)


def _repeated(event, text):
    """Return ``text`` with what is said of an event that is not the first of its excursion, or of its kind."""
    if event.kind in (AGAIN, THEN):
        return "%s, for %s now" % (text, _lasted(event))
    if event.times > 1:
        text += _again(event.times) % duration(event.span // 1000)
    return text


def _happened(rule, reading, began):
    when = rule.when
    if when == "gone":
        return _gone().happened(rule.name, reading)
    if when in ("open", "closed"):
        text = ("%s is open" if reading.value else "%s is closed") % rule.name
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
        low = when == "below" or (when == "outside" and reading.value < rule.limit)
        return ("%s %s is below %s" if low else "%s %s is above %s") % (rule.name, value, limit)
    return "%s %s is back to normal (limit %s)" % (rule.name, value, limit)


def _gone():
    from alertnode import gone_texts

    return gone_texts


def _lasted(event):
    """Return how long the excursion lasts."""
    since = event.rule.told if event.since is None else event.since
    return duration(max(0, event.reading.at - since) // 1000)


def _again(times):
    if times < 4:
        return ", again, 2nd time in %s" if times == 2 else ", again, 3rd time in %s"
    return ", again, {}th time in %s".format(times)


def mail(event, board, when, about, others=()):
    """Return (subject, text) of the mail about ``event``, and ``others`` at the same time.

    ``board`` is the board's name; ``when(at)`` returns a moment as local time; ``about`` is a line on the board and its
    program; ``more`` are further lines that must reach a person.
    """
    what = "; ".join([head(one) for one in (event,) + tuple(others)])
    lines = []
    for one in (event,) + tuple(others):
        lines += ["On %s, %s." % (board, line(one)), ""]
        _rows(one, when, lines)
        if others:
            lines.append("")
    lines.append(_row("Board", about))
    return "%s (%s)" % (what, board), "\n".join(lines) + "\n"


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
        elif reading.source:
            lines.append(_row("Sensor", _gone().where(reading.source)))
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
            local(number(low + rule.hysteresis)),
            amount(high - rule.hysteresis, unit),
        )
        return "alert below %s or above %s, normal from %s to %s" % band
    text = "alert above %s, normal at or below %s"
    if rule.when == "below":
        text = "alert below %s, normal at or above %s"
    return text % (amount(rule.limit, unit), amount(rule.normal(), unit))

"""Writes the summary: a table for each value as text and as HTML, with its chart, and the readings as CSV."""

from alertnode import texts
from alertnode.rules import number

SUBJECT = "Summary %s: %s (%s)"
BEGIN = "Summary of %s from %s to %s."
NO_READING = "no reading"
TO = "%s to %s"
LOWEST = "Lowest"
MEAN = "Mean"
HIGHEST = "Highest"
READINGS = "Readings"
OUTSIDE = "Outside"
LIMITS = "%s beyond the limits"
NEVER = "never beyond the limits"
ALERTS = "Alerts"
UNDER_WAY = "%s under way"
WIFI = "Wi-Fi"
MAILS = "Mails"
SENT = "%d sent, %d waiting"
BOARD = "Board"
_LIMITS = ("above", "below", "outside", "open", "closed")
# This many values go into the subject.
_MOST = 3
_CELL = "<tr><td style='color:#555;padding-right:1em'>%s</td><td>%s</td></tr>"


def message(day, now):
    """Return the Message about ``day``, a Day, at ``now`` (Unix seconds)."""
    app = day.app
    zone = app.clock.zone
    begin = BEGIN % (app.board, zone.text(day.since), zone.text(now))
    plain, html, parts, shown = [begin, ""], ["<p>%s</p>" % _escaped(begin)], [], []
    units = {of: unit for source in app.sensor.sources for of, unit in source.values}
    for i, name in enumerate(day.names):
        rows = _rows(day, name, units[name])
        if len(shown) < _MOST:
            shown.append(_short(name, day.values[name], units[name]))
        _section(name, rows, plain, html)
        if day.values[name][0]:
            parts.append(_chart(day, name, i, now))
            html.append("<img src='cid:%s' width=480 height=96 alt='%s'>" % (parts[-1].cid, _escaped(name)))
    _section("", _general(day), plain, html)
    plan = day.section["every"]
    kind = "minutes" if plan == "day" else "quarters"
    parts.append(day.part(":%s/%d/%d" % (kind, day.since, now), "%s-%s.csv" % (app.board, kind), None, None))
    what = ", ".join(shown + [alerts(day.alerts)])
    subject = SUBJECT % (zone.text(now)[:10], what, app.board)
    page = "<div style='font-family:sans-serif'>%s</div>\n" % "\n".join(html)
    return app.mailer.message(subject, "\n".join(plain) + "\n", html=page, attachments=parts)


def _rows(day, name, unit):
    """Return (label, text) of each line on a value."""
    count, low, high, mean, outside = day.values[name]
    if not count:
        return [(READINGS, NO_READING)]
    rows = [
        (LOWEST, texts.amount(low, unit)),
        # As many digits as its neighbours have.
        (MEAN, texts.amount(round(mean, 2 if max(-low, high) >= 1 else 4), unit)),
        (HIGHEST, texts.amount(high, unit)),
        (READINGS, "%d" % count),
    ]
    if [rule for rule in day.app.rules if rule.of == name and rule.when in _LIMITS]:
        rows.append((OUTSIDE, LIMITS % texts.duration(outside) if outside else NEVER))
    return rows


def _short(name, found, unit):
    """Return ``freezer -19 to -15 °C``."""
    what = NO_READING
    if found[0]:
        low, high = texts.local(number(found[1])), texts.amount(found[2], unit)
        what = high if number(found[1]) == number(found[2]) else TO % (low, high)
    return name + " " + what if name else what


def _general(day):
    """Return (label, text) of what is not about a value."""
    app = day.app
    told = alerts(day.alerts)
    if day.recoveries:
        told += ", " + recoveries(day.recoveries)
    active = [rule.name for rule in app.rules if rule.active]
    if active:
        told += ", " + UNDER_WAY % ", ".join(active)
    rows = [(ALERTS, told)]
    if day.strength is not None:
        rows.append((WIFI, "%d dBm" % day.strength))
    rows.append((MAILS, SENT % (day.mailed(), app.mailer.pending())))
    rows.append((BOARD, app.about()))
    return rows


def _section(title, rows, plain, html):
    if title:
        plain.append(title)
        html.append("<h3>%s</h3>" % _escaped(title))
    plain.extend(["%-10s %s" % (label + ":", text) for label, text in rows])
    plain.append("")
    html.append("<table>%s</table>" % "".join([_CELL % (label, _escaped(text)) for label, text in rows]))


def _chart(day, name, i, now):
    """Return the picture of a value: its axis ends at its extremes, or at a limit that is not far from them."""
    _count, low, high = day.values[name][:3]
    span = high - low or 1
    bottom, top = low, high
    limits = []
    for rule in day.app.rules:
        if rule.of == name and rule.when in ("above", "below", "outside"):
            for limit in (rule.low, rule.high) if rule.when == "outside" else (rule.limit,):
                if low - span <= limit <= high + span:
                    limits.append(limit)
                    bottom, top = min(bottom, limit), max(top, limit)
    source = ":chart/%d/%d/%s/%r/%r" % (day.since, now, name, bottom, top)
    source += "".join(["/%r" % limit for limit in limits])
    return day.part(source, "%s.png" % (name or "chart"), "image/png", "chart%d" % i)


def _escaped(text):
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("'", "&#39;")):
        text = text.replace(character, entity)
    return text


def alerts(number):
    """Return ``1 alert``."""
    return texts.count(number, "1 alert", "%d alerts") if number else "no alert"


def recoveries(number):
    """Return ``1 recovery``."""
    return texts.count(number, "1 recovery", "%d recoveries")

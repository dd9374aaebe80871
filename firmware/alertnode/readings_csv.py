"""Writes the readings as CSV (RFC 4180), a line for each minute or quarter of an hour that has one."""

from alertnode.history_read import number, read
from alertnode.rules import number as digits
from alertnode.zone import fields

# Minutes are kept for so long.
_MINUTES = 48 * 3600


def pieces(history, zone, kind, since, until):
    """Yield the lines (bytes) of ``kind`` "minutes" or "quarters" from ``since`` to ``until`` (Unix seconds, str).

    The first columns are local time and what it is ahead of UTC; a quarter has minimum, mean and maximum of each value.
    """
    since, until = int(since), int(until)
    names = sorted(history.numbers)
    minutes = kind == "minutes"
    title = [name or "value" for name in names]
    if minutes:
        since = max(since, until - _MINUTES)
    else:
        title = ["%s %s" % (name, what) for name in title for what in ("minimum", "mean", "maximum")]
    yield (",".join(["time", "UTC"] + title) + "\r\n").encode()
    step = 60 if minutes else 900
    for hour in range(since // 3600, until // 3600 + 1):
        found = read(history, hour)
        if not found:
            continue
        records = [found.get(history.numbers[name], ()) for name in names]
        for at in range(3600 // step):
            unix = hour * 3600 + at * step
            if not since - step < unix <= until:
                continue
            values = []
            for record in records:
                values += [number(record, at)] if minutes else [number(record, None, 3 * at + i) for i in range(3)]
            if [value for value in values if value is not None]:
                cells = ["" if value is None else digits(value) for value in values]
                yield ("%s,%s\r\n" % (_time(zone, unix), ",".join(cells))).encode()


def _time(zone, unix):
    east = zone.offset(unix)[1] // 60
    sign = "-" if east < 0 else "+"
    # For programs: the same in each language.
    local = "%04d-%02d-%02d %02d:%02d" % fields(unix + zone.offset(unix)[1])[:5]
    return "%s,%s%02d:%02d" % (local, sign, abs(east) // 60, abs(east) % 60)

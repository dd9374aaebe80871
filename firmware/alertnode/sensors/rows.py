"""Reads the rows of a CSV file of readings: the time in its first column, the value in the other or in a named one.

Separated by commas, semicolons or tabs; behind a semicolon or tab a comma is the decimal one. Quotes are honoured.
Lines before the first row are a title and the names of the columns. The time of day may have a column of its own, and
under names both may stand in any column. Runs on the host, too: both see the same numbers.
"""

from alertnode.zone import fields, seconds

_LONGEST_LINE = 512


class Rows:
    """The rows of ``file``, open for bytes, which ``path`` names in errors; ``column`` is the name of the values'.

    ``zone`` is that of times without an offset; ``skipped(line)`` is called with the number of each line after the
    first row that has no time. Raises ValueError, with a sentence, if there is no row, or not one column of values.
    """

    def __init__(self, file, path, zone, skipped, column=""):
        self._file = file
        self._zone = zone
        self._skipped = skipped
        self.line = 0
        # Whether a decimal comma was seen behind a semicolon or tab, and a point before three digits, as in 1.013.
        self.comma = self.point = False
        names = []
        while True:
            cells = self._cells(None)
            if cells is None:
                raise ValueError("the trace %s has no row of the form timestamp,value" % path)
            self._time, self._more = _times(cells, names, zone)
            if self._more:
                break
            names = cells if cells != [""] else names
        # A row with more cells than names has a comma within one of them.
        self._count = len(names) if column else max(len(names), len(cells))
        self._column = _column(path, names, cells, range(self._time, self._time + self._more), column)
        self._first = cells

    def next(self):
        """Return the next row as (Unix seconds, value or None, why there is none), or None at the end."""
        while True:
            cells = self._first or self._cells(self.separator)
            self._first = None
            if cells is None:
                return None
            try:
                at = moment(" ".join(cells[self._time : self._time + self._more]), self._zone)
            except ValueError:
                if cells != [""]:
                    self._skipped(self.line)
                continue
            if len(cells) > self._count:
                return at, None, "the recording has %d cells here, not %d" % (len(cells), self._count)
            text = cells[self._column] if self._column < len(cells) else ""
            try:
                return at, self._number(text), ""
            except ValueError:
                return at, None, 'the recording says "%s"' % text if text else "the recording is empty here"

    def _number(self, text):
        if self.separator == ",":
            return number(text, False)
        value = number(text, True)
        self.comma = self.comma or "," in text
        if len(text.partition(".")[2]) == 3:
            self.point = True
            if self.comma:
                # It is more likely between thousands.
                raise ValueError(text)
        return value

    def _cells(self, separator):
        # The next line's; None at the end.
        line = self._file.readline(_LONGEST_LINE)
        if not line:
            return None
        self.line += 1
        more = line
        while more and more[-1:] != b"\n":
            more = self._file.readline(_LONGEST_LINE)
        try:
            text = line.decode().strip("\r\n\ufeff")
        except ValueError:
            return ["?"]
        if not separator:
            separator = ";" if ";" in text else "\t" if "\t" in text else ","
            self.separator = separator
        cells = split(text, separator)
        if len(line) == _LONGEST_LINE and line[-1:] != b"\n":
            # The last cell may be cut off.
            cells.pop()
        # Some programs end each line by a separator.
        while len(cells) > 2 and not cells[-1]:
            cells.pop()
        return cells


def split(text, separator):
    """Return the cells of a line (RFC 4180): in quotes, and a quote within them twice; elsewhere it is a character."""
    if '"' not in text:
        return [cell.strip() for cell in text.split(separator)]
    cells = []
    cell = bytearray()
    inside = closed = False
    for c in text.encode():
        if c == 34 and (inside or closed or not cell.decode().strip()):
            if closed:
                cell.append(c)
            inside = not inside
            closed = not inside
            continue
        closed = False
        if c == ord(separator) and not inside:
            cells.append(cell.decode().strip())
            cell = bytearray()
        else:
            cell.append(c)
    cells.append(cell.decode().strip())
    return cells


def _times(cells, names, zone):
    """Return the first cell of the time and how many it has, 0 if this is not a row; below ``names`` it may be any."""
    places = list(range(len(cells) if len(cells) > 2 and len(cells) == len(names) else 1))
    if len(places) > 1 and "_time" in names:
        # InfluxDB's, behind the start and the end of what was asked for.
        places = [names.index("_time")]
    for i in places:
        try:
            moment(cells[i], zone)
        except ValueError:
            continue
        if cells[i].isdigit() and len(cells[i]) < 9 and [cell for cell in cells[1:] if ":" in cell]:
            # A row's number, beside a time.
            continue
        if ":" not in cells[i] and len(cells) > i + 2:
            try:
                moment(cells[i] + " " + cells[i + 1], zone)
                return i, 2
            except ValueError:
                pass
        return i, 1
    return 0, 0


def _column(path, names, cells, times, column):
    """Return the index of the values' column, which is none of ``times``."""
    others = [i for i in range(max(len(names), len(cells))) if i not in times]
    listed = ", ".join(names)
    if column:
        found = [i for i in others if i < len(names) and names[i] == column]
        if len(found) == 1:
            return found[0]
        known = "its columns are %s" % listed if listed else "its columns have no names"
        raise ValueError('the trace %s has no single column "%s"; %s' % (path, column, known))
    if not others:
        raise ValueError("the trace %s has no row of the form timestamp,value" % path)
    if len(others) > 1:
        count = len(others) + len(times)
        how = "it has %s" % listed if len(names) == count else "its first line must hold their names"
        raise ValueError("the trace %s has %d columns, say which has the values by its name: %s" % (path, count, how))
    return others[0]


def number(text, comma):
    """Return the number in a cell; ``comma``: a comma may be the decimal one. Raises ValueError if there is none."""
    if "," in text:
        whole, _, part = text.partition(",")
        # In a file with commas between its cells, three digits behind one are more likely thousands.
        if "." in text or (not comma and len(part) == 3):
            raise ValueError(text)
        text = whole + "." + part
    # MicroPython takes "." and "e3" for 0, CPython takes "1_0" and digits of other scripts.
    if text.strip("+-.eE0123456789") or not text.lower().split("e")[0].strip("+-."):
        raise ValueError(text)
    value = float(text)
    if value - value != 0:
        raise ValueError(text)
    return value


def moment(text, local):
    """Return the Unix seconds of ``2026-11-24 12:03:10``, or of such a number, also of milliseconds or finer.

    ``24.11.2026``, a T in the middle, no seconds, a fraction, Z, +01:00 or +0100 are fine; without an offset it is
    local time of the Zone ``local``. Raises ValueError if it is not such a time.
    """
    whole, point, part = text.partition(".")
    if not point or len(whole) > 8:
        try:
            at = _whole(whole)
            _whole(part or "0")
            while at >= 100000000000:
                at //= 1000
        except ValueError:
            at = -1
        if at >> 32:
            # Not after 2106: digits of a date and a time in a row, for example.
            at = -1
        if at >= 0:
            return at
    head, _, rest = text.partition("T" if text[10:11] == "T" else " ")
    date = head.split("-") if "-" in head else head.split(".")[::-1]
    if rest[-4:] == " UTC":
        rest = rest[:-4] + "Z"
    east = None
    sign = max(rest.rfind("+"), rest.rfind("-"))
    if rest[-1:] in ("Z", "z"):
        east, rest = 0, rest[:-1]
    elif sign > 0:
        offset = rest[sign + 1 :].replace(":", "")
        if len(offset) != 4:
            raise ValueError(text)
        east = (_whole(offset[:2]) * 60 + _whole(offset[2:])) * (60 if rest[sign] == "+" else -60)
        rest = rest[:sign].strip()
    time = rest.replace(",", ".").split(":") if rest else []
    if len(date) != 3 or len(date[0]) != 4 or len(time) not in (0, 2, 3):
        raise ValueError(text)
    if len(time) == 3:
        time[2] = time[2].split(".")[0]
    given = [_whole(field) for field in date + time] + [0] * (3 - len(time))
    at = seconds(*given)
    # The calendar does not have 31 February, nor 25 o'clock.
    if list(fields(at)) != given:
        raise ValueError(text)
    return local.unix(*given) if east is None else at - east


def _whole(text):
    if not text or text.strip("0123456789"):
        raise ValueError(text)
    return int(text)

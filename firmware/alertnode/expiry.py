"""Warns of what ends on a known date, a line a day in its last 30 days; loaded only if there is one."""

from alertnode import zone

_BEFORE = 30 * zone.DAY


def dates(named, routes):
    """Return a list of (name, Unix seconds): those ``named``, and the ends of the client certificates of ``routes``.

    ``routes`` are sections of the configuration; a certificate that cannot be read is left to the one who sends.
    """
    found = list(named)
    for route in routes:
        if route and route["certificate"]:
            try:
                with open(route["certificate"][0], "rb") as file:
                    end = not_after(file.read())
            except (OSError, ValueError, IndexError):
                continue
            found.append(("certificate %s" % route["certificate"][0], end))
    return found


class Watch:
    """Warns when called, now and then while the date is known; ``say`` takes console lines, ``clock`` is a Clock."""

    def __init__(self, dates, clock, say):
        self.dates = dates
        self._clock = clock
        self._say = say
        self._due = 0

    def __call__(self):
        """Warn of what ends within 30 days, once a day."""
        uptime = self._clock.uptime()
        if uptime < self._due:
            return
        self._due = uptime + zone.DAY * 1000
        for name, end in self.dates:
            left = end - self._clock.now()
            if left <= 0:
                self._say("%s has expired: renew it" % name)
            elif left < 2 * zone.DAY:
                self._say("%s expires within two days: renew it" % name)
            elif left < _BEFORE:
                self._say("%s expires in %d days: renew it" % (name, left // zone.DAY))


def not_after(der):
    """Return the end (Unix seconds) of a DER certificate (RFC 5280, 4.1); ValueError or IndexError if it is not one."""
    at = _enter(der, _enter(der, 0))
    if der[at] == 0xA0:
        at = _after(der, at)
    # Serial number, algorithm, issuer; then the validity, of whose two times the second counts.
    for _ in range(3):
        at = _after(der, at)
    at = _after(der, _enter(der, at))
    text = der[_content(der, at)[0] : _after(der, at)].decode()
    if der[at] == 0x17:
        # UTCTime: years 50 to 99 are of the last century.
        text = ("19" if text[:2] >= "50" else "20") + text
    return zone.seconds(int(text[:4]), *[int(text[i : i + 2]) for i in range(4, 14, 2)])


def _content(der, at):
    """Return (start, length) of the content of the element at ``at``."""
    length = der[at + 1]
    at += 2
    if length >= 0x80:
        count = length & 0x7F
        length = int.from_bytes(der[at : at + count], "big")
        at += count
    return at, length


def _enter(der, at):
    if der[at] != 0x30:
        raise ValueError("not a certificate")
    return _content(der, at)[0]


def _after(der, at):
    start, length = _content(der, at)
    return start + length

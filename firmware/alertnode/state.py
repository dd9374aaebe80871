"""What must survive a reset: which excursions are under way, and what the board was doing when it was reset.

The file is written only when an excursion begins or ends, which spares the flash; a board on battery keeps the rest
(the counting of readings, pauses of the radio) in the RTC's memory, which lasts through deep sleep.
"""

import json

PATH = "/state.json"
# The last lines of the log before a reset that nobody asked for; they travel in the next mail.
LAST_WORDS = "/reset.txt"
_LINES = 12


class State:
    """Loads and saves; ``port`` is the module of that name, ``slept`` is True after a deep sleep."""

    def __init__(self, port, slept, path=PATH):
        self._port = port
        self._path = path
        self._kept = None
        self.values = (slept and self._parse(port.memory())) or self._file() or {}

    def restore(self, rules, moment):
        """Give ``rules`` their excursions back; ``moment(unix)`` turns Unix seconds into the sensor's time line."""
        for rule in rules:
            known = self.values.get("rules", {}).get(rule.name)
            if known:
                rule.active, since, rule.peak, rule.row = known
                rule.since = None if since is None else moment(since)
        self._kept = self._active(rules)

    def save(self, rules, unix, **more):
        """Save ``rules``, where ``unix(at)`` is the opposite of ``moment``; ``more`` lasts through deep sleep only.

        OSError where the flash is full.
        """
        kept = {}
        for rule in rules:
            if rule.active or rule.row:
                since = None if rule.since is None else unix(rule.since)
                kept[rule.name] = [rule.active, since, rule.peak, rule.row]
        self.values = {"rules": kept}
        self.values.update(more)
        data = json.dumps(self.values).encode()
        self._port.remember(data)
        active = self._active(rules)
        if active != self._kept:
            self._port.write(self._path, data)
            self._kept = active

    def told(self):
        """The last words are on their way to a person."""
        self._port.remove(LAST_WORDS)

    def _active(self, rules):
        return [rule.name for rule in rules if rule.active]

    def _file(self):
        try:
            with open(self._path, "rb") as file:
                return self._parse(file.read())
        except OSError:
            return None

    def _parse(self, data):
        try:
            values = json.loads(data.decode())
        except ValueError:
            return None
        return values if isinstance(values, dict) else None


def keep_last_words(port, why, log="/log.txt", path=LAST_WORDS):
    """Keep the log's last lines, with ``why`` the board was reset, for the next mail."""
    try:
        with open(log, "rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - 1500))
            lines = file.read().split(b"\n")[-_LINES - 1 :]
        port.write(path, b"\n".join([why.encode()] + lines))
    except OSError:
        pass


def last_words(path=LAST_WORDS):
    """The lines that ``keep_last_words`` kept, or an empty list."""
    try:
        with open(path, "rb") as file:
            text = file.read()
    except OSError:
        return []
    # It may begin in the middle of a character.
    for cut in range(4):
        try:
            return text[cut:].decode().strip().split("\n")
        except ValueError:
            pass
    return []

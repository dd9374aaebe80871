"""Keeps what the board was doing when it was reset, for the next mail; loaded only if there is such a thing."""

from alertnode.state import LAST_WORDS

# By their numbers in platform.py.
_PARTS = (
    "starting",
    "reading the sensor",
    "writing to flash",
    "connecting to the network",
    "asking for the time",
    "sending mail",
    "waiting",
)
_LINES = 12
_LONGEST = 1500


def keep_last_words(port, why, log="/log.txt", path=LAST_WORDS):
    """Keep the log's last lines, with ``why`` the board was reset, for the next mail.

    What an earlier reset left, and nobody was told yet, stays: the first cause explains the most.
    """
    before = port.read(path)
    if before:
        if len(before) < 2 * _LONGEST:
            _write(port, path, before + b"\n" + why.split(" Its log")[0].encode())
        return
    lines = []
    try:
        with open(log, "rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _LONGEST))
            lines = file.read(_LONGEST).split(b"\n")[-_LINES - 1 :]
    except OSError:
        pass
    _write(port, path, b"\n".join([why.encode()] + lines))


def hung(port):
    """Keep which part of the program hung before the watchdog's reset."""
    from alertnode.texts import word

    part = port.marked(port.PART)
    doing = word(_PARTS[part]) if part < len(_PARTS) else "at work"
    keep_last_words(port, "The board was reset by its watchdog while it was %s. Its log ended:" % doing)


def crashed(port, error, log, pause):
    """Write the traceback of ``error`` into ``log``, a Log or None, and its end into the next mail; end a trial.

    ``pause``: the seconds until the restart.
    """
    import io
    import sys

    if log is None:
        from alertnode.log import Log

        log = Log()
    text = io.StringIO()
    sys.print_exception(error, text)  # type: ignore[attr-defined]
    for line in text.getvalue().split("\n"):
        if line:
            log.say(line)
    keep_last_words(port, "The board was restarted after a crash. Its log ended:")
    log.say("crashed; restarting in %d s" % pause)
    if port.exists(port.UPDATE):
        from alertnode import trial

        trial.crashed(error)


def _write(port, path, data):
    try:
        port.write(path, data)
    except OSError:
        pass


def last_words(port, path=LAST_WORDS):
    """Return the lines that ``keep_last_words`` kept, or an empty list."""
    lines = []
    for line in (port.read(path) or b"").split(b"\n"):
        try:
            # (As log.py's `printable`, which is not loaded here: safe mode reads this, and must run without the log.)
            text = bytes([c if c >= 32 else 32 for c in line]).decode().strip()
        except ValueError:
            # The first line may begin in the middle of a character, and a damaged log may hold anything.
            continue
        if text:
            lines.append(text)
    return lines

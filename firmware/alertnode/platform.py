"""Hides what differs from board to board, and where a port's time begins.

MicroPython counts from 2000-01-01 on an ESP32 and from 1970-01-01 elsewhere. Everything above this module counts Unix
seconds. Other modules take this one as an argument, so that tests give them another.
"""

import os
import sys
import time
from binascii import crc32

from alertnode import zone

# Unix seconds at which this port's clock begins.
EPOCH = zone.seconds(*time.gmtime(0)[:3])
# The length of a checksum at the end of a file.
_CHECKSUM = 9
# Two of the words that ``cause`` returns.
DEEP_SLEEP = "deep sleep"
WATCHDOG = "watchdog"
# What outlives a reset: RTC memory, 2 kB on an ESP32, or the 16 bytes of the watchdog's SCRATCH0 to SCRATCH3 on an rp2.
#
#   byte 0          _MAGIC, which says which table this is
#   bytes 1 to 5    ``mark``: PART, the part of the program that is at work; FAILS, failed starts in a row, and MINUTES
#                   since the first; STATE, 1 while it runs; RESETS, restarts in a row for want of a network
#   byte 6          WATCH: seconds of the watchdog that the last run armed, 255 at the most; 0: none
#   byte 7          the sum of bytes 0 to 6
#   62, on rp2 8    ``keep``: the numbers of mails that were delivered and that the flash did not let go of, 3 bytes
#                   each (20; on rp2 2), and 2 bytes of their CRC-32
#   the rest        ``remember``: what a board on battery knows of its excursions; not on rp2
PART, FAILS, MINUTES, STATE, RESETS, WATCH = 1, 2, 3, 4, 5, 6
STARTING, READING, WRITING, CONNECTING, ASKING, SENDING, WAITING = range(7)
# What the switch of updates is about; there is none most of the time.
UPDATE = "/update/state"
# So many failed starts within an hour, and the next one is in safe mode.
MOST_FAILS = 3
_HEAD = 8
_MAGIC = 0xA8
_kept = None
# Milliseconds of light sleep on rp2 between two feedings of its watchdog, and the Watchdog that lasts longer.
_NAP = 4000
_soft = None
# Milliseconds from which on a light sleep is worth its beginning and its end.
_WORTH = 20


def unix():
    """Return Unix seconds now, right or wrong: an ESP32 that has lost its power begins in 2000."""
    return int(time.time()) + EPOCH


def set_unix(now):
    """Set the board's clock to ``now``, in Unix seconds."""
    import machine

    year, month, day, hour, minute, second = zone.fields(now)
    machine.RTC().datetime((year, month, day, (now // zone.DAY + 3) % 7, hour, minute, second, 0))


def ntp(host):
    """Return Unix seconds by the NTP server ``host``.

    Raises OSError if it does not answer, ValueError (a sentence, seconds to leave it alone) if its answer is useless.
    """
    from alertnode import sntp

    return sntp.ask(host, ticks, since)


def unix_ms():
    """Return the same in whole milliseconds."""
    return time.time_ns() // 1000000 + EPOCH * 1000


def ticks():
    """Return a millisecond counter, which wraps at a power of two that the port chooses: 2**30 on boards."""
    return time.ticks_ms()


def since(ticks):
    """Return the milliseconds that have passed since ``ticks``, right for as long as the counter takes to wrap.

    ``ticks_diff`` is right for half as long only, and negative beyond.
    """
    return (time.ticks_ms() - ticks) & time.ticks_add(0, -1)


def sleep(milliseconds):
    """Wait this many ``milliseconds`` (int)."""
    time.sleep_ms(milliseconds)


def doze(milliseconds):
    """Wait this many ``milliseconds`` (int, at most half the watchdog's) in light sleep: RAM stays, the radio goes."""
    import machine

    if milliseconds < _WORTH:
        sleep(milliseconds)
        return
    if _soft:
        # Its timer would end the sleep.
        _soft.stop()
    begin = unix_ms()
    left = milliseconds
    # A pin that wakes the chip ends it sooner.
    while left > 0:
        machine.lightsleep(left)
        left = milliseconds - (unix_ms() - begin)
    if _soft:
        _soft.start()


def reset():
    """Restart the board, as its reset button does."""
    import machine

    mark(STATE, 0)
    machine.reset()


def platform():
    """Return ``MicroPython 1.29.0 on Generic ESP32 module with ESP32``."""
    known = sys.implementation
    version = known.version
    machine = getattr(known, "_machine", sys.platform)
    return "MicroPython %d.%d.%d on %s" % (version[0], version[1], version[2], machine)


def memory():
    """Return what ``remember`` was given last (bytes), unless the power was lost since."""
    return _memory()[_start() :]


def remember(data):
    """Keep ``data`` (bytes, at most 2 kB less the table before it) through deep sleep, if the chip can."""
    _store(_memory()[: _start()] + data)


def keep(numbers=None):
    """Keep ``numbers`` (of mails) until the power is lost, the last few at least; return them if called without."""
    kept = _memory()
    end = _start() - 2
    if numbers is not None:
        block = b"".join([n.to_bytes(3, "little") for n in numbers if 0 < n < 1 << 24][-((end - _HEAD) // 3) :])
        block += bytes(end - _HEAD - len(block))
        _store(kept[:_HEAD] + block + _crc(block) + kept[end + 2 :])
        return None
    block = kept[_HEAD:end]
    if _crc(block) != kept[end : end + 2]:
        return []
    return [n for n in [int.from_bytes(block[at : at + 3], "little") for at in range(0, end - _HEAD, 3)] if n]


def _crc(data):
    return (crc32(data) & 0xFFFF).to_bytes(2, "little")


def _start():
    """Return how many bytes the table takes before what ``remember`` was given."""
    return _HEAD + (62 if _scratch() is None else 8)


def mark(key, value):
    """Keep ``value`` (0 to 255) at ``key`` (PART, FAILS, MINUTES, STATE or RESETS) until the power is lost."""
    kept = _memory()
    if kept[key] != value:
        kept = bytearray(kept)
        kept[key] = value
        _store(bytes(kept))


def marked(key):
    """Return the value that ``mark`` kept at ``key``, 0 if the power was lost since."""
    return _memory()[key]


def _memory():
    """Return the marks and what ``remember`` was given, as this or an earlier run left them."""
    global _kept
    if _kept is None:
        kept = _load()
        good = len(kept) >= _HEAD and kept[0] == _MAGIC and kept[_HEAD - 1] == sum(kept[: _HEAD - 1]) & 255
        _kept = kept if good else bytes((_MAGIC,)) + bytes(_start() - 1)
    return _kept  # type: ignore[return-value]


def _load():
    import machine

    try:
        return bytes(machine.RTC().memory())
    except AttributeError:
        pass
    words = _scratch()
    if words is None:
        return b""
    return b"".join([(machine.mem32[words + at] & 0xFFFFFFFF).to_bytes(4, "little") for at in (0, 4, 8, 12)])


def _store(kept):
    global _kept
    import machine

    kept = _kept = kept[: _HEAD - 1] + bytes((sum(kept[: _HEAD - 1]) & 255,)) + kept[_HEAD:]
    try:
        try:
            machine.RTC().memory(kept)
        except ValueError:
            # More than there is room for: the table at least.
            machine.RTC().memory(kept[: _start()])
        return
    except AttributeError:
        pass
    words = _scratch()
    if words is not None:
        for at in (0, 4, 8, 12):
            machine.mem32[words + at] = int.from_bytes(kept[at : at + 4], "little")


def _scratch():
    """Return the address of the watchdog's scratch registers, which a reset leaves alone; None without any.

    RP2040 data sheet, 4.7; RP2350 data sheet, 12.9: SCRATCH0 to SCRATCH3 are free for programs.
    """
    if sys.platform != "rp2":
        return None
    return 0x400D800C if "RP2350" in getattr(sys.implementation, "_machine", "") else 0x4005800C


def deepsleep(seconds, feed, urgent=None):
    """Sleep this many ``seconds`` (int), with the watchdog fed by ``feed`` if need be.

    A board that starts over afterwards does not return from here. On rp2, whose deep sleep is a light sleep of at most
    71 minutes and a reset, the light sleep is enough: RAM stays, and it lasts any time, in slices that the watchdog,
    which runs on, allows, and ends as soon as ``urgent()``.
    """
    import machine

    if sys.platform != "rp2":
        machine.deepsleep(seconds * 1000)
    if _soft:
        # Its timer would end each light sleep.
        _soft.stop()
    end = unix_ms() + seconds * 1000
    while True:
        feed()
        left = end - unix_ms()
        if left <= 0 or (urgent and urgent()):
            break
        machine.lightsleep(min(left, _NAP))
    if _soft:
        _soft.start()


def slept():
    """Return True if the board was woken from deep sleep."""
    return cause() == DEEP_SLEEP


def cause():
    """Return why the board started, in words: "power-on", "watchdog", …"""
    try:
        import machine

        reason = machine.reset_cause()
    except (ImportError, AttributeError):
        return "unknown cause"
    # First, as a wake asks for it again and again.
    if reason == getattr(machine, "DEEPSLEEP_RESET", None):
        return DEEP_SLEEP
    for name, text in (
        ("PWRON_RESET", "power-on"),
        ("WDT_RESET", WATCHDOG),
        ("SOFT_RESET", "soft reset"),
        ("HARD_RESET", "hard reset"),
    ):
        if getattr(machine, name, None) == reason:
            if text == WATCHDOG and sys.platform == "rp2" and not marked(STATE):
                # Each reset of an rp2 goes by its watchdog; only one that found the node at work is a hang.
                return "reset"
            return text
    return "reset cause %s" % reason


def watchdog(seconds):
    """Return a function that feeds a watchdog, which resets the board ``seconds`` after the last call; 0 arms none."""
    global _soft
    mark(WATCH, min(round(seconds), 255))
    if not seconds:
        return nothing
    import machine

    if _soft:
        # Armed once more, with another time.
        _soft.stop()
    milliseconds = round(seconds * 1000)
    try:
        return machine.WDT(timeout=milliseconds).feed
    except ValueError:
        # rp2: 8.4 s at most (RP2350: 16.8 s from MicroPython 1.29 on).
        from alertnode import watchdog

        _soft = watchdog.Watchdog(machine, milliseconds, ticks, since)
        return _soft.feed


def nothing():
    """Do nothing: what feeds a watchdog that is not armed."""


def write(path, data):
    """Write ``data`` (bytes) and its checksum to ``path``; a power cut leaves the old or the new content.

    Raises OSError if the flash is full.
    """
    from umail import durable

    durable.write(path, data + _checksum(data))


def read(path, most=8192, bare=False):
    """Return what ``write`` was given for ``path``; None if the file is missing or damaged, or over ``most`` bytes.

    FAT removes the old file before it renames the new one: a power cut in between leaves ``path.new``. ``bare`` also
    accepts a file without checksum, as alertnode 0.1 wrote it, which the caller must check.
    """
    try:
        return whole(path, most, bare)
    except OSError:
        return None


def whole(path, most=8192, bare=False):
    """Return the same as ``read``; OSError if the file is there and cannot be read."""
    found = None
    for name in (path, path + ".new"):
        data = fetch(name, most + _CHECKSUM)
        if data is None:
            continue
        if data[-_CHECKSUM:] == _checksum(data[:-_CHECKSUM]):
            if name != path:
                # At once: the next ``write`` begins by emptying it.
                try:
                    os.rename(name, path)
                except OSError:
                    pass
            return data[:-_CHECKSUM]
        if bare and name == path:
            found = data
    return found


def fetch(path, most):
    """Return the first bytes of a file, ``most`` at most; None if there is none.

    OSError if it cannot be read, not even when asked again: then it may be readable at another time.
    """
    left = 3
    while True:
        try:
            with open(path, "rb") as file:
                # MicroPython takes as much memory as it is asked to read, in one piece.
                size = file.seek(0, 2)
                file.seek(0)
                return file.read(min(size, most))
        except OSError as error:
            # ENOENT
            if error.args[:1] == (2,):
                return None
            left -= 1
            if not left:
                raise


def _checksum(data):
    return b"\n%08x" % crc32(data)


def exists(path):
    """Return True if there is a file ``path``."""
    try:
        os.stat(path)
    except OSError:
        return False
    return True


def remove(path):
    """Remove the file ``path`` if there is one."""
    try:
        os.remove(path)
    except OSError:
        pass

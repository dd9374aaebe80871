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


def unix():
    """Return Unix seconds now, right or wrong: an ESP32 that has lost its power begins in 2000."""
    return int(time.time()) + EPOCH


def set_unix(now):
    """Set the board's clock to ``now``, in Unix seconds."""
    import machine

    year, month, day, hour, minute, second = zone.fields(now)
    machine.RTC().datetime((year, month, day, (now // zone.DAY + 3) % 7, hour, minute, second, 0))


def ntp(host):
    """Return Unix seconds by the NTP server ``host``; raises OSError if it does not answer."""
    import ntptime

    ntptime.host = host
    return ntptime.time() + EPOCH


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
    """Wait so many ``milliseconds`` (int)."""
    time.sleep_ms(milliseconds)


def reset():
    """Restart the board, as its reset button does."""
    import machine

    machine.reset()


def platform():
    """Return ``MicroPython 1.29.0 on Generic ESP32 module with ESP32``."""
    known = sys.implementation
    version = ".".join([str(part) for part in known.version[:3]])
    return "MicroPython %s on %s" % (version, getattr(known, "_machine", sys.platform))


def memory():
    """Return what ``remember`` was given last, unless the power was lost since."""
    import machine

    try:
        return bytes(machine.RTC().memory())
    except AttributeError:
        return b""


def remember(data):
    """Keep ``data`` (bytes, 2 kB at most) through deep sleep, if the chip can."""
    import machine

    try:
        machine.RTC().memory(data)
    except (AttributeError, ValueError):
        pass


def deepsleep(seconds):
    """Sleep; the board starts anew after ``seconds``."""
    import machine

    machine.deepsleep(int(seconds * 1000))


def cause():
    """Return why the board started, in words: "power-on", "watchdog", …"""
    try:
        import machine

        reason = machine.reset_cause()
    except (ImportError, AttributeError):
        return "unknown cause"
    for name, text in (
        ("PWRON_RESET", "power-on"),
        ("WDT_RESET", WATCHDOG),
        ("DEEPSLEEP_RESET", DEEP_SLEEP),
        ("SOFT_RESET", "soft reset"),
        ("HARD_RESET", "hard reset"),
    ):
        if getattr(machine, name, None) == reason:
            return text
    return "reset cause %s" % reason


def watchdog(seconds):
    """Return a function that feeds a watchdog, which resets the board ``seconds`` after the last call; 0 arms none."""
    if not seconds:
        return nothing
    import machine

    return machine.WDT(timeout=int(seconds * 1000)).feed


def nothing():
    """Do nothing: what feeds a watchdog that is not armed."""


def write(path, data):
    """Write ``data`` (bytes) and its checksum to ``path``; a power cut leaves the old or the new content.

    Raises OSError if the flash is full.
    """
    new = path + ".new"
    try:
        with open(new, "wb") as file:
            file.write(data)
            file.write(_checksum(data))
    except OSError:
        # A half file would keep the last blocks of a full flash.
        remove(new)
        raise
    os.rename(new, path)


def read(path, most=8192, bare=False):
    """Return what ``write`` was given for ``path``; None if the file is missing or damaged, or over ``most`` bytes.

    FAT removes the old file before it renames the new one: a power cut in between leaves ``path.new``. ``bare`` also
    accepts a file without checksum, as alertnode 0.1 wrote it, which the caller must check.
    """
    found = None
    for name in (path, path + ".new"):
        try:
            with open(name, "rb") as file:
                data = file.read(most + _CHECKSUM)
        except OSError:
            continue
        if data[-_CHECKSUM:] == _checksum(data[:-_CHECKSUM]):
            return data[:-_CHECKSUM]
        if bare and name == path:
            found = data
    return found


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

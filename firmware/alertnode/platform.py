"""What differs from board to board, and where a port's time begins: known here and nowhere else.

MicroPython counts from 2000-01-01 on an ESP32 and from 1970-01-01 elsewhere. Everything above this module counts Unix
seconds. Other modules take this one as an argument, so that tests give them another.
"""

import os
import sys
import time

from alertnode import zone

# Unix seconds at which this port's clock begins.
EPOCH = zone.seconds(*time.gmtime(0)[:3])
# Two of the words that ``cause`` gives.
DEEP_SLEEP = "deep sleep"
WATCHDOG = "watchdog"


def unix():
    """Unix seconds now, right or wrong: an ESP32 that has lost its power begins in 2000."""
    return int(time.time()) + EPOCH


def set_unix(now):
    """Set the board's clock to ``now``, in Unix seconds."""
    import machine

    year, month, day, hour, minute, second = zone.fields(now)
    machine.RTC().datetime((year, month, day, (now // zone.DAY + 3) % 7, hour, minute, second, 0))


def ntp(host):
    """Unix seconds by the NTP server ``host``; OSError where it does not answer."""
    import ntptime

    ntptime.host = host
    return ntptime.time() + EPOCH


def ticks():
    """A millisecond counter that wraps."""
    return time.ticks_ms()


def since(ticks):
    """Milliseconds that have passed since ``ticks``, right for six days."""
    return time.ticks_diff(time.ticks_ms(), ticks)


def sleep(seconds):
    """Wait ``seconds``, a fraction too."""
    time.sleep_ms(round(seconds * 1000))


def reset():
    """Restart the board, as its reset button does."""
    import machine

    machine.reset()


def platform():
    """``MicroPython 1.29.0 on Generic ESP32 module with ESP32``."""
    known = sys.implementation
    version = ".".join([str(part) for part in known.version[:3]])
    return "MicroPython %s on %s" % (version, getattr(known, "_machine", sys.platform))


def memory():
    """What ``remember`` was given last, unless the power was lost since."""
    import machine

    try:
        return bytes(machine.RTC().memory())
    except AttributeError:
        return b""


def remember(data):
    """Keep ``data`` (bytes, 2 kB at most) through deep sleep, where the chip can."""
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
    """Why the board started, in words: "power-on", "watchdog", …"""
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
    """A function that feeds a watchdog, which resets the board ``seconds`` after the last call; None arms nothing."""
    if not seconds:
        return nothing
    import machine

    return machine.WDT(timeout=int(seconds * 1000)).feed


def nothing():
    """Do nothing: the watchdog's food where there is no watchdog."""


def write(path, data):
    """Write ``data`` (bytes) to ``path``; a power cut leaves the old or the new content. OSError when flash is full."""
    new = path + ".new"
    try:
        with open(new, "wb") as file:
            file.write(data)
    except OSError:
        # A half file would keep the last blocks of a full flash.
        remove(new)
        raise
    try:
        os.rename(new, path)
    except OSError:
        # FAT does not rename onto a file that is there.
        remove(path)
        os.rename(new, path)


def exists(path):
    """True where there is a file ``path``."""
    try:
        os.stat(path)
    except OSError:
        return False
    return True


def remove(path):
    """Remove the file ``path`` where there is one."""
    try:
        os.remove(path)
    except OSError:
        pass

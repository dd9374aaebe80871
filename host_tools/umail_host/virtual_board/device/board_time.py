"""`time` with the board's clock, not the host's; seconds count from 2000-01-01 on an ESP32, from 1970 on a Pico.

Ticks count from the start of the chip, over soft resets, and wrap at 2**30, as with 32-bit words (extmod/modtime.c).
"""

import time as _host

import board_link

_2000 = 946684800  # 2000-01-01 in Unix time
_IS_1970 = board_link.platform == "rp2"
EPOCH = 0 if _IS_1970 else _2000  # where the board begins to count, in Unix time
FROM_2000 = _2000 if _IS_1970 else 0  # what it counts at 2000-01-01
_call = board_link.call

sleep_us = _host.sleep_us
_PERIOD = 1 << 30
_HALF = 1 << 29
_started = _host.ticks_us() - _call("power.ticks")  # 64-bit words here: the host's do not wrap


def ticks_ms():
    return (_host.ticks_us() - _started) // 1000 & (_PERIOD - 1)


def ticks_us():
    return _host.ticks_us() - _started & (_PERIOD - 1)


ticks_cpu = ticks_us


def sleep_ms(milliseconds):
    # The host counts from the beginning of the millisecond it is in, which may be nearly over; a board from now.
    until = _host.ticks_us() + milliseconds * 1000
    _host.sleep_ms(milliseconds)
    rest = until - _host.ticks_us()
    if rest > 0:
        sleep_us(rest)


def ticks_add(ticks, delta):
    if not -_HALF < delta < _HALF:
        raise OverflowError("ticks interval overflow")
    return ticks + delta & (_PERIOD - 1)


def ticks_diff(end, start):
    return (end - start + _HALF & (_PERIOD - 1)) - _HALF


def slept(milliseconds, begun):
    """Count a light sleep of that length since ``begun`` (``ticks_us``), though the host took less."""
    global _started
    _started -= milliseconds * 1000 - ticks_diff(ticks_us(), begun)


def sleep(seconds):
    # Not the host's sleep(): that one runs no scheduled callback before it is over.
    sleep_ms(int(seconds * 1000))


def time_ns():
    return (_call("clock.get") + FROM_2000 * 1000000) * 1000


def time():
    return _call("clock.get") // 1000000 + FROM_2000


def gmtime(seconds=None):
    return _host.gmtime((time() if seconds is None else int(seconds)) + EPOCH)[:8]


localtime = gmtime


def mktime(parts):
    if not 8 <= len(parts) <= 9:
        raise TypeError("mktime needs a tuple of length 8 or 9 (%d given)" % len(parts))
    return int(_host.mktime(tuple(parts[:8]) + (0,))) - EPOCH

"""`time` with the board's clock, not the host's; seconds count from 2000-01-01 on an ESP32, from 1970 on a Pico."""

import time as _host

import board_link

_2000 = 946684800  # 2000-01-01 in Unix time
_IS_1970 = board_link.platform == "rp2"
EPOCH = 0 if _IS_1970 else _2000  # where the board begins to count, in Unix time
FROM_2000 = _2000 if _IS_1970 else 0  # what it counts at 2000-01-01
_call = board_link.call

sleep_ms = _host.sleep_ms
sleep_us = _host.sleep_us
ticks_ms = _host.ticks_ms
ticks_us = _host.ticks_us
ticks_cpu = _host.ticks_cpu
ticks_add = _host.ticks_add
ticks_diff = _host.ticks_diff


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

"""`time` as an ESP32 has it: seconds count from 2000-01-01, and the clock is the board's, not the host's."""

import time as _host

import board_link

_EPOCH = 946684800  # 2000-01-01 in Unix time
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
    return _call("clock.get") * 1000


def time():
    return _call("clock.get") // 1000000


def gmtime(seconds=None):
    return _host.gmtime((time() if seconds is None else int(seconds)) + _EPOCH)[:8]


localtime = gmtime


def mktime(parts):
    if not 8 <= len(parts) <= 9:
        raise TypeError("mktime needs a tuple of length 8 or 9 (%d given)" % len(parts))
    return int(_host.mktime(tuple(parts[:8]) + (0,))) - _EPOCH

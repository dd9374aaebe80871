"""What `umail first-board` runs on a board, beside device/on_board.py: MicroPython alone; each returns a literal."""

import os
import sys
import time


def chip():
    """Return what it is and runs; nothing that tells this board from others of its kind."""
    import machine

    clock = machine.freq()
    return {
        "machine": sys.implementation._machine,
        "version": os.uname()[3] if hasattr(os, "uname") else sys.version,
        "port": sys.platform,
        "mpy": getattr(sys.implementation, "_mpy", 0) & 0xFF,
        "frequency_hz": clock[0] if isinstance(clock, tuple) else clock,
    }


def watchdog():
    """Return what a Pico says to a watchdog of two minutes, more than any takes; on an ESP32 it would be armed."""
    if sys.platform == "esp32":
        return "not asked: an ESP32 takes any time"
    import machine

    try:
        machine.WDT(timeout=120000)
        return "taken"
    except (ValueError, OSError) as error:
        return str(error)


def flash(path, count):
    """Write a record of 200 bytes so often, durably each time: the milliseconds it takes, and whether it was whole."""
    info = os.statvfs("/")
    data = bytes(range(200))
    times = []
    for number in range(count):
        begun = time.ticks_us()
        with open(path, "wb") as file:
            file.write(data)
            file.write(b"%d" % number)
        times.append(time.ticks_diff(time.ticks_us(), begun))
    with open(path, "rb") as file:
        whole = file.read() == data + b"%d" % (count - 1)
    os.remove(path)
    times.sort()
    return {
        "block_bytes": info[0],
        "bytes": info[0] * info[2],
        "free_bytes": info[0] * info[3],
        "writes": count,
        "us_least": times[0],
        "us_median": times[count // 2],
        "us_most": times[-1],
        "whole": whole,
    }


def clock():
    """Return this board's time in milliseconds since its epoch; whole seconds if the port has no better."""
    try:
        return time.time_ns() // 1000000
    except AttributeError:
        return int(time.time()) * 1000


def lines(path):
    """Write numbered lines until the power goes; each is printed after it is on the flash."""
    number = 0
    with open(path, "wb") as file:
        while True:
            number += 1
            file.write(b"%d\n" % number)
            file.flush()
            print("line", number)


def kept(path):
    """Return the last whole line that is there, and how many do not follow the one before."""
    last, wrong = 0, 0
    try:
        with open(path, "rb") as file:
            for line in file:
                if line[-1:] == b"\n":
                    wrong += int(line) != last + 1
                    last = int(line)
        os.remove(path)
    except OSError:
        pass
    return last, wrong

"""What `umail first-board` runs on a board: MicroPython alone, no umail. Each function returns a literal."""

import gc
import os
import sys
import time


def chip():
    """What it is and runs; nothing that tells this board from others of its kind."""
    import machine

    bits, ticks = 1, 1
    while sys.maxsize >> (bits - 1):
        bits += 1
    try:
        while True:
            time.ticks_add(0, (1 << ticks) - 1)
            ticks += 1
    except OverflowError:
        pass
    clock = machine.freq()
    return {
        "machine": sys.implementation._machine,
        "release": ".".join([str(part) for part in sys.implementation.version[:3]]),
        "version": os.uname()[3] if hasattr(os, "uname") else sys.version,
        "port": sys.platform,
        "mpy": getattr(sys.implementation, "_mpy", 0) & 0xFF,
        "frequency_hz": clock[0] if isinstance(clock, tuple) else clock,
        "words_bits": bits,
        "floats": "single" if 16777217.0 == 16777216.0 else "double",
        "ticks_bits": ticks,
        "epoch": time.gmtime(0)[0],
    }


def heap():
    """Bytes of MicroPython's heap: all, free; and free and largest piece outside it, if the port tells."""
    gc.collect()
    told = {"heap": gc.mem_free() + gc.mem_alloc(), "free": gc.mem_free()}
    try:
        import esp32

        regions = esp32.idf_heap_info(esp32.HEAP_DATA)
        told["outside_free"] = sum([region[1] for region in regions])
        told["outside_largest"] = max([region[2] for region in regions])
    except (ImportError, AttributeError):
        pass
    return told


def watchdog():
    """What a Pico says to a watchdog of two minutes, which is more than any takes; on an ESP32 it would be armed."""
    if sys.platform == "esp32":
        return "not asked: an ESP32 takes any time"
    import machine

    try:
        machine.WDT(timeout=120000)
        return "taken"
    except (ValueError, OSError) as error:
        return str(error)


def join(ssid, password, seconds):
    """Join a Wi-Fi: milliseconds, or the words of what went wrong."""
    import network

    if not hasattr(network, "WLAN"):
        return "it has none"
    wlan = network.WLAN(getattr(network, "STA_IF", 0))
    wlan.active(True)
    begun = time.ticks_ms()
    if not wlan.isconnected():
        try:
            wlan.connect(ssid, password)
        except OSError:
            # A station that tries already says so.
            pass
    while not wlan.isconnected():
        if time.ticks_diff(time.ticks_ms(), begun) > seconds * 1000:
            return "status %s" % wlan.status()
        time.sleep_ms(20)
    return time.ticks_diff(time.ticks_ms(), begun)


def handshake(host, port, root):
    """A verified TLS handshake: milliseconds, and the heap before, with it open, and after it was closed."""
    import socket
    import ssl

    before = heap()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=root)
    sock = socket.socket()
    sock.connect(socket.getaddrinfo(host, port)[0][-1])
    begun = time.ticks_ms()
    wrapped = context.wrap_socket(sock, server_hostname=host)
    took = time.ticks_diff(time.ticks_ms(), begun)
    during = heap()
    wrapped.close()
    del wrapped, context, sock
    return {"ms": took, "before": before, "open": during, "after": heap()}


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
    """This board's time in milliseconds since its epoch; whole seconds if the port has no better."""
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
    """The last whole line that is there, and how many do not follow the one before."""
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

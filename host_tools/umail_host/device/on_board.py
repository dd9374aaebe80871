"""What several tools run on a board: what it is, how it joins a Wi-Fi, a TLS handshake; needs MicroPython alone."""

import gc
import sys
import time


def interpreter():
    """Return what MicroPython it is: release, words and ticks in bits, floats, and the year when its clock begins."""
    bits, ticks = 1, 1
    while sys.maxsize >> (bits - 1):
        bits += 1
    try:
        while True:
            time.ticks_add(0, (1 << ticks) - 1)
            ticks += 1
    except OverflowError:
        pass
    return {
        "release": ".".join([str(part) for part in sys.implementation.version[:3]]),
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


def join(ssid, password, seconds):
    """Join a Wi-Fi: milliseconds, or the words of what went wrong."""
    import network

    if not hasattr(network, "WLAN"):
        return "it has none"
    try:
        wlan = network.WLAN(getattr(network, "STA_IF", 0))
        wlan.active(True)
    except (OSError, RuntimeError) as error:
        return str(error)
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
    """Do a verified TLS handshake: milliseconds, and the heap before, with it open, and after it was closed."""
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

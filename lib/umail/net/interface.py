"""Finds the network interface that a board uses, and switches none on: to ask an ESP32 for its Wi-Fi starts it."""


def find():
    """Return the interface (MicroPython's object) that is connected, a wired one first; else the Wi-Fi station.

    ``umail.nic`` comes before all if a program has set it, as for a modem's `network.PPP`, which nothing else can find.

    Raises ImportError, AttributeError, OSError or (an ESP32 up to MicroPython 1.25) RuntimeError if there is none.
    """
    import umail

    nic = umail.__dict__.get("nic")
    if nic and nic.isconnected():
        return nic
    import network

    for nic in _wired(network):
        if nic.isconnected():
            return nic
    return network.WLAN(0)


def _wired(network):
    try:
        # What was set up with a stack of MicroPython's own (extmod/modnetwork.c), such as an rp2's WIZNET5K.
        return network.route()
    except AttributeError:
        pass
    try:
        # An ESP32's: set up once, it needs no arguments any more (network_lan.c).
        return (network.LAN(),)
    except (AttributeError, TypeError):
        return ()

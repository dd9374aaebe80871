"""Makes the interface that the configuration asks for, Ethernet, modem or Wi-Fi; says what this board lacks for it."""


def check(settings):
    """Raise ValueError, with a sentence, if this board's MicroPython lacks what ``settings`` ask for."""
    try:
        import network
    except ImportError:
        return
    way, section = _way(settings)
    if way:
        way.check(network, section)
    elif not hasattr(network, "WLAN"):
        raise ValueError('"wifi": the MicroPython of this board has no Wi-Fi; give "ethernet": {} instead')
    if settings["network"]["dns"] and not settings["network"]["address"] and not hasattr(network, "ipconfig"):
        raise ValueError(
            '"network.dns": this MicroPython sets it together with network.address only; flash a newer one'
        )


def make(settings, secret, uptime, sleep, feed, say, show=None):
    """Return the Link that ``settings``, which were checked, ask for, or None if the network is simply there.

    ``secret`` returns the secret of a name; the rest is as for Link.
    """
    try:
        import network
    except ImportError:
        # A computer's MicroPython.
        return None
    way, section = _way(settings)
    if way:
        return way.make(section, secret, network, settings["network"], uptime, sleep, feed, say, show)
    from alertnode.wifi import Wifi

    names = ["wifi_password"] + ["wifi_password_%d" % number for number in range(2, len(settings["wifi"]) + 1)]
    networks = [(one["ssid"], secret(name), one["timeout"], name) for one, name in zip(settings["wifi"], names)]
    return Wifi(network, networks, settings["network"], uptime, sleep, feed, say, show)


def _way(settings):
    """Return the module of the way that takes the place of Wi-Fi, and its section; None twice if there is none."""
    for name in ("ethernet", "modem"):
        if settings.get(name):
            return getattr(__import__("alertnode." + name), name), settings[name]
    return None, None

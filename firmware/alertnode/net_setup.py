"""Makes the interface that the configuration asks for, Ethernet, modem or Wi-Fi; says what this board lacks for it."""


def check(settings):
    """Raise ValueError, with a sentence, if this board's MicroPython lacks what ``settings`` ask for."""
    try:
        import network
    except ImportError:
        return
    if settings["ethernet"]:
        from alertnode.ethernet import check as check_ethernet

        check_ethernet(network, settings["ethernet"])
    elif settings.get("modem"):
        from alertnode.modem import check as check_modem

        check_modem(network)
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
    if settings["ethernet"]:
        from alertnode.ethernet import Ethernet

        return Ethernet(network, settings["ethernet"], settings["network"], uptime, sleep, feed, say, show)
    if settings.get("modem"):
        from alertnode.modem import Modem

        own = settings["modem"], secret("modem_password")
        return Modem(network, *own, settings["network"], uptime, sleep, feed, say, show)
    from alertnode.wifi import Wifi

    names = ["wifi_password"] + ["wifi_password_%d" % number for number in range(2, len(settings["wifi"]) + 1)]
    networks = [(one["ssid"], secret(name), one["timeout"], name) for one, name in zip(settings["wifi"], names)]
    return Wifi(network, networks, settings["network"], uptime, sleep, feed, say, show)

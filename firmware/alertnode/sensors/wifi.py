"""How strong the Wi-Fi is, in dBm: -50 is near the access point, below -80 mails get lost."""

from alertnode.sensors.reading import Ready

KEYS: dict = {}
VALUES = (("", "dBm", -120, 0),)


class Driver(Ready):
    """The station's own measurement; it never switches the radio on."""

    def __init__(self, config, buses):
        pass

    def read(self):
        """Return dBm. Raises OSError while there is no connection."""
        import network

        wlan = network.WLAN(getattr(network, "STA_IF", 0))
        if not wlan.isconnected():
            raise OSError("Wi-Fi is down")
        return (wlan.status("rssi"),)

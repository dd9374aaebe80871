"""A relay, lamp or siren that is on while an alert is under way, or while a mail cannot be delivered for too long."""

KEYS = {
    "pin": ("pin", None),
    "on": ("whole", 1, 0, 1),
    "rules": ("texts", ()),
    "alerts": ("switch", True),
    "undelivered": ("number", 0, 0, 10000),
    "seconds": ("number", 0, 0, 86400),
}


class Driver:
    """The pin ``pin``, on at the level ``on``.

    ``alerts``: on while one of the ``rules`` (names; none: any) is active and not acknowledged. ``undelivered``: also
    while a mail has waited for this many minutes; 0: never. ``seconds``: not longer than that; 0: until it is over.
    """

    def __init__(self, config, node):
        self._config = config
        self._node = node
        self._on = config["on"]
        self._since = None
        self._open()

    def act(self, event):
        """Start over with each alert, its repetition and its second step."""
        if event.kind != "recovery":
            self._since = None

    def tick(self):
        """Switch."""
        now = self._node.clock.uptime()
        if not self._wanted():
            self._since = None
        elif self._since is None:
            self._since = now
        most = round(self._config["seconds"] * 1000)
        self._switch(self._since is not None and (not most or now - self._since < most), now)

    def _wanted(self):
        config = self._config
        if config["alerts"]:
            for rule in self._node.active():
                if not config["rules"] or rule.name in config["rules"]:
                    return True
        return bool(config["undelivered"]) and self._node.waits() >= config["undelivered"] * 60

    def _open(self):
        from machine import Pin

        self._pin = Pin(self._config["pin"], Pin.OUT, value=1 - self._on)

    def _switch(self, on, now):
        self._pin.value(self._on if on else 1 - self._on)

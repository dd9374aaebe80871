"""Gives each mail of a board that has a fleet key the header that says how it is; what makes that does not stay."""


def make(node, sensors):
    """Return what an Outbox calls before it sends a mail; ``sensors`` is that section of the configuration."""
    of = None
    for name in sensors:
        if sensors[name]["type"] == "battery":
            of = name
    return _signer(node, of)


def without_app(settings, clock, route, outbox=None, rules=()):
    """Return the same where no App runs: in safe mode, and for a test mail; None if the board has no fleet key.

    ``outbox`` is an Outbox, if there is one; each of ``rules`` is reported as under way.
    """
    from alertnode import secrets

    if not secrets.get("fleet_key"):
        return None
    return _signer(_NoApp(settings, clock, route, outbox, rules), None)


def _signer(node, of):
    used = [0, 0]

    def before_send(message):
        from alertnode import unload

        try:
            from alertnode import secrets, status

            for follow in node.mailer.flushed:
                # One moves the next heartbeat to its hour, of which the status tells.
                follow()
            status.sign(message, node, of, used, secrets.get("fleet_key"))
        except Exception as error:
            # The mail counts more than what goes along with it.
            node.log.show("the mail goes without its status: %r" % error)
        unload("status", "hmac256", "secrets")

    return before_send


class _NoApp:
    """What a status asks of an App, its mailer, outbox and log."""

    flushed = ()
    readings: dict = {}
    expires = ()

    def __init__(self, settings, clock, route, outbox, rules):
        from alertnode.zone import DAY

        self.board = settings["board_name"]
        self.clock = clock
        self.route = route
        self.rules = [_Rule(name) for name in rules]
        self.mailer = self.outbox = self.log = self
        self._box = outbox
        beat = settings["heartbeat"]
        every = round((beat["days"] if isinstance(beat, dict) else beat) * DAY)
        # The first one of an outbox is due by up to a tenth later.
        self.heartbeat = self.beat = every + every // 10

    def now(self):
        return 0

    def pending(self):
        return len(self._box.pending()) if self._box else 1

    def dead(self):
        return self._box.dead() if self._box else ()

    def show(self, text):
        print(text)


class _Rule:
    active = True

    def __init__(self, name):
        self.name = name

"""What the outputs of a board see of the node, and the node of them; loaded if there is one."""

from alertnode.outputs import find
from alertnode.sensors.reading import reason


class Panel:
    """The outputs of the checked section ``outputs``; ``node`` is the App. None of their failures reaches it."""

    def __init__(self, node, outputs):
        self.clock = node.clock
        self._node = node
        self._drivers = []
        # Those that have failed: told once.
        self._failed = []
        self._online = False
        self._tests = 0
        for name in outputs:
            try:
                self._drivers.append((name, find.module(outputs[name]["type"]).Driver(outputs[name], self)))
            except Exception as error:
                self._fail(name, error)

    def act(self, event):
        """Tell all of an Event."""
        self._each("act", event)
        self._each("tick")

    def tick(self, online):
        """Let all do what is due; ``online``: mail can go."""
        self._online = online
        self._each("tick")

    def status(self):
        """Return "refused" if a person must act, "offline", "waits" if a mail does, or "ok"."""
        mailer = self._node.mailer
        # (What waits is loaded; without it nothing waits.)
        waits = mailer.pending()
        if waits and [entry for entry in mailer.outbox.pending() if entry.asked]:
            return "refused"
        if not self._online:
            return "offline"
        return "waits" if waits else "ok"

    def waits(self):
        """Return the seconds that the oldest mail waits which could have left; 0: none."""
        if not self._node.mailer.pending():
            return 0
        outbox = self._node.mailer.outbox
        now = outbox.now()
        # What was held back on purpose does not wait for the server.
        since = [entry.since for entry in outbox.pending() if entry.attempts or entry.until <= now]
        return max(0, now - min(since)) if since else 0

    def active(self):
        """Return the rules whose excursion is under way and was not acknowledged."""
        return [rule for rule in self._node.rules if rule.active and not rule.known]

    def acknowledge(self):
        """Stop repetitions and second steps of what is under way, until it is over."""
        node = self._node
        names = [rule.name for rule in self.active()]
        for rule in node.rules:
            rule.known = rule.known or rule.active
        node.log.say("acknowledged at the board: %s" % (", ".join(names) or "nothing is under way"))
        if names and node.state is not None:
            node.keep()

    def test_mail(self):
        """Put a test mail, and ask for an update once it is sent, if updates are asked for."""
        node = self._node
        self._tests += 1
        text = "A button at %s was pressed: this is a test.\n\n%s\n" % (node.board, node.about())
        # Each is one of its own: what is tried twice should come twice.
        key = "test %d" % self._tests
        node.mailer.put("Test mail (%s)" % node.board, text, "test mail", "message", key)
        for chore in node.chores:
            if hasattr(chore, "soon"):
                chore.soon()

    def _each(self, name, *arguments):
        for output, driver in self._drivers:
            function = getattr(driver, name, None)
            if function:
                try:
                    function(*arguments)
                except Exception as error:
                    self._fail(output, error)

    def _fail(self, name, error):
        if name not in self._failed:
            self._failed.append(name)
            self._node.log.say("the output %s fails: %s" % (name, reason(error)))

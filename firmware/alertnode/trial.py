"""Judges an update that is on trial: whether it can do what the program before it could (see switch.py).

Loaded only if there is a state of the switch. What was able is compared with what is: the values that are read, and for
each route how far its login comes. A refusal that the old program met as well is none of the update.
"""

from alertnode import platform, secrets, unload

# The secret that holds the highest version that was ever taken.
HIGHEST = "update_highest"
# Seconds from one look to the next, doubled up to the longest; after this many looks that is decided that only waited.
FIRST = 60
_LONGEST = 3600
_LOOKS = 30
# So many looks in a row must find a refusal.
_REFUSALS = 2
# Milliseconds in which the first reading is waited for.
_SETTLE = 60000


def begin():
    """Forget the failed starts of a program that was taken back: they are not those of this one."""
    import switch

    state = switch.load()
    if state and state["phase"] == "undone":
        platform.mark(platform.FAILS, 0)


def highest():
    """Return the highest version that was ever taken."""
    return int(secrets.get(HIGHEST) or 0)


def raise_highest(version):
    """Keep that ``version`` was taken: neither it nor an older one is taken again, whatever became of it."""
    if version > highest():
        secrets.put(HIGHEST, str(version))


def crashed(error):
    """Note what the program on trial crashed with, for when it is taken back."""
    import switch

    state = switch.load()
    if state and state["phase"] == "trial":
        state["why"] = "it crashed (%r)" % error
        switch.save(state)


def refuse(problems):
    """Bring the old program back at once if this one, on trial, can't start with its configuration."""
    import switch

    state = switch.load()
    if state and state["phase"] == "trial":
        switch.back(state, "its configuration can't be used: " + "; ".join(problems))
        platform.reset()


def abilities(node):
    """Return what ``node``, an App that is online, can do: the values that it reads, and each route's outcome."""
    read = [of for of, reading in node.readings.items() if reading.value is not None]
    outbox = node.mailer.outbox
    routes = outbox.route if isinstance(outbox.route, (list, tuple)) else (outbox.route,)
    return {"read": read, "routes": [_outcome(route, outbox) for route in routes]}


def _outcome(route, outbox):
    """Log in by ``route`` and take leave; return "", or kind and words of what failed."""
    from umail import MailError
    from umail.blocking import Wire
    from umail.delivery import Delivery

    wire = Wire(outbox.timeout, outbox.tick)
    delivery = Delivery(route, outbox.timeout, outbox.deadline)
    try:
        wire.run(_login(delivery, route))
    except MailError as error:
        return "%s %s" % (error.kind, error)
    finally:
        wire.close()
    return ""


def _login(delivery, route):
    yield ("limit", delivery.deadline)
    delivery.left = 1
    yield from delivery.connect(route, False)
    yield from delivery.close()


def judge(before, now):
    """Return ("", "") if what is ``now`` is as able as what was ``before``; else ("waits" or "refused", why)."""
    lost = [of for of in before["read"] if of not in now["read"] and of in now["known"]]
    if lost or (before["read"] and not now["read"]):
        return "waits", "no reading of %s" % (", ".join([of or "the sensor" for of in lost]) or "any sensor")
    was, routes = before["routes"], now["routes"]
    if len(was) != len(routes):
        # Other routes: one must be as good as the best before.
        was, routes = [min(was)], [min(routes)]
    for old, new in zip(was, routes):
        if new and not old:
            return "waits" if new.startswith("temporary") else "refused", new.partition(" ")[2]
    return "", ""


class Trial:
    """Watches the program that is on trial, in ``node``, an App, and tells what became of an update."""

    def __init__(self, node):
        import switch

        self._node = node
        self._switch = switch
        self._state = switch.load()
        self._due = 0
        self._refused = 0
        state = self._state
        if state and state["phase"] == "trial":
            node.log.show("update %d is on trial, start %d of %d" % (state["version"], state["starts"], switch.STARTS))

    def __call__(self):
        """Look, if it is time; the node is online."""
        state = self._state
        if not state:
            return
        if state["phase"] == "trial":
            self._look(state)
        if state["phase"] in ("kept", "undone"):
            self._tell(state)

    def _look(self, state):
        node = self._node
        uptime = node.clock.uptime()
        if uptime < self._due or (not node.readings and uptime < _SETTLE):
            return
        now = abilities(node)
        now["known"] = list(node.readings)
        word, why = judge(state["before"], now)
        state["looks"] += 1
        self._refused = self._refused + 1 if word == "refused" else 0
        # A wait that begins now ends later.
        self._due = node.clock.uptime() + 1000 * min(FIRST << min(state["looks"] - 1, 6), _LONGEST)
        if not word:
            if state.get("flash"):
                import switch_flash

                # First: a MicroPython that is not marked so is taken back by the boot loader at the next start.
                switch_flash.hold(state)
            state["phase"] = "kept"
            self._switch.save(state)
            return
        text = "update %d waits: %s" if word == "waits" else "update %d is refused: %s"
        node.log.say(text % (state["version"], why))
        if self._refused >= _REFUSALS or state["looks"] >= _LOOKS:
            self._switch.back(state, why)
            platform.reset()
        self._switch.save(state)

    def _tell(self, state):
        node = self._node
        if state["phase"] == "kept":
            what = "update %d runs" % state["version"]
            subject = "Update %d runs (%s)"
            text = "It has shown that it can do what the program before it could."
        else:
            what = "update %d was taken back" % state["version"]
            subject = "Update %d was taken back (%s)"
            text = (
                "The program from before runs again, with its configuration and secrets.\n\nReason:    %s"
                % state["why"]
            )
            text += "\n\nPublish another; this one is not tried again."
        node.log.say(what)
        body = "%s: %s.\n\n%s\nBoard:     %s\n" % (node.board, what, text, node.about())
        node.mailer.put(subject % (state["version"], node.board), body, what, "update", "update")
        # (A power cut may have come before it was.)
        raise_highest(state["version"])
        self._switch.clean(state)
        self._state = None
        # What is over takes no room.
        node.chores = tuple([chore for chore in node.chores if chore is not self])
        unload("trial")

"""Says when a board asks for an update (docs/updates.md); loaded only if the configuration names a server.

How it asks is in asking.py and what that loads, which goes again afterwards: a mail needs the room.
"""

import json
from random import random

from alertnode import platform, unload

# What is known of the update on the server.
_ASKED = "/update/asked"
# What is loaded for a question.
_ASKING = ("asking", "stage", "update_rom", "ota", "bundle", "trial", "hmac256", "secrets")
_HOUR = 3600
# Minutes over which the boards that ask at one hour are spread.
_SPREAD = 60


def first(spread, slept, left):
    """Return the seconds until a board that has started asks.

    ``left`` is the seconds until its usual moment, 0 or less if that passed while it was off, None if it is not known;
    ``spread`` is those over which all boards of which this is true are spread.
    """
    if left is not None and left > 0:
        return left
    # A board that slept has no time to wait. Many others may have been without power, and start at once.
    return 0 if slept else int(random() * spread)


def after_failure(every):
    """Return the seconds until a server that did not answer is asked again.

    Many boards may have missed it: they must not come back together, nor sooner than it bears (docs/updates.md).
    """
    return max(1, every // 4 + int(random() * every * 3) // 4)


class Updates:
    """Asks for updates while ``node``, an App, is online; ``settings`` is the section ``update``."""

    def __init__(self, node, settings):
        self._node = node
        self._trust = settings["trust"] or "insecure"
        self._every = max(1, round(settings["every"] * _HOUR))
        # Minutes of the day; "" for none.
        self._at = settings["at"]
        self._url = settings["url"]
        asked = _parse(platform.read(_ASKED)) or {}
        # The entity tag of the bundle that was got last.
        self.tag = asked.get("tag", "")
        at = asked.get("at")
        now = node.clock.now()
        left = None
        if now is not None and isinstance(at, int) and 0 <= now - at:
            left = at + self._pause(at) - now
        elif now is not None and self._at != "":
            left = self._pause(now)
        spread = self._every if self._at == "" else _SPREAD * 30
        self._due = node.clock.uptime() + first(spread, platform.slept(), left) * 1000

    def _pause(self, since):
        """Return the seconds from ``since`` (Unix seconds) to the next question."""
        if self._at == "":
            return self._every
        from alertnode import due

        return due.after(self._node.clock.zone, since, self._at, late=due.late(due.unique(), _SPREAD)) - since

    def __call__(self):
        """Ask, if it is time and no mail waits for the connection."""
        node = self._node
        if node.clock.uptime() < self._due or node.mailer.due():
            return
        if platform.exists(platform.UPDATE):
            # First the last one.
            return
        why = None
        try:
            why = self._ask(node)
            wait = self._pause(node.clock.now())
        except Exception as error:
            # Whatever it is (no memory, no server), the node goes on.
            node.log.say("no update: %s" % (error if hasattr(error, "kind") else repr(error)))
            wait = after_failure(self._every)
        unload(*_ASKING)
        if why:
            _tell(node, why)
        self._due = node.clock.uptime() + wait * 1000

    def soon(self):
        """Ask as soon as no mail waits."""
        self._due = self._node.clock.uptime()

    def keep(self, tag):
        """Keep that the bundle with that ``tag`` was got, and when."""
        self.tag = tag
        try:
            platform.write(_ASKED, json.dumps({"tag": tag, "at": self._node.clock.now()}).encode())
        except OSError:
            pass

    def _ask(self, node):
        from alertnode import asking

        return asking.ask(node, self._url, self._trust, self)


def _tell(node, why):
    what = "update refused"
    node.log.say("%s: %s" % (what, why))
    text = "%s: an update was refused: %s.\n\nNothing was changed.\n\nBoard:     %s\n" % (
        node.board,
        why,
        node.about(),
    )
    node.mailer.put("Update refused (%s)" % node.board, text, what, "update", "update")


def _parse(data):
    try:
        found = json.loads((data or b"").decode())
    except ValueError:
        return None
    return found if isinstance(found, dict) else None

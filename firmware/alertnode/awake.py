"""Stands for what mails on a board that stays awake: the library and its outbox are gone, and come back for a mail."""

import sys

from alertnode import make_room, unload
from alertnode.app import Later

# Seconds until what mails is loaded again, if that failed.
_AGAIN = 60


def rest(app, settings, wait):
    """Let go of the Mailer of ``app``, an App, which is closed, for ``wait`` seconds at most, if that is not None."""
    sent = app.mailer.sent
    app.mailer = Awake(app, settings, wait)
    app.mailer.sent = sent
    # A program of the user's own may have kept parts of the library, which no others fit.
    if not [name for name in sys.modules if name[-4:] == ".own"]:
        for name in list(sys.modules):
            if name.split(".")[0] == "umail":
                del sys.modules[name]
    unload("mailer", "event_texts")


class Awake(Later):
    """A Later of a board that stays awake: what cannot be mailed, as loading that fails, is kept in RAM meanwhile."""

    def __init__(self, app, settings, wait):
        now = app.clock.uptime.seconds
        self._closed = now()
        end = self._closed + (wait or 0)
        super().__init__(app, lambda: None if wait is None else max(0, end - now()), self._load)
        self._settings = settings
        self._held = []
        self._again = 0

    def due(self):
        """Return True if it is time to flush."""
        if self._held:
            return self._app.clock.uptime() >= self._again
        return super().due()

    def pending(self):
        """Return how many mails wait."""
        return len(self._held)

    def put(self, *mail):
        """Keep a mail as Mailer.put does."""
        self._held.append(mail)
        if not self._give():
            self._app.log.show("%s: what mails cannot be loaded, kept in RAM only" % mail[2])

    def flush(self, budget=None):
        """Send what is due."""
        if self._give():
            self._app.mailer.flush(budget)

    def _load(self):
        from alertnode import mail_setup

        make_room()
        app = self._app
        now = app.clock.uptime.seconds
        sent = app.mailer.sent
        mail_setup.add(app, self._settings, None, now() - self._closed, now)
        app.mailer.sent = sent
        unload(*mail_setup.ONCE)

    def _give(self):
        # Load what mails, and hand over what was kept; False if that fails for now.
        app = self._app
        try:
            if app.mailer is self:
                self._make()
        except Exception:
            app.mailer = self
            self._again = app.clock.uptime() + _AGAIN * 1000
            return False
        while self._held:
            app.mailer.put(*self._held[0])
            del self._held[0]
        return True

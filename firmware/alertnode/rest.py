"""Lets a node wait without what mails: the library and its outbox go when no mail waits, and come back for one."""

import sys

from alertnode import make_room, unload
from alertnode.app import Later

# Seconds: what mails stays if it has something to do so soon.
_SOON = 60


class Rest:
    """Lets go of what mails when it is called and no mail waits; ``app`` is an App, ``settings`` its configuration."""

    def __init__(self, app, settings):
        self._app = app
        self._settings = settings
        self._closed = 0

    def __call__(self):
        """Let go of the Mailer of a board that has nothing to mail soon, and of the library, until a mail is due."""
        app = self._app
        if isinstance(app.mailer, Later):
            return
        wait = app.mailer.wait()
        if (wait is not None and wait < _SOON) or not app.mailer.close():
            return
        now = app.clock.uptime.seconds
        end = now() + (wait or 0)
        self._closed = now()
        sent = app.mailer.sent
        app.mailer = Awake(app, lambda: None if wait is None else max(0, end - now()), self._make)
        app.mailer.sent = sent
        # A program of the user's own may have kept parts of the library, which no others fit.
        if not [name for name in sys.modules if name[-4:] == ".own"]:
            for name in list(sys.modules):
                if name.split(".")[0] == "umail":
                    del sys.modules[name]
        unload("mailer", "event_texts")

    def _make(self):
        from alertnode import mail_setup

        make_room()
        app = self._app
        now = app.clock.uptime.seconds
        sent = app.mailer.sent
        mail_setup.add(app, self._settings, None, now() - self._closed, now)
        app.mailer.sent = sent
        unload(*mail_setup.ONCE)


class Awake(Later):
    """A Later of a board that stays awake: what cannot be mailed, as loading that fails, is kept in RAM meanwhile."""

    def __init__(self, app, wait, make):
        super().__init__(app, wait, make)
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

    def _give(self):
        # Load what mails, and hand over what was kept; False if that fails for now.
        app = self._app
        try:
            if app.mailer is self:
                self._make()
        except Exception:
            app.mailer = self
            self._again = app.clock.uptime() + _SOON * 1000
            return False
        while self._held:
            app.mailer.put(*self._held[0])
            del self._held[0]
        return True

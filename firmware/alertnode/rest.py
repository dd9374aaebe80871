"""Lets a node wait without what mails: says when it goes; how, and how it comes back, is in awake.py."""

from alertnode import unload
from alertnode.app import Later

# Seconds: what mails stays if it has something to do so soon.
_SOON = 60


class Rest:
    """Lets go of what mails when it is called and no mail waits; ``app`` is an App, ``settings`` its configuration."""

    def __init__(self, app, settings):
        self._app = app
        self._settings = settings

    def __call__(self):
        """Let go of the Mailer of a board that has nothing to mail soon, and of the library, until a mail is due."""
        mailer = self._app.mailer
        if isinstance(mailer, Later):
            return
        wait = mailer.wait()
        if (wait is None or wait >= _SOON) and mailer.close():
            from alertnode import awake

            # What it makes keeps its code.
            unload("awake")
            awake.rest(self._app, self._settings, wait)

"""Keeps an access token over the sleeps of a board on battery, in the secret store, for as long as it is valid.

Loaded for a mail if the board fetches its own tokens. What was kept is used if it was made for this section of the
configuration with these secrets, while the clock is known to be right. A token is stored when a mail has gone by it,
so once in its life at most; one that the server has refused is removed.
"""

from alertnode import platform, secrets
from umail import durable

_NAME = "access_now"


class KeptToken:
    """Stands for the token of ``route``, an umail Route.

    ``mark`` says what a kept one was made for; ``suffix`` is that of the secrets' names; ``good``: the clock is right,
    so that a kept one may be used.
    """

    def __init__(self, route, mark, suffix, good):
        self._route = route
        self._token = route.token
        self._mark = mark
        self._name = _NAME + suffix
        # What the secret store has, the end of its use in Unix seconds, and what the route was given last.
        self._kept = self._given = None
        self._until = 0
        # The server has refused the one that is stored.
        self._refused = False
        if good:
            self._load(platform.unix())

    def steps(self, refresh=False):
        """Return a valid access token (generator): what umail.oauth's ``steps`` do, and as they do."""
        self._route.took = False
        if refresh:
            self._until = 0
            self._refused = self._refused or (self._given is not None and self._given == self._kept)
        given = self._kept
        if platform.unix() >= self._until:
            given = self._given = None
            given = yield from self._token.steps(refresh)
        self._given = given
        return given

    def keep(self):
        """Store the refresh token if need be; see umail.oauth."""
        return self._token.keep()

    def save(self):
        """Store the token if a mail has gone by it and it is another one; else remove the one that was refused."""
        took = self._route.took
        if not (self._refused or (took and self._given != self._kept)):
            return
        try:
            text = None
            if took:
                text = durable.seal([self._mark, platform.unix(), self._token.left(), self._given]).decode()
            secrets.put(self._name, text)
        except (OSError, ValueError, MemoryError):
            # Then the next wake fetches one.
            return
        self._kept = self._given if took else None
        self._refused = False

    def _load(self, now):
        try:
            value = durable.unseal((secrets.get(self._name) or "").encode())
        except (OSError, MemoryError):
            return
        if not isinstance(value, list) or [type(part) for part in value] != [str, int, int, str]:
            return
        mark, at, seconds, token = value
        if mark == self._mark and 0 <= now - at < seconds:
            self._kept = token
            self._until = at + seconds


def use(route, section, suffix, good):
    """Let ``route`` use what was kept for ``section`` of the configuration, its own; return its KeptToken.

    No other server, mailbox, application, endpoint or sign-in is given it. ``good`` is as of KeptToken.
    """
    from binascii import hexlify
    from hashlib import sha256

    made_for = [section[key] for key in sorted(section) if key != "fallback"]
    made_for += [secrets.get(name + suffix) for name in ("oauth_secret", "refresh_token")]
    mark = hexlify(sha256(repr(made_for).encode()).digest()).decode()
    route.token = KeptToken(route, mark, suffix, good)
    return route.token

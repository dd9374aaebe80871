"""Builds the access tokens that the board fetches itself, and keeps the refresh token, which changes with each use."""


class Store:
    """Keeps umail.oauth's refresh token in the secret store, by ``get`` and ``set``.

    Provisioning writes ``refresh_token`` and the board never does: what followed from it is in ``refresh_now``,
    behind a mark of the one it began with. So a new one that is provisioned counts at once, and the same one again
    does not undo what followed.

    Args:
        secret (callable): ``secret(name)`` returns a secret or None; keep (callable): ``keep(name, value)`` stores one.
        suffix (str): of the secrets' names.
    """

    def __init__(self, secret, keep, suffix=""):
        self._secret = secret
        self._keep = keep
        self._suffix = suffix

    def get(self, key):
        """Return the refresh token that is valid now (str), or None; ``key`` is "refresh_token"."""
        first = self._secret(key + self._suffix)
        if first is None:
            return None
        now = self._secret("refresh_now" + self._suffix) or ""
        mark = _mark(first)
        return now[len(mark) :] if now.startswith(mark) else first

    def set(self, key, value):
        """Keep the next one, durably; raises MailError, temporary, if the flash refuses.

        If the store is full, access tokens that outlive a sleep (see kept_token.py) make room: they can be refetched.
        """
        try:
            name = "refresh_now" + self._suffix
            value = _mark(self._secret(key + self._suffix)) + value
            try:
                self._keep(name, value)
            except OSError:
                self._keep("access_now", None)
                self._keep("access_now_2", None)
                self._keep(name, value)
        except (OSError, ValueError) as error:
            from umail.errors import MailError

            raise MailError("auth", "temporary", "the new refresh token could not be kept: %s" % error, key="flash")


def _mark(token):
    from binascii import hexlify
    from hashlib import sha256

    return hexlify(sha256(token.encode()).digest()[:4]).decode() + " "


def build(oauth, trust, secret, suffix="", keep=None, route=""):
    """Return the token of the configuration's section ``oauth``, as ``umail.Route`` takes it.

    ``trust`` is the route's own, or None; ``secret(name)`` and ``keep(name, value)`` reach the secret store; ``route``
    is the word of the configuration.
    Raises ValueError, with a sentence, if a secret is missing.
    """
    from umail.oauth import ClientCredentials, RefreshToken

    more = {"trust": trust}
    for key in ("host", "port"):
        if oauth[key]:
            more[key] = oauth[key]
    wanted = scope(oauth, route)
    if wanted:
        more["scope"] = wanted
    password = secret("oauth_secret" + suffix)
    if oauth["flow"] == "client_credentials":
        _need(password, "oauth_secret" + suffix, "umail deploy --secret oauth_secret" + suffix)
        return ClientCredentials(oauth["tenant"], oauth["client_id"], password, **more)
    _need(secret("refresh_token" + suffix), "refresh_token" + suffix, "umail provision signs in")
    store = Store(secret, keep or _keep, suffix)
    return RefreshToken(oauth["tenant"], oauth["client_id"], store, client_secret=password, **more)


def scope(oauth, route):
    """Return the scope that the section ``oauth`` of a ``route`` asks for; "" for umail.oauth's own."""
    wanted = oauth["scope"]
    if not wanted and route == "m365.hve":
        # High Volume Email takes tokens for another resource.
        wanted = "https://outlook.office.com/.default"
    if wanted and oauth["flow"] == "refresh_token" and "offline_access" not in wanted:
        # Without it the next refresh token would not come.
        wanted += " offline_access"
    return wanted


def _need(value, name, remedy):
    if not value:
        raise ValueError("the secret %s is missing: %s" % (name, remedy))


def _keep(name, value):
    from alertnode import secrets

    secrets.put(name, value)

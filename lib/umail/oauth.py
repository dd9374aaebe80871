"""Access tokens for XOAUTH2, fetched by the board itself (RFC 6749, 8628): client credentials, device code, refresh.

Each class is what ``Route(token=…)`` takes: called with ``refresh=False`` it returns an access token, out of its memory
where that is still valid. The work is in the generator ``steps``, so that either driver can run it.
"""

import time

from umail import load_transient

from .errors import MailError
from .net import transport as sockets
from .net.http import post
from .route import Route

# Seconds before its end at which a token is renewed.
_EARLY = 300
_SMTP_SEND = "https://outlook.office.com/SMTP.Send offline_access"


def _word(value):
    # What can be shown of ``value`` (mostly str; JSON can hold halves of surrogate pairs, which UTF-8 cannot).
    return load_transient("smtp.enhanced").printable(str(value).encode("utf-8", "surrogatepass"))


def _seconds(answer, name, usual):
    # Some endpoints write the number as a str; what is not a number is not used.
    try:
        return min(int(answer.get(name, usual)), 86400)
    except (TypeError, ValueError, OverflowError):
        return usual


class FileStore:
    """Keeps secrets in one JSON file, replaced as a whole: what ``set`` returned from survives a power cut.

    Args:
        path (str): of the file.
    """

    def __init__(self, path):
        self.path = path

    def _all(self):
        import json

        try:
            return json.loads((load_transient("durable").read(self.path) or b"{}").decode())
        except ValueError:
            return {}

    def get(self, key):
        """Return the value (str) of ``key``, or None; OSError if the file is there and cannot be read."""
        return self._all().get(key)

    def set(self, key, value):
        """Keep ``value`` (str) under ``key``, durably."""
        import json
        import os

        values = self._all()
        values[key] = value
        with open(self.path + ".new", "w") as file:
            if hasattr(os, "chmod"):
                # Before a byte of it is written; a board has no other users.
                os.chmod(self.path + ".new", 0o600)
            json.dump(values, file)
            file.flush()
            if hasattr(os, "fsync"):
                os.fsync(file.fileno())
        os.rename(self.path + ".new", self.path)


class NvsStore:
    """Keeps secrets in an ESP32's non-volatile storage.

    Args:
        namespace (str): at most 15 characters.
    """

    def __init__(self, namespace="umail"):
        from esp32 import NVS

        self.nvs = NVS(namespace)

    def get(self, key):
        """Return the value (str) of ``key``, or None; OSError if the storage cannot be read."""
        value = bytearray(4096)
        try:
            return str(value[: self.nvs.get_blob(key, value)], "utf-8")
        except OSError as error:
            # ESP_ERR_NVS_NOT_FOUND
            if error.args[0] != -0x1102:
                raise
            return None

    def set(self, key, value):
        """Keep ``value`` (str) under ``key`` (at most 15 characters), durably."""
        self.nvs.set_blob(key, value.encode())
        self.nvs.commit()


class _Token:
    # What the three ways have in common: the endpoint, the token in memory, the errors.
    def __init__(self, tenant, client_id, client_secret, scope, host, port, trust, store, seconds):
        self._path = "/%s/oauth2/v2.0/" % tenant
        for c in (tenant + client_id).encode():
            if not (48 <= c <= 57 or 97 <= c | 32 <= 122 or c in b".-_"):
                raise ValueError("tenant and client_id have only letters, digits, dots and dashes, not %r" % chr(c))
        self._client_id = client_id
        clean = load_transient("checks").clean
        self._client_secret = client_secret and clean("client_secret", client_secret)
        self._scope = clean("scope", scope)
        self._route = Route(host, port, "tls", trust=trust)
        self._route.roots = load_transient("m365").ROOTS
        # (No typing slip sends anybody here: that this name is unknown for a while says nothing.)
        self._route.reached = host == "login.microsoftonline.com"
        self._store = store
        # A refresh token that the store does not take yet.
        self._renewed: "str | None" = None
        load_transient("checks").timeout("timeout", seconds)
        self._seconds = seconds
        self._busy = False
        self._token = None
        # How many seconds it is valid, and when it came, by the ticks and by the date.
        self._valid = self._ticks = self._date = 0

    def __call__(self, refresh=False):
        """Return an access token (str), by blocking calls; see ``steps`` for what is raised."""
        from .blocking import Wire

        wire = Wire(self._seconds)
        wire.limit(self._seconds * 4)
        return wire.run(self.steps(refresh))

    def steps(self, refresh=False):
        """Return a valid access token (generator), a new one if none is valid or ``refresh`` is True.

        Raises:
            MailError: stage auth, or that of the connection; ``configuration`` if a person must act, with the
                advice for it.
        """
        self.keep()
        for _ in range(120):
            if not self._busy:
                break
            # Another task fetches one: a refresh token may be good for one use only.
            yield ("pause", 1)
        if refresh or self._token is None or not self._is_fresh():
            self._token = None
            self._busy = True
            try:
                yield from self._fetch()  # type: ignore[attr-defined]
            finally:
                self._busy = False
        return self._token

    def keep(self):
        """Store the refresh token that the store refused before, which is used from memory until then.

        Returns:
            bool: nothing is left to store. The outbox asks at each flush; call it before the power goes.
        """
        if self._renewed:
            try:
                self._store.set("refresh_token", self._renewed)
                self._renewed = None
            except (OSError, MailError):
                return False
        return True

    def left(self):
        """Return for how many seconds (int) the access token in memory is used from now on, 0 if there is none."""
        if self._token is None or not self._is_fresh():
            return 0
        return self._valid - sockets.left(sockets.ticks(), self._ticks) // 1000

    def _current(self):
        try:
            return self._renewed or self._store.get("refresh_token")
        except OSError as error:
            text = "the refresh token cannot be read for now: %s" % error
            raise MailError("auth", "temporary", text, key="flash_read")

    def _is_fresh(self):
        # A board's ticks wrap after 12 days, and comparisons hold for 6; the date may be set meanwhile. A token for
        # which both speak is valid: they do not err together, and one fetched too often costs little.
        passed = sockets.left(sockets.ticks(), self._ticks)
        return 0 <= passed < self._valid * 1000 and 0 <= int(time.time()) - self._date < self._valid

    def _ask(self, path, fields):
        fields = [("client_id", self._client_id), ("client_secret", self._client_secret)] + fields
        return (yield from post(self._route, self._path + path, fields, self._seconds))

    def _grant(self, fields):
        # A request that must be granted.
        status, answer = yield from self._ask("token", fields)
        self._keep(status, answer)

    def _keep(self, status, answer):
        token = answer.get("access_token")
        # RFC 6749, A.12 and A.17: a token is one or more of these characters.
        if status != 200 or not token or _word(token) != token:
            raise self._refusal(status, answer)
        # The rotated refresh token is durable before the access token is used: the old one may be void already.
        renewed = answer.get("refresh_token")
        if renewed and self._store and _word(renewed) == renewed:
            self._renewed = renewed
            self.keep()
        self._valid = max(60, _seconds(answer, "expires_in", 3600) - _EARLY)
        self._ticks = sockets.ticks()
        self._date = int(time.time())
        self._token = token

    def _refusal(self, status, answer):
        from .replies import classify

        text = "%s: %s" % tuple([_word(answer.get(name, "")) for name in ("error", "error_description")])
        kind, key = classify("token", status, "", text)
        # An endpoint may repeat what it was sent.
        for secret in (self._client_secret, self._store and self._current()):
            text = load_transient("net.http").hidden(text, secret)
        error = MailError("auth", kind, text[:200], key=key)
        error.retry_after = answer["retry_after"]
        return error

    def _refresh(self):
        # A new access token for the refresh token that came last: no other is sure to be valid.
        fields = [("grant_type", "refresh_token"), ("refresh_token", self._current()), ("scope", self._scope)]
        yield from self._grant(fields)


class ClientCredentials(_Token):
    """The application's own token (Exchange Online: permission SMTP.SendAsApp): no person takes part.

    Args:
        tenant (str): its id, or a domain of it.
        client_id, client_secret (str): of the application.
        scope (str), host (str), port (int): other than Microsoft's.
        trust: as of ``Route``.
        timeout (float): seconds for each wait.
    """

    def __init__(
        self,
        tenant,
        client_id,
        client_secret,
        scope="https://outlook.office365.com/.default",
        host="login.microsoftonline.com",
        port=443,
        trust=None,
        timeout=15,
    ):
        _Token.__init__(self, tenant, client_id, client_secret, scope, host, port, trust, None, timeout)

    def _fetch(self):
        return self._grant([("grant_type", "client_credentials"), ("scope", self._scope)])


class RefreshToken(_Token):
    """A mailbox's token, renewed by a refresh token that changes at every use and is stored before anything else.

    Args:
        tenant, client_id (str): as of ``ClientCredentials``.
        store: a ``FileStore`` or ``NvsStore``, or anything with their ``get`` and ``set``.
        refresh_token (str): the first one, if the store has none.
        client_secret (str): only of an application that is not public.
        scope, host, port, trust, timeout: as of ``ClientCredentials``.
    """

    def __init__(
        self,
        tenant,
        client_id,
        store,
        refresh_token=None,
        client_secret=None,
        scope=_SMTP_SEND,
        host="login.microsoftonline.com",
        port=443,
        trust=None,
        timeout=15,
    ):
        _Token.__init__(self, tenant, client_id, client_secret, scope, host, port, trust, store, timeout)
        if refresh_token and not store.get("refresh_token"):
            store.set("refresh_token", load_transient("checks").clean("refresh_token", refresh_token))

    def _fetch(self):
        if not self._current():
            raise MailError("auth", "configuration", "no refresh token is stored: sign in once", key="token_revoked")
        return self._refresh()


class DeviceCode(_Token):
    """A mailbox's token, agreed to once by a person who enters a code in a browser; from then on as ``RefreshToken``.

    Call it once by itself when setting up: no mail's deadline is as long as a person takes.

    Args:
        tenant, client_id (str), store: as of ``RefreshToken``.
        show (callable): ``show(address, code)`` tells the person where to enter what (both str).
        scope, host, port, trust, timeout: as of ``ClientCredentials``.
    """

    def __init__(
        self,
        tenant,
        client_id,
        store,
        show,
        scope=_SMTP_SEND,
        host="login.microsoftonline.com",
        port=443,
        trust=None,
        timeout=15,
    ):
        _Token.__init__(self, tenant, client_id, None, scope, host, port, trust, store, timeout)
        self._show = show

    def _fetch(self):
        return self._refresh() if self._current() else self._sign_in()

    def _sign_in(self):
        status, answer = yield from self._ask("devicecode", [("scope", self._scope)])
        code = answer.get("device_code")
        if status != 200 or not code or _word(code) != code:
            raise self._refusal(status, answer)
        show = [_word(answer.get(name, "")) for name in ("verification_uri", "user_code")]
        interval = max(1, min(_seconds(answer, "interval", 5), 60))
        # The person has as long as the code is valid, whatever deadline was set.
        valid = max(60, min(_seconds(answer, "expires_in", 900), 1800))
        yield ("limit", valid)
        end = sockets.after(sockets.ticks(), valid * 1000)
        self._show(show[0], show[1])
        fields = [("grant_type", "urn:ietf:params:oauth:grant-type:device_code"), ("device_code", code)]
        while True:
            yield ("pause", interval)
            late = sockets.left(end, sockets.ticks()) <= interval * 1000
            try:
                status, answer = yield from self._ask("token", fields)
            except MailError as lost:
                # RFC 8628, 3.5: a question that was lost is asked again, less and less often.
                if lost.kind != "temporary" or late:
                    raise
                interval = min(2 * interval, 60)
                continue
            error = answer.get("error")
            if error == "slow_down":
                # RFC 8628, 3.5
                interval += 5
            elif status == 429 or status >= 500:
                if late:
                    break
                interval = max(min(2 * interval, 60), answer["retry_after"])
            elif error != "authorization_pending":
                break
        self._keep(status, answer)

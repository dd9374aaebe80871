"""What the token endpoint answers to each grant, without I/O: a form goes in, a status and an object come out.

Grants: client credentials (RFC 6749, 4.4), refresh token with rotation (6), device code (RFC 8628). Errors carry the
AADSTS numbers that Microsoft's endpoint gives.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from umail_host.fake_smtp.server.clock import Clock

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
Form = Mapping[str, str]
Answer = tuple[int, dict[str, object]]

# What Microsoft's endpoint says, by number: status, OAuth error, text.
ERRORS = {
    7000215: (401, "invalid_client", "Invalid client secret provided."),
    7000222: (401, "invalid_client", "The provided client secret keys for app are expired."),
    7000218: (401, "invalid_client", "The request body must contain: 'client_assertion' or 'client_secret'."),
    700016: (400, "unauthorized_client", "Application with identifier '{client_id}' was not found in the directory."),
    90002: (400, "invalid_request", "Tenant '{tenant}' not found."),
    65001: (400, "invalid_grant", "The user or administrator has not consented to use the application."),
    70011: (400, "invalid_scope", "The provided value for the input parameter 'scope' is not valid."),
    70003: (400, "unsupported_grant_type", "The app requested an unsupported grant type '{grant_type}'."),
    900144: (400, "invalid_request", "The request body must contain the following parameter: '{parameter}'."),
    9002313: (400, "invalid_grant", "Invalid request. Request is malformed or invalid."),
    700082: (400, "invalid_grant", "The refresh token has expired due to inactivity."),
    50173: (400, "invalid_grant", "The provided grant has expired due to it being revoked."),
    53003: (400, "invalid_grant", "Access has been blocked by Conditional Access policies."),
    70016: (400, "authorization_pending", "OAuth 2.0 device flow error. Authorization is pending."),
    70018: (400, "bad_verification_code", "Invalid verification code."),
    70020: (400, "expired_token", "The provided device code has expired."),
    700020: (400, "access_denied", "The user denied the request."),
    50196: (400, "slow_down", "The client polls too often."),
}


class Refusal(Exception):
    """The answer is an error."""

    def __init__(self, code: int, **values: str) -> None:
        super().__init__(code)
        self.code = code
        self.values = values


@dataclass(slots=True)
class _Device:
    code: str = field(repr=False)
    user_code: str
    ends: float
    interval: float
    scope: str
    outcome: str = "pending"
    polled: float | None = None


@dataclass
class TokenService:
    """One tenant with one application; its attributes may be changed at any time.

    Args:
        tenant, client_id, client_secret: of the application; ``client_secret`` empty makes it a public one.
        user: the mailbox that delegated tokens stand for.
        clock: the time of expiries and polling.
        expires_in: seconds for which an access token is valid.
        token_length: characters of an access token; Microsoft's have about 1,900.
        interval: seconds between polls in the device flow; ``device_lifetime``: seconds until its code ends.
        refresh_idle: seconds without use after which a refresh token ends.
        rotate: each use of a refresh token ends it and issues another.
        fail: AADSTS number with which every request is refused; 0 answers normally.
        on_token: called with each access token, whom it stands for (``None``: any mailbox) and when it ends.
        device_url: where the user enters the code.
    """

    tenant: str = "contoso.onmicrosoft.com"
    client_id: str = "11111111-2222-3333-4444-555555555555"
    client_secret: str = field(default="fake-client-secret", repr=False)
    user: str = "esp32@contoso.com"
    clock: Clock = field(default_factory=Clock)
    expires_in: int = 3599
    token_length: int = 1900
    interval: int = 5
    device_lifetime: int = 900
    refresh_idle: float = 90 * 86400
    rotate: bool = True
    fail: int = 0
    on_token: Callable[[str, str | None, float], None] | None = None
    device_url: str = "https://microsoft.com/devicelogin"
    _refresh: dict[str, tuple[float, str]] = field(default_factory=dict, repr=False)
    _devices: dict[str, _Device] = field(default_factory=dict, repr=False)

    def answer(self, path: str, form: Form) -> Answer:
        """Return status and JSON object for a POST to ``/{tenant}/oauth2/v2.0/token`` or ``…/devicecode``."""
        grants = {
            "client_credentials": self._client_credentials,
            "refresh_token": self._refresh_token,
            DEVICE_CODE: self._poll,
        }
        try:
            if self.fail:
                raise Refusal(self.fail, client_id=form.get("client_id", ""))
            tenant, _, rest = path.strip("/").partition("/")
            if rest not in ("oauth2/v2.0/token", "oauth2/v2.0/devicecode"):
                return 404, {"error": "not_found"}
            if tenant != self.tenant:
                raise Refusal(90002, tenant=tenant)
            if self._need(form, "client_id") != self.client_id:
                raise Refusal(700016, client_id=form["client_id"])
            if rest.endswith("devicecode"):
                return 200, self._start_device(form)
            grant = grants.get(self._need(form, "grant_type"))
            if grant is None:
                raise Refusal(70003, grant_type=form["grant_type"])
            return 200, grant(form)
        except Refusal as refusal:
            return self._error(refusal)

    def approve(self, user_code: str = "") -> None:
        """Enter the code and agree, as the user; without one, for all that wait."""
        self._decide(user_code, "approved")

    def deny(self, user_code: str = "") -> None:
        """Enter the code and decline, as the user."""
        self._decide(user_code, "denied")

    def issue_refresh_token(self, scope: str = "https://outlook.office.com/SMTP.Send offline_access") -> str:
        """Return a refresh token, as an earlier sign-in would have left it."""
        token = "0.fake-refresh-" + secrets.token_urlsafe(600)
        self._refresh[token] = (self.clock.time(), scope)
        return token

    def revoke(self) -> None:
        """End all refresh tokens."""
        self._refresh.clear()

    def _decide(self, user_code: str, outcome: str) -> None:
        for device in self._devices.values():
            if user_code in ("", device.user_code) and device.outcome == "pending":
                device.outcome = outcome

    def _client_credentials(self, form: Form) -> dict[str, object]:
        self._authenticate(form, required=True)
        if not self._need(form, "scope").endswith("/.default"):
            raise Refusal(70011)
        return self._access_token(None, form["scope"])

    def _refresh_token(self, form: Form) -> dict[str, object]:
        self._authenticate(form)
        token = self._need(form, "refresh_token")
        if token not in self._refresh:
            raise Refusal(50173 if token.startswith("0.fake-refresh-") else 9002313)
        used, scope = self._refresh[token]
        if self.clock.time() - used > self.refresh_idle:
            raise Refusal(700082)
        if self.rotate:
            del self._refresh[token]
        else:
            self._refresh[token] = (self.clock.time(), scope)
        return self._access_token(self.user, scope, "" if self.rotate else token)

    def _start_device(self, form: Form) -> dict[str, object]:
        scope = self._need(form, "scope")
        code = secrets.token_urlsafe(120)
        user_code = "".join(secrets.choice("BCDFGHJKLMNPQRSTVWXZ23456789") for _ in range(9))
        ends = self.clock.time() + self.device_lifetime
        self._devices[code] = _Device(code, user_code, ends, self.interval, scope)
        return {
            "device_code": code,
            "user_code": user_code,
            "verification_uri": self.device_url,
            "expires_in": self.device_lifetime,
            "interval": self.interval,
            "message": f"To sign in, open the page {self.device_url} in a browser and enter the code {user_code}.",
        }

    def _poll(self, form: Form) -> dict[str, object]:
        device = self._devices.get(self._need(form, "device_code"))
        if device is None:
            raise Refusal(70018)
        now, before = self.clock.time(), device.polled
        device.polled = now
        if now >= device.ends:
            raise Refusal(70020)
        if before is not None and now - before < device.interval - 0.25:
            # RFC 8628, 3.5: the interval grows by five seconds for this and all later polls.
            device.interval += 5
            raise Refusal(50196)
        if device.outcome == "pending":
            raise Refusal(70016)
        del self._devices[device.code]
        if device.outcome == "denied":
            raise Refusal(700020)
        return self._access_token(self.user, device.scope)

    def _access_token(self, user: str | None, scope: str, refresh: str = "") -> dict[str, object]:
        token = ("eyJ0eXAiOiJKV1Qi." + secrets.token_urlsafe(self.token_length))[: self.token_length]
        usable = scope.endswith("/.default") or "SMTP.Send" in scope
        if self.on_token and usable:
            self.on_token(token, user, self.clock.time() + self.expires_in)
        answer: dict[str, object] = {
            "token_type": "Bearer",
            "expires_in": self.expires_in,
            "ext_expires_in": self.expires_in,
            "access_token": token,
        }
        if "offline_access" in scope:
            answer |= {"scope": scope, "refresh_token": refresh or self.issue_refresh_token(scope)}
        return answer

    def _authenticate(self, form: Form, required: bool = False) -> None:
        given = form.get("client_secret", "")
        if required and not given:
            raise Refusal(7000218)
        if given and given != self.client_secret:
            raise Refusal(7000215)

    @staticmethod
    def _need(form: Form, name: str) -> str:
        if not form.get(name):
            raise Refusal(900144, parameter=name)
        return form[name]

    def _error(self, refusal: Refusal) -> Answer:
        status, error, text = ERRORS[refusal.code]
        values = {"client_id": "", "tenant": self.tenant, "grant_type": "", "parameter": ""} | refusal.values
        stamp = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(self.clock.time()))
        trace, correlation = ("-".join(secrets.token_hex(size) for size in (4, 2, 2, 2, 6)) for _ in range(2))
        told = f"AADSTS{refusal.code}: {text.format(**values)}"
        return status, {
            "error": error,
            "error_description": f"{told} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}",
            "error_codes": [refusal.code],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"https://login.microsoftonline.com/error?code={refusal.code}",
        }

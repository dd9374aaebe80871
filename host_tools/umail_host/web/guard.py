"""Who may ask the page and the API: checks Host, Origin and token before anything else, and sets the CSP."""

from __future__ import annotations

import hmac
import ipaddress
import socket
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
_SAFE = ("GET", "HEAD")
_OWN = ("none", "same-origin")  # Sec-Fetch-Site of what a person typed or opened, and of the page itself


def is_loopback(host: str) -> bool:
    """Tell whether only programs on this machine reach a server at that address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Guard:
    """Refuses what is not for this server, or not from its own page or a client that knows the token.

    Args:
        app: what it guards.
        host: the address that is listened on.
        token: what a client must show; empty on loopback, where anybody on this machine may look.

    A name that an attacker's DNS points here is refused by its Host (DNS rebinding); a page of another site by its
    Origin and by Sec-Fetch-Site. The token in the URL is exchanged for a cookie that no script reads.
    """

    def __init__(self, app: ASGIApp, host: str, token: str = "") -> None:
        self._app, self._host, self._token = app, host, token
        # Of the token, not made up: a page that is open outlives a restart of its server.
        self._cookie = hmac.digest(token.encode(), b"the page's cookie", "sha256").hex()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers) or self._welcome(scope, headers)

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                out = MutableHeaders(scope=message)
                out.setdefault("Content-Security-Policy", PAGE_POLICY)
                out.setdefault("Cache-Control", "no-store")
                out["X-Content-Type-Options"] = "nosniff"
                out["Referrer-Policy"] = "no-referrer"
                out["Cross-Origin-Resource-Policy"] = "same-origin"
                if headers.get("sec-fetch-site") not in _OWN:
                    # Only a page that another one opens has somebody to be parted from; for it Chromium takes another
                    # process after the answer has come, a tenth of a second.
                    out["Cross-Origin-Opener-Policy"] = "same-origin"
            await send(message)

        await (refusal or self._app)(scope, receive, guarded)

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        host, origin = headers.get("host", ""), headers.get("origin")
        if not self._is_ours(host):
            return _no(421, f"this server is not {host[:80]!r}: use the address that umail printed")
        if origin is not None and origin != f"http://{host}":
            return _no(403, "a page of another origin may not ask this server")
        site, mode = headers.get("sec-fetch-site", "none"), headers.get("sec-fetch-mode", "")
        navigation = mode == "navigate" and scope["method"] in _SAFE and scope["path"] == "/"
        if site not in _OWN and not navigation:
            return _no(403, "a page of another site may not ask this server")
        return None

    def _is_ours(self, host: str) -> bool:
        name = host.rpartition(":")[0] if host.rpartition("]")[2].count(":") else host
        name = name.strip("[]").lower()
        if is_loopback(self._host):
            return is_loopback(name)
        try:
            ipaddress.ip_address(name)
        except ValueError:
            own = socket.gethostname().lower()
            return name in ("localhost", self._host.lower(), own, f"{own.partition('.')[0]}.local")
        return True

    def _welcome(self, scope: Scope, headers: Headers) -> Response | None:
        if not self._token:
            return None
        name = f"umail-{scope['server'][1]}"  # cookies do not tell ports apart
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if scope["path"] == "/" and given and _same(given, self._token):
            welcome = RedirectResponse("/", 303)
            welcome.set_cookie(name, self._cookie, httponly=True, samesite="strict", path="/")
            return welcome
        kind, _, bearer = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and _same(bearer.strip().encode("latin-1"), self._token):
            return None
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(name)
        except CookieError:
            cookie = None
        if cookie is not None and _same(cookie.value, self._cookie):
            return None
        answer = _no(401, "open the URL that umail printed, or send its token: Authorization: Bearer …")
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer


def _same(given: str | bytes, wanted: str) -> bool:
    octets = given if isinstance(given, bytes) else given.encode("utf-8", "replace")
    return hmac.compare_digest(octets, wanted.encode())


def _no(status: int, sentence: str) -> Response:
    return JSONResponse({"error": sentence}, status)

from collections.abc import Sequence
from typing import Any, Literal, Protocol

_Security = Literal["starttls", "tls", "opportunistic", "plain"]
_Der = str | bytes
_Certificate = tuple[Sequence[_Der], _Der]

class _Token(Protocol):
    def __call__(self, refresh: bool = False) -> Any: ...

class Route:
    host: str | None
    port: int
    security: _Security
    username: str | None
    password: str | None
    token: _Token | None
    certificate: _Certificate | None
    sender: str | None
    trust: _Der | Sequence[_Der] | None
    ehlo: str | None
    auth: str | None
    roots: tuple[str, ...] | None
    long_auth: bool
    max_recipients: int | None
    mx: str | None
    mx_suffixes: tuple[str, ...]
    fails: int
    rests: int
    refusal: str
    reached: bool
    took: bool
    resolve: Any
    def __init__(
        self,
        host: str,
        port: int = 587,
        security: _Security | None = None,
        username: str | None = None,
        password: str | None = None,
        token: _Token | None = None,
        certificate: _Certificate | None = None,
        sender: str | None = None,
        trust: _Der | Sequence[_Der] | None = None,
        ehlo: str | None = None,
        auth: Literal["LOGIN", "PLAIN", "XOAUTH2"] | None = None,
    ) -> None: ...

from collections.abc import Callable, Generator, Sequence
from typing import Any, Protocol

from umail.route import _Der

class _Store(Protocol):
    def get(self, key: str) -> str | None: ...
    def set(self, key: str, value: str) -> None: ...

class FileStore:
    path: str
    def __init__(self, path: str) -> None: ...
    def get(self, key: str) -> str | None: ...
    def set(self, key: str, value: str) -> None: ...

class NvsStore:
    nvs: Any
    def __init__(self, namespace: str = "umail") -> None: ...
    def get(self, key: str) -> str | None: ...
    def set(self, key: str, value: str) -> None: ...

class _Token:
    def __init__(
        self,
        tenant: str,
        client_id: str,
        client_secret: str | None,
        scope: str,
        host: str,
        port: int,
        trust: _Der | Sequence[_Der] | None,
        store: _Store | None,
        seconds: float,
    ) -> None: ...
    def __call__(self, refresh: bool = False) -> str: ...
    def steps(self, refresh: bool = False) -> Generator[Any, Any, str]: ...
    def keep(self) -> bool: ...
    def left(self) -> int: ...

class ClientCredentials(_Token):
    def __init__(
        self,
        tenant: str,
        client_id: str,
        client_secret: str,
        scope: str = "https://outlook.office365.com/.default",
        host: str = "login.microsoftonline.com",
        port: int = 443,
        trust: _Der | Sequence[_Der] | None = None,
        timeout: float = 15,
    ) -> None: ...

class RefreshToken(_Token):
    def __init__(
        self,
        tenant: str,
        client_id: str,
        store: _Store,
        refresh_token: str | None = None,
        client_secret: str | None = None,
        scope: str = ...,
        host: str = "login.microsoftonline.com",
        port: int = 443,
        trust: _Der | Sequence[_Der] | None = None,
        timeout: float = 15,
    ) -> None: ...

class DeviceCode(_Token):
    def __init__(
        self,
        tenant: str,
        client_id: str,
        store: _Store,
        show: Callable[[str, str], object],
        scope: str = ...,
        host: str = "login.microsoftonline.com",
        port: int = 443,
        trust: _Der | Sequence[_Der] | None = None,
        timeout: float = 15,
    ) -> None: ...

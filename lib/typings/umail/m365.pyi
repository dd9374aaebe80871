from typing import Any

from umail.route import Route, _Certificate, _Token

def submission(
    username: str, password: str | None = None, token: _Token | None = None, host: str | None = None, **more: Any
) -> Route: ...
def hve(
    username: str, password: str | None = None, token: _Token | None = None, host: str | None = None, **more: Any
) -> Route: ...
def direct_send(domain: str, sender: str, host: str | None = None, **more: Any) -> Route: ...
def relay(
    domain: str, sender: str, certificate: _Certificate | None = None, host: str | None = None, **more: Any
) -> Route: ...

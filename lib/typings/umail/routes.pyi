from typing import Any

from umail.route import Route, _Token

def gmail(
    username: str,
    password: str | None = None,
    token: _Token | None = None,
    host: str = "smtp.gmail.com",
    port: int = 587,
    **more: Any,
) -> Route: ...
def azure_communication(username: str, password: str, host: str = "smtp.azurecomm.net", **more: Any) -> Route: ...

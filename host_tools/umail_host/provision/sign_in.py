"""Signs a board in to its mailbox: runs the device code flow (RFC 8628) here, for the board's first refresh token."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from umail import MailError, oauth
from umail_host import firmware_rules
from umail_host.errors import UserError
from umail_host.settings import Oauth, Route


class _Memory:
    """Where umail.oauth leaves the refresh token; its repr shows none."""

    def __init__(self) -> None:
        self._kept: dict[str, str] = {}

    def get(self, key: str) -> str | None:
        return self._kept.get(key)

    def set(self, key: str, value: str) -> None:
        self._kept[key] = value


def refresh_token(mail: Route, trust: Sequence[bytes] | str | None, show: Callable[[str, str], object]) -> str:
    """Return the refresh token that a person's sign-in leads to; waits for that, as long as its code is valid.

    Args:
        mail: a route with ``oauth``.
        trust: roots (DER) for the token endpoint, or "insecure"; None: the bundled ones.
        show: told where to enter what, the address and the code.

    Raises:
        UserError: it was refused, declined or came too late, or the endpoint can't be reached; with what to do.
    """
    section = asdict(mail.oauth or Oauth()) | {"flow": "refresh_token"}
    more: dict[str, Any] = {key: section[key] for key in ("host", "port") if section[key]}
    if scope := firmware_rules.module("tokens").scope(section, mail.route):
        more["scope"] = scope
    store = _Memory()
    try:
        oauth.DeviceCode(section["tenant"], section["client_id"], store, show, trust=trust, **more)()
    except MailError as error:
        raise UserError(f"the sign-in failed: {error.text}. {error.advice}", 4) from None
    except ValueError as error:
        raise UserError(f"mail.oauth: {error}") from None
    if not (token := store.get("refresh_token")):
        raise UserError("the sign-in brought no refresh token: mail.oauth.scope must have offline_access", 4)
    return token

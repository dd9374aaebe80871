"""A keyring backend that holds what FAKE_KEYRING says (JSON: user name → secret); no system's is touched."""

from __future__ import annotations

import json
import os

from keyring import backend, errors


class Backend(backend.KeyringBackend):
    """Chosen by PYTHON_KEYRING_BACKEND."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        held = json.loads(os.environ["FAKE_KEYRING"])
        if held is None:
            raise errors.KeyringLocked("locked")
        return held.get(username) if service == "umail" else None

    def set_password(self, service: str, username: str, password: str) -> None:
        raise errors.PasswordSetError("umail stores nothing here")

    def delete_password(self, service: str, username: str) -> None:
        raise errors.PasswordDeleteError("umail removes nothing here")

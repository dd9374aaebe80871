"""A keyring in memory, as keyring's own interface has it."""

from __future__ import annotations

import keyring.backend


class Backend(keyring.backend.KeyringBackend):
    """Keeps what it is given for as long as the process lives."""

    priority = 1
    kept: dict[tuple[str, str], str] = {}  # noqa: RUF012

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]

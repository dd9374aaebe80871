"""`esp32.NVS`: a file of the host's beside the flash image, which holds what was committed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

_Value = int | list[int]
_NAME_LIMIT = 15

# ESP-IDF's codes and names, as MicroPython's OSError shows them.
_NOT_FOUND = (-0x1102, "ESP_ERR_NVS_NOT_FOUND")
_INVALID_NAME = (-0x1106, "ESP_ERR_NVS_INVALID_NAME")
_KEY_TOO_LONG = (-0x1109, "ESP_ERR_NVS_KEY_TOO_LONG")
_INVALID_LENGTH = (-0x110C, "ESP_ERR_NVS_INVALID_LENGTH")
_VALUE_TOO_LONG = (-0x110E, "ESP_ERR_NVS_VALUE_TOO_LONG")
_BLOB_LIMIT = int(0x6000 * 0.976) - 4000  # nvs_flash: of the partition, which MicroPython gives 24 KiB


class Nvs:
    """Namespaces of keys.

    Args:
        path: the file; it may hold secrets, so only its owner can read it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._now: dict[str, dict[str, _Value]] = {}
        self.power_lost()

    def __repr__(self) -> str:
        return f"<Nvs {self._path.name}>"

    def power_lost(self) -> None:
        """Forget what was not committed (any hard reset)."""
        self._now = self._stored()

    def erase(self) -> None:
        """Forget everything, as erasing the whole flash does."""
        self._path.unlink(missing_ok=True)
        self._now = {}

    def calls(self) -> dict[str, Callable[..., object]]:
        """Return what the board may ask."""
        return {
            "nvs.open": self._open,
            "nvs.set": self._set,
            "nvs.get_i32": self._get_i32,
            "nvs.get_blob": self._get_blob,
            "nvs.erase": self._erase,
            "nvs.commit": self._commit,
        }

    def _stored(self) -> dict[str, dict[str, _Value]]:
        try:
            stored: dict[str, dict[str, _Value]] = json.loads(self._path.read_text(encoding="ascii"))
        except FileNotFoundError:
            return {}
        return stored

    def _open(self, namespace: str) -> None:
        if not 0 < len(namespace.encode()) <= _NAME_LIMIT:
            raise OSError(*_INVALID_NAME)
        self._now.setdefault(namespace, {})

    def _set(self, namespace: str, key: str, value: _Value) -> None:
        if len(key.encode()) > _NAME_LIMIT:
            raise OSError(*_KEY_TOO_LONG)
        if isinstance(value, int):
            value = (value + 2**31) % 2**32 - 2**31
        elif len(value) > _BLOB_LIMIT:
            raise OSError(*_VALUE_TOO_LONG)
        self._now.setdefault(namespace, {})[key] = value

    def _get(self, namespace: str, key: str) -> _Value:
        if len(key.encode()) > _NAME_LIMIT:
            raise OSError(*_KEY_TOO_LONG)
        value = self._now.get(namespace, {}).get(key)
        if value is None:
            raise OSError(*_NOT_FOUND)
        return value

    def _get_i32(self, namespace: str, key: str) -> int:
        value = self._get(namespace, key)
        if not isinstance(value, int):
            raise OSError(*_NOT_FOUND)
        return value

    def _get_blob(self, namespace: str, key: str, room: int) -> list[int]:
        value = self._get(namespace, key)
        if isinstance(value, int):
            raise OSError(*_NOT_FOUND)
        if len(value) > room:
            raise OSError(*_INVALID_LENGTH)
        return value

    def _erase(self, namespace: str, key: str) -> None:
        self._get(namespace, key)
        del self._now[namespace][key]

    def _commit(self, namespace: str) -> None:
        """Write beside and rename, so that a power cut leaves the old or the new state."""
        stored = self._stored() | {namespace: self._now.get(namespace, {})}
        new = self._path.with_suffix(".new")
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
            json.dump(stored, file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)

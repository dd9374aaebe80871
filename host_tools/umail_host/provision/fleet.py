"""Reads a TOML file for many boards: what they share, and what is each one's own."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from umail_host import files
from umail_host.errors import UserError

_OURS = ("board", "port", "id", "files", "romfs")


class Fleet:
    """A TOML file: what all boards share, and a table ``[[board]]`` for each, whose keys go before the shared ones.

    Args:
        path: of the file.

    Raises:
        UserError: it can't be read, or two boards have the same name or id.
    """

    def __init__(self, path: Path) -> None:
        self._shared: dict[str, Any] = _toml(path)
        found = self._shared.pop("board", [])
        if not isinstance(found, list) or not all(isinstance(table, dict) for table in found):
            raise UserError(f"{path}: write [[board]] with two brackets before each board's keys")
        self.path = path
        # What is for this computer, not for a board: umail fleet watch.
        self.watch: dict[str, Any] = self._shared.pop("watch", {})
        if not isinstance(self.watch, dict):
            raise UserError(f"{path}: write [watch] with one bracket before what the watch is to do")
        self.boards: list[dict[str, Any]] = found or [{}]
        for board in self.boards:
            if "id" in board and not _plain(board["id"]):
                raise UserError(
                    f"{path}: the id of {self.name(board) or 'a board'} is empty: "
                    "give the one that umail boards shows, or remove the key"
                )
        self._check_once("board_name", [self.name(board) for board in self.boards])
        self._check_once("id", [_plain(board["id"]) for board in self.boards if "id" in board])

    def _check_once(self, key: str, values: list[str]) -> None:
        if (nameless := values.count("")) > 1:
            raise UserError(f"{self.path}: {nameless} boards have no {key}: give each board its own")
        if twice := sorted(value for value, count in Counter(values).items() if count > 1):
            raise UserError(f"{self.path}: {', '.join(twice)} is there more than once: give each board its own {key}")

    def name(self, board: Mapping[str, Any]) -> str:
        """Return the name of one of ``boards``."""
        return str(board.get("board_name") or self._shared.get("board_name") or "")

    def find(self, identity: str) -> dict[str, Any] | None:
        """Return the entry with that id, None if there is none."""
        fitting = [board for board in self.boards if "id" in board and _plain(board["id"]) == _plain(identity)]
        return fitting[0] if fitting else None

    def choose(self, name: str, identity: str) -> dict[str, Any]:
        """Return the entry for a board.

        Args:
            name: as the user gave it; empty: found by the identity.
            identity: the board's unique id in hexadecimal.

        Raises:
            UserError: none fits, or it is not clear which.
        """
        fitting = [board for board in self.boards if name and self.name(board) == name]
        if not name:
            fitting = [board for board in self.boards if _plain(board.get("id", "")) == _plain(identity)]
            if not fitting and len(self.boards) == 1 and "id" not in self.boards[0]:
                fitting = self.boards
        if len(fitting) == 1:
            return fitting[0]
        names = ", ".join(filter(None, map(self.name, self.boards))) or "none"
        what = f"no board {name}" if name else f'no [[board]] with id = "{identity}"'
        raise UserError(f"{self.path} has {what}: say which with --name; it has {names}")

    def config(self, board: Mapping[str, Any]) -> dict[str, Any]:
        """Return the configuration of one of ``boards``."""
        whole = _merge(copy.deepcopy(self._shared), board)
        return {key: value for key, value in whole.items() if key not in _OURS}

    def romfs(self, board: Mapping[str, Any]) -> bool:
        """Tell whether library and firmware of one of ``boards`` lie in its ROMFS."""
        found = board.get("romfs", self._shared.get("romfs", False))
        if not isinstance(found, bool):
            raise UserError(f"{self.path}: romfs is {found!r}: write true or false, without quotes")
        return found

    def files(self, board: Mapping[str, Any]) -> dict[str, bytes]:
        """Return the further files of one of ``boards``: its table ``files``, path on the board = path beside the file.

        Raises:
            UserError: one can't be read.
        """
        table = _merge(copy.deepcopy(self._shared), board).get("files", {})
        if not isinstance(table, dict) or not all(isinstance(name, str) for name in table.values()):
            raise UserError(f'{self.path}: write [files] with lines such as "/certs/leaf.der" = "leaf.der"')
        return {
            target: files.Brought.of(name, files.read(self.path.parent / name, f"{self.path}: the file {name}"))
            for target, name in table.items()
        }

    def missing(self, seen: set[str]) -> list[tuple[str, str]]:
        """Return name and id of the boards whose id is not among those ``seen``."""
        known = {_plain(identity) for identity in seen}
        ids = [(self.name(board), _plain(board["id"])) for board in self.boards if "id" in board]
        return [(name, identity) for name, identity in ids if identity not in known]


def _toml(path: Path) -> dict[str, Any]:
    """Return the table in a file of TOML; one of JSON is told where it goes."""
    try:
        found: dict[str, Any] = files.table(path, toml=True)
    except UserError:
        if not files.text(files.read(path), str(path)).lstrip().startswith("{"):
            raise
        raise UserError(
            f"{path} is JSON, and this takes TOML (docs/provision.md): the configuration of one board goes onto it by "
            f"umail deploy --config {path} --secret wifi_password --secret mail_password"
        ) from None
    return found


def _merge(under: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(under.get(key), dict)
        under[key] = _merge(under[key], value) if both else value
    return under


def _plain(identity: object) -> str:
    return str(identity).strip().lower().replace(":", "").replace("-", "")

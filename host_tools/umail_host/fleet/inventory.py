"""Lists the boards of a file, and gives the name of a broken board to a new one."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from umail_host import files
from umail_host.errors import UserError
from umail_host.fleet import keys
from umail_host.provision.fleet import Fleet

_ID = re.compile(r"[0-9a-f]{2,64}")


@dataclass(frozen=True)
class Listed:
    """A board of the file: whether its key is here, and what tells its configuration from another's."""

    name: str
    identity: str
    keyed: bool
    config: str

    def cells(self) -> tuple[str, ...]:
        """Return it as a row of a table."""
        return (self.name, self.identity or "not known", "yes" if self.keyed else "no", self.config)

    def as_json(self) -> Mapping[str, Any]:
        """Return it as ``--json`` has it."""
        return {"name": self.name, "id": self.identity, "key": self.keyed, "configuration": self.config}


def boards(fleet: Fleet, key_of: Callable[[str], bytes | None]) -> list[Listed]:
    """Return the boards of a file, by name."""
    found = []
    for board in fleet.boards:
        identity = keys.plain(board.get("id", ""))
        # Of the file's own words: a board adds names of its pins as numbers.
        text = json.dumps(fleet.config(board), sort_keys=True, ensure_ascii=False, default=str)
        digest = hashlib.sha256(text.encode()).hexdigest()[:8]
        found.append(Listed(fleet.name(board), identity, bool(identity and key_of(identity)), digest))
    return sorted(found, key=lambda one: one.name)


def replace(path: Path, name: str, identity: str) -> str:
    """Write the id of a new board into the file in place of that of the board ``name``; return the old one.

    Raises:
        UserError: there is no such board, or no id that can be replaced, or the new one is there already.
    """
    fleet = Fleet(path)
    new = keys.plain(identity)
    if not _ID.fullmatch(new) or len(new) % 2:
        raise UserError(f"{identity} is not the id of a board: umail boards --probe shows it")
    board = next((one for one in fleet.boards if name and fleet.name(one) == name), None)
    if board is None:
        known = ", ".join(filter(None, map(fleet.name, fleet.boards))) or "none"
        raise UserError(f"{path} has no board {name}: it has {known}")
    if fleet.find(new) is not None:
        raise UserError(f"{path} has a board with the id {new} already: {fleet.name(fleet.find(new) or {})}")
    old = str(board.get("id", ""))
    text = files.text(files.read(path), str(path))
    places = list(re.finditer(rf"""(?m)^(\s*id\s*=\s*["']){re.escape(old)}(["'])""", text)) if old else []
    if len(places) != 1:
        raise UserError(f'{path}: write id = "…" on a line of its own for {name}, then run this again')
    found = places[0]
    files.write(path, text[: found.start()] + found[1] + new + found[2] + text[found.end() :])
    keys.put(old, None)
    return keys.plain(old)

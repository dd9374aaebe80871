"""Notes on a board what it was provisioned with, so that a second run does only what is left."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping

from umail_host import __version__
from umail_host.device.board import Board
from umail_host.settings import CONFIG, Settings

# On the board: what it was provisioned with last, once its test alert had got through.
RECORD = "/provisioned"


def digest(settings: Settings, files: Mapping[str, bytes]) -> str:
    """Return what a board is provisioned with, but for its secrets, as one word."""
    made = hashlib.sha256(json.dumps([__version__, settings.config], sort_keys=True, ensure_ascii=False).encode())
    for path in sorted(files):
        made.update(path.encode() + b"\0" + hashlib.sha256(files[path]).digest())
    return made.hexdigest()


def is_done(link: Board, wanted: str, secrets: Mapping[str, str | None], signed: Collection[str]) -> bool:
    """Tell whether a board was provisioned with just this, has that configuration still, and holds these secrets.

    Args:
        wanted: of ``digest``.
        secrets: name → value, None: it has none of that name.
        signed: names of those that a sign-in brought: that they are there is enough, for nobody knows them here.
    """
    if not link.exists(RECORD) or not link.exists(CONFIG):
        return False
    # It may have been deployed with another configuration since.
    if link.get(RECORD).decode(errors="replace").split() != [wanted, link.hash(CONFIG)]:
        return False
    link.exec("from alertnode import secrets")
    return all(link.eval(f"secrets.get({name!r}) == {value!r}") for name, value in secrets.items()) and all(
        link.eval(f"secrets.get({name!r}) is not None") for name in signed
    )


def record(link: Board, done: str) -> None:
    """Note on a board what it was provisioned with: ``digest``, or "" if it is not known to work."""
    link.put(RECORD, f"{done} {link.hash(CONFIG)}\n".encode())

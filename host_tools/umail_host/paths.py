"""Where the device library, the firmware and the boards lie: in a source checkout, or inside an installed wheel."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from umail_host.errors import UserError

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parent.parent


def _find(name: str) -> Path:
    for candidate in (_CHECKOUT / name, _PACKAGE / "_data" / name):
        if candidate.is_dir():
            return candidate
    raise UserError(
        f"the folder {name}/ of umail is missing: install umail again (make install, in a copy of its repository)",
        exit_code=1,
    )


def firmware() -> Path:
    """Return the folder with main.py, boot.py and alertnode/."""
    return _find("firmware")


def boards() -> Path:
    """Return the folder with one folder a board."""
    return _find("boards")


def library() -> Path:
    """Return the folder of the device library itself (the package `umail`)."""
    checkout = _CHECKOUT / "lib" / "umail"
    if checkout.is_dir():
        return checkout
    spec = importlib.util.find_spec("umail")
    if spec is None or not spec.submodule_search_locations:
        raise UserError(
            "the package umail is missing: install umail again (make install, in a copy of its repository)", exit_code=1
        )
    return Path(next(iter(spec.submodule_search_locations)))

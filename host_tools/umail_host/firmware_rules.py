"""The firmware's own modules, run here: what a board would say of a configuration is said before it gets it."""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any

from umail_host import paths
from umail_host.errors import UserError


def module(name: str) -> Any:
    """The module ``alertnode.NAME``."""
    folder = str(paths.firmware())
    sys.path.insert(0, folder)
    try:
        return importlib.import_module(f"alertnode.{name}")
    finally:
        sys.path.remove(folder)


def checked(text: bytes) -> dict[str, Any]:
    """A configuration as it lies on a board, completed with its defaults.

    Raises:
        UserError: the first sentence counts the problems, one line each follows.
    """
    try:
        value = json.loads(text)
    except ValueError as error:
        raise UserError(f"the configuration is not JSON: {error}") from None
    settings, problems = module("config").check(value)
    if problems:
        raise UserError("the configuration needs mending:\n" + "\n".join(f"  - {problem}" for problem in problems))
    found: dict[str, Any] = settings
    return found

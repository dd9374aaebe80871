"""Says what a board still lacks after a deployment, so that it could not start: a configuration, secrets."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from umail_host.device.board import Board, ExecError
from umail_host.settings import CONFIG, Settings

_LOOK = "from alertnode.secrets import get\nprint([name for name in {!r} if get(name)])"


def warnings(link: Board, settings: Settings | None) -> Iterator[str]:
    """Yield a sentence with its remedy for each thing that a board lacks.

    Args:
        link: the board, which has the firmware.
        settings: its configuration; None: it has none, or none that is right.
    """
    if settings is None:
        if not link.exists(CONFIG):
            yield "the board has no configuration, so it does not start: umail deploy --config FILE"
        return
    # A token in place of a password is right, too.
    wanted = {name: (name, name.replace("password", "token")) for name in settings.secrets()}
    there = _there(link, sorted({one for either in wanted.values() for one in either}))
    if there is None:
        return
    missing = [name for name, either in wanted.items() if not there.intersection(either)]
    if missing:
        options = " ".join(f"--secret {name}" for name in missing)
        hint = " (an open Wi-Fi has no password)" if missing[0].startswith("wifi_") else ""
        yield f"the board has no {' and no '.join(missing)}{hint}: umail deploy {options}"


def _there(link: Board, names: list[str]) -> set[str] | None:
    """Return those of ``names`` that the board keeps; None if it can't be asked."""
    try:
        return set(ast.literal_eval(link.exec(_LOOK.format(names)).strip()))
    except (ExecError, ValueError, SyntaxError):
        return None

"""Secrets for a board: from the environment, the system's keyring, or a question without echo; never from arguments."""

from __future__ import annotations

import contextlib
import difflib
import getpass
import importlib
import os
import re
import sys
import unicodedata
from collections.abc import MutableMapping
from pathlib import Path

from umail_host import terminal
from umail_host.errors import UserError

_SERVICE = "umail"
# What the alert node reads; those of the second route, and of further Wi-Fi networks, have _2 and so on behind them.
_LOGINS = ("mail_password", "mail_token", "oauth_secret", "refresh_token")
_MORE_NETWORKS = tuple(f"wifi_password_{number}" for number in range(2, 10))
# In place of the password of a network that has none; those of WPA have eight characters at least.
OPEN = "open"
NAMES = ("wifi_password", *_LOGINS, *(f"{name}_2" for name in _LOGINS), *_MORE_NETWORKS, "modem_password")


def find(name: str, board: str = "") -> str | None:
    """Return the secret ``name``, if the environment, systemd's credentials or the keyring have it.

    ``UMAIL_SECRET_FREEZER_3_MAIL_PASSWORD`` is that of the board freezer-3 alone, ``UMAIL_SECRET_MAIL_PASSWORD`` that
    of any. In the keyring the service is ``umail``, the user name ``freezer-3/mail_password`` or ``mail_password``.
    """
    for variable in _variables(name, board):
        if value := os.environ.get(variable):
            return value
    if folder := os.environ.get("CREDENTIALS_DIRECTORY"):
        # systemd's: LoadCredential=, SetCredentialEncrypted=.
        with contextlib.suppress(OSError, UnicodeDecodeError):
            return Path(folder, name).read_text("utf-8").removesuffix("\n")
    return _from_keyring(name, board)


def check(name: str) -> None:
    """Check that the alert node reads a secret of that name, which is what follows ``--secret``.

    Raises:
        UserError: it does not; what was given is not repeated: it may be the secret itself.
    """
    if name in NAMES:
        return
    known = name.partition("=")[0].strip()
    if known in NAMES:
        raise UserError(
            f"--secret takes the name of a secret alone, not its value: write --secret {known}, and give the value "
            f"when it is asked for, or as {_variables(known, '')[0]}"
        )
    close = difflib.get_close_matches(known, NAMES, 1)
    hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(NAMES)}"
    raise UserError(f"--secret: the alert node reads no secret of that name; {hint}")


def read(name: str, board: str = "", answers: MutableMapping[str, str] | None = None) -> str:
    """Return the same, asked for if neither has it; "" for a network that is ``OPEN``: it has no password.

    Args:
        name: of the secret.
        board: whose; empty: any.
        answers: what was answered before, for boards that share it; is added to.

    Raises:
        UserError: the alert node reads no secret of that name, or nothing can be asked here.
    """
    check(name)
    value = find(name, board) or (answers or {}).get(name)
    if not value and sys.stdin.isatty():
        value = _asked(name)
        if answers is not None:
            answers[name] = value
    if value and (problem := _pasted(name, value)):
        raise UserError(f"the secret {name} {problem}: it came along when it was pasted; give it once more without")
    if not value:
        raise UserError(
            f"the secret {name} is not known: set {_variables(name, '')[0]}{_or_open(name)}, "
            "or run the command in a terminal"
        )
    return "" if value == OPEN and _may_be_open(name) else value


def _may_be_open(name: str) -> bool:
    return name.startswith("wifi_password")


def _or_open(name: str) -> str:
    return f" ({OPEN}: the network has none)" if _may_be_open(name) else ""


def _asked(name: str) -> str:
    """Ask until there is an answer that can be right."""
    while True:
        try:
            value = getpass.getpass(f"{name}{_or_open(name)}: ")
        except EOFError:
            # Ctrl-D ends it as Ctrl-C does.
            raise KeyboardInterrupt from None
        if not value:
            hint = f"write it, or {OPEN} if the network has none" if _may_be_open(name) else "write it"
            terminal.echo(f"  it is empty: {hint}; Ctrl-C ends the command", err=True)
        elif problem := _pasted(name, value):
            terminal.echo(f"  it {problem}, which came along when it was pasted: give it without", err=True)
        else:
            return value


def _pasted(name: str, value: str) -> str:
    """Return what is in a secret that nobody sees and no provider puts there; empty: nothing."""
    if any((c.isspace() and c != " ") or unicodedata.category(c) in ("Cc", "Cf") for c in value):
        return "holds a no-break space, a line break or another invisible character"
    # The password of a Wi-Fi network may begin or end so.
    if value != value.strip() and not name.startswith("wifi_password"):
        return "begins or ends with a blank"
    return ""


def _variables(name: str, board: str) -> list[str]:
    names = [f"UMAIL_SECRET_{name.upper()}"]
    if board:
        names.insert(0, f"UMAIL_SECRET_{re.sub(r'[^A-Z0-9]', '_', board.upper())}_{name.upper()}")
    return names


def _from_keyring(name: str, board: str) -> str | None:
    try:
        keyring = importlib.import_module("keyring")
    except ImportError:
        return None
    try:
        for user in ([f"{board}/{name}"] if board else []) + [name]:
            value: str | None = keyring.get_password(_SERVICE, user)
            if value:
                return value
    except Exception:
        # Each system has errors of its own for a keyring that is locked or absent; there are other ways to answer.
        return None
    return None

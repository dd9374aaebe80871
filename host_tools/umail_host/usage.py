"""Says in one sentence what is wrong with a command line, and how to write it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import Any

_NUMBER = r"-?\d+,\d+"  # as people write it who have a decimal comma


def sentence(error: Any, words: Sequence[str]) -> str:
    """Return one line for a usage error of typer's; ``words`` are those of the command line behind ``umail``."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "umail"
    told = str(error.format_message()).strip().rstrip(".")
    by_option = any("--config" in one.opts for one in context.command.params) if context else False
    hint = _hint(told, words, sorted(getattr(context.command, "commands", {})) if context else [], by_option)
    told = re.sub(r"Input should be a valid (\w+),.*", r"it is not \1", told).replace("not number", "not a number")
    told = told.replace("not integer", "not a whole number")
    if "unexpected extra" in told and any(word.partition("=")[0] == "--secret" for word in words):
        # It may be the secret itself.
        told, hint = "it takes no such argument", "--secret takes the name of a secret alone, never its value"
    told = re.sub(r"Got unexpected extra arguments?(\(s\))? \((.*)\)", r"it takes no argument \2", told)
    return f"{command}: {told[:1].lower()}{told[1:]}{': ' + hint if hint else ''}; `{command} --help` has an example"


def _hint(told: str, words: Sequence[str], commands: list[str], by_option: bool) -> str:
    comma = next((word for word in words if re.fullmatch(_NUMBER, word.rpartition("=")[2])), "")
    if "Invalid value" in told and comma:
        return f"write {comma.rpartition('=')[2].replace(',', '.')}"
    if "unexpected extra" in told:
        if name := next((word for word in words if word.endswith((".json", ".toml"))), ""):
            # (`umail config check` takes one file, and has no such option.)
            return f"give a configuration by --config {name}" if by_option else "give one file at a time"
        return ""
    if "id you mean" in told or "Possible" in told:
        return ""
    if commands and ("No such option" in told or "No such command" in told):
        close = [name for word in words for name in difflib.get_close_matches(word, commands, 1)]
        return f"did you mean {close[0]}?" if close else f"give one of {', '.join(commands)}"
    return ""

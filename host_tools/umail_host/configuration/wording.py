"""Gives remedies of the firmware's own check the words for which a board has no room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from umail_host.configuration import addresses


def reworded(config: Mapping[str, Any], problems: Sequence[str]) -> list[str]:
    """Return the sentences of the firmware's check, each wrong address told by itself; ``config``: as written."""
    wrong = addresses.sentences(config)
    told = tuple(f'"{key}" {what}' for key, _ in wrong for what in ("holds ", "is not an address"))
    kept = [_one(problem, config) for problem in problems if not (told and problem.startswith(told))]
    return kept + [sentence for _, sentence in wrong]


def _one(problem: str, config: Mapping[str, Any]) -> str:
    what, colon, remedy = problem.partition(": ")
    if remedy == "say which value the rule is about: .":
        return f"{what}{colon}leave it out, as the only sensor has one value."
    if remedy == "what may stand in braces.":
        return f"{what}{colon}write it in one line."
    if remedy.startswith("give the rule of your time zone"):
        return f"{what}{colon}give it by its place, such as Europe/Berlin."
    if what.startswith('"sensors.') and ('" has a name ' in what or what.endswith('" has no name')):
        return f'{what}{colon}give it one of up to 16 letters, digits, - and _, such as "freezer".'
    if what == '"heartbeat.at" is not a time of the day' and isinstance(config.get("heartbeat"), str):
        return '"heartbeat" is a text, but not a time of the day: give the days without quotes, such as 7, or "07:00".'
    return problem

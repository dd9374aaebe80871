"""What can be set of a profile and its policy, by name: defaults, and whether a value fits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any

from umail_host.fake_smtp.core import profiles, providers, sasl

# Switches that take only some words.
_CHOICES = {
    "order": profiles.ORDER,
    "mechanisms": tuple(sasl.MECHANISMS),
    "clear_mechanisms": tuple(sasl.MECHANISMS),
    "xoauth2_refusal": ("exchange", "gmail"),
}


def defaults(profile: profiles.Profile) -> dict[str, Any]:
    """Return what this profile has for each switch."""
    policy = providers.POLICIES[profile.policy]()
    found = {name: getattr(profile, name) for name in profiles.SWITCHES}
    return found | {name: getattr(policy, name) for name in providers.switches(profile.policy)}


def check(profile: profiles.Profile, switches: Mapping[str, Any]) -> None:
    """Check names and values.

    Raises:
        ValueError: there is no such switch, or it does not take that value; the text says what there is.
    """
    known = defaults(profile)
    if unknown := switches.keys() - known:
        raise ValueError(f"unknown setting {', '.join(sorted(unknown))}; known are: {', '.join(sorted(known))}")
    for name, value in switches.items():
        if not _fits(known[name], value):
            raise ValueError(f"{name} is {value!r}; it takes {takes(known[name])}")
        words = (value,) if isinstance(value, str) else value if isinstance(value, tuple | list) else ()
        choices = _CHOICES.get(name, words)
        if name == "login_prompts" and len(words) != 2:
            raise ValueError(f"{name} is {written(value)!r}; it takes two words with a comma between them")
        for word in words:
            if word not in choices:
                raise ValueError(f"{name} has {word!r}; it takes {', '.join(choices)}")
            if not word.isascii() or not word.isprintable():
                raise ValueError(f"{name} is {word!r}; a line of a server holds printable ASCII characters")


def takes(default: Any) -> str:
    """Say in words what a switch with this default takes."""
    if isinstance(default, bool):
        return "yes or no"
    if isinstance(default, int):
        return "a whole number, 0 or more"
    if isinstance(default, float):
        return "a number, 0 or more"
    if isinstance(default, Mapping):
        return "a mapping"
    return "a text" if default is None or isinstance(default, str) else "words with commas between them"


def read(default: Any, text: str) -> Any:
    """Return the value that is written so; the text itself if it does not fit (see ``check``)."""
    if isinstance(default, bool):
        words = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}
        return words.get(text.lower(), text)
    if isinstance(default, int | float):
        try:
            return type(default)(text)
        except ValueError:
            return text
    if default is None or isinstance(default, str | Mapping):
        return text
    return tuple(filter(None, text.split(",")))


def written(value: Any) -> str:
    """Write a value as ``read`` takes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str | int | float):
        return str(value)
    return ",".join(value or ())


def _fits(default: Any, value: Any) -> bool:
    if isinstance(default, bool):
        return isinstance(value, bool)
    if isinstance(default, int | float):
        kinds = int if isinstance(default, int) else (int, float)
        return isinstance(value, kinds) and not isinstance(value, bool) and isfinite(value) and value >= 0
    if isinstance(default, Mapping):
        return isinstance(value, Mapping)
    if default is None or isinstance(default, str):
        return value is None or isinstance(value, str)
    return isinstance(value, Iterable) and not isinstance(value, str) and all(isinstance(one, str) for one in value)

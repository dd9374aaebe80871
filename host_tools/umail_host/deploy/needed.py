"""Leaves out what a configuration never asks for: logins by token, roots of other providers, sensors, languages.

Only what is loaded because of a key of the configuration is left out, nothing that a server's reply may ask for. A
board whose configuration was changed by hand says which module it lacks; `umail deploy` brings it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

_LIBRARY = "/lib/umail/"
# Of no use to the firmware: what programs of the user's own may import.
_FOR_PROGRAMS = ("umail/aio", "umail/compat")
_TOKENS = ("umail/oauth", "umail/tables/tokens", "umail/net/http", "alertnode/tokens")
_LANGUAGES = ("de",)


def only(image: Mapping[str, bytes], config: Mapping[str, Any], own: bool) -> dict[str, bytes]:
    """Return ``image`` without the modules that the firmware never loads with ``config``, a checked configuration.

    Args:
        own: programs of the user's own come along, which may import any of the library.
    """
    drop = {f"/lib/{module}" for module in _unneeded(config)}
    if own:
        drop = {module for module in drop if not module.startswith(_LIBRARY)}
    return {path: octets for path, octets in image.items() if path.rpartition(".")[0] not in drop}


def _unneeded(config: Mapping[str, Any]) -> Iterator[str]:
    mail = config["mail"]
    routes = [mail, *([mail["fallback"]] if mail.get("fallback") else [])]
    yield from _FOR_PROGRAMS
    if not any(each.get("oauth") for each in routes):
        yield from _TOKENS
    if not any(each["route"] in ("m365.direct_send", "m365.relay") for each in routes):
        yield "umail/net/mx"
    yield from (f"umail/certs/{name}" for name in _all_roots() if name not in _roots(routes))
    yield from (f"umail/tables/advice_{name}" for name in _LANGUAGES if config.get("language") != name)
    if not config.get("battery"):
        yield "alertnode/battery"
    if not config.get("ethernet"):
        yield "alertnode/ethernet"
    if not config.get("clock", {}).get("ds3231"):
        yield "alertnode/ds3231"
    if config.get("sensor", {}).get("type") != "trace":
        yield from ("alertnode/sensors/trace", "alertnode/sensors/rows")


def _all_roots() -> tuple[str, ...]:
    names: tuple[str, ...] = import_module("umail.tables.roots").NAMES
    return names


def _roots(routes: list[Mapping[str, Any]]) -> set[str]:
    """Return the bundled roots that one of ``routes`` may want, its token's endpoint included."""
    wanted: set[str] = set()
    for route in routes:
        if not route.get("trust"):
            exchange = route["route"].startswith("m365.")
            wanted |= set(import_module("umail.m365").ROOTS if exchange else _all_roots())
    return wanted

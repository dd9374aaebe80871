"""Tells what a board needs of its configuration: drivers with what they use, logins, roots; all else stays away.

Nothing is left out that a server's reply may ask for. A board whose configuration was changed by hand says which module
it lacks; `umail deploy` brings it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from umail_host import firmware_rules
from umail_host.configuration import wakes

# What no driver names and every node needs.
_ALWAYS = {"sensors": {"buses", "find", "group", "reading"}, "outputs": {"find"}}
_IMPORTS = r"from alertnode\.{0} import ([\w, ]+)|from alertnode\.{0}\.(\w+) import|import alertnode\.{0}\.(\w+)"
# A bus is a module of its own, which buses.py loads for a driver that asks for it.
_BUS = re.compile(r"buses\.(i2c|spi)\(")
_LIBRARY = "/lib/umail/"
# Of no use to the firmware: what programs of the user's own may import.
_FOR_PROGRAMS = ("umail/aio", "umail/net/tls_records", "umail/client", "umail/compat", "umail/queue/stopwatch")
_TOKENS = ("umail/oauth", "umail/tables/tokens", "alertnode/tokens")
_UPDATES = tuple(f"alertnode/{name}" for name in ("update", "asking", "stage", "update_rom", "ota", "bundle", "trial"))
_UPDATES += ("umail/net/http_get",)
# A board's language is in its modules already; this is for programs that ask for another one.
_OTHER_ADVICE = ("umail/tables/advice_de",)
# What only an ESP32's MicroPython can do, or must do: a Pico keeps its RAM in its sleep.
_ESP32_ONLY = tuple(
    f"alertnode/{name}" for name in ("modem", "config_modem", "wake_pad", "sensors/touch", "kept_token")
)
# What signs, and so needs the board's fleet key.
_HMAC = "alertnode/hmac256"
_BY_KEY = ("alertnode/signing", "alertnode/status", _HMAC)
_SLEEPERS = (
    "alertnode/battery",
    "alertnode/loading",
    "alertnode/kept",
    "alertnode/write_config_cache",
    "alertnode/config_cache",
)
_SUMMARY = tuple(f"alertnode/{name}" for name in ("day", "day_kept", "history", "history_read"))
_SUMMARY += tuple(f"alertnode/{name}" for name in ("summary", "made", "chart", "readings_csv"))
# Sensors whose keys many others have, too: for the rest, and for outputs, there are remedies of their own.
_USUAL = {"adc", "chip", "dht11", "dht22", "ds18b20", "flash", "supply", "trace", "wifi"}
# What lets more than contacts wake a board, and the sensors that do.
_WAKERS = {"wake_meter": "pulse", "wake_pad": "touch"}
# What mails with files or HTML need; the alert node sends text, but for summaries.
_PARTS = (
    "umail/attachment",
    "umail/mime/files",
    "umail/mime/multipart",
    "umail/mime/parts",
    "umail/mime/stream",
)


def left_out(firmware: Path, value: Mapping[str, Any]) -> set[str]:
    """Return the modules that a board does without, such as ``sensors/bme280``.

    Args:
        firmware: folder of alertnode.
        value: the checked configuration.
    """
    kinds = {
        "sensors": [section["type"] for section in value["sensors"].values()],
        "outputs": [section["type"] for section in (value["outputs"] or {}).values()],
    }
    left = set()
    for package, used in kinds.items():
        folder = firmware / package
        known = firmware_rules.module(f"{package}.find").TYPES.split(",")[1:-1]
        wanted = _closure(folder, package, (kind if kind in known else "own" for kind in used)) if used else set()
        if package == "sensors" and (value.get("clock") or {}).get("ds3231"):
            wanted.add("i2c")
        if package == "outputs" and used:
            wanted.add("panel")
        left |= {f"{package}/{file.stem}" for file in folder.glob("*.py") if file.stem not in wanted}
    own = (value["texts"] or {}).get("own")
    known = firmware_rules.module("outputs.find").TYPES.split(",")
    if own or any(kind not in known for kind in kinds["outputs"]):
        left.discard("sensors/own")
    return left


def _closure(folder: Path, package: str, kinds: Iterable[str]) -> set[str]:
    wanted: set[str] = set()
    waiting = [*_ALWAYS[package], *kinds]
    while waiting:
        name = waiting.pop()
        file = folder / f"{name}.py"
        if name in wanted or not file.is_file():
            continue
        wanted.add(name)
        if name in _ALWAYS[package]:
            continue
        waiting += imported(file.read_text(encoding="utf-8"), package)
    return wanted


def imported(source: str, package: str) -> list[str]:
    """Return the modules of ``alertnode.PACKAGE`` that a module needs, its bus included."""
    found = _BUS.findall(source)
    for texts in re.findall(_IMPORTS.format(package), source):
        found += [part.strip() for text in texts if text for part in text.split(",")]
    return found


def only(image: Mapping[str, bytes], config: Mapping[str, Any], own: bool, keyed: bool) -> dict[str, bytes]:
    """Return ``image`` without the modules that the firmware never loads with ``config``, a checked configuration.

    Args:
        own: programs of the user's own come along, which may import any of the library.
        keyed: the board has a fleet key.
    """
    drop = {f"/lib/{module}" for module in _unneeded(config)}
    if not keyed:
        drop |= {f"/lib/{module}" for module in _BY_KEY if module != _HMAC or not config.get("update")}
    if own:
        drop = {module for module in drop if not module.startswith(_LIBRARY)}
    return {path: octets for path, octets in image.items() if path.rpartition(".")[0] not in drop}


def is_other_advice(module: str) -> bool:
    """Tell whether the module of that file is advice in a language that the firmware does not speak."""
    return module.rpartition(".")[0] in _OTHER_ADVICE


def is_for_updates(module: str) -> bool:
    """Tell whether only updates over the network need the module of that file, such as ``alertnode/update.py``."""
    return module.rpartition(".")[0] in _UPDATES


def without_updates(image: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return ``image``, of all modules, without the firmware's for updates, for which no board asks unconfigured."""
    drop = {f"/lib/{module}" for module in _UPDATES if not f"/lib/{module}".startswith(_LIBRARY)}
    return {path: octets for path, octets in image.items() if path.rpartition(".")[0] not in drop}


def for_port(image: Mapping[str, bytes], port: str) -> dict[str, bytes]:
    """Return ``image`` without what no board of that MicroPython ``port`` can use: a Pico's flash is small."""
    drop = {f"/lib/{module}" for module in _ESP32_ONLY} if port == "rp2" else set()
    return {path: octets for path, octets in image.items() if path.rpartition(".")[0] not in drop}


def unconfigured(image: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return ``image``, of all modules, without those of the firmware that only a configuration asks for.

    All of it is larger than a ROMFS partition of 256 KiB; the library stays whole, for programs of the user's own.
    """
    drop = {f"/lib/{module}" for module in _unneeded({"mail": {"route": "smtp"}, "rules": ()})}
    drop |= {f"/lib/{module}" for module in _SLEEPERS}
    always = {f"/lib/alertnode/{package}/{name}" for package, names in _ALWAYS.items() for name in names}

    def stays(path: str) -> bool:
        module = path.rpartition(".")[0]
        if not module.startswith("/lib/alertnode/"):
            return True
        return module in always or (module.count("/") == 3 and module not in drop)

    return {path: octets for path, octets in image.items() if stays(path)}


def _unneeded(config: Mapping[str, Any]) -> Iterator[str]:
    mail = config["mail"]
    routes = [mail, *([mail["fallback"]] if mail.get("fallback") else [])]
    yield from (*_FOR_PROGRAMS, *_OTHER_ADVICE)
    yield from _without_hours(config, routes)
    yield from _without_parts(config, routes)
    yield from _without_routes(config, routes)
    yield from _without_roots(config, routes)
    yield from _without_battery(config, routes)
    if not config.get("update"):
        yield from _UPDATES


def _without_hours(config: Mapping[str, Any], routes: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield what only a summary, quiet hours, dates that end and texts of one's own need."""
    if not config.get("texts"):
        yield "alertnode/own_texts"
    hours = config.get("summary") or isinstance(config.get("heartbeat"), str | Mapping)
    hours = hours or (config.get("update") or {}).get("at")
    if not config.get("summary"):
        yield from (*_PARTS, *_SUMMARY)
    if not hours:
        yield "alertnode/config_summary"
    if not hours and not config.get("quiet"):
        yield "alertnode/due"
    if not config.get("expires") and not any(each.get("certificate") for each in routes):
        yield "alertnode/expiry"


def _without_parts(config: Mapping[str, Any], routes: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield what only some sensors, outputs, rules and networks need."""
    one, several = config.get("sensor"), config.get("sensors")
    sections = several.values() if several else [one] if one else ()
    rare = config.get("outputs") or {"ethernet", "modem"} & set(config) or any(each.get("oauth") for each in routes)
    if not rare and all(section.get("type") in _USUAL for section in sections):
        yield "alertnode/config_help_parts"
    if not config.get("debug"):
        yield "alertnode/debug"
    if not any(rule["when"] in ("outside", "change", "stuck") for rule in config["rules"]):
        yield "alertnode/rule_kinds"
    if "ethernet" not in config:
        yield "alertnode/ethernet"
    if "modem" not in config:
        yield from ("alertnode/modem", "alertnode/config_modem")
    if not (config.get("clock") or {}).get("ds3231"):
        yield "alertnode/ds3231"
    if not config.get("ping"):
        yield "alertnode/ping"


def _without_routes(config: Mapping[str, Any], routes: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield what only some ways for mail and some numbers of recipients need."""
    if not any(each.get("oauth") for each in routes):
        yield from _TOKENS
        if not config.get("ping") and not config.get("update"):
            yield "umail/net/http"
    if not any(each["route"] in ("m365.direct_send", "m365.relay") for each in routes):
        yield "umail/net/mx"
    people = [config["mail"].get("to"), *(rule.get("to") for rule in config["rules"])]
    people += [(rule.get("then") or {}).get("to") for rule in config["rules"]]
    if all(len(each or ()) < 2 for each in people):
        # Nothing is mailed to more people than one envelope takes.
        yield "umail/smtp/recipient_batches"
    if not any(each["route"] in ("m365.hve", "m365.direct_send", "m365.relay") for each in routes):
        yield "umail/m365_other"
    if all(each["route"] == "smtp" or each["route"].startswith("m365.") for each in routes):
        yield "umail/routes"


def _without_roots(config: Mapping[str, Any], routes: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the root certificates that no server of the configuration has."""
    named = all(each["route"] == "m365.submission" and not each.get("oauth") for each in routes)
    if named and not config.get("ping") and not config.get("update"):
        # Of a route that names its roots nobody asks for all.
        yield "umail/tables/roots"
    wanted = _roots(routes) if not config.get("ping") or config.get("ping_trust") else _all_roots()
    yield from (f"umail/certs/{name}" for name in _all_roots() if name not in wanted)


def _without_battery(config: Mapping[str, Any], routes: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield what only a board on battery needs, or only one that stays awake."""
    yield from ("alertnode/rest", "alertnode/awake") if config.get("battery") else _SLEEPERS
    if not config.get("battery") or not any(each.get("oauth") for each in routes):
        yield "alertnode/kept_token"
    wakers = [section.get("type") for section in wakes.contacts(config).values()] if config.get("battery") else []
    if not wakers:
        yield "alertnode/wake"
    yield from (f"alertnode/{name}" for name, kind in _WAKERS.items() if kind not in wakers)
    timed = any(rule.get("for") or rule.get("repeat") or rule.get("then") for rule in config["rules"])
    if not config.get("battery") or not (timed or config.get("summary")):
        yield "alertnode/rule_ends"


def _all_roots() -> tuple[str, ...]:
    names: tuple[str, ...] = import_module("umail.tables.roots").NAMES
    return names


def _roots(routes: Sequence[Mapping[str, Any]]) -> set[str]:
    """Return the bundled roots that one of ``routes`` may want, its token's endpoint included."""
    wanted: set[str] = set()
    for route in routes:
        if not route.get("trust"):
            m365 = import_module("umail.m365")
            if route["route"] == "m365.submission" and not route.get("oauth"):
                wanted |= set(m365.submission("board@example.com", password="-").roots)
            else:
                wanted |= set(m365.ROOTS if route["route"].startswith("m365.") else _all_roots())
    return wanted

"""Makes the JSON Schema of the configuration from the tables by which the firmware checks it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from umail_host import firmware_rules, languages

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_Table = Mapping[str, tuple[Any, ...]]
_PIN = {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "minLength": 1}]}
_TEXT = {"type": "string", "minLength": 1}


def schema() -> dict[str, Any]:
    """Return the schema."""
    config, parts = firmware_rules.module("config"), firmware_rules.module("config_parts")
    made = _object("", config._TOP)
    properties = made["properties"]
    properties["$schema"] = {"type": "string"}
    zone = properties["clock"]["properties"]["zone"]
    zone["description"] += " The host's tools take a name, such as Europe/Berlin, too."
    properties["language"]["enum"] = languages.names()
    sensor = _kinds("sensor", "sensors", parts._COMMON)
    properties["sensor"] = sensor
    properties["sensors"] = {"type": "object", "additionalProperties": {"$ref": "#/properties/sensor"}}
    properties["outputs"] = {"type": "object", "additionalProperties": _kinds("output", "outputs", {})}
    properties["rules"] = {"type": "array", "items": _rules(parts)}
    properties["modem"] = _object("modem.", firmware_rules.module("config_modem").MODEM)
    properties["expires"] = {"type": "object", "additionalProperties": {"type": "string", "format": "date"}}
    for key in ("sensors", "outputs", "modem", "expires"):
        _describe(properties[key], key)
    made["required"] = [key for key in made["required"] if key not in ("sensor", "sensors")]
    made["oneOf"] = [{"required": ["sensor"]}, {"required": ["sensors"]}]
    return {"$schema": _DIALECT, "title": "Configuration of the alert node", **made}


def _rules(parts: Any) -> dict[str, Any]:
    """Return the schema of one rule: its own keys follow from its ``when``."""
    choices = []
    for when, keys in parts._RULES.items():
        made = _object("rules.", {**parts._RULE, **keys})
        made["properties"]["when"] = {"const": when}
        made["required"].append("when")
        choices.append(made)
    return {"oneOf": choices}


def _kinds(prefix: str, package: str, common: _Table) -> dict[str, Any]:
    """Return the schema of a sensor or an output: its keys follow from its type; any other type is one of one's own."""
    finder = firmware_rules.module(f"{package}.find")
    choices = []
    for kind in finder.TYPES.split(",")[1:-1]:
        keys = finder.module(kind).KEYS
        made = _object(f"{prefix}.", {**({} if kind == "trace" else common), **keys})
        if kind == "trace":
            made["properties"]["unit"] = dict(_TEXT)
        made["properties"]["type"] = {"const": kind}
        made["required"].append("type")
        choices.append(made)
    own = {"type": "object", "properties": {"type": {"type": "string", "not": {"enum": finder.TYPES.split(",")[1:-1]}}}}
    choices.append({**own, "required": ["type"]})
    return {"oneOf": choices}


def _object(path: str, table: _Table) -> dict[str, Any]:
    properties = {}
    for key, (kind, _, *limits) in table.items():
        properties[key] = _value(path + key, kind, limits)
        _describe(properties[key], path + key)
    required = [key for key, entry in table.items() if entry[1] is None]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _describe(made: dict[str, Any], key: str) -> None:
    texts, plain = firmware_rules.module("config_help"), key.replace("mail.fallback.", "mail.")
    hint = texts._HINTS.get(plain) or firmware_rules.module("config_help_parts").HINTS.get(plain)
    if hint:
        made["description"] = hint[0].upper() + hint[1:] + "."


def _value(path: str, kind: Any, limits: list[float]) -> dict[str, Any]:
    several = firmware_rules.module("config_kinds")._TEXTS
    if isinstance(kind, dict):
        return _object(f"{path}.", kind)
    if isinstance(kind, tuple):
        return {"enum": list(kind)}
    if kind == "pin":
        return dict(_PIN)
    if kind == "hour":
        made = [{"type": "string", "pattern": "^[0-2][0-9]:[0-5][0-9]$"}]
        made.append(_object(f"{path}.", firmware_rules.module("config_summary").SECTIONS[path]))
        return {"anyOf": made + ([_value(path, "number", limits)] if limits else [])}
    if kind == "networks":
        tables = firmware_rules.module("config_network")
        one = _object(f"{path}.", tables.WIFI)
        return {"anyOf": [one, {"type": "array", "items": one, "minItems": 1, "maxItems": tables.MOST}]}
    if kind in several:
        return {"anyOf": [dict(_TEXT), {"type": "array", "items": dict(_TEXT), "minItems": 1}]}
    if kind == "switch":
        return {"type": "boolean"}
    if kind in ("number", "whole", "numbers", "i2c"):
        number = {"type": "number" if kind in ("number", "numbers") else "integer"}
        bounded: dict[str, Any] = {**number, "minimum": limits[0], "maximum": limits[1]}
        if kind == "numbers":
            return {"anyOf": [bounded, {"type": "object", "additionalProperties": bounded}]}
        if kind == "i2c":
            return {"anyOf": [bounded, {"type": "string", "pattern": "^0x[0-9a-fA-F]{2}$"}]}
        return bounded
    if kind is list:
        return {"type": "array"}
    if kind is dict:
        return {"type": "object"}
    return dict(_TEXT)

"""Finds parts of one's own beside a configuration, sensors/NAME.py, outputs/NAME.py, texts/NAME.py; checks them."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from umail_host import files, firmware_rules, trees
from umail_host.errors import UserError

_SENSOR = (
    "def read(): return 21.5, or class Sensor with def __init__(self, config) and def read(self)",
    'VALUES = (("temperature", "°C"), ("humidity", "%"))',
)


def take(config: dict[str, Any], folder: Path | None) -> tuple[dict[str, bytes], list[str]]:
    """Return the files of parts of one's own, path on the board → source, and what is wrong with them.

    Their sections are given the names and units of their values.

    Args:
        config: as written; is changed.
        folder: where the configuration lies; None: nothing is looked for.
    """
    found: dict[str, bytes] = {}
    wrong: list[str] = []
    if folder is None:
        return found, wrong
    for place, section in _sections(config):
        try:
            found |= _part(place, section, folder)
        except UserError as error:
            wrong.append(str(error))
            # (So that the rest is judged, too.)
            section.setdefault("values", [["", ""]])
    try:
        found |= _texts(config, folder)
    except UserError as error:
        wrong.append(str(error))
    return found, [sentence if sentence[-1] == "." else f"{sentence}." for sentence in wrong]


def _part(place: str, section: dict[str, Any], folder: Path) -> dict[str, bytes]:
    package = "outputs" if place.startswith("outputs.") else "sensors"
    kind = section.get("type")
    known = firmware_rules.module(f"{package}.find").TYPES.split(",")[1:-1]
    if not isinstance(kind, str) or not kind or kind in known:
        return {}
    file = folder / package / f"{kind}.py"
    if not file.is_file():
        close = difflib.get_close_matches(re.sub("[^a-z0-9]", "", kind.lower()), known, 1, 0.7)
        hint = f'did you mean "{close[0]}"? Else ' if close else ""
        raise UserError(
            f'"{place}.type" is "{kind[:40]}": {hint}give one of {", ".join(known)}, '
            f"or put a file {package}/{kind[:40]}.py beside the configuration (docs/own-sensor.md)."
        )
    source = files.read(file)
    module = _parse(source, file)
    if package == "outputs" and "act" not in _functions(module):
        raise UserError(f"{file} has no def act(event): it is called with each alert (docs/own-sensor.md)")
    section.setdefault("values", _values(module, file) if package == "sensors" else [])
    return {f"/lib/{package}/{kind}.py": source}


def _texts(config: dict[str, Any], folder: Path) -> dict[str, bytes]:
    """Return the module that makes the texts of mails, if the configuration names one."""
    section = config.get("texts")
    kind = section.get("own") if isinstance(section, dict) else None
    # (A name that is none, the firmware's own check tells.)
    if not isinstance(kind, str) or not kind.isidentifier():
        return {}
    file = folder / "texts" / f"{kind}.py"
    if not file.is_file():
        raise UserError(
            f'"texts.own" is "{kind[:40]}": put a file texts/{kind[:40]}.py beside the '
            "configuration, with def subject(event) or def text(event) (docs/own-sensor.md)."
        )
    source = files.read(file)
    if not {"subject", "text"} & set(_functions(_parse(source, file))):
        raise UserError(f"{file} has neither def subject(event) nor def text(event) (docs/own-sensor.md)")
    return {f"/lib/texts/{kind}.py": source}


def _sections(config: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    places = [("sensor", config.get("sensor"))]
    for several in ("sensors", "outputs"):
        if isinstance(named := config.get(several), dict):
            places += [(f"{several}.{name}", section) for name, section in named.items()]
    yield from ((place, section) for place, section in places if isinstance(section, dict))


def _parse(source: bytes, file: Path) -> ast.Module:
    try:
        tree: ast.Module = trees.parse(files.text(source, str(file)))
        return tree
    except SyntaxError as error:
        raise UserError(f"{file}, line {error.lineno}, is not Python: {error.msg}") from None


def _functions(body: ast.Module | ast.ClassDef) -> dict[str, ast.AST]:
    return {node.name: node for node in body.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def _values(module: ast.Module, file: Path) -> list[list[str]]:
    """Return name and unit of each value that the module gives."""
    named = _functions(module)
    sensor = named.get("Sensor")
    if isinstance(sensor, ast.ClassDef) and "read" not in _functions(sensor):
        raise UserError(f"{file}: class Sensor has no def read(self): write {_SENSOR[0]}")
    if sensor is None and "read" not in named:
        raise UserError(f"{file} does not say how to read the sensor: write {_SENSOR[0]}")
    given = _assigned(module, "VALUES", file)
    if given is None and isinstance(sensor, ast.ClassDef):
        given = _assigned(sensor, "VALUES", file)
    if given is None:
        return [["", str(_assigned(module, "UNIT", file) or "")]]
    values = [list(one) for one in given] if isinstance(given, tuple | list) else []
    if not values or any(len(one) != 2 or not all(isinstance(text, str) for text in one) for one in values):
        raise UserError(f"{file}: VALUES is not a list of names and units: write {_SENSOR[1]}")
    names = [one[0] for one in values]
    if len(set(names)) < len(names) or (len(names) > 1 and "" in names):
        raise UserError(f"{file}: VALUES needs a name of its own for each value: write {_SENSOR[1]}")
    return values


def _assigned(body: ast.Module | ast.ClassDef, name: str, file: Path) -> Any:
    for node in body.body:
        if not isinstance(node, ast.Assign):
            continue
        if any(isinstance(target, ast.Name) and target.id == name for target in node.targets):
            try:
                return ast.literal_eval(node.value)
            except ValueError:
                raise UserError(f"{file}: {name} must be written out, such as {_SENSOR[1]}") from None
    return None

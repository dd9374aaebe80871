"""Tells which drivers a board needs: those of its configuration, with what they use; the rest is not deployed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from umail_host import firmware_rules

# What no driver names and every node needs.
_ALWAYS = {"sensors": {"__init__", "buses", "find", "group", "reading"}, "outputs": {"__init__", "find"}}
_IMPORTS = r"from alertnode\.{0} import ([\w, ]+)|from alertnode\.{0}\.(\w+) import|import alertnode\.{0}\.(\w+)"
# A bus is a module of its own, which buses.py loads for a driver that asks for it.
_BUS = re.compile(r"buses\.(i2c|spi)\(")


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
        known = firmware_rules.module(f"{package}.find").TYPES
        wanted = _closure(folder, package, (kind if kind in known else "own" for kind in used))
        if package == "outputs" and used:
            wanted.add("panel")
        left |= {f"{package}/{file.stem}" for file in folder.glob("*.py") if file.stem not in wanted}
    if any(kind not in firmware_rules.module("outputs.find").TYPES for kind in kinds["outputs"]):
        left.discard("sensors/own")
    return left


def _closure(folder: Path, package: str, kinds: Iterable[str]) -> set[str]:
    wanted: set[str] = set()
    waiting = [*_ALWAYS[package], *kinds]
    imports = re.compile(_IMPORTS.format(package))
    while waiting:
        name = waiting.pop()
        file = folder / f"{name}.py"
        if name in wanted or not file.is_file():
            continue
        wanted.add(name)
        if name in _ALWAYS[package]:
            continue
        source = file.read_text(encoding="utf-8")
        for found in imports.finditer(source):
            waiting += [part.strip() for text in found.groups() if text for part in text.split(",")]
        waiting += _BUS.findall(source)
    return wanted

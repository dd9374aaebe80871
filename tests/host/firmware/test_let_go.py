"""What the firmware lets go of is gone from memory: a function made there would keep its whole module."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from umail_host.paths import firmware

NODE = firmware() / "alertnode"
# A fixed token in place of a password keeps its module.
ALLOWED = {("routes", "_login")}


def let_go() -> set[str]:
    """The names that some module gives to ``unload``, and those of the tuples that it unpacks."""
    found: set[str] = set()
    for path in NODE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            parts: list[ast.expr] = []
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "unload":
                parts = node.args
            if isinstance(node, ast.Assign) and [getattr(name, "id", "") for name in node.targets] == ["ONCE"]:
                parts = [node.value]
            found |= {
                leaf.value
                for part in parts
                for leaf in ast.walk(part)
                if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str)
            }
    return found


def made_within(path: Path) -> set[str]:
    """The functions of a module that make other functions."""
    return {
        outer.name
        for outer in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(outer, ast.FunctionDef)
        for inner in ast.walk(outer)
        if inner is not outer and isinstance(inner, (ast.FunctionDef, ast.Lambda))
    }


def test_the_names_are_found() -> None:
    assert {"assemble", "mail_setup", "net_setup", "mailer"} <= let_go()


@pytest.mark.parametrize("name", sorted({"assemble", "mail_setup", "net_setup", "routes", "rulebook", "sensors.find"}))
def test_what_is_let_go_once_makes_no_function_that_would_keep_it(name: str) -> None:
    assert name in let_go()
    made = made_within(NODE / (name.replace(".", "/") + ".py"))
    assert not {(name, one) for one in made} - ALLOWED

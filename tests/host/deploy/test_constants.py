"""What a board knows beforehand stands in a module in its place; everything else of it stays what it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umail_host import paths
from umail_host.deploy import image
from umail_host.deploy.constants import folded

MODULE = b"""\
_PAUSE = 5 * 60
_MOST = (
    _PAUSE + 1
)
_BELOW = -3
SHOWN = 7
_TEXT = "x"
_RATE = 1.5
_twice = 2
_CHANGES = 1
_CHANGES = 2
_SHARED = 1


def f(_HIDDEN=1):
    global _SHARED
    _SHARED += 1
    return (_PAUSE, _MOST, 5 - _BELOW, SHOWN, _TEXT, _RATE, _twice, _CHANGES, _SHARED, _HIDDEN)
"""


def made(source: bytes) -> dict[str, object]:
    space: dict[str, object] = {}
    exec(source, space)
    return space


def test_a_module_does_what_it_did_and_its_private_numbers_have_no_name() -> None:
    before, after = made(MODULE), made(folded(MODULE))
    assert before["f"]() == after["f"]()  # type: ignore[operator]
    assert before.keys() - after.keys() == {"_PAUSE", "_MOST", "_BELOW"}
    assert folded(MODULE).count(b"\n") == MODULE.count(b"\n")


@given(st.integers(-(1 << 40), 1 << 40), st.sampled_from(["+", "-", "*", "//", "<<", "|"]), st.integers(1, 40))
def test_the_number_is_the_one_that_the_module_would_have(left: int, operation: str, right: int) -> None:
    source = f"_N = {left} {operation} {right}\n_M = -_N\nfound = [1 - _N, _M * 2, -_N, {{'\u00e4': _N}}]\n".encode()
    assert b"_N" not in folded(source)
    assert made(folded(source))["found"] == made(source)["found"]


@pytest.mark.parametrize("folder", [paths.library(), paths.firmware() / "alertnode"], ids=["library", "firmware"])
def test_no_module_uses_a_private_number_of_another(folder) -> None:
    gone = {}
    for file in folder.rglob("*.py"):
        source = file.read_bytes()
        if folded(source) != source:
            names = {name for name in vars_of(source) if name not in vars_of(folded(source))}
            gone |= dict.fromkeys(names, file.name)
    assert gone
    for file in folder.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        assert not [name for name in gone if f".{name}" in text or f"import {name}" in text], file


def vars_of(source: bytes) -> set[str]:
    return {line.split(b" = ")[0].decode() for line in source.splitlines() if line[:1] == b"_" and b" = " in line}


def test_what_is_for_another_interpreter_is_not_in_what_a_board_gets() -> None:
    source = b"""\
import sys
if sys.implementation.name != "micropython":
    from only_cpython import other
else:
    one = 1
if sys.implementation.name == "micropython" and one:
    two = sys.implementation.name == "elsewhere"
name = sys.implementation.name
"""
    after = folded(source)
    assert after.splitlines()[1:] == [
        b"if False:",
        b"    from only_cpython import other",
        b"else:",
        b"    one = 1",
        b"if True and one:",
        b"    two = False",
        b"name = sys.implementation.name",
    ]
    assert b"only_cpython" in image.compile_module(source, "x")
    assert b"only_cpython" not in image.compile_module(after, "x")


def test_the_library_that_a_board_gets_imports_nothing_that_is_for_cpython() -> None:
    for path, data in image.package(paths.library(), image.LIBRARY).items():
        assert b"_cpython" not in data, path


def test_what_is_not_python_comes_back_for_the_compiler_to_tell() -> None:
    assert folded(b"_A = 1\ndef f(:\n") == b"_A = 1\ndef f(:\n"

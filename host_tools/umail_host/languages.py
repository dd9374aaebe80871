"""Puts the modules of a board into the language of its configuration, before they are compiled.

A language is a file of the firmware, `languages/de.toml`, with what stands for each English text. A text is replaced
as a constant of the source, so a board needs neither a table nor a look-up, and an English one holds nothing of all
this. What is a text, and that none is missing, tests/host/repository/test_languages.py says.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache

from umail_host import paths, trees
from umail_host.errors import UserError

ENGLISH = "en"
# What the library says to do about each failure: a table of bytes, made from lib/replies.
ADVICE = "tables/advice_en.py"
_PIECE = 1024  # bytes that a board must find in one piece


def names() -> list[str]:
    """Return the languages that there are, English first."""
    return [ENGLISH, *sorted(file.stem for file in (paths.firmware() / "languages").glob("*.toml"))]


@cache
def words(language: str) -> Mapping[str, str]:
    """Return what stands for each English text; nothing for English.

    Raises:
        UserError: there is no such language.
    """
    if language == ENGLISH:
        return {}
    if language not in names():
        raise UserError(f'fix the configuration: "language" is "{language[:40]}"; give one of {", ".join(names())}')
    file = paths.firmware() / "languages" / f"{language}.toml"
    parts = tomllib.loads(file.read_text(encoding="utf-8")).values()
    return {english: text for part in parts for english, text in part.items()}


def in_all(text: str) -> list[str]:
    """Return a text of the firmware in each language: what a board may print for it."""
    return list(dict.fromkeys(words(language).get(text, text) for language in names()))


def translated(path: str, source: bytes, table: Mapping[str, str]) -> bytes:
    """Return the source of a module with its texts replaced by those of ``table``; its lines keep their numbers.

    Args:
        path: of the module in its package.
        source: its text, as Python reads it.
        table: as ``words`` returns it.
    """
    if not table:
        return source
    if path == ADVICE:
        return _advice(source, table)
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found = sorted(
        ((starts[node.lineno - 1] + node.col_offset, node) for node in constants(source)), reverse=True, key=_at
    )
    for start, node in found:
        text = table.get(str(node.value))
        if text is not None and node.end_lineno and node.end_col_offset is not None:
            end = starts[node.end_lineno - 1] + node.end_col_offset
            # A text over several lines stands in brackets, where further line breaks change nothing.
            made = repr(text) + "\n" * (node.end_lineno - node.lineno)
            source = source[:start] + made.encode() + source[end:]
    return source


def _at(found: tuple[int, ast.Constant]) -> int:
    return found[0]


def constants(source: bytes) -> Iterator[ast.Constant]:
    """Yield the texts in a module's source, without its docstrings."""
    tree = trees.parse(source)
    apart = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            apart.add(id(node.value))
        elif isinstance(node, ast.JoinedStr):
            apart |= {id(part) for part in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in apart:
            yield node


def advice(source: bytes) -> dict[str, str]:
    """Return the sentences of a table of the library's advice, by their keys."""
    lines = b"".join(_pieces(source)).decode().splitlines()
    return dict(line.split(";", 1) for line in lines)


def _pieces(source: bytes) -> tuple[bytes, ...]:
    """Return the value of TEXTS."""
    for node in trees.parse(source).body:
        if isinstance(node, ast.Assign):
            pieces: tuple[bytes, ...] = ast.literal_eval(node.value)
            return pieces
    raise ValueError("no TEXTS")


def _advice(source: bytes, table: Mapping[str, str]) -> bytes:
    pieces = [b""]
    for key, text in advice(source).items():
        line = f"{key};{table.get(text, text)}\n".encode()
        if len(pieces[-1]) + len(line) > _PIECE:
            pieces.append(b"")
        pieces[-1] += line
    return f"TEXTS = {tuple(pieces)!r}\n".encode()

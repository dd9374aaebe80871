"""Reads the files that people bring: whole, text as UTF-8, each failure as one sentence with its remedy."""

from __future__ import annotations

import codecs
import difflib
import json
import tomllib
from collections.abc import Iterable
from math import isfinite
from pathlib import Path
from typing import Any

from umail_host import json_mistakes
from umail_host.errors import UserError

_DEEPEST = 32
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# How files begin that a person may take for the text in them, and what to do.
_NO_TEXT = {
    b"PK\3\4": 'a workbook or a ZIP archive: save the sheet as CSV (Excel: "CSV UTF-8"), or unpack it',
    b"\xd0\xcf\x11\xe0": 'an old Excel or Word file: save it as text (Excel: "CSV UTF-8")',
    b"\x1f\x8b": "compressed by gzip: unpack it",
    b"SQLite format 3\0": "an SQLite database: export the table as CSV",
    b"%PDF-": "a PDF: export the table as CSV",
}


class Brought(bytes):
    """The bytes of a file, with the name by which a person gave it: what is wrong with them is said of that."""

    source: str

    @classmethod
    def of(cls, source: str, octets: bytes) -> Brought:
        """Return ``octets`` with the name of their file."""
        made = cls(octets)
        made.source = source
        return made


def read(path: Path, name: str = "") -> bytes:
    """Return bytes of a file; ``name`` is what a sentence calls it.

    Raises:
        UserError: it can't be read.
    """
    try:
        return path.expanduser().read_bytes()
    except OSError as error:
        raise UserError(f"{name or path} can't be read: {error.strerror}; {_instead(path)}") from None


def _instead(path: Path) -> str:
    """Return what may be meant by a path that can't be read, as the end of a sentence."""
    folder = path.expanduser().parent
    try:
        names = [one.name for one in folder.iterdir() if one.is_file()]
    except OSError:
        return f"is {folder} the right folder?"
    if path.name in names:
        return "who may read it?"
    close = difflib.get_close_matches(path.name, names, 1, 0.8)
    return f"did you mean {path.with_name(close[0])}?" if close else f"check name and folder ({folder.resolve()})"


def write(path: Path, content: str) -> None:
    """Write a text file.

    Raises:
        UserError: it can't be written.
    """
    try:
        path.expanduser().write_text(content, encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path} can't be written: {error.strerror}") from None


def text(octets: bytes, name: str) -> str:
    """Return the text in ``octets``, without the byte order mark that Windows programs put first.

    Raises:
        UserError: it is not UTF-8.
    """
    for beginning, kind in _NO_TEXT.items():
        if octets.startswith(beginning):
            raise UserError(f"{name} is {kind}")
    if octets.startswith(_UTF_16) or b"\0" in octets[:4]:
        raise UserError(f'{name} is text in UTF-16: save it as UTF-8 (Notepad: Save as, Encoding "UTF-8")')
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = octets[: error.start].count(b"\n") + 1
        raise UserError(
            f"{name} is not text in UTF-8, line {line} has another encoding (ANSI?): save it as UTF-8 "
            '(Notepad: Save as, Encoding "UTF-8"; Excel: "CSV UTF-8")'
        ) from None


def table(path: Path, toml: bool) -> Any:
    """Return the value in a file of JSON, or of TOML.

    Raises:
        UserError: it can't be read, is not text in UTF-8, or not JSON or TOML.
    """
    content = text(read(path), str(path))
    try:
        if toml:
            value = tomllib.loads(content, parse_float=_number)
        elif not content.strip():
            raise UserError(f"{path} is empty")
        else:
            value = json.loads(content, object_pairs_hook=_once, parse_float=_number, parse_constant=_number)
        _check_depth(value)
        # A text may be half of a character, such as "\ud800", which is none; 0xfff… may be too long to print.
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError as error:
        half = error.object[error.start : error.end].encode("ascii", "backslashreplace").decode()
        raise UserError(f"{path} holds half of a character, {half}: write the character itself") from None
    except json.JSONDecodeError as error:
        raise UserError(f"{path} is not JSON: {json_mistakes.sentence(content, error)}") from None
    except ValueError as error:
        told = "it holds a number of thousands of digits" if "set_int_max_str_digits" in str(error) else error
        raise UserError(f"{path} is not {'TOML' if toml else 'JSON'}: {told}") from None
    except RecursionError:
        raise UserError(f"{path} is nested too deeply: it is not a configuration") from None
    return value


def _check_depth(value: Any) -> None:
    # TOML's a.a.a… = 1 is nested, too, and is read without recursion.
    level = [value]
    for _ in range(_DEEPEST):
        level = [inner for outer in level for inner in _within(outer)]
    if level:
        raise RecursionError


def _within(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # json takes the last of two equal keys, and says nothing.
    table = dict(pairs)
    if len(table) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f'it holds "{twice}" twice in one object; remove one')
    return table


def _number(written: str) -> float:
    # 1e999 and Python's and TOML's own words would be infinite, or not a number.
    value = float(written)
    if not isfinite(value):
        raise ValueError(f"{written} is not a number that a board can hold")
    return value


def for_board(argument: str) -> tuple[str, bytes]:
    """Return the path on the board and contents of an argument ``HERE:/THERE``.

    Raises:
        UserError: it is not of that form, or can't be read.
    """
    source, colon, target = argument.rpartition(":")
    if not colon or not source or not target.startswith("/"):
        raise UserError(f"--file {argument}: write it as HERE:/THERE, such as trace.csv:/trace.csv")
    return target, Brought.of(source, read(Path(source), f"--file {source}"))

"""Says what is wrong with JSON that a person wrote, where, and how to fix it; the parser says what it expected."""

from __future__ import annotations

import json
import re

_LONGEST = 30  # characters of the file that are repeated
_QUOTES = "“”„‟«»‘’‚"
_SMALL = {"true": "true", "false": "false", "null": "null", "none": "null"}


def sentence(text: str, error: json.JSONDecodeError) -> str:
    """Return one sentence without its full stop, such as ``a comma is missing at the end of line 1, after "x"``."""
    before, after = text[: error.pos].rstrip(), text[error.pos :].lstrip()
    told = _anywhere(before, after) or _by_message(before, after, error) or error.msg
    # What is missing is missing where the last thing ends; what is there begins later.
    missing = "missing" in told or "too many" in told
    line = before.count("\n") + 1 if missing else text.count("\n", 0, len(text) - len(after)) + 1
    return f"{told} (line {line})"


def _anywhere(before: str, after: str) -> str:
    """What is wrong wherever it stands."""
    if not after:
        return "it breaks off at the end: a } or ] is missing"
    if after[0] in _QUOTES:
        return f'{after[0]} is not a double quote: write " on both sides of a text'
    if after[0] == "'":
        return "text stands in double quotes: write \" instead of '"
    if after.startswith(("//", "/*", "#")):
        return "there are no comments in JSON: remove it"
    if before.endswith(",") and after[0] in "}]":
        return f"there is a comma too many before {after[0]}"
    if (found := re.search(r"(-?\d+),$", before)) and (more := re.match(r"\d+", after)):
        return f"numbers have a point, not a comma: write {_cut(f'{found[1]}.{more[0]}')}"
    return ""


def _by_message(before: str, after: str, error: json.JSONDecodeError) -> str:
    """What is wrong, by what the parser says."""
    message = error.msg
    if message.startswith(("Unterminated", "Invalid control")):
        begun = after if message[0] == "U" else before[before.rindex('"') :]
        return f"a double quote is missing at the end of a text: {_cut(begun)}"
    if message.startswith("Invalid \\"):
        return "a backslash in a text is written twice: \\\\"
    if message.startswith("Expecting ':'"):
        return f"a colon is missing after {_last(before)}"
    if message.startswith("Extra data"):
        return (
            f"there is a {after[0]} too many" if after[0] in "}]" else f"something stands behind the end: {_cut(after)}"
        )
    if message.startswith("Expecting ','"):
        return _no_comma(before, after)
    return _no_value(before, after)


def _no_comma(before: str, after: str) -> str:
    if after[0] in "}]":
        return f"a {']' if after[0] == '}' else '}'} is missing before {after[0]}"
    if after[0] in ";:":
        return f"write a comma instead of {after[0]}"
    if after[0] == ".":
        return "a number has a digit on both sides of its point"
    if before[-1:] == "0" and (more := re.match("[0-9]+", after)):
        return f"a number does not begin with 0: write {_cut(more[0].lstrip('0') or '0')}"
    return f"a comma is missing after {_last(before)}"


def _no_value(before: str, after: str) -> str:
    if after[0] in "+.":
        return "a number begins with a digit or a minus: write 5, -5 or 0.5"
    if found := re.match(r"[^\W\d][\w.@-]*", after):
        word = found[0]
        if word.lower() in _SMALL and before[-1:] == ":":
            return f"write {_SMALL[word.lower()]} instead of {word}"
        return f'text stands in double quotes: "{_cut(word)}"'
    if after[0] in ",}]:":
        return f"something is missing before {after[0]}"
    return ""


def _last(text: str) -> str:
    """Return the last thing in ``text``: a string, a word or a number, a bracket."""
    found = re.search(r'"[^"\n]*"$|[\w.+-]+$|\S$', text)
    return _cut(found[0]) if found else "the beginning"


def _cut(text: str) -> str:
    line = "".join([c for c in text.partition("\n")[0] if c.isprintable()])
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"

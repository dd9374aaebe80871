"""Says what is wrong with JSON that a person wrote, where, and how to fix it; the parser says what it expected.

No value of the file is repeated, only its key: it may be a password that someone put there.
"""

from __future__ import annotations

import json
import re
import unicodedata

_LONGEST = 30  # characters of a key that are repeated
_QUOTES = "“”„‟«»‘’‚"
_MINUS = "−–—‐"
_WORD = re.compile(r"[^\W\d][\w.@-]*")
_SMALL = {"true": "true", "false": "false", "null": "null", "none": "null"}


def sentence(text: str, error: json.JSONDecodeError) -> str:
    """Return one sentence without its full stop, such as ``a comma is missing after the value of "x" (line 1)``."""
    before, after = text[: error.pos].rstrip(), text[error.pos :].lstrip()
    told = _format(text) or _character(text[error.pos : error.pos + 1]) or _anywhere(before, after)
    told = told or _by_message(before, after, error)
    # What is missing is missing where the last thing ends; what is there begins later.
    missing = "missing" in told or "too many" in told
    line = before.count("\n") + 1 if missing else text.count("\n", 0, len(text) - len(after)) + 1
    return f"{told} (line {line})"


def _character(found: str) -> str:
    """Say what is wrong if that character stands there at all."""
    if found == "\0":
        return "it holds NUL bytes, so it is damaged: copy it again"
    if found == "\t":
        return "a tab in a text is written \\t: replace it by that, or by a blank"
    if found and not found.isascii() and unicodedata.category(found) in ("Zs", "Zl", "Zp", "Cf"):
        return f"there is an invisible character, U+{ord(found):04X}: write a plain blank instead, or nothing"
    return ""


def _format(text: str) -> str:
    """Say what is wrong if it is another format."""
    first = next((line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")), "")
    if re.match(r"\[\[?[\w.-]+\]\]?\s*$|[\w.-]+\s*=\s*\S", first):
        return "it is TOML: give it a name that ends in .toml"
    if re.match(r"---|[\w-]+:(\s|$)", first):
        return "it is YAML, which umail does not read: write it as JSON or TOML"
    return ""


def _anywhere(before: str, after: str) -> str:
    """Say what is wrong wherever it stands."""
    if not after:
        return "it breaks off at the end: a } or ] is missing"
    if after[0] == "<" and not before:
        return "it is HTML, a web page: download the file itself"
    if after[0] in _QUOTES:
        return f'{after[0]} is not a double quote: write " on both sides of a text'
    if after[0] in _MINUS:
        return f"{after[0]} is not a minus: write - right before the number"
    if after[0] == "'":
        return "text goes in double quotes: write \" instead of '"
    if after.startswith(("//", "/*", "#")):
        return "there are no comments in JSON: remove it"
    if before.endswith(",") and after[0] in "}]":
        return f"there is a comma too many before {after[0]}"
    if re.search(r"\d,$", before) and re.match(r"\d", after):
        return f"there is a comma in {_value(before[:-1])}: numbers have a point, such as -15.5"
    return ""


def _by_message(before: str, after: str, error: json.JSONDecodeError) -> str:
    """Say what is wrong, by what the parser says."""
    message = error.msg
    if message.startswith(("Unterminated", "Invalid control")):
        begun = before if message[0] == "U" else before[: before.rindex('"')]
        return f"a double quote is missing at the end of {_value(begun)}"
    if message.startswith("Invalid \\"):
        return "a backslash in a text is written twice: \\\\"
    if message.startswith("Expecting ':'"):
        return "a colon is missing between a key and its value"
    if message.startswith("Extra data"):
        return f"there is a {after[0]} too many" if after[0] in "}]" else "something follows the end: remove it"
    if message.startswith("Expecting ','"):
        return _no_comma(before, after, error.doc[error.pos - 1])
    return _no_value(before, after)


def _no_comma(before: str, after: str, left: str) -> str:
    if after[0] in "}]":
        return f"a {']' if after[0] == '}' else '}'} is missing before {after[0]}"
    if after[0] in ";:":
        return f"write a comma instead of {after[0]}"
    if left.isdigit():
        if after[0] == ".":
            return "a number has a digit on both sides of its point"
        if left == "0" and after[0] in "xX":
            return 'JSON has no hexadecimal numbers: write a decimal one, or an address in double quotes, "0x76"'
        if left == "0" and after[0] in "0123456789":
            return f"a number does not begin with 0: remove the 0 at the beginning of {_value(before)}"
        if after[0] != '"' and not after[0].isdigit():
            return f"something follows the number in {_value(before)}: write the number alone, without a unit"
    if left == '"' and after[0] != '"':
        return f'a double quote is missing, or one too many, in {_value(before)}; one in a text is written \\"'
    return f"a comma is missing after {_last(before)}"


def _no_value(before: str, after: str) -> str:
    if after[0] in "+.":
        return "a number begins with a digit or a minus: write 5, -5 or 0.5"
    if after[0] == "-":
        return f"a minus stands right before its digits, in {_value(before)}"
    if found := _WORD.match(after):
        word = found[0]
        if word.lower() in _SMALL and before[-1:] == ":":
            return f"write {_SMALL[word.lower()]} instead of {word}"
        # (What a colon follows is a key.)
        if before[-1:] in "{," and after[len(word) :].lstrip()[:1] == ":":
            return f'text goes in double quotes: "{_cut(word)}"'
        return f'text goes in double quotes: write " on both sides of {_value(before)}'
    if after[0] in ",}]:":
        return f"something is missing before {after[0]}"
    return "here a value is expected: a number, true, false, or a text in double quotes"


def _last(before: str) -> str:
    """Return what stands last, without its value: ``the value of "x"``, or the bracket."""
    return before[-1] if before[-1:] in tuple("{}[]") else _value(before)


def _value(before: str) -> str:
    """Return ``the value of "x"``, by the last key in the text before it or up to its end."""
    keys = re.findall(r'"([^"\\\n]*)"\s*:', before)
    return f'the value of "{_cut(keys[-1])}"' if keys else "a text" if before.endswith('"') else "a value"


def _cut(text: str) -> str:
    line = "".join([c for c in text.partition("\n")[0] if c.isprintable()])
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"

"""Says what is wrong with TOML that a person wrote, where, and how to fix it; no value of the file is repeated."""

from __future__ import annotations

import re

_AT = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)
# How what tomllib says begins, and what to do.
_REMEDIES = {
    "Cannot declare": "the section {name} appears twice: join the two",
    "Cannot overwrite": "a key appears twice: remove one",
    "Duplicate inline": "a key appears twice: remove one",
    "Cannot mutate": "{name} is already written out as a whole: write all of its keys there",
    "Expected '='": "write KEY = VALUE, with = between them",
    "Expected ']'": "a ] is missing at the end of the name of a section",
    "Unclosed array": "a ] is missing at the end of a list",
    "Unclosed inline": "a } is missing",
    "Unterminated string": "a double quote is missing at the end of a text",
    "Expected \"'": "a ' is missing at the end of a text",
    "Illegal character '\\n'": "a double quote is missing at the end of a text",
    "Unescaped": "a backslash in a text is written twice: \\",
    "Invalid statement": "write KEY = VALUE, or [SECTION]",
    "Invalid initial": "write KEY = VALUE, the key of letters, digits, - and _",
}


def sentence(content: str, message: str) -> str:
    """Return one sentence without its full stop; ``message``: what tomllib says."""
    if content.lstrip("\ufeff \t\r\n")[:1] == "{":
        return "it is JSON: give it a name that ends in .json"
    if content.lstrip()[:1] == "<":
        return "it is HTML, a web page: download the file itself"
    found = _AT.fullmatch(message)
    if not found:
        return message
    lines = content.splitlines() or [""]
    line = int(found[2] or len(lines))
    written = lines[line - 1] if line <= len(lines) else ""
    before, after = (written[: int(found[3]) - 1], written[int(found[3]) - 1 :]) if found[3] else (content, "")
    return f"{_told(found[1], before, after)} (line {line})"


def _told(what: str, before: str, after: str) -> str:
    if re.match(r"\s*[\w-]+\s*:", before + after):
        return "write = instead of : between a key and its value"
    if what.startswith("Expected newline") and before[-1:].isdigit():
        if re.match(r",\s*\d", after):
            return "numbers have a point, not a comma, such as -15.5"
        if after[:1] == ",":
            return "there is a comma too many at the end"
        return "something follows a number: write the number alone, without a unit"
    if what.startswith("Expected newline"):
        return "something follows the value: remove it, or write it on a line of its own"
    if what.startswith("Invalid value") and "[" in before and not after:
        return "a ] is missing at the end of a list"
    if what.startswith("Invalid value"):
        if after[:1] in ("", "#"):
            return "a value is missing behind the ="
        word = re.match(r"[A-Za-z]+", after)
        if word and word[0].lower() in ("true", "false"):
            return f"write {word[0].lower()} instead of {word[0]}"
        return "text goes in double quotes, and a number begins with a digit or a minus"
    for beginning, remedy in _REMEDIES.items():
        if what.startswith(beginning):
            name = ".".join(re.findall(r"'([\w-]+)'", what))
            return remedy.format(name=f"[{name}]" if name else "a section")
    return what[:1].lower() + what[1:]

"""Makes the device's reply and advice tables and docs/replies.md from lib/replies/*.toml.

``python -m tools.make_replies`` writes them; with ``--check`` it only says which are out of date.
"""

from __future__ import annotations

import itertools
import re
import sys
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

from umail_host import languages
from umail_host.errors import UserError

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "lib" / "replies"
KINDS = {
    "temporary": "try again later",
    "permanent": "this mail will never go",
    "configuration": "a person must change something; trying again makes it worse",
    "security": "umail refused to go on",
    "uncertain": "it may have been delivered",
}
GROUPS = {
    "m365": "Microsoft 365",
    "gmail": "Gmail",
    "any": "Any server",
    "token": "Signing in for a token",
    "board": "Found out on the board",
}
_WORDS = {"kind", "even_4xx", "mail", "stages", "replies", "hints", "retry_after", "en", "powershell"}
_PIECE = 1024  # bytes that a board must find in one piece
_WIDTH = 76  # bytes of a table on one source line
STAGES = ("greeting", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "body", "token")  # told apart by their letter
_PATTERN = re.compile(
    r"(?:@([a-z,]+)(?: |$))?(?:([45]\d{0,2})(?: |$))?(?:([245]?\.\d+\.\d+(?:-\d+)?|AADSTS\d+(?:-\d+)?)(?: |$))?(.*)"
)


class Row(NamedTuple):
    """One pattern: empty parts match anything."""

    rank: tuple[int, int, int]
    stages: str
    code: str
    enhanced: str
    words: str
    key: str

    def __str__(self) -> str:
        """As the device's table has it, in a line of its key and stages."""
        if not self.code and not self.enhanced:
            return self.words
        return f"{self.code};{self.enhanced}" + (f";{self.words}" if self.words else "")


def read(folder: Path = SOURCE) -> dict[str, dict[str, Any]]:
    """Return the table of keys, checked: each has a known kind and both languages in one line."""
    entries: dict[str, dict[str, Any]] = {}
    german = languages.words("de")
    for group in GROUPS:
        path = folder / f"{group}.toml"
        if not path.exists():
            raise UserError(f"{path} is missing: take it from the source archive again")
        for key, entry in tomllib.loads(path.read_text(encoding="utf-8")).items():
            if key in entries:
                raise UserError(f"{path.name}, [{key}]: {entries[key]['group']}.toml has that key already")
            _check(f"{path.name}, [{key}]", entry)
            entries[key] = {**entry, "de": german.get(entry.get("en"), ""), "group": group}
            _check_sentences(f"{path.name}, [{key}]", entries[key])
    return entries


def _check(where: str, entry: dict[str, Any]) -> None:
    for word in set(entry) - _WORDS:
        raise UserError(f"{where}: {word} is not a word of these files: README.md has them")
    if entry.get("kind") not in KINDS:
        raise UserError(f"{where}: kind must be one of {', '.join(KINDS)}")


def _check_sentences(where: str, entry: dict[str, Any]) -> None:
    for language, place in (("en", "en"), ("de", "its line in firmware/languages/de.toml")):
        text = entry.get(language, "")
        if not text or "\n" in text or not text.endswith("."):
            raise UserError(f"{where}: {place} must be one sentence on one line with a full stop")


def rows(entries: dict[str, dict[str, Any]]) -> list[Row]:
    """Return all patterns, those first that tell more; among equals in the order of the entries."""
    found = []
    for place, (key, entry) in enumerate(entries.items()):
        for name in ("replies", "hints"):
            for pattern in entry.get(name, ()):
                match = _PATTERN.fullmatch(pattern)
                stages, code, enhanced, words = (part or "" for part in match.groups()) if match else ("",) * 4
                named = stages.split(",") if stages else entry.get("stages", [])
                if not any((stages, code, enhanced, words)) or set(pattern) & set(";|") or set(named) - set(STAGES):
                    where = f"{entry['group']}.toml, [{key}]"
                    raise UserError(f"{where}: {pattern!r} is not a pattern; README.md shows the form")
                enhanced = enhanced.removeprefix("AADSTS")
                letters = "".join(stage[0] for stage in named)
                rank = _rank(bool(stages), code, enhanced, words, name == "hints")
                found.append(Row((*rank, place), letters, code, enhanced, words.lower(), key))
    found.sort(key=lambda row: (row.rank, row.stages))
    return found


def _rank(stage: bool, code: str, enhanced: str, words: str, hint: bool) -> tuple[int, int]:
    """Return how early a pattern is tried: see README.md."""
    detail = enhanced.partition("-")[0].rpartition(".")[2]
    exact = len(code) == 3
    given = -(stage + exact + bool(enhanced))
    if hint:
        return 4, 0
    if words:
        return (0, given) if enhanced or exact else (2, 0)
    if enhanced:
        vague = detail == "0" or enhanced.endswith(".7.1")
        return (1 if len(detail) > 2 else 5 if vague else 3), given
    return 6 if exact else 7, given


def _module(docstring: str, **tables: list[str]) -> str:
    out = [f'"""{docstring} Made by tools.make_replies: change lib/replies instead."""\n']
    for name, lines in tables.items():
        out.append(f"{name} = (")
        for piece in _pieces([(line + "\n").encode() for line in lines]):
            out.append("    (")
            out += [f"        {_literal(piece[i : i + _WIDTH])}" for i in range(0, len(piece), _WIDTH)]
            out.append("    ),")
        out.append(")")
    return "\n".join(out) + "\n"


def _pieces(lines: list[bytes]) -> list[bytes]:
    """Return the lines put together up to _PIECE bytes: a heap in use for hours has no room for all in one piece."""
    found = [b""]
    for line in lines:
        if found[-1] and len(found[-1]) + len(line) > _PIECE:
            found.append(b"")
        found[-1] += line
    return found


def _literal(data: bytes) -> str:
    """``data`` as ruff formats a literal: double quotes, unless that needs more escapes."""
    text = repr(data)
    return text if b'"' in data else 'b"' + text[2:-1] + '"'


def _lines(found: list[Row], keys: list[str]) -> list[str]:
    """Patterns that follow each other and have key and stages in common share a line, behind the key's number."""
    groups = itertools.groupby(found, key=lambda row: f"{keys.index(row.key)}{row.stages}")
    return ["|".join([head, *map(str, group)]) for head, group in groups]


def _tables(entries: dict[str, dict[str, Any]], token: bool) -> dict[str, list[str]]:
    """Return the rows to match, and the keys that they number: mail and token endpoints apart: one alone is needed."""
    found = [row for row in rows(entries) if (row.stages == "t") == token]
    if token:
        found = [row._replace(stages="") for row in found]
    keys = sorted({row.key for row in found})
    return {"ROWS": _lines(found, keys), "KEYS": [f"{_kind(entries[key])};{_wait(entries[key])};{key}" for key in keys]}


def _kind(entry: dict[str, Any]) -> str:
    """Return the kind's letter, large if a 4xx does not make it temporary; m if it is about the mail."""
    letter = str(entry["kind"])[0]
    return (letter.upper() if entry.get("even_4xx") else letter) + ("m" if entry.get("mail") else "")


def _wait(entry: dict[str, Any]) -> int:
    return int(entry.get("retry_after", 0))


def _line(key: str, entry: dict[str, Any]) -> str:
    told = [_told(pattern) for pattern in entry.get("replies", []) + entry.get("hints", [])]
    seen = "<br>".join(dict.fromkeys(filter(None, told)))
    wait = _wait(entry)
    kind = entry["kind"] + (f", after {wait} s at the earliest" if wait else "")
    cells = [f"**{key}**<br>{kind}", seen, entry["en"]]
    for command in entry.get("powershell", "").split("; "):
        cells[-1] += f"<br>`{command}`" if command else ""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _told(pattern: str) -> str:
    """Return a pattern as a person reads it."""
    match = re.match(r"(?:@(\S+) ?)?(.*)", pattern)
    stages, rest = match.groups() if match else ("", pattern)
    rest = re.sub(r"^([45])(?= |$)", r"\1xx", rest)
    rest = re.sub(r"(^| )\.", r"\1x.", rest).replace("*", " … ").strip()
    bare = stages not in (None, "token") and not re.search("[A-Za-z]{2}", rest.replace("xx", ""))
    return (f"`{rest}`" + (f" at {stages.replace(',', ', ')}" if bare else "")) if rest else ""


def _page(entries: dict[str, dict[str, Any]]) -> str:
    out = [
        "# What Microsoft 365 told you, and what to do",
        "",
        "Search this page for the codes or words of the reply. `error.key` names the row, `error.kind` says what a",
        'program should do, and `error.advice` is the sentence of the last column; `error.advice_in("de")` is German.',
        "Commands are PowerShell for an administrator of the tenant, after `Connect-ExchangeOnline`; put your own",
        "addresses in place of contoso.com's. Only what is known to be about the one mail (its size, its content, a",
        "recipient that does not exist) is permanent; a refusal that umail does not know waits for a person.",
        "",
        "| kind | meaning |",
        "|---|---|",
        *(f"| {kind} | {meaning} |" for kind, meaning in KINDS.items()),
    ]
    for group, title in GROUPS.items():
        out += ["", f"## {title}", "", "| what it is | replies with | what to do |", "|---|---|---|"]
        out += [_line(key, entry) for key, entry in entries.items() if entry["group"] == group]
    return "\n".join(out) + "\n"


def files() -> dict[Path, str]:
    """Return every generated file and what it must hold."""
    entries = read()
    tables = ROOT / "lib" / "umail" / "tables"
    texts = {language: [f"{key};{e[language]}" for key, e in entries.items()] for language in ("en", "de")}
    return {
        tables / "replies.py": _module("What replies of mail servers mean.", **_tables(entries, token=False)),
        tables / "tokens.py": _module("What replies of token endpoints mean.", **_tables(entries, token=True)),
        tables / "advice_en.py": _module("The remedies in English.", TEXTS=texts["en"]),
        tables / "advice_de.py": _module("The remedies in German.", TEXTS=texts["de"]),
        ROOT / "docs" / "replies.md": _page(entries),
    }


def main() -> int:
    """Write the files, or with ``--check`` list those that differ and return 1."""
    wanted = files()
    stale = [p for p, text in wanted.items() if not p.exists() or p.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is out of date: run python -m tools.make_replies", file=sys.stderr)
        return 1 if stale else 0
    for path in stale:
        path.write_text(wanted[path], encoding="utf-8")
        print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except UserError as error:
        print(f"make_replies: {error}", file=sys.stderr)
        sys.exit(error.exit_code)

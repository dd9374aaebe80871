"""Makes the device's reply and advice tables and docs/replies.md from lib/replies/*.toml.

``python -m tools.make_replies`` writes them; with ``--check`` it only says which are out of date.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

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
    "any": "Any server",
    "gmail": "Gmail",
    "token": "Signing in for a token",
    "board": "Found out on the board",
}
_WIDTH = 80  # bytes of a table on one source line
_PATTERN = re.compile(r"(?:@(\w+) )?(?:(\d{3})(?: |$))?(?:(\d\.\d+\.\d+(?:-\d+)?)(?: |$))?(.*)")


class Row(NamedTuple):
    """One pattern: empty parts match anything."""

    stage: str
    code: str
    enhanced: str
    fragment: str
    key: str


def read(folder: Path = SOURCE) -> dict[str, dict[str, Any]]:
    """The table of keys, checked: each has a known kind and both languages in one line."""
    entries: dict[str, dict[str, Any]] = {}
    for group in GROUPS:
        path = folder / f"{group}.toml"
        if not path.exists():
            raise UserError(f"{path} is missing: take it from the source archive again")
        for key, entry in tomllib.loads(path.read_text(encoding="utf-8")).items():
            if key in entries:
                raise UserError(f"{path.name}, [{key}]: {entries[key]['group']}.toml has that key already")
            _check(f"{path.name}, [{key}]", entry)
            entries[key] = {**entry, "group": group}
    return entries


def _check(where: str, entry: dict[str, Any]) -> None:
    if entry.get("kind") not in KINDS:
        raise UserError(f"{where}: kind must be one of {', '.join(KINDS)}")
    for language in ("en", "de"):
        text = entry.get(language, "")
        if not text or "\n" in text or not text.endswith("."):
            raise UserError(f"{where}: {language} must be one sentence on one line with a full stop")


def rows(entries: dict[str, dict[str, Any]]) -> list[Row]:
    """All patterns, the more telling first: a text before an enhanced code before a bare code."""
    found = []
    for key, entry in entries.items():
        for pattern in entry.get("replies", ()):
            match = _PATTERN.fullmatch(pattern)
            if match is None or not any(match.groups()) or ";" in pattern:
                raise UserError(f"{entry['group']}.toml, [{key}]: {pattern!r} is no pattern; README.md shows the form")
            stage, code, enhanced, fragment = (part or "" for part in match.groups())
            found.append(Row(stage, code, enhanced, fragment.lower(), key))
    found.sort(key=lambda r: (not r.fragment, not r.enhanced, not r.stage, not r.code, -len(r.fragment)))
    return found


def _module(docstring: str, **tables: list[str]) -> str:
    out = [f'"""{docstring} Made by tools.make_replies: change lib/replies instead."""\n']
    for name, lines in tables.items():
        out.append(f"{name} = (")
        for line in lines:
            data = (line + "\n").encode()
            out += [f"    {_literal(data[i : i + _WIDTH])}" for i in range(0, len(data), _WIDTH)]
        out.append(")")
    return "\n".join(out) + "\n"


def _literal(data: bytes) -> str:
    """``data`` as ruff formats a literal: double quotes, unless that needs more escapes."""
    text = repr(data)
    return text if b'"' in data else 'b"' + text[2:-1] + '"'


def _match(found: list[Row], keys: list[str]) -> list[str]:
    return [";".join((row.stage, row.code, row.enhanced, row.fragment, str(keys.index(row.key)))) for row in found]


def _tables(entries: dict[str, dict[str, Any]], token: bool) -> dict[str, list[str]]:
    """The rows to match, and the keys that they number: mail and token endpoints apart, since only one is needed."""
    found = [row for row in rows(entries) if (row.stage == "token") == token]
    keys = sorted({row.key for row in found})
    waits = [entries[key].get("retry_after", 0) for key in keys]
    named = [f"{entries[key]['kind'][0]};{wait};{key}" for key, wait in zip(keys, waits, strict=True)]
    return {"ROWS": _match(found, keys), "KEYS": named}


def _line(key: str, entry: dict[str, Any]) -> str:
    seen = "<br>".join(f"`{re.sub(r'^@[a-z]+ ', '', pattern)}`" for pattern in entry.get("replies", ()))
    wait = entry.get("retry_after")
    kind = entry["kind"] + (f", after {wait} s at the earliest" if wait else "")
    cells = [f"**{key}**<br>{kind}", seen, entry["en"]]
    for command in entry.get("powershell", "").split("; "):
        cells[-1] += f"<br>`{command}`" if command else ""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _page(entries: dict[str, dict[str, Any]]) -> str:
    out = [
        "# What Microsoft 365 told you, and what to do",
        "",
        "Search this page for the codes or words of the reply. `error.key` names the row, `error.kind` says what a",
        'program should do, and `error.advice` is the sentence of the last column; `error.advice_in("de")` is German.',
        "Commands are PowerShell for an administrator of the tenant, after `Connect-ExchangeOnline`; put your own",
        "addresses in place of contoso.com's.",
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
    """Every generated file and what it must hold."""
    entries = read()
    tables = ROOT / "lib" / "umail" / "tables"
    texts = {language: ["", *(f"{key};{e[language]}" for key, e in entries.items())] for language in ("en", "de")}
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

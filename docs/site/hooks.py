"""Adds the pages that come from elsewhere or from code to the site, and shows the examples in theirs."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[2]
BAR = r"\|"
LANGUAGES = {".py": "python", ".yml": "yaml"}
_API = {
    "Sending": ("blocking", "aio", "message", "attachment", "route", "errors"),
    "Routes": ("m365", "routes", "oauth"),
    "Outbox": ("outbox", "policy"),
    "Refusals": ("replies", "advice"),
    "Names": ("dns",),
    "Protocol": ("smtp.session", "smtp.sending", "delivery"),
}


def on_files(files: Files, config: Any) -> Files:
    """Add the generated pages."""
    for name, text in {"api.md": _api(), "security.md": _security()}.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, **ignored: Any) -> str:
    """Show an example where a line is only a link to it; links to other files of the repository become their paths."""

    def shown(link: re.Match[str]) -> str:
        path = ROOT / link[1]
        return f"`{link[1]}`\n\n```{LANGUAGES[path.suffix]}\n{path.read_text(encoding='utf-8')}```"

    markdown = re.sub(r"^\[.*\]\(\.\./(examples/[\w./-]+)\)$", shown, markdown, flags=re.MULTILINE)
    markdown = re.sub(r"\[(`?[^]`]*`?)\]\(\.\./(?!decisions|[\w-]+\.md)[^)]*\)", r"\1", markdown)
    # Tables of GitHub need a backslash before a bar within code; Python-Markdown would show it.
    return re.sub(r"`([^`\n]*\\\|[^`\n]*)`", _with_bars, markdown)


def _with_bars(code: re.Match[str]) -> str:
    return f"<code>{html.escape(code[1].replace(BAR, '|')).replace('|', '&#124;')}</code>"


def _api() -> str:
    text = "# API\n\nTypes are in the stubs that come with the library.\n"
    for title, modules in _API.items():
        text += f"\n## {title}\n\n" + "".join(f"::: umail.{name}\n\n" for name in modules)
    return text


def _security() -> str:
    """SECURITY.md stands where forges look for it; its links are as seen from there."""
    return (ROOT / "SECURITY.md").read_text(encoding="utf-8").replace("](docs/", "](")

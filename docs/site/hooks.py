"""What mkdocs runs: adds the pages that stand elsewhere or come from code, and shows the examples."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[2]
_API = {
    "Sending": ("blocking", "aio", "message", "attachment", "route", "errors"),
    "Routes": ("m365", "routes", "oauth"),
    "Outbox": ("outbox", "policy"),
    "Protocol": ("session", "delivery", "transaction", "reply", "replies", "sasl", "dns"),
}


def on_files(files: Files, config: Any) -> Files:
    """Add the generated pages."""
    for name, text in {"api.md": _api(), "security.md": _security()}.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, **ignored: Any) -> str:
    """Below a line that is but a link to an example stands the example."""

    def shown(link: re.Match[str]) -> str:
        path = ROOT / "docs" / link[1]
        return f"{link[0]}\n\n```{path.suffix[1:]}\n{path.read_text(encoding='utf-8')}```"

    return re.sub(r"^\[.*\]\((examples/[\w./-]+)\)$", shown, markdown, flags=re.MULTILINE)


def _api() -> str:
    text = "# API\n\nTypes are in the stubs that come with the library.\n"
    for title, modules in _API.items():
        found = [name for name in modules if (ROOT / "lib" / "umail" / f"{name}.py").is_file()]
        text += f"\n## {title}\n\n" + "".join(f"::: umail.{name}\n\n" for name in found)
    return text


def _security() -> str:
    """SECURITY.md stands where forges look for it; its links are as seen from there."""
    return (ROOT / "SECURITY.md").read_text(encoding="utf-8").replace("](docs/", "](")

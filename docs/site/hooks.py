"""What mkdocs runs: leaves out what does not exist, writes the pages that come from code, and shows the examples."""

from __future__ import annotations

import contextlib
import io
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


def on_config(config: Any) -> Any:
    """A page that is not written yet must not break the site."""
    config["nav"] = [entry for entry in map(_existing, config["nav"]) if entry]
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add the generated pages."""
    for name, text in {"api.md": _api(), "faults.md": _faults()}.items():
        if files.get_file_from_path(name) is None:
            files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, **ignored: Any) -> str:
    """Below a line that is but a link to an example stands the example."""

    def shown(link: re.Match[str]) -> str:
        path = ROOT / "docs" / link[1]
        return f"{link[0]}\n\n```{path.suffix[1:]}\n{path.read_text(encoding='utf-8')}```"

    return re.sub(r"^\[.*\]\((examples/[\w./-]+)\)$", shown, markdown, flags=re.MULTILINE)


def _existing(entry: Any) -> Any:
    if isinstance(entry, str):
        return entry if (ROOT / "docs" / entry).is_file() or entry in ("api.md", "faults.md") else None
    [(title, value)] = entry.items()
    if isinstance(value, list):
        found = [inner for inner in map(_existing, value) if inner]
        return {title: found} if found else None
    return entry if _existing(value) else None


def _api() -> str:
    text = "# API\n\nTypes are in the stubs that come with the library.\n"
    for title, modules in _API.items():
        found = [name for name in modules if (ROOT / "lib" / "umail" / f"{name}.py").is_file()]
        text += f"\n## {title}\n\n" + "".join(f"::: umail.{name}\n\n" for name in found)
    return text


def _faults() -> str:
    from umail_host.commands import faults

    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        faults.command()
    return (
        "# Faults of the fake server\n\nWhat `umail faults` prints; `umail serve --faults NAME` plays one, "
        f"`server.set_faults(…)` in a test.\n\n```\n{printed.getvalue()}```\n"
    )

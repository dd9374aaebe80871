"""Makes lib/package.json, by which `mip install` finds the library's files: `python -m tools.make_package`."""

from __future__ import annotations

import json
from pathlib import Path

from umail_host import __version__, paths
from umail_host.deploy import image


def render(library: Path) -> str:
    """The text of package.json: each module's place on the board, and where it lies beside that file."""
    files = set(library.rglob("*.py")) - set(library.rglob(image.NOT_FOR_BOARDS))
    modules = sorted(file.relative_to(library.parent).as_posix() for file in files)
    rows = ",\n".join(f"    {json.dumps([module, module])}" for module in modules)
    return f'{{\n  "version": "{__version__}",\n  "urls": [\n{rows}\n  ],\n  "deps": []\n}}\n'


def main() -> None:
    """Entry point of `python -m tools.make_package`."""
    file = paths.library().parent / "package.json"
    file.write_text(render(paths.library()), encoding="utf-8")
    print(f"wrote {file}")


if __name__ == "__main__":
    main()

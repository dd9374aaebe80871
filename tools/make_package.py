"""Makes lib/package.json, by which `mip install` finds the library's files.

``python -m tools.make_package`` writes it; with ``--check`` it only says whether it is out of date.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from umail_host import __version__, paths
from umail_host.deploy import image


def render(library: Path) -> str:
    """Return the text of package.json: each module's path on the board, and its path next to that file."""
    files = set(library.rglob("*.py")) - set(library.rglob(image.NOT_FOR_BOARDS))
    modules = sorted(file.relative_to(library.parent).as_posix() for file in files)
    rows = ",\n".join(f"    {json.dumps([module, module])}" for module in modules)
    return f'{{\n  "version": "{__version__}",\n  "urls": [\n{rows}\n  ],\n  "deps": []\n}}\n'


def main() -> int:
    """Write the file, or with ``--check`` return 1 if it is out of date."""
    file = paths.library().parent / "package.json"
    text = render(paths.library())
    if "--check" in sys.argv[1:]:
        if file.is_file() and file.read_text(encoding="utf-8") == text:
            return 0
        print("lib/package.json is out of date: run python -m tools.make_package", file=sys.stderr)
        return 1
    file.write_text(text, encoding="utf-8")
    print(f"wrote {file}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

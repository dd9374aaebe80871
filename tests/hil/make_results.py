"""Writes docs/hil-results.md from the figures that a run of tests/hil left: python tests/hil/make_results.py FOLDER.

A section of the page stands for one kind of board with one MicroPython; a run replaces its own and keeps the others.
"""

from __future__ import annotations

import json
import re
import statistics
import sys
import time
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parents[2] / "docs" / "hil-results.md"
_HEAD = """# Figures of each board

Made by `make hil` (docs/hil.md); do not edit. Times on the virtual board are this computer's, not a microcontroller's,
and its heap counts 64-bit words, about twice the bytes of an ESP32.
"""


def sections(page: str) -> dict[str, str]:
    """Title → text of each board's section."""
    parts = re.split(r"^## (.+)\n", page, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def section(rows: list[dict[str, Any]]) -> str:
    """A table: the median if there are several boards or runs."""
    names = dict.fromkeys((row["name"], row["unit"]) for row in rows)
    boards = len({row["id"] for row in rows})
    text = f"\n{boards} board{'s' * (boards > 1)}, {time.strftime('%Y-%m-%d')}\n\n| figure | value |\n|---|---:|\n"
    for name, unit in sorted(names):
        value = statistics.median(row["value"] for row in rows if row["name"] == name)
        text += f"| {name} | {value:,.{0 if value >= 100 or value == int(value) else 2}f} {unit} |\n"
    return text


def main(folder: Path) -> None:
    """Read the folder, write the page."""
    rows = [json.loads(line) for file in sorted(folder.glob("*.jsonl")) for line in file.open(encoding="utf-8")]
    if not rows:
        sys.exit(f"{folder} holds no figures: run the tests with UMAIL_HIL_FIGURES={folder}")
    found = sections(PAGE.read_text(encoding="utf-8")) if PAGE.is_file() else {}
    boards: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        boards.setdefault(f"{row['machine']}, {row['firmware']}", []).append(row)
    found |= {title: section(of_board) for title, of_board in boards.items()}
    text = _HEAD + "".join(f"\n## {title}\n\n{found[title].strip()}\n" for title in sorted(found))
    PAGE.write_text(text, encoding="utf-8")
    print(f"{PAGE.name}: {', '.join(sorted(boards))}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

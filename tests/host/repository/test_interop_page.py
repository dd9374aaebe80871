"""The page about real servers tells the figures that the tests hold: of each server, and in the table it quotes."""

from __future__ import annotations

import re
from pathlib import Path

from test_crossing_servers import KNOWN

PAGE = (Path(__file__).parents[3] / "docs" / "interop.md").read_text("utf-8")


def test_each_server_of_make_crossings_has_its_figures() -> None:
    for name, known in KNOWN.items():
        row = rf"^\| {re.escape(name)}[ ,`|][^|]*\|[^|]*\| {known.first} \| {known.further} \|"
        assert re.search(row, PAGE, re.MULTILINE | re.IGNORECASE), name
        quoted = rf"^{re.escape(name)} .*  {known.first} round trips, each further mail {known.further}$"
        assert re.search(quoted, PAGE, re.MULTILINE), name

"""A mail goes out in a heap no larger than promised, with all of it: interpreter, program, library, mail, TLS."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, micropython: str, tmp_path: Path) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "tests" / "bench"))
    import measure

    yield measure.Bench(micropython, ROOT / "lib" / "umail", None, tmp_path)
    for name in ("measure", "clients"):
        sys.modules.pop(name, None)


# What `make bench` finds (64-bit words), and three kilobytes, as it moves by one or two.
@pytest.mark.parametrize(
    ("text", "attachment", "kilobytes"),
    [(20, 0, 39), (3500, 0, 47), (20, 1_000_000, 48)],
    ids=["short", "text", "1 MB"],
)
def test_a_mail_goes_out_in_a_small_heap(bench: Any, text: int, attachment: int, kilobytes: int) -> None:
    import clients

    with bench.server("generic", mechanisms=("PLAIN",)) as (server, job):
        whole = replace(job, text=text, attachment=bench.file(attachment) if attachment else "")
        clients.umail(bench.micropython, bench.compiled, "-X", f"heapsize={kilobytes}k").run(whole)
        assert len(server.inbox.wait(1, 5)) == 1

"""Many recipients: the heap that they take is bounded, whichever way the message goes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from umail_host.fake_smtp import FakeServer

PROGRAM = """
import sys
from umail import Client, Message, Route

port, count, trust = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
people = ["person%d@example.org" % i for i in range(count)]
with Client(Route("localhost", port, trust=trust)) as client:
    receipt = client.send(Message("a@example.org", people, "Freezer 3 is warm", "-11.5"))
print("taken for", len(receipt.accepted))
"""


@pytest.mark.parametrize("chunking", [True, False], ids=["BDAT", "DATA"])
@pytest.mark.parametrize(("count", "kilobytes"), [(20, 96), (100, 256)])
def test_a_hundred_recipients_need_no_more_heap_than_docs_tell(
    micropython: str, compiled: Path, tmp_path: Path, chunking: bool, count: int, kilobytes: int
) -> None:
    # docs/cookbook.md has the figures of 32-bit words, which are smaller.
    program, root = tmp_path / "program.py", tmp_path / "root.der"
    program.write_text(PROGRAM)
    with FakeServer("generic", chunking=chunking) as server:
        root.write_bytes(server.ca_der)
        done = subprocess.run(
            [micropython, "-X", f"heapsize={kilobytes}k", program, str(server.port), str(count), root],
            env={**os.environ, "MICROPYPATH": f"{compiled}:.frozen"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.stdout == f"taken for {count}\n", done.stdout + done.stderr

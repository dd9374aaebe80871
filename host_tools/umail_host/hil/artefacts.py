"""What is kept of each test on a board: serial log, SMTP transcript, mails, figures; secrets masked."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from umail_host.fake_smtp import FakeServer
from umail_host.hil.dut import Dut

_LONGEST = 120  # characters of a folder's name


def folder_of(top: Path, nodeid: str) -> Path:
    """Return the folder of one test."""
    name = re.sub(r"[^A-Za-z0-9.=-]+", "_", nodeid.rpartition("/")[2].replace("::", "."))
    return top / name[:_LONGEST].strip("_.")


def begin(folder: Path) -> None:
    """Make an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def write(folder: Path, tested: Iterable[Dut], servers: Iterable[FakeServer], facts: dict[str, Any]) -> None:
    """Write what the boards and servers of a test have seen."""
    boards = list(tested)
    for number, board in enumerate(boards):
        name = "serial.log" if len(boards) == 1 else f"serial-{number + 1}.log"
        (folder / name).write_text(board.log.text(), encoding="utf-8")
    for number, server in enumerate(servers):
        with (folder / "smtp.txt").open("a", encoding="utf-8") as stream:
            stream.write(f"server {number + 1}, {server.profile.name}\n{server.transcript.text()}")
        for delivery in server.inbox.deliveries:
            count = len(list(folder.glob("*.eml"))) + 1
            (folder / f"{count:03}.eml").write_bytes(server.masker.mask(delivery.content))
    (folder / "facts.json").write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

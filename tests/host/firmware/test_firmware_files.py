"""No file of the node's own, damaged or foreign in any way, keeps it from starting and from sending what waits."""

from __future__ import annotations

import json
import os
import shutil
from binascii import crc32
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from damaged_files import damaged, odd, spoil
from start_world import Board, configured, write
from umail import Message, Outbox, Route

HOUR = 3600
WAITS = "the alert that waits"


def folder() -> str | None:
    """Where files cost no syncing, if there is such a place."""
    return "/dev/shm" if os.path.isdir("/dev/shm") else None


def sealed(data: bytes) -> bytes:
    """A file as alertnode.platform writes it."""
    return data + b"\n%08x" % crc32(data)


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A flash on which a node has lived: an alert waits, another was refused for good, it crashed once."""
    flash = tmp_path_factory.mktemp("flash")
    board = configured(flash)
    board.server.refusal = b"421 4.3.2 later\r\n"
    board.live(1800)
    assert not board.server.taken
    box = Outbox(str(flash / "outbox"), Route("mail", 25, security="plain"))
    for subject in (WAITS, "the alert that is damaged", "the third"):
        box.put(Message("b@x.org", ["o@x.org", "p@x.org"], subject, text="what happened\n"), key=subject)
    box.bury(box.entries[-1])
    box.close()
    write(flash, "/reset.txt", sealed(b"The board was restarted after a crash. Its log ended:\nZeroDivisionError"))
    write(flash, "/log.txt.old", b"2026-09-21 14:13:22 UTC an older line\n")
    return flash


def lived(board: Board) -> Board:
    """Let the node live, through as many starts as it takes: an hour, or three days if the alert still waits then."""
    for seconds in (HOUR, 3 * 24 * HOUR):
        end = board.seconds + seconds
        for _ in range(12):
            if board.seconds < end and (seconds == HOUR or WAITS not in board.subjects()):
                board.live(end - board.seconds)
    return board


# The same examples in each run; more of them: UMAIL_START_EXAMPLES=2000.
many = settings(
    max_examples=int(os.environ.get("UMAIL_START_EXAMPLES", "15")), derandomize=True, deadline=None, database=None
)


@pytest.mark.long
@many
@given(seed=st.integers(0, 2**32))
def test_no_damaged_or_foreign_file_keeps_the_node_from_sending_what_waits(used: Path, seed: int) -> None:
    chance = Random(seed)
    with TemporaryDirectory(dir=folder()) as name:
        flash = Path(name) / "flash"
        shutil.copytree(used, flash)
        names = sorted(str(path.relative_to(flash)) for path in flash.rglob("*") if path.is_file())
        names.remove("config.json")
        (safe,) = [n for n in names if n.endswith(".mail") and WAITS.encode() in (flash / n).read_bytes()]
        spoil(chance, flash, names, safe)
        board = Board(flash)
        board.memory = damaged(chance, bytes(70) + b'{"version": 1, "rules": {}}')
        lived(board)
        console = "\n".join(board.lines)
        assert WAITS in board.subjects(), console
        # Each of them is only memory: none is worth a crash.
        assert "crashed" not in console, console
        assert board.subjects().count(WAITS) == 1


@many
@given(seed=st.integers(0, 2**32))
def test_a_damaged_configuration_is_told_in_sentences_again_and_again_or_does_no_harm(used: Path, seed: int) -> None:
    chance = Random(seed)
    with TemporaryDirectory(dir=folder()) as name:
        board = configured(Path(name))
        good = (board.flash / "config.json").read_bytes()
        text = json.dumps(odd(chance, json.loads(good))).encode() if chance.random() < 0.7 else damaged(chance, good)
        write(board.flash, "/config.json", text)
        board.live(300)
        console = "\n".join(board.lines)
        told = console.count("alertnode: not started, fix the configuration:\n  - ")
        assert "Error" not in console, console
        assert told > 5 or "is above" in console or "started by power-on" in console, console

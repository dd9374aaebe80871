"""A command line that is wrong is told in one line, which says how to write it."""

from __future__ import annotations

import subprocess
import sys

import pytest


def umail(line: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "umail_host.cli", *line.split()]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "deploy freezer.json",
            "umail deploy: it takes no argument freezer.json: give a configuration by --config freez",
        ),
        (
            "demo --limit 8,5",
            "umail demo: invalid value for '--limit': it is not a number: write 8.5; `umail demo --help`",
        ),
        ("serve --port abc", "umail serve: invalid value for '--port': it is not a whole number; `umail serve --help`"),
        (
            "outbox --port ./board",
            "umail outbox: no such option: --port: give one of ls, purge, retry, show; `umail out",
        ),
        ("deploy --prot x", "umail deploy: no such option: --prot (Possible options: --port,"),
        ("help", "umail: no such command 'help': give one of board, boards, config,"),
        ("outbox show", "umail outbox show: missing argument 'number'; `umail outbox show --help` has an example"),
    ],
)
def test_it_is_one_line_with_exit_status_2(line: str, words: str) -> None:
    done = umail(line)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(words)
    assert done.stderr.count("\n") == 1


def test_a_group_alone_shows_what_it_has() -> None:
    done = umail("outbox")
    assert (done.returncode, "Commands:" in done.stderr) == (2, True)


def test_help_and_version_are_no_failures() -> None:
    assert [umail(line).returncode for line in ("--version", "deploy --help", "outbox ls -h")] == [0, 0, 0]

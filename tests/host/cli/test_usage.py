"""A command line that is wrong is told in one line, which says how to write it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main

from umail_host import cli


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
        ("config check a.json b.json", "umail config check: it takes no argument b.json: give one file at a time"),
        ("outbox show", "umail outbox show: missing argument 'number'; `umail outbox show --help` has an example"),
    ],
)
def test_it_is_one_line_with_exit_status_2(umail: Any, line: str, words: str) -> None:
    done = umail(*line.split())
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(words)
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "--secret mail_password=hunter2geheim",
            "--secret takes the name of a secret alone, not its value: write --secret mail_password, and give the "
            "value when it is asked for, or as UMAIL_SECRET_MAIL_PASSWORD",
        ),
        ("--secret mail_pasword=hunter2geheim", "no secret of that name; did you mean mail_password?"),
        ("--secret hunter2geheim", "--secret: the alert node reads no secret of that name; known are wifi_password"),
        ("--secret mail_password hunter2geheim", "--secret takes the name of a secret alone, never its value"),
    ],
)
def test_a_secret_on_the_command_line_is_not_repeated(umail: Any, line: str, words: str) -> None:
    # No board is looked for: this is told first.
    done = umail("deploy", *line.split())
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert words in done.stderr
    assert "hunter2" not in done.stderr


def test_ctrl_c_while_a_command_is_being_loaded_ends_it_as_later(tmp_path: Path) -> None:
    for module in ("typer", "serial"):
        where = tmp_path / module
        where.mkdir()
        (where / f"{module}.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nimport time\n")
        done = subprocess.run(
            [sys.executable, "-m", "umail_host.cli", "boards"],
            env={**os.environ, "PYTHONPATH": str(where)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stdout) == (130, "")
        assert done.stderr in ("", "umail: stopped\n")


def test_the_help_of_every_command_and_group_has_an_example() -> None:
    commands = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]
    shown = {name: command.epilog or "" for name, command in commands.items()}
    shown |= {
        f"{name} {inner}": deeper.epilog or ""
        for name, command in commands.items()
        for inner, deeper in getattr(command, "commands", {}).items()
    }
    assert [name for name, epilog in shown.items() if "xample" not in epilog] == []
    assert len(shown) > 20


def test_a_group_alone_shows_what_it_has(umail: Any) -> None:
    done = umail("outbox")
    assert (done.returncode, "Commands:" in done.stderr) == (2, True)


def test_help_and_version_are_no_failures(umail: Any) -> None:
    assert [umail(*line.split()).returncode for line in ("--version", "deploy --help", "outbox ls -h")] == [0, 0, 0]

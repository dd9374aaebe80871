"""Runs what `make crossings` unpacked as if it were installed, in mount and pid namespaces of its own."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from pathlib import Path

from real_servers import Missing
from real_servers.base import ROOT

CROSSINGS = ROOT / "build" / "crossings"
SCRIPT = Path(__file__).with_name("installed.sh")
HOW_TO_GET = "tests/interop/get_servers.sh crossings"


def unpacked(path: str, what: str) -> Path:
    """Return a file of build/crossings.

    Raises:
        Missing: with a sentence that says how to get it.
    """
    whole = CROSSINGS / path
    if not whole.exists():
        raise Missing(f"no {what} in build/crossings: {HOW_TO_GET}")
    return whole


@functools.cache
def installed() -> list[str]:
    """Return the command before a command that runs it as if all were installed.

    Raises:
        Missing: this system has no mount namespaces, or nothing is unpacked.
    """
    root = unpacked("root/.complete", "programs of Debian").parent
    unshare = shutil.which("unshare")
    if unshare is None:
        raise Missing("no unshare here: these run on Linux alone")
    # Daemons that leave their session end with its first process.
    flags = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    flags += [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    command = [unshare, *flags, "sh", str(SCRIPT), str(root)]
    tried = subprocess.run([*command, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        raise Missing(f"no mount namespace with overlays here: {tried.stderr.strip().splitlines()[-1]}")
    return command


def run(*command: str | Path, **named: object) -> bytes:
    """Return what a program prints that is run as if it were installed."""
    words = [*installed(), *map(str, command)]
    done: bytes = subprocess.run(words, check=True, stdout=subprocess.PIPE, timeout=120, **named).stdout  # type: ignore[call-overload]
    return done


def version(*command: str) -> str:
    """Return the version of a package of Debian's that was unpacked."""
    (archive,) = (CROSSINGS / "archives").glob(f"{command[0]}_*.deb")
    return archive.name.split("_")[1].replace("%3a", ":")

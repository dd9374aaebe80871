"""Measures how `umail fleet status` reads very many heartbeat mails: from a Maildir, and over IMAP from a real Dovecot.

The first scan, and one after one new mail; the memory of each, in a process of its own. `make heartbeats` runs it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / folder) for folder in ("tests", "tests/interop", "tests/support", "host_tools", "lib")]

from real_servers import DovecotImap, Missing  # noqa: E402

from host.fleet.said import KEY, T, mail, maildir  # noqa: E402
from umail_host.fleet import keys, scan  # noqa: E402
from umail_host.fleet.store import Store  # noqa: E402

BOARDS, A_DAY = 200, 1000


def fill(box: Path, count: int) -> None:
    """Put so many mails into a Maildir, a thousand a day, as if read by a person."""
    for number in range(count):
        put(box, number, "cur", ":2,S")


def put(box: Path, number: int, part: str, flags: str) -> None:
    """Put one mail there."""
    at = T + number // A_DAY * 86400 + number % A_DAY
    octets = mail(id=f"{number % BOARDS:012x}", n=number + 1, t=at, due=at + 7 * 86400, bat=3900, rssi=-61, up=number)
    with open(box / part / f"{at}.M{number}P1.host{flags}", "wb") as file:
        file.write(octets)


def one_scan(where: str, store: str, root: str) -> None:
    """Scan once, and print seconds, mails, and the most memory that this process took (kB)."""
    begun = time.monotonic()
    with Store(Path(store)) as kept:
        count = scan.scan(kept, scan.mailbox(where, Path(root) if root else None), now=lambda: T + 10**9)
    print(json.dumps([time.monotonic() - begun, count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]))


def measured(where: str, store: Path, root: Path | None = None) -> tuple[float, int, int]:
    """Return what ``one_scan`` tells, in a process of its own."""
    command = [sys.executable, __file__, "--scan", where, str(store), str(root or "")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    seconds, count, memory = json.loads(done.stdout)
    return float(seconds), int(count), int(memory)


@contextlib.contextmanager
def served(folder: Path) -> Iterator[tuple[Path, str, Path]]:
    """Run Dovecot; give the Maildir that it serves, its address, and the root to trust."""
    with DovecotImap(folder) as server:
        root = folder / "root.pem"
        root.write_text(ssl.DER_cert_to_PEM_cert(server.ca_der))
        os.environ["UMAIL_SECRET_IMAP_PASSWORD"] = server.login[1]
        user = server.login[0].replace("@", "%40")
        yield maildir(server.maildir / ".many"), f"imaps://{user}@localhost:{server.tls_port}/many", root


def row(what: str, count: int, first: tuple[float, int, int], again: tuple[float, int, int]) -> str:
    """Return a line of the table."""
    if (first[1], again[1]) != (count, 1):
        raise SystemExit(f"{what}: {first[1]} and {again[1]} mails were read, not {count} and 1")
    shown = [f"{count:,}", f"{first[0]:.1f} s", f"{first[2] / 1024:.0f} MB"]
    shown += [f"{again[0]:.2f} s", f"{again[2] / 1024:.0f} MB", f"{again[0] / first[0]:.4f}"]
    return f"| {what} | {' | '.join(shown)} |"


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=None, help="where the mails go: 5 kB each")
    parser.add_argument("--no-imap", action="store_true")
    parser.add_argument("--scan", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.scan:
        one_scan(*given.scan)
        return
    folder = Path(tempfile.mkdtemp(prefix="umail-heartbeats-", dir=given.folder))
    os.environ[keys.VARIABLE] = str(folder / "keys.json")
    for number in range(BOARDS):
        keys.put(f"{number:012x}", KEY)
    try:
        print("| mailbox | mails | first scan | memory | after one new mail | memory | ratio |")
        print("|---|---:|---:|---:|---:|---:|---:|", flush=True)
        for count in (given.mails // 10, given.mails):
            box = maildir(folder / f"mails-{count}")
            fill(box, count)
            store = folder / f"{count}.sqlite"
            first = measured(str(box), store)
            put(box, count, "new", "")
            print(row("Maildir", count, first, measured(str(box), store)), flush=True)
            if count != given.mails:
                shutil.rmtree(box)
        if not given.no_imap:
            _imap(folder, box, given.mails)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _imap(folder: Path, box: Path, count: int) -> None:
    try:
        with served(folder) as (target, address, root):
            # (The one that came later goes again.)
            for found in (box / "new").iterdir():
                found.unlink()
            shutil.rmtree(target)
            shutil.move(box, target)
            if os.geteuid() == 0:
                subprocess.run(["chown", "-R", "1:1", target], check=True)
            store = folder / "imap.sqlite"
            first = measured(address, store, root)
            put(target, count, "new", "")
            if os.geteuid() == 0:
                subprocess.run(["chown", "-R", "1:1", target / "new"], check=True)
            print(row("IMAP, Dovecot", count, first, measured(address, store, root)), flush=True)
    except Missing as missing:
        print(f"IMAP was not measured: {missing}")


if __name__ == "__main__":
    main()

"""Measures how `umail fleet status` reads very many heartbeat mails: from a Maildir, and over IMAP from a real Dovecot.

The first scan, and one after one new mail; the memory of each, in a process of its own. Dovecot keeps them in its own
format (mdbox), into which mails come by Dovecot itself: to open a Maildir it reads its list of UIDs each time, which
takes 3 µs for each mail. `make heartbeats` runs it.
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

import imapclient  # noqa: E402
from real_servers import DovecotImap, Missing  # noqa: E402

from host.fleet.said import KEY, T, mail, maildir  # noqa: E402
from umail_host.fleet import keys, scan  # noqa: E402
from umail_host.fleet.store import Store  # noqa: E402

BOARDS, A_DAY = 200, 1000
_FOLDER = "many"
# So many mails are given to Dovecot at once.
_AT_ONCE = 500


def fill(box: Path, count: int) -> None:
    """Put so many mails into a Maildir, a thousand a day, as if read by a person."""
    for number in range(count):
        put(box, number, "cur", ":2,S")


def put(box: Path, number: int, part: str, flags: str) -> None:
    """Put one mail there."""
    with open(box / part / f"{moment(number)}.M{number}P1.host{flags}", "wb") as file:
        file.write(heartbeat(number))


def moment(number: int) -> int:
    """Return when that mail was written."""
    return T + number // A_DAY * 86400 + number % A_DAY


def heartbeat(number: int) -> bytes:
    """Return that mail."""
    at = moment(number)
    return mail(id=f"{number % BOARDS:012x}", n=number + 1, t=at, due=at + 7 * 86400, bat=3900, rssi=-61, up=number)


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


class Mdbox(DovecotImap):
    """Dovecot's IMAP service on its own format of mailboxes."""

    more = "mail_location = mdbox:{folder}/home/box\nmail_fsync = never\n"


@contextlib.contextmanager
def served(folder: Path) -> Iterator[tuple[imapclient.IMAPClient, str, Path]]:
    """Run Dovecot; give a session with it whose folder is there, the folder's address, and the root to trust."""
    with Mdbox(folder) as server:
        root = folder / "root.pem"
        root.write_text(ssl.DER_cert_to_PEM_cert(server.ca_der))
        os.environ["UMAIL_SECRET_IMAP_PASSWORD"] = server.login[1]
        trust = ssl.create_default_context(cafile=str(root))
        with imapclient.IMAPClient("localhost", server.tls_port, ssl_context=trust, timeout=600) as session:
            session.login(*server.login)
            session.create_folder(_FOLDER)
            user = server.login[0].replace("@", "%40")
            yield session, f"imaps://{user}@localhost:{server.tls_port}/{_FOLDER}", root


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
    parser.add_argument("--no-maildir", action="store_true")
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
        for count in (given.mails // 10, given.mails) if not given.no_maildir else ():
            box = maildir(folder / f"mails-{count}")
            fill(box, count)
            store = folder / f"{count}.sqlite"
            first = measured(str(box), store)
            put(box, count, "new", "")
            print(row("Maildir", count, first, measured(str(box), store)), flush=True)
            shutil.rmtree(box)
        if not given.no_imap:
            _imap(folder, given.mails)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _imap(folder: Path, count: int) -> None:
    try:
        with served(folder) as (session, address, root):
            for begin in range(0, count, _AT_ONCE):
                numbers = range(begin, min(begin + _AT_ONCE, count))
                session.multiappend(_FOLDER, [heartbeat(number) for number in numbers])
                if begin % 100_000 == 0 and begin:
                    print(f"({begin:,} mails are in Dovecot)", file=sys.stderr, flush=True)
            store = folder / "imap.sqlite"
            first = measured(address, store, root)
            session.append(_FOLDER, heartbeat(count))
            print(row("IMAP, Dovecot", count, first, measured(address, store, root)), flush=True)
    except Missing as missing:
        print(f"IMAP was not measured: {missing}")


if __name__ == "__main__":
    main()

"""What the bench measures: each figure for each client, against the fake server on this computer."""

from __future__ import annotations

import contextlib
import io
import math
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import clients
from clients import USER, Client, Job, Unable
from mpremote import romfs
from trustme import KeyType

from tools import size, size_table
from umail_host.deploy import image
from umail_host.errors import UserError
from umail_host.fake_smtp import FakeServer
from umail_host.fake_smtp.faults.toxics import Proxy, Toxics
from umail_host.fake_smtp.server.tls import Authority

PASSWORD = "opens-only-the-fake-server"
TOKEN = "t" * 1900
KIB = 1024
ROOT = Path(__file__).resolve().parents[2]
# What the library's memory is compared with: the commit before it was cut down.
BEFORE = "62eb206"
OLD_ALERT = Path("host_tools") / "umail_host" / "size_alert.py"
OLD_APART = ("umail.dns", "umail.resolve", "umail.tls", "umail.certs")
# Seconds within which the server takes a flight for one, however busy this computer is.
_SETTLE = 0.05


@dataclass
class Row:
    """One figure.

    Args:
        name, unit: what it is. ``goal``: what umail is to reach at most, 0 if there is no promise.
        values: by client; a sentence if there is none.
    """

    name: str
    unit: str
    goal: float = 0
    values: dict[str, float | str] = field(default_factory=dict)


class Bench:
    """The clients, and a folder for what they need.

    Args:
        micropython: path of the interpreter; ``narrow``: of one built with 32-bit words, or None.
        library: folder of the package ``umail``; ``peer``: path of uMail's umail.py, or None.
    """

    def __init__(
        self, micropython: str, library: Path, peer: Path | None, folder: Path, narrow: str | None = None
    ) -> None:
        self.interpreters = {"64-bit": micropython} | ({"32-bit": narrow} if narrow else {})
        self.before = _before(library, folder / "before")
        self.micropython, self.folder = micropython, folder
        self.compiled = _compile(library, folder / "ours", "umail")
        self.peer = _compile(peer, folder / "peer", "umail.mpy") if peer else None
        self.peer_package = folder / "package" / "umail"
        if peer:
            self.peer_package.mkdir(parents=True)
            shutil.copy(peer, self.peer_package / "__init__.py")
        self.clients = [clients.umail(micropython, self.compiled)]
        if self.peer:
            self.clients.append(clients.peer(micropython, self.peer))
        self.missing = [client for client in clients.hosts() if clients.missing(client)]
        self.clients += [client for client in clients.hosts() if client not in self.missing]

    @contextlib.contextmanager
    def server(self, profile: str, **switches: Any) -> Iterator[tuple[FakeServer, Job]]:
        """A fake server, and a job for it."""
        trust = self.folder / "root"
        with FakeServer(profile, mailboxes={USER: PASSWORD}, tokens={TOKEN: USER}, capture=False, **switches) as server:
            trust.with_suffix(".der").write_bytes(server.ca_der)
            trust.with_suffix(".pem").write_bytes(server.ca_pem)
            mechanism = server.profile.mechanisms[0] if server.profile.mechanisms else ""
            job = Job(server.port, str(trust), mechanism, TOKEN if mechanism == "XOAUTH2" else PASSWORD)
            exchange = profile.startswith("m365")
            yield server, replace(job, file=str(self.folder / "mail.eml"), long_auth=exchange)

    def file(self, size: int) -> str:
        """A file of that many random bytes."""
        path = self.folder / f"{size}.bin"
        if not path.exists():
            path.write_bytes(os.urandom(size))
        return str(path)

    def each(self, row: Row, measure: Callable[[Client], float]) -> Row:
        """Fill a row."""
        for client in self.clients:
            try:
                row.values[client.name] = measure(client)
            except (Unable, subprocess.TimeoutExpired) as error:
                row.values[client.name] = str(error)
        return row


def _before(library: Path, folder: Path) -> Path | None:
    """The library as it was at ``BEFORE``, compiled; None if this is not a repository that knows it."""
    if not library.is_relative_to(ROOT) or shutil.which("git") is None:
        return None
    found = subprocess.run(
        ["git", "-C", str(ROOT), "archive", BEFORE, "lib/umail", str(OLD_ALERT)], capture_output=True, check=False
    )
    if found.returncode:
        return None
    with tarfile.open(fileobj=io.BytesIO(found.stdout)) as archive:
        archive.extractall(folder / "source", filter="data")
    return _compile(folder / "source" / "lib" / "umail", folder / "ours", "umail")


def _compile(source: Path, folder: Path, name: str) -> Path:
    # As `umail deploy` does it, others' code too.
    if source.is_file():
        files = {f"{image.LIBRARY}/{name}": image.compile_module(source.read_bytes(), name, image.WITHOUT_LINES)}
    else:
        files = image.package(source, image.LIBRARY)
    for path, octets in files.items():
        target = folder / name / Path(path).relative_to(image.LIBRARY) if source.is_dir() else folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(octets)
    return folder


def round_trips(bench: Bench) -> Iterator[Row]:
    """What a short alert costs, by route and login, and a further one."""
    short: list[tuple[str, str, float, dict[str, Any]]] = [
        ("STARTTLS and PLAIN", "generic", 5, {"mechanisms": ("PLAIN",)}),
        ("STARTTLS and XOAUTH2, Exchange", "m365-submission", 5, {"mechanisms": ("XOAUTH2",)}),
        ("STARTTLS and LOGIN, Exchange", "m365-submission", 6, {"mechanisms": ("LOGIN",)}),
        ("Direct Send with STARTTLS", "m365-mx", 4, {}),
        ("Direct Send without TLS", "m365-mx", 2, {}),
    ]
    for name, profile, goal, switches in short:
        with bench.server(profile, settle=_SETTLE, **switches) as (server, job):
            plain = replace(job, security="plain") if "without" in name else job
            yield bench.each(Row(f"short alert, {name}", "round trips", goal), _trips(server, plain))
    with bench.server("generic", settle=_SETTLE, mechanisms=("PLAIN",)) as (server, job):
        two, four = _trips(server, replace(job, count=2)), _trips(server, replace(job, count=4))
        row = Row("each further alert on the open connection", "round trips", 1)
        yield bench.each(row, lambda client: (four(client) - two(client)) / 2)


def _trips(server: FakeServer, job: Job) -> Callable[[Client], float]:
    def measure(client: Client) -> float:
        before = len(server.sessions)
        client.run(job)
        server.inbox.wait(len(server.inbox) or 1)
        return sum(session.round_trips for session in server.sessions[before:])

    return measure


def octets(bench: Bench) -> Row:
    """What an attachment costs inside TLS, everything included."""
    with bench.server("m365-submission", mechanisms=("LOGIN",)) as (server, job):
        job = replace(job, attachment=bench.file(256 * KIB))

        def measure(client: Client) -> float:
            client.run(job)
            return server.sessions[-1].octets_in

        return bench.each(Row("256 KiB attachment, all bytes inside TLS", "bytes", 262144 * 1.01), measure)


def latency(bench: Bench) -> Row:
    """How long a short alert is on its way where a byte needs 50 ms each way."""
    with bench.server("m365-submission", mechanisms=("LOGIN",)) as (server, job):
        toxics = Toxics(latency=0.05)
        with Proxy(server.port, toxics, toxics) as proxy:
            through = replace(job, port=proxy.port)

            def measure(client: Client) -> float:
                # The computer's own delays are not the path's: the better of two.
                took = []
                for _ in range(2):
                    client.run(through)
                    took.append(server.inbox.deliveries[-1].time - server.sessions[-1].started)
                return min(took)

            return bench.each(Row("short alert over a path of 100 ms, connection to delivery", "s"), measure)


def instructions(bench: Bench) -> Iterator[Row]:
    """What the interpreter does for each byte of an attachment, over TLS; a session without one subtracted.

    Two handshakes differ by some million instructions: the attachment is large enough to make that little.
    """
    count = 1536 * KIB
    ways: list[tuple[str, float, dict[str, Any]]] = [
        ("base64", 260, {"binarymime": False}),
        ("BINARYMIME", 120, {}),
    ]
    for name, goal, switches in ways:
        row = Row(f"instructions for a byte of an attachment, {name}", "instructions", goal)
        devices = bench.clients[: 2 if bench.peer and name == "base64" else 1]
        if shutil.which("valgrind") is None:
            row.values["umail"] = "apt install valgrind"
            yield row
            continue
        with bench.server("generic", mechanisms=("PLAIN",), **switches) as (_, job):
            for client in devices:
                try:
                    more = _instructions(client, replace(job, attachment=bench.file(count)))
                    row.values[client.name] = (more - _instructions(client, job)) / count
                except (Unable, subprocess.TimeoutExpired) as error:
                    row.values[client.name] = str(error)
        yield row


def _instructions(client: Client, job: Job) -> int:
    valgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    found = re.search(r"Collected : (\d+)", client.run(job, valgrind, timeout=120).stderr)
    if found is None:
        raise Unable("valgrind told no count")
    return int(found[1])


def heap(bench: Bench) -> Iterator[Row]:
    """The smallest heap, in kB, with which a mail goes out over TLS: code in RAM, then in a ROMFS; by the words."""
    mails = (
        ("short alert", 20, 0, 28),
        ("alert with 1,000 bytes of text", 1000, 0, 0),
        ("alert with 3,500 bytes of text", 3500, 0, 0.42),
        ("1 MB attachment", 20, 1_000_000, 44),
        ("4 MB attachment", 20, 4_000_000, 0),
    )
    for words, micropython in bench.interpreters.items():
        for name, text, count, goal in mails:
            row = Row(f"smallest heap ({words}), {name}", "kB")
            yield _heaps(bench, row, micropython, replace(Job(), text=text), count, goal if words == "64-bit" else 0)
        for name, count, goal in (("short alert", 0, 0), ("1 MB attachment", 1_000_000, 30)):
            row = Row(f"smallest heap ({words}), {name}, the library in ROMFS", "kB")
            goal = goal if words == "64-bit" else 0
            yield _heaps(bench, row, micropython, replace(Job(), text=20), count, goal, rom=True)


def _heaps(bench: Bench, row: Row, micropython: str, mail: Job, count: int, goal: float, rom: bool = False) -> Row:
    with bench.server("generic", mechanisms=("PLAIN",)) as (_, job):
        whole = replace(job, attachment=bench.file(count) if count else "", text=mail.text)
        for name, compiled in (("umail", bench.compiled), (BEFORE, bench.before)):
            if compiled and rom:
                image, beside = _rom(compiled, bench.folder / f"{name}.img")
                row.values[name] = _smallest(micropython, clients.umail_rom, image, whole, beside)
            elif compiled:
                row.values[name] = _smallest(micropython, clients.umail, compiled, whole)
        if bench.peer and not rom and mail.text == 20 and count <= 1_000_000:
            row.values["uMail"] = _smallest(micropython, clients.peer, bench.peer, whole)
    before = row.values.get(BEFORE)
    # Below one it is a share of what it was.
    row.goal = goal if goal >= 1 else goal * before if isinstance(before, int | float) else 0
    return row


def _rom(compiled: Path, image: Path) -> tuple[Path, int]:
    """An image of a ROMFS, run from as from an ESP32's flash, and what it takes of the heap that it lies in, in kB."""
    if not image.exists():
        with contextlib.redirect_stdout(io.StringIO()):
            image.write_bytes(romfs.make_romfs(str(compiled), mpy_cross=None))
    # The collector's tables take a 64th of what they look after.
    return image, math.ceil(image.stat().st_size * (1 + 1 / 64) / KIB)


def _smallest(micropython: str, kind: Callable[..., Client], library: Path, job: Job, beside: int = 0) -> float:
    low, high = 8, 256
    while high - low > 1:
        middle = (low + high) // 2
        try:
            kind(micropython, library, "-X", f"heapsize={middle + beside}k").run(job)
            high = middle
        except Unable:
            low = middle
    return high


def alerts(bench: Bench) -> Iterator[Row]:
    """What the interpreter does for a whole short alert, import and handshake included, by the server's keys."""
    for keys, key_type in (("RSA, as Exchange's", KeyType.RSA), ("ECDSA", KeyType.ECDSA)):
        authority = Authority(["localhost"], key_type)
        with bench.server("generic", mechanisms=("PLAIN",), authority=authority) as (_, job):
            for way, client, before in (
                ("", clients.umail(bench.micropython, bench.compiled), clients.umail),
                (" by asyncio", clients.umail_aio(bench.micropython, bench.compiled), clients.umail_aio),
            ):
                row = Row(f"short alert{way}, {keys}", "M instructions")
                if shutil.which("valgrind") is None:
                    row.values["umail"] = "apt install valgrind"
                    yield row
                    continue
                row.values["umail"] = _instructions(client, job) / 1e6
                if bench.before:
                    row.values[BEFORE] = _instructions(before(bench.micropython, bench.before), job) / 1e6
                yield row


def sizes(bench: Bench, library: Path, cache: Path, table: Path) -> Iterator[Row]:
    """Flash and RAM, as `make size` measures them, and uMail's in the same way."""
    committed = size_table.parse(table.read_text(encoding="utf-8"))
    found, notes = size.measure(bench.micropython, library, cache, committed)
    flash = Row("what a plain alert loads, .mpy", "bytes", 0, {"umail": found.alert_mpy})
    sending = Row("the same, DNS and certificates apart", "bytes", 8_000, {"umail": found.sending_mpy})
    whole = Row("the whole library, .mpy, certificates and advice apart", "bytes")
    whole.values["umail"] = found.total("code")
    ram = Row("what importing that takes of the heap, 32-bit", "bytes", 0, {"umail": found.alert_ram})
    if notes:
        ram.values["umail"] = notes[0]
    if bench.before:
        old = bench.folder / "before" / "source"
        mpy = size.measure_mpy(old / "lib" / "umail")
        loaded = size.alert_modules(bench.micropython, old / "lib" / "umail", old / OLD_ALERT)
        names = {name for names in loaded for name in names if not name.startswith("umail.certs.")}
        flash.values[BEFORE] = sum(mpy[name] for name in names)
        sending.values[BEFORE] = flash.values[BEFORE] - sum(mpy.get(name, 0) for name in OLD_APART)
    if bench.peer:
        for row in (flash, sending, whole):
            row.values["uMail"] = (bench.peer / "umail.mpy").stat().st_size
        try:
            ram.values["uMail"] = size.measure_ram(bench.peer_package, ["umail"], ["umail"], cache)[1]
        except UserError as error:
            ram.values["uMail"] = str(error)
    yield from (flash, sending, whole, ram)

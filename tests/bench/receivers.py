"""Servers that receive mails, each a process of its own, and a sender that keeps ten connections busy."""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MAILDEV = "maildev@3.0.0"
_PATIENCE = 60
_AIOSMTPD = """
import sys, time
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Mailbox
Controller(Mailbox(sys.argv[2]), hostname="127.0.0.1", port=int(sys.argv[1])).start()
time.sleep(3600)
"""
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Receiver:
    """A server that runs.

    Args:
        process: it; ``port``: where it takes mails; ``page``: the URL of its page, empty if it has none.
        mails: the folder in which it keeps them.
    """

    process: subprocess.Popen[bytes]
    port: int
    page: str
    mails: Path

    def cpu(self) -> float:
        """Seconds of CPU so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK

    def memory(self) -> int:
        """Resident memory in kB."""
        found = re.search(r"VmRSS:\s*(\d+)", Path(f"/proc/{self.process.pid}/status").read_text())
        return int(found[1]) if found else 0


@contextlib.contextmanager
def umail(folder: Path, *options: str) -> Iterator[Receiver]:
    """`umail serve`; with ``--web`` among the options its page, too. What it prints goes into a file."""
    port, page = _ports(2)
    web = ("--no-open", "--web-port", str(page)) if "--web" in options else ()
    command = [sys.executable, "-m", "umail_host.cli", "serve", "--profile", "generic", "--port", str(port)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "host_tools"), "PYTHONUNBUFFERED": "1"}
    command += ["--maildir", str(folder / "umail" / "Maildir"), *web, *options]
    with _running(command, folder / "umail.txt", port, environment) as process:
        yield Receiver(process, port, f"http://localhost:{page}/" if web else "", folder / "umail" / "Maildir" / "new")


@contextlib.contextmanager
def aiosmtpd(folder: Path) -> Iterator[Receiver]:
    """aiosmtpd with its handler that writes a Maildir."""
    (port,) = _ports(1)
    command = [sys.executable, "-c", _AIOSMTPD, str(port), str(folder / "aiosmtpd")]
    with _running(command, folder / "aiosmtpd.txt", port) as process:
        yield Receiver(process, port, "", folder / "aiosmtpd" / "new")


@contextlib.contextmanager
def maildev(folder: Path) -> Iterator[Receiver]:
    """MailDev, installed from npm into build/ at its first use.

    Raises:
        FileNotFoundError: there is no node or no npm; the text says how to get them.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise FileNotFoundError("no node and npm here: apt install nodejs npm")
    place = ROOT / "build" / "bench" / MAILDEV.replace("@", "-")
    program = place / "node_modules" / "maildev" / "dist" / "bin" / "maildev.js"
    if not program.exists():
        place.mkdir(parents=True, exist_ok=True)
        install = [npm, "install", "--no-save", "--no-audit", "--no-fund", "--prefix", str(place), MAILDEV]
        subprocess.run(install, check=True, capture_output=True, timeout=300)
    port, page = _ports(2)
    mails = folder / "maildev"
    command = [node, str(program), "--ip", "127.0.0.1", "--web-ip", "127.0.0.1", "-s", str(port), "-w", str(page)]
    with _running([*command, "--mail-directory", str(mails)], folder / "maildev.txt", port) as process:
        _answers(f"http://127.0.0.1:{page}/")
        yield Receiver(process, port, f"http://localhost:{page}/", mails)


def _ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


@contextlib.contextmanager
def _running(
    command: list[str], output: Path, port: int, environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    with output.open("wb") as file, subprocess.Popen(command, stdout=file, stderr=file, env=environment) as process:
        try:
            due = time.monotonic() + _PATIENCE
            while True:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                if process.poll() is not None or time.monotonic() > due:
                    raise SystemExit(f"{command[0]} does not listen: {output.read_text(errors='replace')[-500:]}")
                time.sleep(0.05)
            yield process
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()


def _answers(url: str) -> None:
    due = time.monotonic() + _PATIENCE
    while time.monotonic() < due:
        with contextlib.suppress(urllib.error.URLError, OSError), urllib.request.urlopen(url, timeout=5):
            return
        time.sleep(0.05)


def _mail(number: int) -> bytes:
    return (
        f"From: esp32@contoso.com\r\nTo: ops@contoso.com\r\nSubject: Freezer {number}: -9 C\r\n"
        f"Date: Sat, 28 Nov 2026 10:00:00 +0000\r\nMessage-ID: <{number}.{time.time_ns()}@contoso.com>\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        "On freezer 3, temperature is -9 C.\r\nIs the door open?\r\n.\r\n"
    ).encode()


def send(port: int, count: int, connections: int = 10) -> float:
    """Send mails as most clients do, waiting for each reply; returns the seconds that it took.

    Raises:
        SystemExit: the server refused one or closed a connection.
    """
    steps = (b"MAIL FROM:<esp32@contoso.com>\r\n", b"RCPT TO:<ops@contoso.com>\r\n", b"DATA\r\n")
    begun, done = 0, 0
    start = time.monotonic()
    with selectors.DefaultSelector() as selector, contextlib.ExitStack() as stack:
        for _ in range(connections):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(client, selectors.EVENT_READ, [-2, b""])
        while done < count:
            for key, _ in selector.select(_PATIENCE):
                client, state = key.fileobj, key.data
                assert isinstance(client, socket.socket)
                state[1] += client.recv(4096)
                last = state[1].splitlines()[-1] if state[1] else b"closed"
                if state[1] and (not state[1].endswith(b"\n") or last[3:4] == b"-"):
                    continue
                if last[:1] not in (b"2", b"3"):
                    raise SystemExit(f"the server says {last!r}")
                state[1] = b""
                state[0] += 1
                if state[0] == -1:
                    client.sendall(b"EHLO bench.example\r\n")
                    continue
                done += state[0] == 4
                state[0] %= 4
                if state[0] == 0:
                    if begun == count:
                        selector.unregister(client)
                        continue
                    begun += 1
                client.sendall(steps[state[0]] if state[0] < 3 else _mail(begun))
    return time.monotonic() - start

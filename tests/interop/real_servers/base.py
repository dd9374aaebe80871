"""What all real servers share: certificates, ports, a folder, one process that ends with its starter, the mails."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from umail_host.fake_smtp.server.tls import Authority

ROOT = Path(__file__).resolve().parents[3]
UNPACKED = ROOT / "build" / "servers"
SAVE = Path(__file__).with_name("save.sh")
HOW_TO_GET = "make servers"

LOGIN = ("esp32@example.org", "n0t-a+Secret/7")
TOKEN = "ya29.interop-" + "t" * 60
SIZE_LIMIT = 8_000_000
# After so long without a word, those that can be told so close the connection.
IDLE_S = 2

# Runs a command until it ends or the standard input does, as it does when its writer was killed; then ends all of both.
TOGETHER = '("$@"; kill 0) & read _; kill 0'
# Sender, recipients, and the bytes as they were delivered.
Mail = tuple[str, list[str], bytes]


class Missing(Exception):
    """A server that is not here; the text says how to get it."""


class RealServer:
    """One server, running between ``with`` and its end, on 127.0.0.1 alone.

    It takes mail from anyone to anyone, with a login or without, up to ``SIZE_LIMIT`` bytes, but not for recipients
    whose local part is ``refused`` (a permanent reply) or ``later`` (a temporary one). Logins need TLS.

    Args:
        folder: where its log stays.

    Attributes:
        hostname: the name that its certificate carries.
        port: STARTTLS is offered there.
        tls_port: TLS from the first byte; None if the server has none.
        login_only_port: as ``port``, but the only login offered is LOGIN.
        traced_port: as ``port``; if there is one of its own, the log tells more.
        ca_der: the root to trust, DER.
        login: user and password that it takes, by LOGIN and PLAIN.
        token: the access token that it takes of that user by XOAUTH2; "" if it has no XOAUTH2.
        version: as the server tells it.

    Raises:
        Missing: it cannot run here.
    """

    name = ""
    hostname = "localhost"
    login = LOGIN
    token = ""
    version = ""
    port: int
    tls_port: int | None = None
    login_only_port: int

    def __init__(self, folder: Path) -> None:
        self.log_folder = folder
        authority = Authority([self.hostname, "127.0.0.1"])
        self.ca_der = authority.root_der
        self.identity = authority.server()
        # A server started as root gives root up, and could not enter a folder that only root can.
        self.folder = Path(tempfile.mkdtemp(prefix="umail-", dir="/var/tmp" if os.geteuid() == 0 else folder))
        self.folder.chmod(0o711)
        self.mails_folder = self.folder / "mails"
        self.mails_folder.mkdir()
        self.mails_folder.chmod(0o777)
        self.log = self.folder / "log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def traced_port(self) -> int:
        """See the class."""
        return self.port

    def start(self) -> None:
        """Start it; returns when it listens."""
        raise NotImplementedError

    def stop(self) -> None:
        """End it; what it logged stays in the folder given."""
        if self.process is not None:
            # With those that still serve a connection.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.communicate()
            self.process = None
        if self.log.exists():
            shutil.copyfile(self.log, self.log_folder / f"{self.name}.log")
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def mails(self, count: int = 0, timeout: float = 10) -> list[Mail]:
        """All mails delivered since the start, oldest first, once there are ``count``; waits up to ``timeout`` seconds.

        Raises:
            TimeoutError: there are fewer.
        """
        end = time.monotonic() + timeout
        while len(self._names()) < count:
            if time.monotonic() > end:
                raise TimeoutError(f"{self.name} delivered {len(self._names())} mails, not {count}:\n{self.logged()}")
            time.sleep(0.02)
        return [self._read(name) for name in self._names()]

    def logged(self) -> str:
        """What it has logged until now."""
        return self.log.read_text("utf-8", "backslashreplace") if self.log.exists() else ""

    def waits_for(self, text: str, start: int = 0, timeout: float = 5) -> str:
        """What it logged from ``start`` on, once ``text`` is in it."""
        end = time.monotonic() + timeout
        while text not in self.logged()[start:]:
            if time.monotonic() > end:
                raise TimeoutError(f"{self.name} did not log {text!r}:\n{self.logged()[start:]}")
            time.sleep(0.02)
        return self.logged()[start:]

    # -- what its own log proves --------------------------------------------------------------------------------------

    # How the log tells a login, in Python's format; a connection, and its end.
    LOGIN_LINE: str
    OPENED: str
    CLOSED: str

    def mark(self, timeout: float = 10) -> int:
        """Where the log ends, once all connections are over: what comes after it is of later ones."""
        end = time.monotonic() + timeout
        while len(re.findall(self.OPENED, log := self.logged())) > self._closed(log):
            if time.monotonic() > end:
                raise TimeoutError(f"a connection to {self.name} does not end:\n{self.logged()}")
            time.sleep(0.02)
        return len(self.logged())

    def logged_in(self, mechanism: str, start: int) -> bool:
        """Whether somebody logged in that way since ``start``."""
        line = self.LOGIN_LINE.format(lower=mechanism.lower(), upper=mechanism.upper())
        return line in self.waits_for(line, start)

    def _closed(self, log: str) -> int:
        return len(re.findall(self.CLOSED, log))

    def connections(self, start: int) -> int:
        """How many there were since ``start``."""
        return len(re.findall(self.OPENED, self.logged()[start:]))

    def pipelined(self, start: int) -> bool:
        """Whether commands came together in the connection that began after ``start``, to ``traced_port``."""
        raise NotImplementedError

    def chunked(self, start: int) -> bool:
        """Whether a mail came by BDAT in the connection that began after ``start``."""
        raise NotImplementedError

    def asked_for_mail(self, start: int) -> bool:
        """Whether MAIL was given in the connection that began after ``start``, and is over."""
        raise NotImplementedError

    # -- for those that are programs ----------------------------------------------------------------------------------

    def run(self, command: Sequence[str | Path], env: dict[str, str] | None = None, user: int | None = None) -> None:
        """Start the process, to end with this one; returns when it listens."""
        output = self.folder / "output"
        with output.open("wb") as out:
            self.process = subprocess.Popen(
                ["sh", "-c", TOGETHER, "sh", *map(str, command)],
                env={**os.environ, **(env or {})},
                cwd=self.folder,
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=subprocess.STDOUT,
                user=user,
                group=user,
                extra_groups=None if user is None else [],
                start_new_session=True,
            )
        end = time.monotonic() + 10
        for port in (self.port, self.tls_port, self.login_only_port):
            while port and not listens(port):
                if self.process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"{self.name} did not start:\n{output.read_text()}\n{self.logged()}")
                time.sleep(0.02)

    def certificate_files(self) -> tuple[Path, Path]:
        """Its chain and its key, as PEM files."""
        chain, key = self.folder / "chain.pem", self.folder / "key.pem"
        pem = serialization.Encoding.PEM
        chain.write_bytes(
            b"".join(x509.load_der_x509_certificate(der).public_bytes(pem) for der in self.identity.chain)
        )
        loaded = serialization.load_der_private_key(self.identity.key, None)
        key.write_bytes(loaded.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        return chain, key

    def _names(self) -> list[Path]:
        return sorted(self.mails_folder.glob("*.eml"))

    def _read(self, path: Path) -> Mail:
        sender, *recipients = path.with_suffix(".envelope").read_text("utf-8").splitlines()
        return sender, recipients, path.read_bytes()


def unpacked(path: str, what: str) -> Path:
    """A file of the unpacked servers.

    Raises:
        Missing: with a sentence that says how to get it.
    """
    whole = UNPACKED / path
    if not whole.exists():
        raise Missing(f"no {what} in build/servers: {HOW_TO_GET}")
    return whole


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def listens(port: int) -> bool:
    """Whether somebody listens there; without a connection, which the server would log."""
    # proc(5): the local address in hexadecimal, the remote one, 0A for LISTEN.
    listening = f"0100007F:{port:04X} 00000000:0000 0A "
    return listening in Path("/proc/net/tcp").read_text()

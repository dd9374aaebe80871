"""The clients that the bench compares: how each is started to send one kind of mail.

Passwords and tokens stand in the command lines: they are the fake server's own and open nothing else.
"""

from __future__ import annotations

import ctypes.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Where `npm install` puts what the bench needs.
NODE_MODULES = HERE.parents[1] / "build" / "bench" / "node_modules"
USER = "esp32@contoso.com"
OPS = "ops@contoso.com"


@dataclass(frozen=True)
class Job:
    """What to send, and how.

    Args:
        port: of the server on this computer; ``trust``: its root as PEM or DER, by the client's need.
        mechanism: PLAIN, LOGIN, XOAUTH2, or empty for no login; ``secret``: the password or token.
        security: ``starttls`` or ``plain``.
        text: bytes of text; 0: a line.
        attachment: path of the file to attach, or empty; ``count``: mails on one connection.
        long_auth: the provider documents XOAUTH2 in one long line, as Exchange does.
    """

    port: int = 0
    trust: str = ""
    mechanism: str = ""
    secret: str = ""
    security: str = "starttls"
    attachment: str = ""
    count: int = 1
    long_auth: bool = False
    user: str = USER
    to: str = OPS
    file: str = ""
    text: int = 0


class Unable(Exception):
    """This client has no way to do that; the argument says which."""


@dataclass(frozen=True)
class Client:
    """One client: its name, how to get it, and the command for a job (raises ``Unable``)."""

    name: str
    command: Callable[[Job], Sequence[str]]
    get: str = ""
    library: str = ""
    pem: bool = True

    def run(self, job: Job, before: Sequence[str] = (), timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Do the job; ``before`` stands in front of the command.

        Raises:
            Unable: it can't, or it failed.
        """
        with_file = replace(job, trust=job.trust + (".pem" if self.pem else ".der"))
        done = subprocess.run(
            [*before, *self.command(with_file)],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
            env={**os.environ, "MICROPYPATH": f"{self.library}:.frozen", "NODE_PATH": str(NODE_MODULES)},
        )
        if done.returncode:
            raise Unable(f"{self.name} failed: {(done.stdout + done.stderr).strip()[-300:]}")
        return done


def _python(kind: str) -> Callable[[Job], list[str]]:
    return lambda job: [sys.executable, str(HERE / "cpython_peers.py"), kind, json.dumps(asdict(job))]


def _file(job: Job) -> str:
    """The mail as a file, for the clients that do not write one."""
    subprocess.run([*_python("message")(job)], check=True)
    return job.file


def _msmtp(job: Job) -> list[str]:
    if job.count > 1:
        raise Unable("a connection for each mail")
    command = ["msmtp", "-C", "/dev/null", "--host=localhost", f"--port={job.port}", f"--from={USER}"]
    if job.security != "plain":
        command += ["--tls=on", "--tls-starttls=on", f"--tls-trust-file={job.trust}"]
    if job.mechanism:
        command += [f"--auth={job.mechanism.lower()}", f"--user={USER}", f"--passwordeval=echo '{job.secret}'"]
    return ["sh", "-c", 'exec "$@" <"$0"', _file(job), *command, "--", job.to]


def _curl(job: Job) -> list[str]:
    one = [f"smtp://localhost:{job.port}", "--mail-from", USER, "--mail-rcpt", job.to, "--upload-file", _file(job)]
    one += ["--silent", "--show-error", "--crlf"]
    if job.security != "plain":
        one += ["--ssl-reqd", "--cacert", job.trust]
    if job.mechanism == "XOAUTH2":
        one += ["--user", f"{USER}:", "--oauth2-bearer", job.secret]
    elif job.mechanism:
        one += ["--user", f"{USER}:{job.secret}"]
    if job.mechanism:
        one += ["--login-options", f"AUTH={job.mechanism}"]
    command = ["curl", *one]
    for _ in range(job.count - 1):
        command += ["--next", *one]
    return command


def _nodemailer(job: Job) -> list[str]:
    return ["node", str(HERE / "nodemailer_peer.cjs"), json.dumps(asdict(job))]


def _libesmtp(job: Job) -> list[str]:
    if job.mechanism == "XOAUTH2":
        raise Unable("no XOAUTH2")
    return [sys.executable, str(HERE / "libesmtp_peer.py"), json.dumps(asdict(replace(job, file=_file(job))))]


def _swaks(job: Job) -> list[str]:
    if job.count > 1:
        raise Unable("a connection for each mail")
    if job.mechanism == "XOAUTH2":
        raise Unable("no XOAUTH2")
    command = ["swaks", "--server", "localhost", "--port", str(job.port), "--from", USER, "--to", job.to]
    command += ["--data", f"@{_file(job)}", "--silent", "3", "--pipeline"]
    if job.security != "plain":
        command += ["--tls", "--tls-verify", "--tls-ca-path", job.trust]
    if job.mechanism:
        command += ["--auth", job.mechanism, "--auth-user", USER, "--auth-password", job.secret]
    return command


def _written(job: Job) -> str:
    # Under valgrind, MicroPython bears only short arguments.
    path = Path(job.file).with_suffix(".json")
    path.write_text(json.dumps(asdict(job)), encoding="utf-8")
    return str(path)


def _umail(micropython: str, *options: str, program: str = "device_umail.py") -> Callable[[Job], list[str]]:
    return lambda job: [micropython, *options, str(HERE / program), _written(job)]


def _peer(micropython: str, *options: str) -> Callable[[Job], list[str]]:
    def command(job: Job) -> list[str]:
        if job.mechanism not in ("PLAIN", "LOGIN"):
            raise Unable("no XOAUTH2" if job.mechanism else "fails if nobody logs in")
        return [micropython, *options, str(HERE / "device_peer.py"), _written(job)]

    return command


def umail(micropython: str, library: Path, *options: str) -> Client:
    """This library, on MicroPython with these options."""
    return Client("umail", _umail(micropython, *options), library=str(library), pem=False)


def umail_aio(micropython: str, library: Path) -> Client:
    """This library's asyncio driver."""
    return Client("umail", _umail(micropython, program="device_aio.py"), library=str(library), pem=False)


def umail_rom(micropython: str, image: Path, *options: str) -> Client:
    """This library, run from a ROMFS image as an ESP32 runs it from flash, on MicroPython with these options."""
    run = _umail(micropython, *options, program="device_rom.py")
    return Client("umail", lambda job: [*run(job), str(image)], pem=False)


def peer(micropython: str, library: Path, *options: str) -> Client:
    """uMail, on MicroPython with these options."""
    return Client("uMail", _peer(micropython, *options), library=str(library), pem=False)


def hosts() -> list[Client]:
    """The clients of computers."""
    return [
        Client("smtplib", _python("smtplib")),
        Client("aiosmtplib", _python("aiosmtplib"), "pip install aiosmtplib"),
        Client("msmtp", _msmtp, "apt install msmtp"),
        Client("curl", _curl, "apt install curl"),
        Client("swaks", _swaks, "apt install swaks"),
        Client("nodemailer", _nodemailer, "npm install --no-save --prefix build/bench nodemailer@10"),
        Client("libESMTP", _libesmtp, "apt install libesmtp6"),
    ]


def missing(client: Client) -> bool:
    """Whether it is not on this computer."""
    if client.name == "aiosmtplib":
        import importlib.util

        return importlib.util.find_spec("aiosmtplib") is None
    if client.name == "nodemailer":
        return shutil.which("node") is None or not (NODE_MODULES / "nodemailer").is_dir()
    if client.name == "libESMTP":
        return ctypes.util.find_library("esmtp") is None
    return bool(client.get) and shutil.which(client.name) is None

"""The fake server judged by clients that are not ours: each delivers through every profile, byte for byte."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import shutil
import smtplib
import ssl
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from umail_host.fake_smtp import FakeServer
from umail_host.fake_smtp.core.profiles import PROFILES
from umail_host.fake_smtp.server.tls import Authority, Identity

USER, PASSWORD, TOKEN = "esp32@contoso.com", "s3cret!pw", "t0ken." * 20
INSIDE, OUTSIDE = ["ops@contoso.com", "boss@contoso.com"], ["ops@fabrikam.com"]
HOST = "board.example"
AUTHORITY = Authority(["localhost", "127.0.0.1"])
# Dots where they could end the mail or vanish, characters of another script, a byte that is not UTF-8, the longest
# line that may be, spaces at the end of a line, and no empty line at the end.
MAIL = (
    "From: <esp32@contoso.com>\r\nTo: <ops@contoso.com>\r\nSubject: dots\r\nDate: Tue, 24 Nov 2026 10:00:00 +0000\r\n"
    "Message-ID: <1@board.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
    "Content-Transfer-Encoding: 8bit\r\n\r\n"
    ".\r\n..\r\n.one\r\n..two\r\n \r\n.\r\nkühl  \r\n\r\nQUIT\r\n" + "x" * 998 + "\r\n.end\r\n"
).encode() + b"\xff\r\n"


@dataclass
class Job:
    """What a client is to do at ``server``; ``mechanism`` empty: the one it likes best, if the server offers any."""

    server: FakeServer
    folder: Path
    to: list[str]
    mechanism: str = ""
    identity: Identity | None = None
    password: str = PASSWORD
    mail: bytes = MAIL

    @property
    def login(self) -> bool:
        return bool(self.server.profile.mechanisms)

    @property
    def secret(self) -> str:
        return TOKEN if self.mechanism == "XOAUTH2" else self.password

    @property
    def tls(self) -> bool:
        """TLS from the first byte, rather than STARTTLS."""
        return self.server.profile.implicit_tls

    def file(self, name: str, content: bytes) -> str:
        """The path of a file that holds it."""
        (self.folder / name).write_bytes(content)
        return str(self.folder / name)

    @property
    def trust(self) -> str:
        return self.file("root.pem", self.server.ca_pem)

    @property
    def pair(self) -> tuple[str, str]:
        """The client's certificate, with its chain, and its key: files."""
        assert self.identity
        chain = b"".join(pem("CERTIFICATE", der) for der in self.identity.chain)
        return self.file("chain.pem", chain), self.file("key.pem", pem("PRIVATE KEY", self.identity.key))

    def context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cadata=self.server.ca_der)
        if self.identity:
            context.load_cert_chain(*self.pair)
        return context


def pem(label: str, der: bytes) -> bytes:
    """The same in the form that OpenSSL and GnuTLS read."""
    return f"-----BEGIN {label}-----\n{base64.encodebytes(der).decode()}-----END {label}-----\n".encode()


def xoauth2(challenge: bytes | None = None) -> str:
    """The one answer of XOAUTH2."""
    return f"user={USER}\1auth=Bearer {TOKEN}\1\1"


def by_smtplib(job: Job) -> None:
    kind = partial(smtplib.SMTP_SSL, context=job.context()) if job.tls else smtplib.SMTP
    with kind("localhost", job.server.port, local_hostname=HOST, timeout=10) as smtp:
        if not job.tls:
            smtp.starttls(context=job.context())
        smtp.ehlo()
        smtp.user, smtp.password = USER, job.password
        if job.mechanism == "XOAUTH2":
            smtp.auth("XOAUTH2", xoauth2)
        elif job.mechanism:
            smtp.auth(job.mechanism, getattr(smtp, "auth_" + job.mechanism.lower()))
        elif job.login:
            smtp.login(USER, job.password)
        assert smtp.sendmail(USER, job.to, job.mail) == {}


def by_aiosmtplib(job: Job) -> None:
    import aiosmtplib

    async def run() -> None:
        secure = {"use_tls": True} if job.tls else {"start_tls": True}
        smtp = aiosmtplib.SMTP(
            hostname="localhost", port=job.server.port, local_hostname=HOST, tls_context=job.context(), **secure
        )
        async with smtp:
            if job.mechanism:
                await smtp.ehlo()
                await getattr(smtp, "auth_" + job.mechanism.lower())(USER, job.secret)
            elif job.login:
                await smtp.login(USER, job.password)
            refused, _ = await smtp.sendmail(USER, job.to, job.mail)
            assert refused == {}

    asyncio.run(run())


def program(*command: str, given: bytes = b"") -> None:
    """Run it; it fails if the program says so."""
    done = subprocess.run(command, input=given, capture_output=True, timeout=30, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr).decode(errors="replace")


def by_curl(job: Job) -> None:
    scheme = "smtps" if job.tls else "smtp"
    command = [f"{scheme}://localhost:{job.server.port}/{HOST}", "--ssl-reqd", "--cacert", job.trust]
    command += ["-sS", "--mail-from", USER, "--upload-file", job.file("mail.eml", job.mail), "--config", "-"]
    for address in job.to:
        command += ["--mail-rcpt", address]
    if job.identity:
        command += ["--cert", job.pair[0], "--key", job.pair[1]]
    login = f'user = "{USER}:{job.password}"' if job.login else ""
    if job.mechanism == "XOAUTH2":
        login = f'user = "{USER}:"\noauth2-bearer = "{TOKEN}"'
    if job.mechanism:
        login += f'\nlogin-options = "AUTH={job.mechanism}"'
    program("curl", *command, given=login.encode())


def by_msmtp(job: Job) -> None:
    command = ["--host=localhost", f"--port={job.server.port}", f"--domain={HOST}", f"--from={USER}", "--tls=on"]
    command += [f"--tls-starttls={'off' if job.tls else 'on'}", f"--tls-trust-file={job.trust}"]
    if job.login:
        secret = job.file("secret", job.secret.encode())
        command += [f"--auth={job.mechanism.lower() or 'on'}", f"--user={USER}", f"--passwordeval=cat {secret}"]
    if job.identity:
        command += [f"--tls-cert-file={job.pair[0]}", f"--tls-key-file={job.pair[1]}"]
    # It reads the local form of a mail, and writes the line ends itself.
    program("msmtp", "-C", "/dev/null", *command, "--", *job.to, given=job.mail.replace(b"\r\n", b"\n"))


def by_swaks(job: Job) -> None:
    command = ["--server", "localhost", "--port", str(job.server.port), "--helo", HOST, "--from", USER]
    # It ends the last line of the file by itself.
    mail = job.file("mail.eml", job.mail.removesuffix(b"\r\n"))
    command += ["--to", ",".join(job.to), "--data", "@" + mail, "--silent", "2", "--pipeline"]
    command += ["--tls-on-connect" if job.tls else "--tls", "--tls-verify", "--tls-ca-path", job.trust]
    if job.login:
        command += ["--auth-user", USER, "--auth-password", job.password]
        command += ["--auth", job.mechanism] if job.mechanism else ["--auth"]
    if job.identity:
        command += ["--tls-cert", job.pair[0], "--tls-key", job.pair[1]]
    program("swaks", *command)


CLIENTS: dict[str, Callable[[Job], None]] = {
    "smtplib": by_smtplib,
    "aiosmtplib": by_aiosmtplib,
    "curl": by_curl,
    "msmtp": by_msmtp,
    "swaks": by_swaks,
}


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest) -> Callable[[Job], None]:
    """Each client; a program that is not here is skipped, with the way to get it."""
    name = request.param
    if name in ("curl", "msmtp", "swaks") and shutil.which(name) is None:
        pytest.skip(f"no {name} here: apt install {name}" + " libnet-ssleay-perl" * (name == "swaks"))
    return CLIENTS[name]


@contextlib.contextmanager
def serving(profile: str, **switches: Any) -> Iterator[FakeServer]:
    """A server with one mailbox, which takes one token, too."""
    with FakeServer(profile, mailboxes={USER: PASSWORD}, tokens=[TOKEN], authority=AUTHORITY, **switches) as server:
        yield server


def delivers(client: Callable[[Job], None], server: FakeServer, folder: Path, to: list[str], **more: Any) -> None:
    """Deliver; what arrives is what was given, once, to those it was for."""
    job = Job(server, folder, to, **more)
    client(job)
    server.inbox.wait(1)
    (delivery,) = server.inbox.deliveries
    assert (delivery.sender, delivery.recipients) == (USER, to)
    assert delivery.content == job.mail
    (session,) = server.sessions
    assert session.tls
    assert session.user == (USER if job.login else None)


@pytest.mark.parametrize("profile", PROFILES)
def test_every_client_delivers_through_every_profile(client, profile, tmp_path):
    with serving(profile) as server:
        delivers(client, server, tmp_path, OUTSIDE if profile == "m365-connector" else INSIDE)


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "XOAUTH2"])
def test_every_client_logs_in_by_every_mechanism(client, mechanism, tmp_path):
    if mechanism == "XOAUTH2" and client is by_swaks:
        return  # It has no XOAUTH2.
    with serving("generic") as server:
        delivers(client, server, tmp_path, INSIDE, mechanism=mechanism)


def test_every_client_relays_by_its_certificate(client, tmp_path):
    # swaks sends the certificate alone, so that its issuer must be the root.
    issuer = AUTHORITY.root if client is by_swaks else None
    identity = AUTHORITY.issue(["gateway.contoso.com"], issuer=issuer)
    with serving("m365-connector", connector_networks=()) as server:
        delivers(client, server, tmp_path, OUTSIDE, identity=identity)


def test_every_client_delivers_megabytes(client, tmp_path):
    with serving("gmail") as server:
        delivers(client, server, tmp_path, INSIDE, mail=MAIL + (b"." + b"0123456789" * 70 + b"\r\n") * 3000)


@pytest.mark.parametrize("profile", ["m365-submission", "gmail-465"])
def test_every_client_sees_that_a_login_is_refused(client, profile, tmp_path):
    with serving(profile) as server:
        with pytest.raises(Exception, match=r"535|Login denied"):
            client(Job(server, tmp_path, INSIDE, password="wrong"))
        assert not server.inbox.deliveries


def test_every_client_sees_that_a_recipient_is_refused(client, tmp_path):
    with serving("m365-hve") as server:
        with pytest.raises(Exception, match=r"550|External"):
            client(Job(server, tmp_path, OUTSIDE))
        assert not server.inbox.deliveries

"""The fake server judged by a client that is not ours: curl delivers through every profile."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from umail_host.fake_smtp import FakeServer
from umail_host.fake_smtp.profiles import PROFILES

USER, PASSWORD = "esp32@contoso.com", "s3cret!pw"
MAIL = b"From: <esp32@contoso.com>\r\nSubject: dots\r\n\r\n.one\r\n..two\r\n.\r\nend\r\n"


@pytest.fixture(scope="module")
def curl() -> str:
    found = shutil.which("curl")
    if found is None:
        pytest.skip("no curl here: install the package curl")
    return found


@pytest.mark.parametrize("profile", PROFILES)
def test_curl_delivers(curl, profile, tmp_path):
    with FakeServer(profile, mailboxes={USER: PASSWORD}) as server:
        (tmp_path / "root.pem").write_bytes(server.ca_pem)
        (tmp_path / "mail.eml").write_bytes(MAIL)
        scheme = "smtps" if server.profile.implicit_tls else "smtp"
        command = [curl, "-sS", "--ssl-reqd", "--cacert", str(tmp_path / "root.pem")]
        command += [f"{scheme}://localhost:{server.port}/board.example", "--mail-from", USER]
        command += ["--mail-rcpt", "ops@contoso.com", "--upload-file", str(tmp_path / "mail.eml"), "--config", "-"]
        login = f'user = "{USER}:{PASSWORD}"' if server.profile.mechanisms else ""
        done = subprocess.run(command, input=login, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stderr
        server.inbox.wait(1)
        assert server.inbox.deliveries[0].content == MAIL

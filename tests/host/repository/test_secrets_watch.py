"""The search for planted secrets finds them, whatever their disguise and wherever a test run leaves them."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
import sys
import urllib.parse
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import planted
import secrets_watch
from umail_host.errors import UserError

pytest_plugins = ["pytester"]
TESTS = Path(__file__).resolve().parents[2]
SECRETS = (planted.MAIL_PASSWORD, planted.WIFI_PASSWORD, planted.CLIENT_SECRET, planted.TOKEN)


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "disguise",
    [
        lambda secret: secret.encode(),
        lambda secret: base64.b64encode(secret.encode()),
        lambda secret: base64.b64encode(b"\0esp32@contoso.com\0" + secret.encode()),
        lambda secret: base64.urlsafe_b64encode(b"user=esp32@contoso.com\1auth=Bearer " + secret.encode() + b"\1\1"),
        lambda secret: urllib.parse.urlencode({"client_secret": secret}).encode(),
        lambda secret: repr({"password": secret}).encode(),
        lambda secret: secret.encode().hex().encode(),
        lambda secret: secret.encode("utf-16"),
        lambda secret: secret[:-2].encode(),
        # As a console of few columns breaks it.
        lambda secret: "\r\n  ".join(secret).encode(),
    ],
)
def test_a_planted_secret_is_found_in_every_disguise_and_not_shown_again(secret, disguise):
    place = planted.found(b"before " + disguise(secret) + b" after")
    assert "***" in place
    assert not planted.found(place)


def test_what_is_not_a_secret_is_not_found():
    assert not planted.found(b"password=[masked] AUTH PLAIN [masked] Pl4nted S3crecy" + bytes(range(256)))
    assert not planted.found("")


@pytest.mark.parametrize("form", ["PKCS8", "TraditionalOpenSSL"])
def test_a_planted_key_is_found_in_der_and_pem(form):
    der = planted.private_key(getattr(planted.serialization.PrivateFormat, form))
    assert planted.found(der)
    assert planted.found(base64.encodebytes(der))
    assert planted.private_key() == planted.private_key()


LEAKS = {
    "a file that is left": """
def test_it(tmp_path):
    (tmp_path / "deploy.log").write_text("wifi: " + planted.WIFI_PASSWORD)
""",
    "a file's name": """
def test_it(tmp_path):
    (tmp_path / planted.MARK).touch()
""",
    "a temporary file that a program leaves": """
def test_it():
    code = "import os, tempfile; os.write(tempfile.mkstemp()[0], b'Pl4nted' + b'S3cret')"
    subprocess.run([sys.executable, "-c", code], check=True)
""",
    "what a test prints": """
def test_it():
    print("token", planted.TOKEN)
""",
    "the report of a test that fails": """
def test_it():
    assert planted.MAIL_PASSWORD in "the log"
""",
    "an argument of a program": """
def test_it():
    subprocess.run([sys.executable, "-c", "pass", planted.TOKEN], check=True)
""",
    "what a program prints": """
def test_it():
    subprocess.run([sys.executable, "-c", "print('Pl4nted' + 'S3cret')"], capture_output=True)
""",
    "what a server's transcript shows": """
def test_it():
    with FakeServer() as server:
        server.transcript.note(1, "login with " + planted.MAIL_PASSWORD, True)
""",
    "nothing": """
def test_it(tmp_path):
    (tmp_path / "nvs.json").write_text(planted.WIFI_PASSWORD)
    subprocess.run([sys.executable, "-c", "pass"], env={**os.environ, "UMAIL_SECRET": planted.TOKEN}, check=True)
""",
}


def test_a_run_fails_that_leaks_and_says_where(pytester: pytest.Pytester, capsys: pytest.CaptureFixture[str]) -> None:
    pytester.makeconftest(
        "import planted, secrets_watch\n"
        "def pytest_configure(config):\n"
        "    secrets_watch.watch_processes()\n"
        "    if not hasattr(config, 'workerinput'):\n"
        "        config.pluginmanager.register(secrets_watch.Watch())\n"
    )
    pytester.makeini(f"[pytest]\npythonpath = {TESTS} {TESTS / 'support'} {TESTS.parent / 'host_tools'}\n")
    head = "import os, planted, subprocess, sys\nfrom umail_host.fake_smtp import FakeServer\n"
    names = {}
    for number, (what, code) in enumerate(LEAKS.items()):
        names[what] = f"test_{number}.py"
        pytester.path.joinpath(names[what]).write_text(head + code)
    result = pytester.runpytest_subprocess("-n", "2")
    text = result.stdout.str()
    # What this test leaks on purpose is not to be found in its own run.
    capsys.readouterr()
    shutil.rmtree(pytester.path)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    told = text.partition("secrets that leaked")[2]
    assert "test_it0/deploy.log: …wifi: wifi ***" in told
    assert re.search(r"^\S*test_it1/\S+: …\S+\*\*\*…$", told, re.MULTILINE)
    assert "system/tmp" in told
    assert f"{names['what a test prints']}::test_it, Captured stdout call: …token ya29.***" in told
    assert f"{names['the report of a test that fails']}::test_it, what it says" in told
    for what in ("an argument of a program", "what a program prints", "what a server's transcript shows"):
        assert f"FAILED {names[what]}" in text
    assert names["nothing"] not in told + text.partition("short test summary")[2]


def test_a_run_that_leaks_nothing_is_left_alone(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        "import secrets_watch\n"
        "def pytest_configure(config):\n    config.pluginmanager.register(secrets_watch.Watch())\n"
    )
    pytester.makeini(f"[pytest]\npythonpath = {TESTS} {TESTS / 'support'} {TESTS.parent / 'host_tools'}\n")
    pytester.makepyfile("def test_it(tmp_path):\n    tmp_path.joinpath('x').write_text('masked')\n")
    result = pytester.runpytest_subprocess()
    assert result.ret == 0
    assert "leaked" not in result.stdout.str()


def test_a_command_that_prints_a_secret_or_fails_with_it_is_caught():
    app = typer.Typer()

    @app.command()
    def show(fail: bool = False) -> None:
        if fail:
            raise UserError(f"wrong: {planted.MAIL_PASSWORD}")
        print(planted.WIFI_PASSWORD)

    for arguments in ([], ["--fail"]):
        with pytest.raises(secrets_watch.Leak):
            CliRunner().invoke(app, arguments)


def test_a_program_is_not_started_with_a_secret_among_its_arguments():
    with pytest.raises(secrets_watch.Leak):
        subprocess.Popen([sys.executable, "-c", "pass", f"--password={planted.MAIL_PASSWORD}"])

"""The systemd unit in docs/fleet-status.md: systemd takes it as it stands, and it asks for what umail has."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from umail_host import paths, secret_source
from umail_host.cli import app
from umail_host.errors import UserError
from umail_host.fleet import keys

DOCS = paths.firmware().parent / "docs" / "fleet-status.md"
PROGRAM = "/opt/umail/bin/umail"
HOW = "needs systemd-analyze: it comes with Debian's package systemd"


def unit() -> str:
    found = re.search(r"`/etc/systemd/system/umail-watch\.service`:\n\n```ini\n(.*?)```", DOCS.read_text("utf-8"), re.S)
    assert found
    return found[1]


def values(key: str) -> list[str]:
    return re.findall(rf"(?m)^{key}=(.*)$", unit())


def test_its_command_is_one_that_umail_takes() -> None:
    (line,) = values("ExecStart")
    program, *words = shlex.split(line)
    assert program == PROGRAM
    # Taken as far as the file, which is not here; an option that is none ends sooner.
    done = CliRunner().invoke(app, words)
    assert isinstance(done.exception, UserError), done.output
    assert str(done.exception).startswith("/etc/umail/fleet.toml can't be read")
    store = words[words.index("--store") + 1]
    assert store.startswith(f"/var/lib/{values('StateDirectory')[0]}/"), "elsewhere a dynamic user may not write"


def test_its_credentials_are_secrets_that_umail_asks_for() -> None:
    names = [value.partition(":")[0] for value in values("LoadCredentialEncrypted")]
    (environment,) = values("Environment")
    variable, _, path = environment.partition("=")
    assert variable == keys.VARIABLE
    # %d is the folder of the credentials.
    assert path.removeprefix("%d/") in names
    known = {*secret_source.NAMES, "imap_password", "imap_token", "imap_oauth_secret", path.removeprefix("%d/")}
    assert set(names) <= known


@pytest.mark.parametrize("change", ["", "DynamicUser=maybe", "WatchdgSec=2h", "Type=notifying"])
def test_systemd_takes_it_and_notices_a_slip_of_the_pen(tmp_path: Path, change: str) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip(HOW)
    program = tmp_path / "umail"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    file = tmp_path / "umail-watch.service"
    file.write_text(unit().replace(PROGRAM, str(program)).replace("[Install]", f"{change}\n[Install]"), "utf-8")
    done = subprocess.run(
        [analyze, "verify", "--man=no", file], capture_output=True, text=True, timeout=60, check=False
    )
    # What is wrong with other units of this computer is not ours.
    said = [line for line in (done.stdout + done.stderr).splitlines() if file.name in line]
    assert bool(said) == bool(change), done.stderr
    assert bool(done.returncode) <= bool(change), done.stderr

"""The outbox over real sockets and TLS on each interpreter: put in one life, sent in another, killed in between."""

from __future__ import annotations

import json
import os
import random
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from wire_device import PASSWORD, USER, Device

from umail_host.fake_smtp import FakeServer

Serve = Callable[..., FakeServer]
PROGRAM = Path(__file__).with_name("outbox_program.py")


def start(device: Device, server: FakeServer, folder: Path, *messages: str, **job: Any) -> subprocess.Popen[str]:
    """Begin a life of the outbox in ``folder`` that puts mails with these subjects."""
    device.trust.write_bytes(server.ca_der)
    route = {"username": USER, "password": PASSWORD, "host": "localhost", "port": server.port}
    whole = [{"sender": USER, "to": "ops@contoso.com", "subject": name, "text": f"{name}\n" * 20} for name in messages]
    job = {"route": {**route, "trust": str(device.trust)}, "messages": whole, "path": str(folder), **job}
    life = subprocess.Popen(
        [*device.command, str(PROGRAM)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "MICROPYPATH": f"{device.library}:.frozen", "PYTHONPATH": str(device.library)},
    )
    assert life.stdin is not None
    life.stdin.write(json.dumps({"driver": device.driver, **job}))
    life.stdin.close()
    life.stdin = None
    return life


def test_what_one_life_puts_the_next_one_sends(device: Device, serve: Serve, tmp_path: Path) -> None:
    server = serve()
    folder = tmp_path / "outbox"
    output = start(device, server, folder, "one", "two", flush=False).communicate(timeout=30)[0]
    assert output.endswith("PENDING 2 DEAD 0\n"), output
    output = start(device, server, folder, "three").communicate(timeout=30)[0]
    assert output.endswith("PENDING 0 DEAD 0\n"), output
    mails = server.inbox.wait(3)
    assert [mail["Subject"] for mail in mails] == ["one", "two", "three"]
    assert len(server.sessions) == 1
    assert [path.name for path in folder.iterdir()] == ["state"]


@pytest.mark.parametrize("device", ["micropython", "cpython"], indirect=True)
def test_a_process_killed_at_any_moment_loses_no_mail(device: Device, serve: Serve, tmp_path: Path) -> None:
    server = serve()
    chance = random.Random(4)
    folder = tmp_path / "outbox"
    put: list[str] = []
    for life in range(10):
        process = start(device, server, folder, *[f"life {life} mail {i}" for i in range(3)])
        time.sleep(0.05 + chance.random() * 0.5)
        process.kill()
        output = process.communicate()[0]
        put += [line.split()[1] for line in output.splitlines() if line.startswith("PUT")]
    output = start(device, server, folder, "the last").communicate(timeout=60)[0]
    assert output.endswith("PENDING 0 DEAD 0\n"), output
    got = Counter(mail["Message-ID"] for mail in server.inbox)
    assert put
    assert set(put) <= set(got)
    # A duplicate comes from the moment between the last byte and the removal, which each life has at most once.
    assert sum(got.values()) - len(got) <= 10

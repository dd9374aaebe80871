"""Sends many alerts from one MicroPython process to the fake Microsoft 365, over real TLS, ten to a connection."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from umail_host.fake_smtp import FakeServer

USER, PASSWORD = "esp32@contoso.com", "correct-horse"
PROGRAM = Path(__file__).with_name("endurance_wire_device.py")


def run(interpreter: str, library: Path, alerts: int) -> dict[str, Any]:
    """``seen``: (heap in bytes, descriptors, files) after a tenth and at the end; ``arrived``: mails."""
    limits: dict[str, Any] = {"recipients_a_day": 0, "max_sessions": 0}
    with (
        tempfile.TemporaryDirectory(prefix="umail-endurance-") as name,
        FakeServer(mailboxes={USER: PASSWORD}, capture=False, settle=0.001, **limits) as server,
    ):
        trust = Path(name) / "root.der"
        trust.write_bytes(server.ca_der)
        (Path(name) / "outbox").mkdir()
        job = {"user": USER, "password": PASSWORD, "port": server.port, "trust": str(trust), "alerts": alerts}
        done = subprocess.run(
            [interpreter, "-X", "heapsize=1m", str(PROGRAM)],
            input=json.dumps({**job, "folder": str(Path(name) / "outbox")}),
            capture_output=True,
            text=True,
            timeout=600,
            env={"MICROPYPATH": f"{library}:.frozen", "PATH": "/usr/bin:/bin"},
            check=False,
        )
        lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT")]
        if not lines:
            raise RuntimeError(done.stdout + done.stderr)
        found: dict[str, Any] = json.loads(lines[0][6:])
        found["arrived"] = len(server.inbox.deliveries)
        return found

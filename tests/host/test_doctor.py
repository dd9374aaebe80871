"""`umail doctor`: each stage green where all is well; where it is not, the stage that fails is red with its remedy."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from fake_dns import FakeDns
from typer.testing import CliRunner

from host.firmware_rig import PASSWORD, ROOT, USER, WIFI_PASSWORD, installed, rig, settings
from umail_host.cli import app
from umail_host.fake_smtp import FakeServer

ZONE = {
    ("contoso.com", "TXT"): ['"v=spf1 include:spf.protection.outlook.com -all"'],
    ("spf.protection.outlook.com", "TXT"): ['"v=spf1 ip4:40.92.0.0/15 -all"'],
    ("selector1._domainkey.contoso.com", "TXT"): ['"v=DKIM1; p=MIGf"'],
    ("_dmarc.contoso.com", "TXT"): ['"v=DMARC1; p=reject"'],
    ("contoso.com", "MX"): ["10 localhost."],
}
NO_LOGIN = {"UMAIL_SECRET_MAIL_PASSWORD": "", "UMAIL_SECRET_MAIL_TOKEN": ""}
LOGIN = NO_LOGIN | {"UMAIL_SECRET_MAIL_PASSWORD": PASSWORD}


@pytest.fixture(scope="module")
def zone():
    with FakeDns(ZONE) as server:
        yield server


class Doctor:
    """Runs the command as a person does."""

    def __init__(self, folder: Path, dns: FakeDns) -> None:
        self.folder, self.dns = folder, dns

    def run(self, *arguments: object, env: dict[str, str] = LOGIN) -> tuple[int, str]:
        line = ["doctor", "--dns", self.dns.address, "--timeout", "3", *map(str, arguments)]
        done = CliRunner().invoke(app, line, env=env)
        if isinstance(done.exception, Exception):
            raise done.exception
        assert PASSWORD not in done.output
        assert WIFI_PASSWORD not in done.output
        return done.exit_code, done.output

    def look(self, *arguments: object, env: dict[str, str] = LOGIN) -> tuple[int, dict]:
        code, output = self.run("--json", *arguments, env=env)
        return code, json.loads(output)

    def from_host(self, server: FakeServer, *arguments: object, env=LOGIN, mail=None) -> tuple[int, dict]:
        """The stages from the host alone, with a configuration for ``server``; ``mail`` changes its section."""
        config = settings(server)
        config["mail"] |= mail or {}
        (self.folder / "config.json").write_text(json.dumps(config))
        (self.folder / "root.der").write_bytes(server.ca_der)
        free = closed_port()
        line = ("--config", self.folder / "config.json", "--file", f"{self.folder}/root.der:{ROOT}", "--ports", free)
        return self.look(*line, *arguments, env=env)


@pytest.fixture
def doctor(tmp_path, zone):
    return Doctor(tmp_path, zone)


def closed_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def states(report: dict, where: str = "host") -> dict[str, str]:
    return {row["name"]: row["state"] for row in report["stages"] if row["where"] == where}


def stage(report: dict, name: str) -> dict:
    return next(row for row in report["stages"] if row["name"] == name)


def test_from_the_host_all_is_green_and_nothing_is_sent(doctor):
    with FakeServer(mailboxes={USER: PASSWORD}) as server:
        code, report = doctor.from_host(server)
        assert server.inbox.wait(0, 0) == []
        assert [entry for entry in server.transcript if b"RSET" in entry.data]
        assert not [entry for entry in server.transcript if entry.data.startswith((b"DATA", b"BDAT"))]
    assert code == 0, report
    assert report["ok"]
    found = states(report)
    assert list(found) == [
        *("clock", "name", next(name for name in found if name.startswith("port")), f"port {server.port}", "banner"),
        *("ehlo", "starttls", "certificate", "ehlo after TLS", "login", "sender", "recipient"),
    ]
    assert set(found.values()) == {"ok", "skipped"}, report
    assert states(report, "domain") == {"spf": "ok", "dkim": "ok", "dmarc": "ok"}
    assert "days left" in stage(report, "certificate")["text"]
    assert report["address"] == "127.0.0.1"
    assert "Set-CASMailbox -Identity 'esp32@contoso.com'" in report["powershell"]


@pytest.fixture(scope="session")
def flash(tmp_path_factory: pytest.TempPathFactory, micropython: str) -> Path:
    return installed(tmp_path_factory.mktemp("doctor") / "flash")


@pytest.fixture
def node(flash, tmp_path):
    with rig(flash, tmp_path / "board") as made:
        yield made
        assert PASSWORD not in made.board.console.text
        assert WIFI_PASSWORD not in made.board.console.text


def test_from_the_board_the_same_stages_and_those_of_its_own(doctor, node):
    node.start(settings(node.server))
    node.wait_for("Wi-Fi lab is up")
    code, report = doctor.look("--port", node.board.port, "--ports", closed_port())
    assert code == 0, report
    host, board = states(report), states(report, "board")
    assert list(board)[:2] == ["wifi", "clock"]
    assert set(host) - set(board) == set()
    assert set(board) - set(host) == {"wifi", "memory"}
    assert set(board.values()) == {"ok", "skipped"}, report
    texts = {row["name"]: row["text"] for row in report["stages"] if row["where"] == "board"}
    assert "-61 dBm" in texts["wifi"]
    assert "bytes free before the handshake" in texts["memory"]
    # The node goes on with its work afterwards, and nothing of the doctor's stays.
    node.wait_for("Wi-Fi lab is up")

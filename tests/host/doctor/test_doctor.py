"""`umail doctor`: each stage green where all is well; where it is not, the stage that fails is red with its remedy."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from fake_dns import FakeDns
from typer.testing import CliRunner

from host.firmware.firmware_rig import PASSWORD, ROOT, USER, WIFI_PASSWORD, rig, settings
from umail_host.cli import app
from umail_host.device import maintenance
from umail_host.errors import UserError
from umail_host.fake_smtp import FakeServer
from umail_host.virtual_board import VirtualBoard

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

    def from_host(self, server: FakeServer, *arguments: object, env=LOGIN, mail=None, top=None) -> tuple[int, dict]:
        """The stages from the host alone, with a configuration for ``server``; ``mail`` and ``top`` change it."""
        config = settings(server, **(top or {}))
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


def states(report: dict, where: str = "host", route: str = "") -> dict[str, str]:
    return {row["name"]: row["state"] for row in report["stages"] if (row["where"], row["route"]) == (where, route)}


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


@pytest.fixture
def node(flash, tmp_path):
    with rig(flash, tmp_path / "board") as made:
        yield made
        assert PASSWORD not in made.board.console.text
        assert WIFI_PASSWORD not in made.board.console.text


def test_from_the_board_the_same_stages_and_those_of_its_own(doctor, node):
    node.start(settings(node.server))
    node.wait_for("Wi-Fi lab is up")
    with maintenance.held(node.board.port) as link:
        for folder in ("/lib", "/lib/umail"):
            link.make_folder(folder)
        link.put("/lib/umail/spool.mpy", b"what mip brought once")
        link.put("/lib/umail/mine.mpy", b"somebody else's")
    code, report = doctor.look("--port", node.board.port, "--ports", closed_port())
    assert code == 0, report
    host, board = states(report), states(report, "board")
    assert board.pop("modules") == "warning"
    (told,) = [stage for stage in report["stages"] if stage["name"] == "modules"]
    assert told["text"].startswith("1 module of an older umail lies on the board: /lib/umail/spool.mpy")
    assert list(board)[:4] == ["sensor", "bus", "wifi", "clock"]
    assert set(host) - set(board) == set()
    assert set(board) - set(host) == {"sensor", "bus", "wifi", "memory"}
    assert set(board.values()) == {"ok", "skipped"}, report
    texts = {row["name"]: row["text"] for row in report["stages"] if row["where"] == "board"}
    assert "-61 dBm" in texts["wifi"]
    assert "bytes free before the handshake" in texts["memory"]
    # The node goes on with its work afterwards, and nothing of the doctor's stays.
    node.wait_for("Wi-Fi lab is up")


@pytest.mark.parametrize(
    ("switches", "name", "words", "remedy"),
    [
        ({"faults": "banner-554"}, "banner", "554", "takes no mail"),
        ({"faults": "banner-ssh"}, "banner", "SSH", "another service than mail"),
        ({"faults": "starttls-stripped"}, "starttls", "offers no STARTTLS", "strips it"),
        ({"starttls": False, "extra": ("XXXXXXXA",)}, "starttls", "offers no STARTTLS", "inspection of SMTP"),
        ({"certificate": "expired"}, "certificate", ", ended 20", "clock"),
        ({"certificate": "wrong-name"}, "certificate", "days left", "name"),
        ({"certificate": "unknown-root"}, "certificate", "issued by", "have it exempt this host"),
        ({"mailboxes": {USER: "other"}}, "login", "535", "SMTP AUTH"),
        ({"faults": "rcpt-550"}, "recipient", "550", "check the address"),
    ],
    ids=["554", "ssh", "stripped", "cisco", "expired", "wrong-name", "unknown-root", "login", "recipient"],
)
def test_the_stage_that_fails_is_red_with_its_remedy_and_nothing_follows(doctor, switches, name, words, remedy):
    with FakeServer(**{"mailboxes": {USER: PASSWORD}} | switches) as server:
        code, report = doctor.from_host(server)
    red = [row for row in report["stages"] if row["state"] == "failed"]
    assert code == 4
    assert not report["ok"]
    assert [row["name"] for row in red] == [name], red
    assert words in red[0]["text"]
    assert remedy in red[0]["remedy"]
    assert [row["name"] for row in report["stages"] if row["where"] == "host"][-1] == name


def test_a_banner_of_asterisks_is_known_as_a_firewalls(doctor):
    with FakeServer(mailboxes={USER: PASSWORD}, faults="answer=banner 220 ****************0*2******") as server:
        code, report = doctor.from_host(server)
    assert code == 0
    assert stage(report, "banner")["state"] == "warning"
    assert "inspection of SMTP" in stage(report, "banner")["remedy"]


def test_a_blocked_port_is_known_by_a_server_elsewhere_that_answers(doctor):
    with FakeServer(mailboxes={USER: PASSWORD}) as elsewhere:
        reference = ("--reference", f"127.0.0.1:{elsewhere.port}")
        blocked = {"port": closed_port()}
        code, report = doctor.from_host(elsewhere, *reference, mail=blocked)
        assert (code, stage(report, f"port {blocked['port']}")["key"]) == (4, "port_blocked")
        assert f"127.0.0.1 port {elsewhere.port} is open" in stage(report, f"port {blocked['port']}")["text"]
        mx = {"route": "m365.direct_send", "domain": "contoso.com", "sender": "a@contoso.com", "port": 25}
        _, report = doctor.from_host(elsewhere, *reference, mail=mx)
    assert stage(report, "port 25")["key"] == "port_25"
    assert "587" in stage(report, "port 25")["remedy"]


def test_direct_send_is_judged_by_its_mx_and_by_the_address_the_server_saw(doctor):
    mail = {"route": "m365.direct_send", "domain": "contoso.com", "sender": "freezer@contoso.com"}
    with FakeServer("m365-mx") as server:
        code, report = doctor.from_host(server, mail=mail)
        assert stage(report, "mx")["state"] == "ok"
        assert stage(report, "sender")["state"] == "ok"
        assert "does not cover 127.0.0.1: fail" in stage(report, "spf")["text"]
        assert code == 4
        assert "v=spf1 ip4:127.0.0.1 include" in report["powershell"]
        moved = mail | {"domain": "moved.example"}
        doctor.dns.records["moved.example", "MX"] = ["10 moved-example.mail.protection.outlook.com."]
        assert stage(doctor.from_host(server, mail=moved)[1], "mx")["key"] == "mx_moved"
    with FakeServer("m365-mx", reject_direct_send=True) as server:
        red = stage(doctor.from_host(server, mail=mail)[1], "recipient")
    assert (red["state"], red["key"]) == ("failed", "reject_direct_send")


def test_without_a_password_the_login_is_left_out_and_with_send_a_mail_goes(doctor):
    with FakeServer(mailboxes={USER: PASSWORD}) as server:
        code, report = doctor.from_host(server, env=NO_LOGIN)
        assert (code, stage(report, "login")["state"]) == (0, "skipped")
        code, report = doctor.from_host(server, "--send")
        assert (code, stage(report, "send")["state"]) == (0, "ok")
        (mail,) = server.inbox.wait(1, 5)
        assert "a test (freezer-3)" in mail["Subject"]
        line = f"Get-MessageTraceV2 -MessageId '{mail['Message-ID']}' | Get-MessageTraceDetailV2"
        assert stage(report, "send")["remedy"] == f"if it does not arrive: {line}"


def test_a_person_reads_signs_and_remedies(doctor):
    with FakeServer(mailboxes={USER: "other"}) as server:
        doctor.from_host(server)
        line = ("--config", doctor.folder / "config.json", "--file", f"{doctor.folder}/root.der:{ROOT}")
        code, output = doctor.run(*line, "--ports", closed_port())
    assert code == 4
    assert "from this computer\n  ✓ clock" in output
    assert "  ✗ login" in output
    assert "→ The login failed" in output
    assert "Set-CASMailbox -Identity 'esp32@contoso.com' -SmtpClientAuthenticationDisabled $false" in output
    code, output = doctor.run(*line, "--powershell", "--app-id", "1-2", "--object-id", "3-4")
    assert code == 0
    assert output.startswith("# freezer-3: what m365.submission needs")
    assert "$App = '1-2'" in output


def test_weak_wifi_no_ntp_and_a_wrong_password_are_told_by_the_board(doctor, node):
    config = settings(node.server)
    node.board.wifi.rssi, node.board.clock.ntp = -85, False
    node.start(config, secrets={"mail_password": "wrong", "wifi_password": WIFI_PASSWORD})
    code, report = doctor.look("--port", node.board.port, "--no-host", "--ports", closed_port())
    assert code == 4
    red = {row["name"]: row["remedy"] for row in report["stages"] if row["state"] == "failed"}
    assert list(red) == ["wifi", "clock", "login"]
    assert "antenna" in red["wifi"]
    assert "UDP port 123" in red["clock"]
    assert "'wrong'" not in str(report)
    node.board.wifi.refuse()
    code, report = doctor.look("--port", node.board.port, "--no-host")
    red = [row for row in report["stages"] if row["state"] == "failed"]
    assert [(row["name"], row["where"]) for row in red] == [("wifi", "board")]
    assert "wrong password" in red[0]["text"]


def test_a_board_without_umail_or_configuration_is_told_what_to_do(doctor, tmp_path, micropython):
    with VirtualBoard(tmp_path / "empty") as board:
        with pytest.raises(UserError, match="no configuration: run umail provision"):
            doctor.run("--port", board.port)
        with FakeServer() as server:
            doctor.from_host(server)
        with pytest.raises(UserError, match="run umail deploy first") as caught:
            doctor.run("--port", board.port, "--no-host", "--config", doctor.folder / "config.json")
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--ports", "smtp"), "numbers with commas"),
        (("--reference", "smtp.example"), "HOST:PORT"),
        (("--file", "nothing"), "HERE:/THERE"),
        (("--config", "no-such.json"), "can't be read"),
    ],
)
def test_a_mistake_is_one_sentence(doctor, arguments, words):
    with pytest.raises(UserError, match=words):
        doctor.run(*arguments)

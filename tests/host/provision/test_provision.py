"""`umail provision`: questions checked one by one, a file for many boards, secrets only in the board's store."""

from __future__ import annotations

import json
import ssl

import pytest
from fake_dns import FakeDns
from typer.testing import CliRunner

from good_fleet import BOARDS, MAILS, RULE
from host.firmware.firmware_rig import PASSWORD, ROOT, USER, WIFI_PASSWORD, rig, settings
from umail_host import paths
from umail_host.cli import app
from umail_host.device import boards
from umail_host.device.board import Board
from umail_host.doctor.domain import Dns
from umail_host.errors import UserError
from umail_host.fake_smtp.server.tls import Authority
from umail_host.provision import interview, job, mx
from umail_host.provision.fleet import Fleet
from umail_host.settings import Settings

SECRETS = {"UMAIL_SECRET_MAIL_PASSWORD": PASSWORD, "UMAIL_SECRET_WIFI_PASSWORD": WIFI_PASSWORD}
FLEET = f"""{MAILS.replace("pin = 4", 'pin = "one_wire"')}{RULE}{BOARDS}
mail.to = ["night@contoso.com"]
sensor.pin = 5
"""


OAUTH = {"flow": "client_credentials", "tenant": "contoso.com", "client_id": "1"}


def of(mail):
    """Checked settings with this section ``mail``, to which a recipient is added."""
    rest = {"board_name": "x", "wifi": {"ssid": "lab"}, "sensor": {"type": "ds18b20", "pin": 4}, "rules": []}
    return Settings.of(rest | {"mail": {"to": ["ops@contoso.com"]} | mail})


def answers(*given):
    """An `Ask` that answers from a list, and the problems that it was told."""
    left, problems = list(given), []

    def ask(text, default, problem):
        while True:
            answer = left.pop(0)
            answer = default if answer is None else answer
            if not (why := problem(answer)):
                return answer
            problems.append(why)

    return ask, problems


def test_an_interview_makes_a_configuration_and_asks_again_where_an_answer_is_wrong():
    ask, problems = answers(
        *("freezer-3", "", "lab", "9", "1", "esp32", USER, None, "ops", "ops@contoso.com, night@contoso.com", None),
        *(None, "", None, None, "cold", "-15", None, "CET", "CET-1CEST,M3.5.0,M10.5.0/3"),
    )
    config, files = interview.interview(ask)
    assert not files
    assert config["mail"] == {
        "route": "m365.submission",
        "username": USER,
        "to": ["ops@contoso.com", "night@contoso.com"],
    }
    assert config["sensor"] == {"type": "ds18b20", "pin": 4}
    assert config["rules"] == [{"name": "temperature", "when": "above", "limit": -15.0, "hysteresis": 1.0}]
    assert [why.split(" ")[0] for why in problems] == [
        *('"wifi.ssid"', "write", '"mail.username"', '"mail.to"', '"sensor.pin"', "write", '"clock.zone"'),
    ]
    assert Settings.of(config).secrets() == ["wifi_password", "mail_password"]


def test_an_interview_for_direct_send_and_a_contact_needs_no_login():
    ask, problems = answers(
        *("door", "lab", "2", "door@contoso.com", None, "ops@contoso.com", None, "contact", "7", None, None)
    )
    config, _ = interview.interview(ask)
    assert not problems
    assert config["mail"]["domain"] == "contoso.com"
    assert config["rules"] == [{"name": "contact", "when": "open"}]
    assert Settings.of(config).secrets() == ["wifi_password"]


def test_an_interview_for_a_board_with_a_cable_asks_for_no_wifi():
    ask, problems = answers("door", "ethernet", *ROUTE_3[2:], "no", *END)
    config, _ = interview.interview(ask)
    assert not problems
    assert (config["ethernet"], "wifi" in config) == ({}, False)
    assert Settings.of(config).secrets() == []


def test_a_route_with_tokens_of_its_own_and_a_second_route_say_which_secrets_they_need():
    mail = {"route": "m365.submission", "username": USER, "oauth": OAUTH}
    assert of(mail).secrets(token=True) == ["wifi_password", "oauth_secret"]
    mail["oauth"] = {**OAUTH, "flow": "refresh_token"}
    mail["fallback"] = {"route": "smtp", "host": "mail.example.org", "username": USER}
    assert of(mail).secrets() == ["wifi_password", "refresh_token", "mail_password_2"]


ROUTE_3 = ("board", "lab", "3", "door@contoso.com", None)
END = ("ops@contoso.com", None, "contact", "7", None, None)


def test_an_interview_asks_what_oauth_needs_and_when_its_secret_ends():
    identity = "11111111-2222-3333-4444-555555555555"
    ask, problems = answers(
        *("board", "lab", "4", USER, "2", "contoso.com/x", None, "1111", identity, None),
        *("soon", "2020-01-01", "2127-03-01", *END),
    )
    config, _ = interview.interview(ask)
    assert config["mail"]["route"] == "m365.hve"
    assert config["mail"]["oauth"] == {"flow": "client_credentials", "tenant": "contoso.com", "client_id": identity}
    assert config["expires"] == {"client secret": "2127-03-01"}
    assert [why.split(" ")[0] for why in problems] == ['"mail.oauth.tenant"', "write", "write", "that"]
    assert Settings.of(config).secrets() == ["wifi_password", "oauth_secret"]
    assert job.not_warned_of(Settings.of(config)) == ""
    assert Settings.of(config).expires[0][0] == "client secret"


def test_an_interview_asks_for_a_second_way_whose_sign_in_is_its_own():
    identity = "11111111-2222-3333-4444-555555555555"
    ask, problems = answers(
        *(
            "board",
            "lab",
            "5",
            "mail.example.org",
            "465",
            None,
            "me",
            "me@example.org",
            "ops@contoso.com",
            "1",
            USER,
            "3",
            None,
            identity,
        ),
        *("https://outlook.office.com/SMTP.Send", *END[2:]),
    )
    config, _ = interview.interview(ask)
    assert not problems
    assert (config["mail"]["security"], config["mail"]["port"]) == ("tls", 465)
    second = config["mail"]["fallback"]
    assert second["oauth"]["flow"] == "device_code"
    assert second["oauth"]["scope"] == "https://outlook.office.com/SMTP.Send"
    found = Settings.of(config, sign_in=True)
    # What a sign-in brings is not asked for.
    assert found.secrets() == ["wifi_password", "mail_password"]
    assert job.Job(found, {}, {}).sign_ins == {"refresh_token_2": found.routes[1]}
    assert found.config["mail"]["fallback"]["oauth"]["flow"] == found.routes[1].oauth.flow == "refresh_token"
    assert config["mail"]["sender"] == "me@example.org"


def test_an_interview_takes_a_connectors_certificate_with_its_key(tmp_path):
    authority = Authority(["localhost"])
    good, other = authority.client("boards.contoso.com"), authority.client("other.contoso.com")
    old = authority.issue(["boards.contoso.com"], -30, -1)
    files = {"leaf.der": good.leaf, "old.der": old.leaf, "key.der": good.key, "other.der": other.key, "text": b"x"}
    for name, octets in files.items():
        (tmp_path / name).write_bytes(octets)
    pem = "".join(ssl.DER_cert_to_PEM_cert(der) for der in good.chain)
    (tmp_path / "chain.pem").write_text(pem)
    given = ("nothing", "text", "old.der", "chain.pem", "text", "other.der", "key.der")
    ask, problems = answers(*ROUTE_3, *(str(tmp_path / name) for name in given), *END)
    config, brought = interview.interview(ask)
    wanted = (
        "can't be read",
        "no certificate",
        "expired on",
        "holds no key",
        "does not match the certificate",
    )
    assert len(problems) == len(wanted)
    assert all(words in why for words, why in zip(wanted, problems, strict=True)), problems
    assert config["mail"]["certificate"] == ["/certs/client-1.der", "/certs/client-2.der"]
    assert brought == dict(zip(config["mail"]["certificate"], good.chain, strict=True)) | {
        "/certs/client-key.der": good.key
    }


def test_the_mail_host_is_pinned_and_only_microsofts_is_taken():
    zone = {
        ("contoso.com", "MX"): ["20 spare.example.", "0 contoso-com.mail.protection.outlook.com."],
        ("evil.example", "MX"): ["0 mx.evil.example."],
        ("none.example", "A"): ["192.0.2.1"],
    }
    with FakeDns(zone) as server:
        resolver = Dns([server.address])
        relay = {"route": "m365.relay", "sender": "a@contoso.com", "domain": "contoso.com"}
        pinned, told = mx.pin(of(relay), resolver)
        assert told == ["mail.host is pinned to contoso-com.mail.protection.outlook.com, the MX of contoso.com"]
        for host in (pinned.config["mail"]["host"], pinned.routes[0].host, pinned.routes[0].table["host"]):
            assert host == "contoso-com.mail.protection.outlook.com"
        assert mx.pin(pinned, resolver) == (pinned, [])
        first = {"route": "smtp", "host": "mail.example.org", "sender": "a@contoso.com"}
        pinned, told = mx.pin(of(first | {"fallback": {**relay, "route": "m365.direct_send"}}), resolver)
        assert told[0].startswith("mail.fallback.host is pinned to contoso-com.")
        assert pinned.routes[0].host == "mail.example.org"
        assert pinned.config["mail"]["fallback"]["host"] == pinned.routes[1].host
        with pytest.raises(UserError, match=r"mx\.evil\.example, not Exchange Online"):
            mx.pin(of({**relay, "domain": "evil.example"}), resolver)
        with pytest.raises(UserError, match=r"knows no domain nowhere\.example: check mail\.domain"):
            mx.pin(of({**relay, "domain": "nowhere.example"}), resolver)
        with pytest.raises(UserError, match="no MX record"):
            mx.pin(of({**relay, "domain": "none.example"}), resolver)


def test_a_file_has_what_boards_share_and_what_is_their_own(tmp_path):
    file = tmp_path / "fleet.toml"
    file.write_text(FLEET)
    fleet = Fleet(file)
    first = fleet.config(fleet.choose("", "240ac4c0ffee"))
    second = fleet.config(fleet.choose("freezer-2", "240ac4c0ffee"))
    assert (first["board_name"], first["mail"]["to"], first["sensor"]["pin"]) == (
        *("freezer-1", ["ops@contoso.com"], "one_wire"),
    )
    assert (second["board_name"], second["mail"]["to"], second["sensor"]["pin"]) == (
        *("freezer-2", ["night@contoso.com"], 5),
    )
    assert second["mail"]["username"] == USER
    assert "id" not in second
    with pytest.raises(UserError, match=r"no board freezer-9.*freezer-1, freezer-2"):
        fleet.choose("freezer-9", "")
    with pytest.raises(UserError, match="--name"):
        fleet.choose("", "ffff")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x", "is not TOML"),
        ("[board]\nboard_name = 'a'", "two brackets"),
        ("[[board]]\nboard_name = 'a'\n[[board]]\nboard_name = 'a'", "a is there more than once"),
        (
            "[[board]]\nboard_name = 'a'\nid = '24:0A:C4'\n[[board]]\nboard_name = 'b'\nid = '240ac4'",
            "240ac4 is there more than once: give each board its own id",
        ),
        (
            "[[board]]\nboard_name = 'a'\nid = ' 01'\n[[board]]\nboard_name = 'b'\nid = '01 '",
            "01 is there more than once",
        ),
        ("[[board]]\nboard_name = 'a'\nid = ' '", "the id of a is empty: give the one that umail boards shows"),
        ("x = " + "[" * 5000 + "]" * 5000, "nested too deeply"),
        (".".join(["a"] * 3000) + " = 1", "nested too deeply"),
        ("x = 0x" + "f" * 6000, "a number of thousands of digits"),
    ],
)
def test_a_file_that_is_wrong_is_told(tmp_path, text, words):
    file = tmp_path / "fleet.toml"
    file.write_text(text)
    with pytest.raises(UserError, match=words):
        Fleet(file)


@pytest.fixture
def node(flash, tmp_path):
    with rig(flash, tmp_path / "board") as made:
        yield made


def run(*arguments, env=None, text=None):
    done = CliRunner().invoke(app, ["provision", *map(str, arguments)], env=SECRETS | (env or {}), input=text)
    if isinstance(done.exception, Exception):
        raise done.exception
    assert PASSWORD not in done.output
    assert WIFI_PASSWORD not in done.output
    return done.exit_code, done.output


def toml(node, tmp_path):
    """A file for the rig's board and server, and the root it needs."""
    config = settings(node.server)
    mail = "\n".join(f"{key} = {json.dumps(value)}" for key, value in config["mail"].items())
    head, _, tail = FLEET.partition('[mail]\nroute = "m365.submission"\n')
    tail = tail.partition("[sensor]")[2]
    file = tmp_path / "fleet.toml"
    file.write_text(f"{head}[mail]\n{mail}\n[clock]\nntp = 'time.example'\n[sensor]{tail}")
    (tmp_path / "root.der").write_bytes(node.server.ca_der)
    return file, f"{tmp_path}/root.der:{ROOT}"


def test_a_board_is_provisioned_from_a_file_and_sends_its_test_alert(node, tmp_path):
    file, root = toml(node, tmp_path)
    code, output = run(file, "--port", node.board.port, "--file", root, "--name", "freezer-1")
    assert code == 0, output
    assert "✓ send" in output
    assert "Set-CASMailbox -Identity 'esp32@contoso.com'" in output
    assert node.server.inbox.wait(1, 5)[0]["Subject"] == "freezer-1: test alert, the board is ready"
    node.wait_for("freezer-1: alertnode")
    with Board(node.board.port) as link:
        link.enter()
        kept = link.exec("from alertnode import secrets\nprint(secrets.get('mail_password') == %r)" % PASSWORD)
        assert kept.strip() == "True"
        assert PASSWORD.encode() not in link.get("/config.json")


def test_a_board_is_provisioned_by_questions_alone(node, tmp_path):
    (tmp_path / "root.der").write_bytes(node.server.ca_der)
    given = ("freezer-7", "lab", "5", "localhost", str(node.server.port), str(tmp_path / "root.der"), USER, "nobody")
    given += ("ops@contoso.com", "0", "ds18b20", "4", "above", "cold", "30", "1", "")
    code, output = run("--port", node.board.port, "--language", "de", text="\n".join([*given, ""]))
    assert code == 0, output
    assert '"mail.to" holds a text that is not an address' in output
    assert "write a number" in output
    assert node.server.inbox.wait(1, 5)[0]["Subject"] == "freezer-7: test alert, the board is ready"
    node.wait_for("freezer-7: alertnode")
    node.wait_for("gestartet durch ")


def test_a_refused_test_alert_ends_with_4_and_says_why(node, tmp_path):
    file, root = toml(node, tmp_path)
    wrong = {"UMAIL_SECRET_FREEZER_1_MAIL_PASSWORD": "not-it"}
    code, output = run(file, "--port", node.board.port, "--file", root, "--name", "freezer-1", env=wrong)
    assert code == 4
    assert "✗ login" in output
    assert "not-it" not in output


def test_a_bad_configuration_is_told_before_a_board_or_a_secret_is_touched(tmp_path):
    file = tmp_path / "fleet.toml"
    file.write_text(FLEET.replace("ssid", "sid"))
    with pytest.raises(UserError, match=r"(?s)fix the configuration:\n.*did you mean \"ssid\""):
        run(file, "--port", "/dev/none", "--name", "freezer-1", "--no-test")
    with pytest.raises(UserError, match="--all needs a file"):
        run("--all")
    file.write_text(FLEET)
    with pytest.raises(UserError, match='"language" is "xx": give one of en, de'):
        run(file, "--port", "/dev/none", "--name", "freezer-1", "--no-test", "--language", "xx")


def test_the_documented_file_is_right(tmp_path):
    page = (paths.firmware().parent / "docs" / "provision.md").read_text()
    file = tmp_path / "fleet.toml"
    file.write_text(page.partition("```toml\n")[2].partition("```")[0])
    for name in ("leaf.der", "intermediate.der", "key.der", "key-2.der"):
        (tmp_path / name).write_text(name)
    fleet = Fleet(file)
    for identity, key in (("240ac4c0ffee", "key.der"), ("240ac4000002", "key-2.der")):
        board = fleet.find(identity)
        found = Settings.of(fleet.config(board))
        assert json.loads(found.file(boards.load("ESP32_GENERIC")))["sensor"]["pin"] == 4
        assert found.expires[0][0] == "client secret"
        assert fleet.files(board)["/certs/client-key.der"].decode() == key
    assert found.secrets() == ["wifi_password", "oauth_secret"]


def test_an_interview_begins_with_what_the_board_has_and_keeps_what_it_does_not_ask_for():
    before = {
        "board_name": "cellar",
        "wifi": {"ssid": "lab", "timeout": 30},
        "mail": {"route": "m365.submission", "username": USER, "to": ["ops@contoso.com"]},
        "sensors": {"air": {"type": "sht4x", "scl": 22, "sda": 21}, "door": {"type": "contact", "pin": 13}},
        "rules": [{"name": "damp", "of": "air.humidity", "when": "above", "limit": 70}],
        "outputs": {"light": {"type": "led", "pin": 2}},
        "clock": {"zone": "CET-1CEST,M3.5.0,M10.5.0/3", "ntp": "time.example"},
        "interval": 30,
    }
    ask, problems = answers(*(None, None, "1", USER, None, None, None), *("maybe", None, "Europe/Berlin"))
    config, _ = interview.interview(ask, before)
    kept = ("board_name", "wifi", "sensors", "rules", "outputs", "interval")
    assert {key: config[key] for key in kept} == {key: before[key] for key in kept}
    assert config["mail"]["to"] == ["ops@contoso.com"]
    assert config["clock"] == {"zone": "Europe/Berlin", "ntp": "time.example"}
    assert problems == ["write yes or no"]
    assert Settings.of(config, fresh=True).config["clock"]["zone"] == "CET-1CEST,M3.5.0,M10.5.0/3"


def test_an_interview_asks_for_the_pins_and_the_value_of_a_chip_on_a_bus():
    ask, problems = answers(
        *("air", "lab", "2", "door@contoso.com", None, "ops@contoso.com", None),
        *("bme280", None, "21", "humidity", "above", "70", "5", None),
    )
    config, _ = interview.interview(ask, {})
    assert config["sensor"] == {"type": "bme280", "scl": 22, "sda": 21}
    assert config["rules"][0]["of"] == "humidity"
    assert not problems
    assert Settings.of(config, fresh=True).sensor["address"] == 0x76

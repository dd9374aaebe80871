"""The questions of `umail provision` as a person meets them: how they end, their defaults, and what they refuse."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from host.firmware.firmware_rig import PASSWORD, ROOT, USER, WIFI_PASSWORD, Rig, rig, settings, stored
from umail_host import secret_source
from umail_host.cli import app
from umail_host.device import boards, maintenance
from umail_host.errors import UserError
from umail_host.provision import interview, job
from umail_host.provision.fleet import Fleet
from umail_host.settings import Settings
from umail_host.virtual_board import VirtualBoard

HERE = Path(__file__).parent
IDENTITY = "11111111-2222-3333-4444-555555555555"
REST: dict[str, Any] = {
    "board_name": "cellar",
    "wifi": {"ssid": "lab"},
    "clock": {"zone": "CET-1CEST,M3.5.0,M10.5.0/3"},
}
SENSING: dict[str, Any] = {
    "sensor": {"type": "ds18b20", "pin": 5, "offset": 0.5},
    "rules": [{"name": "cold", "when": "below", "limit": -20.5, "hysteresis": 2.0, "for": 300}],
}
TO = ["ops@contoso.com", "night@contoso.com"]


class Terminal:
    """A command in a terminal of its own."""

    def __init__(self, *command: str) -> None:
        self._master, slave = pty.openpty()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("UMAIL_SECRET_")}
        environment |= {"PYTHON_KEYRING_BACKEND": "host.provision.fake_keyring.Backend", "FAKE_KEYRING": "{}"}
        environment |= {"PYTHONPATH": os.pathsep.join([str(HERE.parents[1]), *sys.path])}
        begin = "import fcntl, runpy, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); sys.argv = sys.argv[1:]; "
        run = "exec(sys.argv[1])" if command[0] == "-c" else "runpy.run_module('umail_host.cli', None, '__main__')"
        self._child = subprocess.Popen(
            [sys.executable, "-c", begin + run, *command],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env=environment,
        )
        os.close(slave)
        self.shown = ""
        self._typed = b""

    def answer(self, question: str, text: str) -> None:
        """Type a text once the question stands there."""
        before = len(self.shown)
        while question not in self.shown[before:]:
            self._read()
        self._typed = text.encode()
        os.write(self._master, self._typed)

    def end(self) -> int:
        """Return the exit status; what ends a command is pressed again: readline may miss it as it starts."""
        try:
            while True:
                if self._typed in (b"\x03", b"\x04") and not select.select([self._master], [], [], 3)[0]:
                    os.write(self._master, self._typed)
                self._read()
        except OSError:
            # The other side has gone.
            pass
        os.close(self._master)
        return self._child.wait(20)

    def _read(self) -> None:
        data = os.read(self._master, 1000)
        if not data:
            raise OSError
        self.shown += data.decode(errors="replace").replace("\r\n", "\n")


@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["Ctrl-C", "Ctrl-D"])
def test_ctrl_c_at_a_question_ends_with_130_and_return_alone_is_answered_with_the_reason(
    tmp_path: Path, key: str, micropython: str
) -> None:
    with VirtualBoard(tmp_path / "board") as board:
        terminal = Terminal("umail", "provision", "--port", board.port)
        terminal.answer("Name of the board", "\n")
        terminal.answer("the board has a cable): ", "\n")
        terminal.answer("the board has a cable): ", key)
        assert terminal.end() == 130, terminal.shown
    assert '"wifi.ssid" is empty: give the name of the Wi-Fi network' in terminal.shown
    assert "terminal" not in terminal.shown
    assert terminal.shown.endswith("\n")


def test_questions_without_a_terminal_say_so_when_their_answers_end(tmp_path: Path, micropython: str) -> None:
    with VirtualBoard(tmp_path / "board") as board:
        done = CliRunner().invoke(app, ["provision", "--port", board.port], input="freezer\n")
    assert isinstance(done.exception, UserError)
    assert re.search(r"stopped at the question 'Wi-Fi network.*not a terminal.*TOML file", str(done.exception))


def test_which_of_two_chips_is_which_is_asked_before_the_configuration_is_checked(
    tmp_path: Path, micropython: str
) -> None:
    sensors = "".join(f'[sensors.{name}]\ntype = "bme280"\nscl = 22\nsda = 21\n' for name in ("freezer", "room"))
    rule = '[[rules]]\nname = "warm"\nof = "freezer.temperature"\nwhen = "above"\nlimit = -15\n'
    mail = '[mail]\nroute = "m365.submission"\nusername = "a@contoso.com"\nto = ["b@contoso.com"]\n'
    (tmp_path / "board.toml").write_text(f'board_name = "cellar"\n{mail}[wifi]\nssid = "lab"\n{sensors}{rule}')
    file, saved = str(tmp_path / "board.toml"), tmp_path / "saved.json"
    with VirtualBoard(tmp_path / "board") as board:
        for address in (0x76, 0x77):
            board.i2c.bme280(address)
        terminal = Terminal("umail", "provision", file, "--port", board.port, "--save", str(saved))
        terminal.answer("Which of them is freezer", "2\n")
        terminal.answer("the network has none): ", "\x03")
        assert terminal.end() == 130, terminal.shown
    assert "  2: 0x77, 20 °C, 50 %, 1013.25 hPa\n" in terminal.shown
    found = json.loads(saved.read_text())["sensors"]
    assert {name: section["address"] for name, section in found.items()} == {"freezer": "0x77", "room": "0x76"}


READ = "from umail_host import secret_source as s; print('got', ascii(s.read({name!r})[::-1]))"


def test_a_secret_that_can_not_be_right_is_asked_for_again() -> None:
    terminal = Terminal("-c", READ.format(name="mail_password"))
    terminal.answer("mail_password: ", "\n")
    terminal.answer("mail_password: ", "geheim \n")
    terminal.answer("mail_password: ", "open\n")
    assert terminal.end() == 0
    assert "it is empty: write it" in terminal.shown
    assert "begins or ends with a blank" in terminal.shown
    assert "got 'nepo'" in terminal.shown
    assert "geheim" not in terminal.shown


@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["Ctrl-C", "Ctrl-D"])
def test_ctrl_c_at_a_secret_is_no_failure_of_the_program(key: str) -> None:
    terminal = Terminal("-c", f"try: {READ.format(name='mail_password')}\nexcept KeyboardInterrupt: sys.exit(130)")
    terminal.answer("mail_password: ", key)
    assert terminal.end() == 130, terminal.shown


def test_an_open_network_is_said_by_a_word_not_by_an_empty_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal("-c", READ.format(name="wifi_password_2"))
    terminal.answer("wifi_password_2 (open: the network has none): ", "\n")
    terminal.answer("wifi_password_2 (open: the network has none): ", "open\n")
    assert terminal.end() == 0
    assert "it is empty: write it, or open if the network has none" in terminal.shown
    assert "got ''" in terminal.shown
    monkeypatch.setenv("UMAIL_SECRET_WIFI_PASSWORD", "open")
    assert secret_source.read("wifi_password") == ""
    monkeypatch.setenv("UMAIL_SECRET_MAIL_PASSWORD", "open")
    assert secret_source.read("mail_password") == "open"


@pytest.fixture
def node(flash: Path, tmp_path: Path) -> Iterator[Rig]:
    with rig(flash, tmp_path / "board") as made:
        yield made


def provisioned(
    node: Rig, right: Callable[[str], bool] | None = None, test: bool = False, **changes: Any
) -> tuple[job.Result, str]:
    """Provision the rig's board; return the result, and what was said."""
    said: list[str] = []
    run = job.Run(False, test, [], False, said.append, said.append, right)
    order = run.prepare(settings(node.server, **changes), {ROOT: node.server.ca_der})
    return run.carry_out(node.board.port, order), "\n".join(said)


def test_a_board_joins_an_open_network_and_forgets_the_password_of_before(
    node: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UMAIL_SECRET_MAIL_PASSWORD", PASSWORD)
    monkeypatch.setenv("UMAIL_SECRET_WIFI_PASSWORD", "open")
    node.start(None)
    node.board.wifi.password = ""
    result, said = provisioned(node, test=True)
    assert result.good, result.checks
    assert "2 secrets stored: mail_password, fleet_key (made for this board)" in said
    with maintenance.held(node.board.port) as link:
        assert stored(link, "wifi_password") == ""
    assert node.server.inbox.wait(1, 5)


def test_a_person_is_asked_about_what_was_read_and_told_what_was_not(
    node: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UMAIL_SECRET_MAIL_PASSWORD", PASSWORD)
    monkeypatch.setenv("UMAIL_SECRET_WIFI_PASSWORD", WIFI_PASSWORD)
    node.celsius = 21.5
    asked: list[str] = []
    _, said = provisioned(node, lambda question: not asked.append(question))
    assert asked == ["Is that what the sensor should read now: 21.5 °C"]
    assert "3 secrets stored: wifi_password, mail_password, fleet_key (made for this board)" in said
    with pytest.raises(UserError, match="the sensors do not read what they should"):
        provisioned(node, lambda question: False)
    asked.clear()
    _, said = provisioned(node, lambda question: not asked.append(question), sensor={"type": "ds18b20", "pin": 13})
    assert asked == []
    assert "freezer-3: no reading of the sensor: check wires, supply and pin; the rest goes on without it" in said


def test_what_was_answered_is_saved_before_a_secret_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_KEYRING", "{}")
    monkeypatch.delenv("UMAIL_SECRET_WIFI_PASSWORD", raising=False)
    file, saved = tmp_path / "one.toml", tmp_path / "saved.json"
    config = REST | SENSING | {"mail": {"route": "gmail", "username": USER, "to": TO}}
    lines = "\n".join(f"{key} = {toml(value)}" for key, value in config.items())
    file.write_text(lines)
    arguments = ["provision", file, "--name", "cellar", "--port", "/dev/none", "--save", saved]
    done = CliRunner().invoke(app, list(map(str, arguments)))
    assert "the secret wifi_password is not known" in str(done.exception)
    assert json.loads(saved.read_text())["mail"]["to"] == TO


def toml(value: Any) -> str:
    """A value as TOML has it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(one)}" for key, one in value.items()) + "}"
    return "[" + ", ".join(map(toml, value)) + "]" if isinstance(value, list) else json.dumps(value)


def answering(*given: str, **by_question: str) -> tuple[interview.Ask, list[str]]:
    """An `Ask` that answers Return to all but the questions that begin as told; and what it was refused."""
    problems: list[str] = []
    left = list(given)

    def ask(text: str, default: str, problem: Callable[[str], str]) -> str:
        answer = next((one for begin, one in by_question.items() if text.startswith(begin)), default)
        if left and text.startswith(left[0]):
            left.pop(0)
            while left:
                answer = left.pop(0)
                if not (why := problem(answer)):
                    break
                problems.append(why)
        assert not problem(answer), (text, answer, problem(answer))
        return answer

    return ask, problems


SECOND = {"route": "m365.relay", "sender": "a@contoso.com", "domain": "contoso.com", "host": "contoso.mail.example"}
CERTIFICATE = {"certificate": ["/certs/client2-1.der"], "private_key": "/certs/client2-key.der"}
SMTP = {"route": "smtp", "host": "mail.example.org", "port": 2525, "username": "me", "sender": "me@example.org"}
OAUTH = {
    "flow": "client_credentials",
    "tenant": "contoso.com",
    "client_id": IDENTITY,
    "scope": "https://other/.default",
}
MAILS = [
    SMTP | {"trust": "/certs/root.der", "timeout": 5, "per_day": 7, "fallback": SECOND | CERTIFICATE},
    SMTP | {"port": 465, "security": "tls"},
    {"route": "m365.hve", "username": USER, "oauth": OAUTH, "ehlo": "board.contoso.com"},
    {"route": "m365.direct_send", "sender": "a@contoso.com", "domain": "other.com", "fallback": SMTP},
    {"route": "azure", "username": "resource", "sender": "a@contoso.com"},
    {"route": "gmail", "username": "me@gmail.com", "sender": "other@gmail.com"},
]


@pytest.mark.parametrize("mail", MAILS, ids=lambda mail: f"{mail['route']}-{mail.get('port', '')}")
@pytest.mark.parametrize("keep", ["yes", "no"])
def test_return_to_each_question_leaves_a_configured_board_as_it_is(mail: dict[str, Any], keep: str) -> None:
    before = REST | SENSING | {"mail": mail | {"to": TO}, "interval": 30}
    if "oauth" in mail:
        before["expires"] = {"client secret": "2127-03-01", "lease": "2127-04-01"}
    ask, _ = answering(Keep=keep)
    config, files = interview.interview(ask, before, boards.load("ESP32_GENERIC"))
    assert (config, files) == (before, {})
    assert Settings.of(config, fresh=True).config["mail"] == config["mail"]


def test_a_contact_with_a_resistor_of_its_own_keeps_its_pin() -> None:
    sensor = {"type": "contact", "pin": 35, "pull": "none"}
    before = REST | {"mail": SMTP | {"to": TO}, "sensor": sensor, "rules": [{"name": "door", "when": "closed"}]}
    ask, _ = answering(Keep="no")
    assert interview.interview(ask, before, boards.load("ESP32_GENERIC"))[0] == before


def test_another_route_takes_nothing_along_from_the_one_of_before() -> None:
    before = REST | SENSING | {"mail": SMTP | {"to": TO, "timeout": 5, "per_day": 7, "trust": "/certs/root.der"}}
    ask, _ = answering("How mail goes in", "1", Mailbox=USER)
    config, _ = interview.interview(ask, before)
    assert config["mail"] == {"route": "m365.submission", "username": USER, "to": TO, "timeout": 5}
    ask, _ = answering("Its port", "587")
    before["mail"] |= {"port": 465, "security": "tls"}
    config, _ = interview.interview(ask, before)
    assert (config["mail"]["port"], "security" in config["mail"]) == (587, False)


@pytest.mark.parametrize("board", boards.load_all(), ids=lambda board: board.name)
@pytest.mark.parametrize(
    "kind", ["ds18b20", "dht22", "dht11", "adc", "contact", "bme280", "max31865", "pulse", "battery"]
)
def test_the_pin_that_is_offered_is_one_that_the_board_has(board: boards.BoardSpec, kind: str) -> None:
    offered = {}

    def ask(text: str, default: str, problem: Callable[[str], str]) -> str:
        given = {"Name": "x", "Wi-Fi": "lab" if board.wifi else "ethernet", "Mails": "a@contoso.com", "Alerts": TO[0]}
        given |= {"Sensor": kind, "Which limit": "30", "How mail": "2"}
        if "pin" in text.lower() and "number or name" in text:
            offered[text] = default
            assert not default or not problem(default), (text, default)
            assert problem("99"), text
            # (What a board has for chips on SPI, its description need not say.)
            return default or next(str(number) for number in range(50) if not problem(str(number)))
        answer = next((one for begin, one in given.items() if text.startswith(begin)), default)
        assert not problem(answer), (text, answer, problem(answer))
        return answer

    config, _ = interview.interview(ask, {}, board)
    assert kind == "max31865" or all(offered.values()), offered
    assert Settings.of(config, fresh=True, board=board).sensor["type"] == kind


def test_a_dht_is_asked_for_one_of_its_two_values_and_the_rule_is_about_that() -> None:
    given = {"Keep": "no", "Sensor (": "dht22", "Which of its": "humidity", "Which limit": "70"}
    config, _ = interview.interview(answering(**given)[0], REST | SENSING | {"mail": SMTP | {"to": TO}})
    assert config["sensor"]["quantity"] == "humidity"
    (rule,) = config["rules"]
    assert (rule["name"], rule["when"], rule["limit"], "of" in rule) == ("humidity", "above", 70, False)
    Settings.of(config, fresh=True)


def test_what_the_board_or_the_sensor_can_not_do_is_refused_at_once() -> None:
    board = boards.load("ESP32_GENERIC")
    given = {
        "Name": "x",
        "Wi-Fi": "lab",
        "How mail": "2",
        "Mails": "a@contoso.com",
        "Alerts": TO[0],
        "Which limit": "30",
    }
    ask, problems = answering("Pin of the sensor", "99", "6", "34", "nosuch", "5", **given)
    interview.interview(ask, {}, board)
    assert len(problems) == 4
    for words, why in zip(("has no such pin", "the flash", "only read", "no pin of that name"), problems, strict=True):
        assert words in why
    ask, problems = answering("Which limit", "200", "nan", "1e999", "125", "30", **given)
    interview.interview(ask, {}, board)
    assert problems[0] == "it would never alert: the sensor measures 125 °C at most, the limit is 200."
    assert len(problems) == 4
    ask, problems = answering("How far", "-1", "2", **given)
    interview.interview(ask, {}, board)
    assert "outside of 0 to" in problems[0]
    ask, problems = answering("Its pin sda", "22", "21", **given, Sensor="bme280")
    interview.interview(ask, {}, board)
    assert '"sensor.scl": give one of them another pin' in problems[0]
    ask, problems = answering("Pin of the sensor", "35", "13", **given, Sensor="contact")
    interview.interview(ask, {}, board)
    assert problems[0].endswith("has no pull resistor there: take another pin.")
    ask, problems = answering("Wi-Fi", "ethernet", "lab", **given)
    interview.interview(ask, {}, boards.load("RPI_PICO_W"))
    assert problems[0].endswith("give the name of a Wi-Fi network")
    with pytest.raises(UserError, match='"language" is "xx"'):
        CliRunner().invoke(app, ["provision", "--port", "/dev/none", "--language", "xx"], catch_exceptions=False)


def test_a_refusal_asks_for_what_is_typed_not_for_json() -> None:
    given = {"Wi-Fi": "lab", "How mail": "4", "Mailbox": USER, "Application": IDENTITY, "Which limit": "30"}
    for begin, wrong, words in (
        ("Alerts go to", ["ops", ""], "such as ops@contoso.com, night@contoso.com"),
        ("Name", [""], "such as freezer-3"),
        ("Scope", [" "], "or write the route's own"),
    ):
        right = {"Alerts go to": TO[0], "Name": "x", "Scope": "the route's own"}
        other = {key: value for key, value in right.items() if key != begin}
        ask, problems = answering(begin, *wrong, right[begin], **given, **other, How="2")
        interview.interview(ask, {})
        assert len(problems) == len(wrong)
        for why in problems:
            assert words in why
            assert not re.search(r'[\[\]{}]|such as "', why)


@pytest.mark.parametrize("name", ["freezer.json", "freezer.toml"])
def test_json_in_place_of_toml_is_told_where_it_goes(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_text('\ufeff{"board_name": "freezer-3"}', encoding="utf-8")
    with pytest.raises(UserError, match=r"is JSON, and this takes TOML.*umail deploy --config .*freezer\.(json|toml)"):
        Fleet(file)

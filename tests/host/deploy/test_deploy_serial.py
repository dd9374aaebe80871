"""`umail deploy` over a real serial protocol, onto virtual boards that run, sleep, are off, or lose their power."""

from __future__ import annotations

import functools
import json
import re
import threading
import time

import pytest
from typer.testing import CliRunner

import planted
from good_config import GOOD
from umail_host import secret_source
from umail_host.cli import app
from umail_host.deploy import image
from umail_host.device import boards, identity, maintenance, ports
from umail_host.device.board import Board
from umail_host.errors import UserError
from umail_host.settings import Settings
from umail_host.virtual_board import VirtualBoard

MAIL = {key: value for key, value in GOOD["mail"].items() if key != "trust"}
CONFIG = GOOD | {"mail": MAIL | {"port": 1}, "sensor": {"type": "ds18b20", "pin": "one_wire"}, "watchdog": 30}


@pytest.fixture
def board(tmp_path, micropython):
    with VirtualBoard(tmp_path / "flash") as board:
        yield board


@pytest.fixture(scope="module", autouse=True)
def compiled_once():
    """The image is the same in all tests, whatever is edited meanwhile; and compiling takes its time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(image, "package", functools.cache(image.package))
        yield


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(CONFIG))
    return path


def run(*arguments, **environment):
    """`umail deploy …`; returns what it printed, or raises the UserError that `umail` would print."""
    done = CliRunner().invoke(app, ["deploy", *map(str, arguments)], env=environment)
    if isinstance(done.exception, Exception):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def ask(board, code, **options):
    with maintenance.held(board.port, **options) as link:
        return link.exec(code).strip()


def test_a_new_board_gets_everything_and_starts_and_the_running_node_is_updated(board, config, tmp_path):
    (tmp_path / "trace.csv").write_text("1,2\n")
    arguments = ("--port", board.port, "--config", config, "--file", f"{tmp_path}/trace.csv:/trace.csv")
    secrets = {"UMAIL_SECRET_MAIL_PASSWORD": planted.MAIL_PASSWORD}
    output = run(*arguments, "--secret", "mail_password", **secrets)
    assert output.startswith(
        "warning: the board has no wifi_password (an open Wi-Fi has no password): umail deploy --secret wifi_password\n"
    )
    assert re.search(
        r"\nvirtual: \d\d+ files written .*, 0 unchanged, 0 removed, 1 secret stored; the board rest", output
    )
    board.wait_for("alertnode")
    board.wait_for("freezer-3: alertnode", 15)
    assert re.search(r"0 files written .* 0 removed", run(*arguments))
    board.wait_for("freezer-3: alertnode", 15)
    read = (
        "import os\nfrom alertnode import secrets\n"
        f"print(secrets.get('mail_password') == {planted.MAIL_PASSWORD!r}, os.stat('/trace.csv')[6])\n"
        "print('pin', eval(open('/config.json').read())['sensor']['pin'], 'maintenance' in os.listdir('/'))"
    )
    pin = boards.load("virtual").pins["one_wire"]
    assert not planted.found(board.console.text + output)
    assert ask(board, read, reset=False).splitlines() == ["True 4", f"pin {pin} True"]


def test_a_deployment_says_what_the_board_lacks_to_start_until_it_has_it(board, config):
    secrets = {"UMAIL_SECRET_MAIL_PASSWORD": planted.MAIL_PASSWORD, "UMAIL_SECRET_WIFI_PASSWORD": "lab-lab-lab"}
    bare = run("--port", board.port, "--no-reset", **secrets)
    assert "warning: the board has no configuration, so it does not start: umail deploy --config FILE\n" in bare
    line = ("--port", board.port, "--no-reset", "--config", config)
    remedy = "umail deploy --secret wifi_password --secret mail_password"
    assert f"no wifi_password and no mail_password (an open Wi-Fi has no password): {remedy}\n" in run(*line)
    # What is there already counts, and a token in place of the password.
    assert "has no mail_password: umail" in run(*line, "--secret", "wifi_password", **secrets)
    secrets["UMAIL_SECRET_MAIL_TOKEN"] = secrets["UMAIL_SECRET_MAIL_PASSWORD"]
    assert "warning" not in run(*line, "--secret", "mail_token", **secrets)
    assert "warning" not in run("--port", board.port, "--no-reset")


def test_without_a_configuration_the_board_keeps_what_its_own_one_needs_and_gets_nothing_else(board, tmp_path):
    (tmp_path / "sensors").mkdir()
    (tmp_path / "sensors" / "my_bme.py").write_text("def read():\n    return 21.5\n")
    config = tmp_path / "config.json"
    config.write_text(json.dumps(CONFIG | {"sensor": {"type": "my_bme"}}))
    arguments = ("--port", board.port)
    secrets = {"UMAIL_SECRET_MAIL_PASSWORD": planted.MAIL_PASSWORD}
    run(*arguments, "--config", config, "--secret", "mail_password", **secrets)
    # As a person changes a password.
    for _ in range(2):
        output = run(*arguments, "--secret", "mail_password", **secrets)
        assert re.search(r"0 files written .* 0 removed, 1 secret stored", output)
    board.wait_for("21.5", 15)
    # Once the board has another configuration, the driver is not needed any more.
    config.write_text(json.dumps(CONFIG))
    assert re.search(r" [1-9]\d* removed", run(*arguments, "--config", config))
    assert ask(board, "import os\nprint('sensors' in os.listdir('/lib'))", reset=False) == "False"


def test_a_flag_of_the_users_keeps_the_node_from_starting_after_a_deployment(board):
    ask(board, "open('/maintenance', 'w').close()")
    run("--port", board.port)
    board.wait_for("not started, as the file /maintenance is there")


def test_a_board_that_loses_power_half_way_is_told_and_the_next_run_completes(board, monkeypatch):
    patient = Board.exec
    monkeypatch.setattr(Board, "exec", lambda board, code, timeout=10: patient(board, code, 2))
    board.cut_power_at_write(300)
    with pytest.raises(UserError, match=r"no MicroPython answered .*goes on where this one stopped") as caught:
        run("--port", board.port, "--wait", "2")
    assert caught.value.exit_code == 3
    board.power_on()
    output = run("--port", board.port)
    written, unchanged = (int(found) for found in re.findall(r"(\d+) (?:files written|unchanged)", output))
    assert written > 0
    assert unchanged > 0
    assert ask(board, "import umail, alertnode\nprint(umail.__file__)", reset=False) == "/lib/umail/__init__.mpy"


def test_a_board_that_is_switched_on_late_is_waited_for(board):
    board.power_off()
    timer = threading.Timer(1, board.power_on)
    timer.start()
    assert ask(board, "print(1 + 1)", wait=15) == "2"
    timer.join()


def test_a_program_that_never_ends_is_interrupted(board):
    ask(board, "with open('/main.py', 'w') as f: f.write('while True: pass')")
    time.sleep(0.5)
    assert ask(board, "print('still', 'reachable')") == "still reachable"


@pytest.mark.parametrize("end", ["reset()", "deepsleep(1500)"], ids=["crashing", "sleeping"])
def test_a_firmware_that_ever_resets_or_sleeps_is_deployed_over(board, end):
    firmware = f"import machine, time\ntime.sleep(0.4)\nmachine.{end}"
    ask(board, f"with open('/main.py', 'w') as f: f.write({firmware!r})")
    for _ in range(3):
        board.wait_for("rst:")
    output = run("--port", board.port)
    assert "/main.py was not ours" in output
    assert "0 unchanged" in output
    board.wait_for("alertnode")


def test_the_watchdog_of_a_firmware_that_was_there_before_does_not_stop_a_deployment(board, monkeypatch):
    firmware = "import machine, time\nw = machine.WDT(timeout=1500)\nprint('armed')\ntime.sleep(60)"
    ask(board, f"with open('/main.py', 'w') as f: f.write({firmware!r})")
    board.wait_for("armed")
    patient = Board.exec
    monkeypatch.setattr(Board, "exec", lambda board, code, timeout=10: patient(board, code, 2))
    output = run("--port", board.port)
    assert "/main.py was not ours" in output
    board.wait_for("alertnode")


def test_a_running_node_is_held_for_longer_than_its_watchdog_waits(board, tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps({**CONFIG, "watchdog": 3}))
    run("--port", board.port, "--config", path, "--secret", "mail_password", UMAIL_SECRET_MAIL_PASSWORD="x")
    board.wait_for("freezer-3: alertnode", 15)
    time.sleep(1)
    with maintenance.held(board.port) as link:
        start = time.monotonic()
        link.exec("import time\ntime.sleep(4)")
        assert time.monotonic() - start > 3.5
        assert link.exec("print('awake')").strip() == "awake"
    board.wait_for("freezer-3: alertnode", 15)


def test_a_silent_board_and_ports_that_lead_nowhere_are_told_in_a_sentence(board, tmp_path):
    board.power_off()
    with pytest.raises(UserError, match="no MicroPython answered"):
        run("--port", board.port, "--wait", "1")
    with pytest.raises(UserError, match=r"no-such can't be opened"):
        run("--port", tmp_path / "no-such")
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"file can't be opened"):
        run("--port", tmp_path / "file")
    with pytest.raises(UserError, match=r"rfc2217://127\.0\.0\.1:9 can't be opened"):
        run("--port", "rfc2217://127.0.0.1:9")


def test_the_ports_of_boards_are_found_by_their_usb_id(monkeypatch):
    class Info:
        def __init__(self, device, vid, pid):
            self.device, self.vid, self.pid = device, vid, pid
            self.serial_number, self.product, self.description = None, None, "USB JTAG"

    here = [Info("/dev/ttyS0", None, None), Info("/dev/ttyACM1", 0x303A, 0x1001), Info("/dev/ttyUSB7", 0x1234, 1)]
    monkeypatch.setattr(ports.list_ports, "comports", lambda: here)
    assert ports.only() == "/dev/ttyACM1"
    usb = {board.name for board in boards.load_all() if "303a:1001" in board.usb}
    assert set(ports.found()[0].candidates) == usb >= {"ESP32_GENERIC_C3", "ESP32_GENERIC_C6", "ESP32_GENERIC_S3"}
    here.append(Info("/dev/ttyACM0", 0x2E8A, 5))
    with pytest.raises(UserError, match=r"several boards .*/dev/ttyACM0, /dev/ttyACM1.*--port"):
        ports.only()
    del here[1:]
    with pytest.raises(UserError, match="no board is connected"):
        run()


def test_the_description_is_the_one_of_the_boards_chip():
    assert identity.choose("ESP32C3 module with ESP32-C3", "").name == "ESP32_GENERIC_C3"
    assert identity.choose("Generic ESP32 module with ESP32", "").name == "ESP32_GENERIC"
    assert identity.choose("Raspberry Pi Pico W with RP2040", "").name == "RPI_PICO_W"
    assert identity.choose("Somebody's board with NRF52840", "RPI_PICO_W").name == "RPI_PICO_W"
    with pytest.raises(UserError, match=r"'ESP32C3 .*', which is not ESP32_GENERIC_S3"):
        identity.choose("ESP32C3 module with ESP32-C3", "ESP32_GENERIC_S3")
    with pytest.raises(UserError, match=r"NRF52840.*, which no description fits"):
        identity.choose("Somebody's board with NRF52840", "")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "can't be read"),
        ("{", "is not JSON"),
        ("[]", "must hold an object"),
        ('{"board_name": "x"}', "fix the configuration:\n  - "),
        ('{"mail": {"password": "hunter2"}}', "--secret mail_password"),
        ('{"board": [{"board_name": "freezer-1"}]}', "is for umail provision, whose --save"),
    ],
)
def test_a_bad_configuration_is_told_before_a_board_is_changed(tmp_path, text, words):
    path = tmp_path / "config.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UserError) as caught:
        Settings.read(path)
    assert words in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("text", ["trace.csv", "trace.csv:trace.csv", ":/x", "no-such:/x"])
def test_a_bad_file_argument_is_told(text):
    with pytest.raises(UserError, match="--file"):
        run("--file", text)


def test_a_secret_that_can_not_be_had_is_told(monkeypatch):
    monkeypatch.delenv("UMAIL_SECRET_MAIL_TOKEN", raising=False)
    with pytest.raises(UserError, match="set UMAIL_SECRET_MAIL_TOKEN"):
        run("--port", "/dev/none", "--secret", "mail_token")
    with pytest.raises(UserError, match=r"--secret: the alert node reads no .*; did you mean wifi_password"):
        run("--port", "/dev/none", "--secret", "wifi_pasword", UMAIL_SECRET_WIFI_PASWORD="x")
    with pytest.raises(UserError, match="known are wifi_password, mail_password, mail_token, "):
        run("--port", "/dev/none", "--secret", "a_name_of_sixteen")


def test_passwords_are_asked_for_only_if_the_rest_is_right(config, monkeypatch):
    def asked(name: str) -> str:
        raise AssertionError(name)

    monkeypatch.setattr(secret_source, "read", asked)
    monkeypatch.setattr(ports, "found", list)
    with pytest.raises(UserError, match="no board is connected"):
        run("--config", config, "--secret", "mail_password")
    with pytest.raises(UserError, match=r"no-such\.csv can't be read"):
        run("--port", "/dev/none", "--file", "no-such.csv:/a.csv", "--secret", "mail_password")


def test_a_file_that_is_not_there_is_told_with_the_one_beside_it(config, tmp_path):
    for line in (
        ("--config", tmp_path / "confg.json"),
        ("--file", f"{tmp_path}/confg.json:/certs/root.der"),
    ):
        with pytest.raises(UserError, match=re.escape(f"; did you mean {config}?")):
            run("--port", "/dev/none", *line)
    with pytest.raises(UserError, match=re.escape(f"; check name and folder ({tmp_path})")):
        run("--port", "/dev/none", "--config", tmp_path / "other.toml")
    with pytest.raises(UserError, match="is /no/where the right folder"):
        run("--port", "/dev/none", "--config", "/no/where/config.json")

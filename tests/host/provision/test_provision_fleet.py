"""`umail provision` for many boards: what fails is named, what is done is left alone."""

from __future__ import annotations

import contextlib
import csv
import gc
import json
import re
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keyring.core
import pytest
from typer.testing import CliRunner

from host.firmware.firmware_rig import PASSWORD, ROOT, USER, WIFI_PASSWORD, settings, stored
from umail_host import trees
from umail_host.cli import app, main
from umail_host.device import maintenance, ports
from umail_host.fake_smtp import FakeServer
from umail_host.fleet import keys, status
from umail_host.provision import many, record
from umail_host.settings import Settings
from umail_host.update import record as updates
from umail_host.virtual_board import VirtualBoard

IDS = ["240ac4000001", "240ac4000002", "240ac4000003"]


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    """The command as a process would end: its status, and all it printed."""
    monkeypatch.setattr("sys.argv", ["umail", "provision", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    shown = capsys.readouterr()
    assert PASSWORD not in shown.out + shown.err
    assert WIFI_PASSWORD not in shown.out + shown.err
    return int(ended.value.code or 0), shown.out + shown.err


def toml(server: FakeServer, folder: Path, boards: str, mail: str = "") -> Path:
    """A file for boards that mail to ``server``; its root lies beside it."""
    section = settings(server)["mail"]
    lines = "\n".join(f"{key} = {json.dumps(value)}" for key, value in section.items())
    file = folder / "fleet.toml"
    file.write_text(
        f'wifi = {{ssid = "lab", timeout = 2}}\nwatchdog = 20\n'
        f'clock.ntp = "time.example"\nexpires."client secret" = 2127-03-01\n'
        f'rules = [{{name = "temperature", when = "above", limit = 30}}]\n[files]\n"{ROOT}" = "root.der"\n'
        f'[sensor]\ntype = "ds18b20"\npin = "one_wire"\n[mail]\n{lines}\n{mail}\n{boards}'
    )
    (folder / "root.der").write_bytes(server.ca_der)
    return file


@pytest.fixture
def fleet(
    flash: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[FakeServer, list[VirtualBoard]]]:
    """Three boards on this computer's ports, and a port on which nothing answers; secrets come from a keyring."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "host.provision.fake_keyring.Backend")
    monkeypatch.setenv(
        "FAKE_KEYRING", json.dumps({"wifi_password": WIFI_PASSWORD, "freezer-1/mail_password": PASSWORD})
    )
    monkeypatch.setenv("UMAIL_SECRET_FREEZER_2_MAIL_PASSWORD", PASSWORD)
    before = keyring.core.get_keyring()
    keyring.core.init_backend()
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(FakeServer(mailboxes={USER: PASSWORD}))
        boards = []
        for identity in IDS:
            shutil.copytree(flash, tmp_path / identity)
            board = stack.enter_context(VirtualBoard(tmp_path / identity, unique_id=identity))
            board.sensors.ds18b20(4).conversion = 0.01
            board.wifi.ssid, board.wifi.password = "lab", WIFI_PASSWORD
            boards.append(board)
        found = [ports.Port(board.port, "", "", "", ()) for board in boards]
        monkeypatch.setattr(ports, "found", lambda: [ports.Port("/dev/no-such-port", "", "", "", ()), *found])
        yield server, boards
    keyring.core.set_keyring(before)


def says_what_became_of_each(shown: str, boards: list[VirtualBoard]) -> None:
    """Look through the lines of a run in which one board of three is ready and one fails."""
    assert "/dev/no-such-port: " in shown
    # One line for one that is ready, and for one that is not.
    (ready,) = [line for line in shown.splitlines() if line.startswith(f"freezer-1 ({boards[0].port}): ")]
    assert re.fullmatch(r".*: ready, 20 °C, \d+ files written, 2 secrets and the fleet_key stored, \d+ s", ready)
    (failed,) = [line for line in shown.splitlines() if line.startswith(f"freezer-2 ({boards[1].port}): ")]
    assert re.search(r": the test alert was not delivered: wifi: .* → ", failed)
    assert f"{boards[2].port}: its id {IDS[2]} is not in the file" in shown
    assert "1 provisioned, 2 failed, 1 not in the file\nnot connected: freezer-9\n" in shown
    failed = f"/dev/no-such-port, freezer-2 ({boards[1].port})"
    assert f"umail: 2 failed: {failed}; run it again: finished boards are skipped" in shown
    # Once, though two boards have been worked on.
    assert shown.count("Set-CASMailbox -Identity 'esp32@contoso.com' -Smtp") == 1


def test_of_many_boards_those_that_fail_are_named_and_the_next_run_does_only_them(
    fleet: tuple[FakeServer, list[VirtualBoard]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    server, boards = fleet
    entries = "".join(
        f'[[board]]\nboard_name = "freezer-{number}"\nid = "{identity}"\n'
        for number, identity in ((1, IDS[0]), (2, IDS[1]), (9, "24:0A:C4:00:00:09"))
    )
    file = toml(server, tmp_path, entries)
    boards[1].wifi.refuse()
    report = tmp_path / "report.csv"
    code, shown = run(monkeypatch, capsys, file, "--all", "--jobs", "4", "--report", report)
    # Ten, and the two that failed.
    assert code == 12
    says_what_became_of_each(shown, boards)
    rows = as_reported(report)
    assert {key: row["state"] for key, row in rows.items()} == {
        ("", ""): "failed",
        ("", IDS[2]): "not in the file",
        ("freezer-1", IDS[0]): "provisioned",
        ("freezer-2", IDS[1]): "failed",
        ("freezer-9", "240ac4000009"): "not connected",
    }
    assert rows["freezer-1", IDS[0]]["readings"] == "20 °C"
    assert "the test alert was not delivered" in rows["freezer-2", IDS[1]]["error"]
    assert [mail["Subject"] for mail in server.inbox.wait(1, 5)] == ["freezer-1: test alert, the board is ready"]
    boards[1].wifi.up()
    published = {IDS[1]: updates.Published("freezer-2", 1795000000, "", 0, "")}
    updates.save(file, published)
    monkeypatch.setattr(ports, "found", lambda: [ports.Port(board.port, "", "", "", ()) for board in boards[:2]])
    code, shown = run(monkeypatch, capsys, file, "--all", "--jobs", "2", "--json")
    assert code == 0, shown
    # The lines go to standard error.
    told = json.loads(shown[: shown.rindex("\n}\n") + 3])
    assert {(one["name"], one["port"], one["state"]) for one in told["boards"]} == {
        ("freezer-1", boards[0].port, "done before"),
        ("freezer-2", boards[1].port, "provisioned"),
        ("freezer-9", "", "not connected"),
    }
    assert told["counts"] == {"provisioned": 1, "done before": 1, "not connected": 1}
    assert "Set-CASMailbox" in told["for_administrator"]
    assert "freezer-2: test alert, the board is ready" in [mail["Subject"] for mail in server.inbox.wait(2, 5)]
    signed_and_known(server)
    for identity, board in zip(IDS, boards[:2], strict=False):
        # What was published for it before is not taken again, though its flash was erased.
        has_its_key(board, identity, highest="1794999999" if identity in published else "")
    assert keys.get(IDS[0]) != keys.get(IDS[1])


def signed_and_known(server: FakeServer) -> None:
    """Each board's test mail is signed: the fleet knows it from then on, and when to miss it."""
    for identity, mail in zip(IDS, server.inbox.wait(2, 5), strict=False):
        said = status.read(str(mail[status.HEADER]), keys.get)
        assert isinstance(said, status.Status), mail[status.HEADER]
        assert said.board == identity
        assert said.due is not None
        assert 7 * 86400 <= said.due - said.at <= 8 * 86400


def has_its_key(board: VirtualBoard, identity: str, highest: str) -> None:
    """Each board has a key of its own, what signs by it, and the number of the newest update that it had."""
    board.wait_for("Wi-Fi lab is up", 15)
    key = keys.get(identity)
    assert key is not None
    with maintenance.held(board.port) as link:
        assert stored(link, keys.SECRET) == key.hex()
        assert link.exists("/lib/alertnode/status.mpy")
        assert stored(link, "update_highest") == highest
    assert key.hex() not in board.console.text


def as_reported(report: Path) -> dict[tuple[str, str], dict[str, str]]:
    """The rows of a report by name and id of the board."""
    with report.open(encoding="utf-8", newline="") as file:
        return {(row["name"], row["id"]): row for row in csv.DictReader(file)}


class Held:
    """A board as is_done asks it."""

    def __init__(self, done: str | None, **secrets: str) -> None:
        self.config, self.recorded, self.secrets = "1234", "", secrets
        if done is not None:
            record.record(self, done)

    def exists(self, path: str) -> bool:
        return path == "/config.json" or bool(self.recorded)

    def get(self, path: str) -> bytes:
        return self.recorded.encode()

    def put(self, path: str, data: bytes) -> None:
        assert path == record.RECORD
        self.recorded = data.decode()

    def hash(self, path: str) -> str:
        return self.config

    def exec(self, code: str) -> str:
        return ""

    def eval(self, expression: str) -> bool:
        return bool(eval(expression, {"secrets": self.secrets}))


def test_a_board_is_done_when_configuration_files_and_secrets_are_those_it_was_tried_with() -> None:
    mail = {"route": "m365.submission", "username": USER, "to": ["a@b.c"]}
    config = {"board_name": "freezer-1", "wifi": {"ssid": "lab"}, "mail": mail, "sensor": {"type": "adc", "pin": 1}}
    config["rules"] = []
    before = Settings.of(config)
    done = record.digest(before, {"/certs/a.der": b"1"})
    held = Held(done, mail_password="p", refresh_token="r")
    assert record.is_done(held, done, {"mail_password": "p"}, ["refresh_token"])
    # A password that was changed is brought to every board by the same command.
    assert not record.is_done(held, done, {"mail_password": "new"}, ())
    assert not record.is_done(held, done, {"mail_password": "p", "wifi_password": "w"}, ())
    assert not record.is_done(Held(done), done, {}, ["refresh_token"])
    for other in (
        record.digest(before, {"/certs/a.der": b"2"}),
        record.digest(before, {}),
        record.digest(Settings.of(config | {"interval": 5}), {"/certs/a.der": b"1"}),
    ):
        assert not record.is_done(held, other, {}, ())
    assert not record.is_done(Held(""), done, {}, ())
    assert not record.is_done(Held(None), done, {}, ())
    # umail deploy brought another configuration since.
    held.config = "5678"
    assert not record.is_done(held, done, {"mail_password": "p"}, ["refresh_token"])


def test_all_is_for_many(tmp_path: Path) -> None:
    file = tmp_path / "fleet.toml"
    file.write_text("[[board]]\nboard_name = 'a'\n")
    for more in (["--name", "a"], ["--save", "x.json"]):
        done = CliRunner().invoke(app, ["provision", str(file), "--all", *more])
        assert "leave --name, --save and --language out" in str(done.exception)


def test_what_is_for_many_boards_asks_for_all(tmp_path: Path) -> None:
    file = tmp_path / "fleet.toml"
    file.write_text("[[board]]\nboard_name = 'a'\n")
    for more in (["--jobs", "2"], ["--report", "x.csv"], ["--json"], ["--port", "a", "--port", "b"]):
        done = CliRunner().invoke(app, ["provision", str(file), *more])
        assert "add --all" in str(done.exception)


def test_a_report_that_cannot_be_written_is_said_before_a_board_is_touched(tmp_path: Path) -> None:
    file = tmp_path / "fleet.toml"
    file.write_text("[[board]]\nboard_name = 'a'\n")
    for name, words in (("report.txt", "end it in .json or .csv"), ("missing/report.csv", "can't be written")):
        arguments = ["provision", str(file), "--all", "--port", "/dev/no-such-port", "--report", str(tmp_path / name)]
        done = CliRunner().invoke(app, arguments)
        assert words in str(done.exception)


def test_a_hundred_boards_that_failed_have_a_status_of_their_own_and_nothing_in_a_report_is_a_formula(
    tmp_path: Path,
) -> None:
    failed = [many.Outcome("COM3", "=1+2", "ff", many.FAILED, "@x \x1b[2J") for _ in range(200)]
    assert many.Account(failed[:1]).exit_status == 11
    assert many.Account(failed).exit_status == 110
    ready = many.Outcome("COM3", "a", "ff", many.READY, readings=["20 °C"])
    assert ready.line.startswith("a (COM3): ready, 20 °C, ")
    ready.missing = True
    assert ready.line.startswith("a (COM3): provisioned, but a reading is missing, 20 °C, ")
    many.Account(failed[:1]).write(tmp_path / "report.csv")
    assert (tmp_path / "report.csv").read_text().splitlines()[1].startswith("'=1+2,ff,COM3,failed,'@x [2J,")


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ('[[board]]\nboard_name = "a"\n[[board]]\nboard_name = "a"\n', "a is there more than once"),
        ("[[board]]\nid = '24:0A'\n[[board]]\nid = '240a'\n", "2 boards have no board_name"),
        (
            "[[board]]\nboard_name = 'a'\nid = '24:0A'\n[[board]]\nboard_name = 'b'\nid = '240a'\n",
            "240a is there more than once: give each board its own id",
        ),
    ],
)
def test_two_boards_with_one_name_or_id_are_refused(tmp_path: Path, entries: str, words: str) -> None:
    file = tmp_path / "fleet.toml"
    file.write_text(entries)
    done = CliRunner().invoke(app, ["provision", str(file), "--all"])
    assert words in str(done.exception)


def test_a_file_of_which_no_board_is_connected_ends_with_3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "fleet.toml"
    file.write_text("[[board]]\nboard_name = 'a'\nid = '1'\n")
    monkeypatch.setattr(ports, "found", list)
    code, shown = run(monkeypatch, capsys, file, "--all")
    assert code == 3
    assert "not connected: a" in shown
    assert "fleet.toml is connected: plug it in" in shown


def test_boards_in_several_threads_are_read_though_python_counts_the_depth_of_all_together() -> None:
    source = Path(threading.__file__).read_bytes()

    def turn(phase: str, info: object) -> None:
        # While it collects, another thread gets its turn.
        time.sleep(0.0001)

    before = gc.get_threshold()
    gc.callbacks.append(turn)
    gc.set_threshold(200)
    try:
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda _: trees.parse(source), range(12)))
            assert list(pool.map(trees.literal, [" (1, b'x')"] * 12)) == [(1, b"x")] * 12
    finally:
        gc.set_threshold(*before)
        gc.callbacks.remove(turn)
    assert {len(tree.body) for tree in found} == {len(found[0].body)}

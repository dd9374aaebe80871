"""A fleet rehearsed on virtual boards: a stage, an update that one board takes back, a secret rotated, who has what.

Three boards; `make rehearsal` has twenty.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

import planted
from host.firmware.firmware_rig import PASSWORD, ROOT, USER, settings
from host.update.test_update_boards import compiled
from host.update.update_rig import MAIN, everything, toml
from umail_host import paths
from umail_host.cli import app
from umail_host.deploy import transfer
from umail_host.device.board import Board
from umail_host.fake_smtp import FakeServer
from umail_host.fleet import keys
from umail_host.update import bundle, record, server
from umail_host.virtual_board import VirtualBoard

COUNT = int(os.environ.get("UMAIL_REHEARSAL", "3"))
PATIENCE = 60 + 20 * COUNT  # seconds for all boards; they share this computer


class Laps:
    """Tells how long each part took; shown by `make rehearsal`."""

    def __init__(self) -> None:
        self._begun = time.monotonic()

    def __call__(self, what: str) -> None:
        now = time.monotonic()
        print(f"{now - self._begun:6.1f} s  {what}", flush=True)
        self._begun = now


class Fleet:
    """Virtual boards, their mail server, and what is published for them."""

    def __init__(self, folder: Path, mail: FakeServer, url: str) -> None:
        self.folder, self.mail, self.url = folder, mail, url
        self.file = folder / "fleet.toml"
        self.boards: dict[str, VirtualBoard] = {}
        (folder / "root.der").write_bytes(mail.ca_der)

    def write(self, **changes: object) -> None:
        """Write the file of the fleet."""
        lines = []
        for number, identity in enumerate(self.boards):
            config = settings(self.mail, update={"url": self.url, "every": 0.002}, interval=1, **changes)
            entry = {**config, "board_name": f"freezer-{number}", "id": identity, "board": "virtual"}
            lines += ["[[board]]", *(f"{key} = {toml(value)}" for key, value in entry.items())]
            lines.append(f"files = {toml({ROOT: 'root.der'})}")
        self.file.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run `umail update`; the exit status, and what it prints."""
        result = CliRunner().invoke(app, ["update", *arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.output

    def publish(self, *more: str) -> str:
        """Publish; what the command prints."""
        return self.run("publish", str(self.file), "--to", str(self.folder / "out"), *more)[1]

    def states(self) -> dict[str, str]:
        """The state of each board, as `umail update status` tells it by their mails."""
        at = str(self.folder / "seen.sqlite")
        _, output = self.run("status", str(self.file), "--from", str(self.mail.inbox.path), "--store", at, "--json")
        return {row["board"]: row["state"] for row in json.loads(output)}

    def wait(self, good: Callable[[dict[str, str]], bool]) -> dict[str, str]:
        """Wait until the states are ``good``."""
        end = time.monotonic() + PATIENCE
        while not good(found := self.states()):
            assert time.monotonic() < end, found
            time.sleep(1)
        return found


@pytest.fixture
def fleet(tmp_path: Path, micropython: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    monkeypatch.setenv("UMAIL_FLEET_KEYS", str(tmp_path / "keys.json"))
    monkeypatch.setenv("UMAIL_SECRET_WIFI_PASSWORD", planted.WIFI_PASSWORD)
    flash = tmp_path / "flash"
    with VirtualBoard(flash) as virtual, Board(virtual.port) as board:
        board.enter()
        more = {"/main.py": MAIN, "/switch.py": (paths.firmware() / "switch.py").read_bytes()}
        transfer.deploy(board, everything() | more)
    (tmp_path / "out").mkdir()
    with contextlib.ExitStack() as stack:
        mail = stack.enter_context(FakeServer(mailboxes={USER: PASSWORD}))
        serving = stack.enter_context(server.Server(tmp_path / "out", "127.0.0.1", 0, lambda line: None))
        thread = threading.Thread(target=serving.serve_forever, daemon=True)
        thread.start()
        stack.callback(serving.shutdown)
        made = Fleet(tmp_path, mail, f"http://127.0.0.1:{serving.server_address[1]}")
        for number in range(COUNT):
            identity = f"240ac40000{number:02x}"
            shutil.copytree(flash, tmp_path / identity)
            virtual = VirtualBoard(tmp_path / identity, unique_id=identity)
            made.boards[identity] = stack.enter_context(virtual)
            virtual.sensors.ds18b20(4).conversion = 0.01
            virtual.wifi.ssid, virtual.wifi.password = "lab", planted.WIFI_PASSWORD
        made.write()
        yield made


def provision(fleet: Fleet) -> None:
    """Give each board its key, its configuration and its secrets, and start it."""
    from umail_host.provision.fleet import Fleet as File

    file = File(fleet.file)
    for identity, virtual in fleet.boards.items():
        config = file.config(file.find(identity) or {})
        with Board(virtual.port) as link:
            link.enter()
            link.make_folder("/certs")
            link.put(ROOT, fleet.mail.ca_der)
            link.put("/config.json", json.dumps(config, ensure_ascii=False).encode())
            link.exec("from alertnode import secrets")
            secrets = {"mail_password": PASSWORD, "wifi_password": planted.WIFI_PASSWORD}
            for name, value in {**secrets, keys.SECRET: keys.ensure(identity).hex()}.items():
                link.exec(f"secrets.put({name!r}, {value!r})")
        virtual.hard_reset()


@pytest.mark.long
@pytest.mark.timeout(120 + 10 * PATIENCE)
def test_a_fleet_is_updated_in_stages_one_takes_it_back_and_a_secret_is_rotated(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    lap = Laps()
    provision(fleet)
    ids = list(fleet.boards)
    lap(f"{COUNT} boards have keys, configuration and secrets, and run")

    # A changed configuration, first for one board.
    fleet.write(heartbeat=3)
    assert "1 published" in fleet.publish("--name", "freezer-0")
    fleet.wait(lambda found: found[ids[0]] == "runs")
    lap("published for one board, which took it, tried it and mailed that it runs")
    assert set(fleet.states().values()) == {"runs", "nothing published"}
    assert f"{COUNT - 1} published, 1 unchanged" in fleet.publish(
        "--proven", "--store", str(fleet.folder / "seen.sqlite")
    )
    fleet.wait(lambda found: set(found.values()) == {"runs"})
    lap("published for the others, all of which run it")

    # One that breaks a board.
    key = keys.get(ids[1])
    assert key is not None
    known = record.load(fleet.file)
    broken = compiled("rulebook", "\n\ndef make(*_):\n    raise KeyError('by the test')\n")
    version = known[ids[1]].version + 1
    sealed = bundle.seal(key, ids[1], version, {"/lib/alertnode/rulebook.mpy": broken}, {}, False)
    record.write(fleet.folder / "out" / bundle.name(key), sealed)
    fleet.boards[ids[1]].wait_for(f"update {version} was taken back", PATIENCE)
    assert fleet.states()[ids[1]] == "runs"
    lap("an update that crashes was taken back by the board that got it")

    # The password has ended: no board can log in until it has the new one, and then each says so.
    fleet.mail.policy.mailboxes[USER] = planted.CLIENT_SECRET
    monkeypatch.setenv("UMAIL_SECRET_MAIL_PASSWORD", planted.CLIENT_SECRET)
    told = fleet.publish("--secret", "mail_password", "--no-code")
    assert f"{COUNT} published" in told
    fleet.wait(lambda found: set(found.values()) == {"runs"})
    lap("a password that had ended was replaced on all")
    for virtual in fleet.boards.values():
        assert "safe mode" not in virtual.console.text
        assert planted.MARK not in virtual.console.text

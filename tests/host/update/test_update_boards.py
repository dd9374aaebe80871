"""Updates over the network, end to end: published, taken by a virtual board, and taken back if it does not work."""

from __future__ import annotations

from pathlib import Path

import pytest

import planted
from host.firmware.firmware_rig import PASSWORD, Rig, rig, stored
from host.update.update_rig import (
    BOARD,
    KEY,
    MAIN,
    Publisher,
    everything,
    start,
    with_update,
)
from umail_host import paths
from umail_host.deploy import image, transfer
from umail_host.device import maintenance
from umail_host.device.board import Board
from umail_host.provision.fleet import Fleet
from umail_host.provision.job import Run
from umail_host.update import bundle


def test_what_is_published_is_taken_tried_and_kept_and_the_board_says_so(node: Rig, publisher: Publisher) -> None:
    config = with_update(node, publisher)
    start(node, config)
    node.wait_for("none for this board", 30)
    version = publisher.publish(config | {"board_name": "freezer-9"}, node.server.ca_der)
    node.wait_for(f"update {version} is there", 40)
    node.wait_for(f"update {version} runs", 40)
    (told,) = node.server.inbox.wait(1, 20)
    assert told["Subject"] == f"Update {version} runs (freezer-9)"
    node.wait_for("nothing new", 30)
    assert any(" 304 " in line for line in publisher.seen)


def test_a_press_of_the_button_asks_at_once(node: Rig, publisher: Publisher) -> None:
    config = with_update(node, publisher, outputs={"key": {"type": "button", "pin": 12}})
    config["update"]["every"] = 720
    version = publisher.publish(config | {"board_name": "freezer-9"}, node.server.ca_der)
    node.board.pins[12].drive(1)
    start(node, config)
    node.wait_for("°C", 30)
    assert not publisher.seen
    node.board.pins[12].drive(0)
    node.board.pins[12].drive(1)
    node.wait_for("test mail: message mailed", 30)
    node.wait_for(f"update {version} is there", 40)


def subjects(node: Rig, count: int) -> list[str]:
    return node.subjects(count, 30)


def compiled(name: str, more: str) -> bytes:
    """A module of the firmware with ``more`` at its end, compiled."""
    source = (paths.firmware() / "alertnode" / f"{name}.py").read_bytes() + more.encode()
    return image.compile_module(source, f"alertnode/{name}.py")


def test_an_update_that_crashes_at_each_start_is_taken_back_and_not_tried_again(
    node: Rig, publisher: Publisher
) -> None:
    start(node, with_update(node, publisher))
    node.wait_for("none for this board", 30)
    broken = compiled("rulebook", "\n\ndef make(*_):\n    raise MemoryError('by the test')\n")
    publisher.put(publisher.seal(7, {"/lib/alertnode/rulebook.mpy": broken, "/lib/alertnode/more.py": b"new = 1\n"}))
    node.wait_for("update 7 is there", 30)
    for _ in range(3):
        node.wait_for("crashed; restarting in 0 s", 30)
    node.wait_for("update 7 was taken back", 30)
    (mail,) = node.server.inbox.wait(1, 20)
    assert mail["Subject"] == "Update 7 was taken back (freezer-3)"
    assert "it crashed (MemoryError('by the test',))" in mail.get_content()
    assert "safe mode" not in node.board.console.text
    # Sealed anew, so that it has another tag.
    publisher.put(publisher.seal(7, {"/lib/alertnode/rulebook.mpy": broken}))
    before = len(publisher.seen)
    node.wait_for("°C", 10)
    while not any(" 200 " in line for line in publisher.seen[before:]):
        node.wait_for("°C", 10)
    with Board(node.board.port) as link:
        link.enter()
        assert not link.exists("/update/state")
        assert not link.exists("/lib/alertnode/more.py")
        assert link.get("/lib/alertnode/rulebook.mpy") != broken
        assert stored(link, "update_highest") == "7"


def test_a_password_that_the_server_refuses_is_taken_back(
    node: Rig, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = with_update(node, publisher)
    start(node, config)
    node.wait_for("none for this board", 30)
    monkeypatch.setenv("UMAIL_SECRET_MAIL_PASSWORD", planted.CLIENT_SECRET)
    version = publisher.publish(config, node.server.ca_der, secrets=("mail_password",), code=False)
    node.wait_for(f"update {version} is refused: auth", 40)
    node.wait_for(f"update {version} was taken back", 40)
    (mail,) = node.server.inbox.wait(1, 30)
    assert "535" in mail.get_content()
    with Board(node.board.port) as link:
        link.enter()
        assert stored(link, "mail_password") == PASSWORD


def test_a_secret_that_has_ended_is_rotated(node: Rig, publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    config = with_update(node, publisher)
    secrets = {"mail_password": planted.CLIENT_SECRET, "wifi_password": planted.WIFI_PASSWORD, "fleet_key": KEY.hex()}
    node.start(config, secrets=secrets)
    node.wait_for("none for this board", 30)
    monkeypatch.setenv("UMAIL_SECRET_MAIL_PASSWORD", PASSWORD)
    version = publisher.publish(config, node.server.ca_der, secrets=("mail_password",), code=False)
    node.wait_for(f"update {version} runs", 40)
    assert subjects(node, 1) == [f"Update {version} runs (freezer-3)"]


def test_a_program_that_cannot_even_be_loaded_is_taken_back_at_once(node: Rig, publisher: Publisher) -> None:
    with Board(node.board.port) as link:
        link.enter()
        link.put("/main.py", (paths.firmware() / "main.py").read_bytes())
    start(node, with_update(node, publisher))
    node.wait_for("none for this board", 30)
    publisher.put(publisher.seal(8, {"/lib/alertnode/start.mpy": b"not compiled"}))
    node.wait_for("update 8 was taken back", 40)
    (mail,) = node.server.inbox.wait(1, 30)
    assert "it could not be started (ValueError" in mail.get_content()


def test_a_configuration_that_the_program_refuses_is_taken_back_at_once(node: Rig, publisher: Publisher) -> None:
    start(node, with_update(node, publisher))
    node.wait_for("none for this board", 30)
    publisher.put(publisher.seal(9, {"/config.json": b'{"board_name": "freezer-4"}'}))
    node.wait_for("update 9 was taken back", 40)
    (mail,) = node.server.inbox.wait(1, 30)
    assert mail["Subject"] == "Update 9 was taken back (freezer-3)"
    assert "its configuration can't be used" in mail.get_content()


def test_an_update_that_hangs_is_taken_back(node: Rig, publisher: Publisher) -> None:
    start(node, with_update(node, publisher, watchdog=3))
    node.wait_for("none for this board", 30)
    hanging = compiled("rulebook", "import time\n\ndef make(*_):\n    while True:\n        time.sleep(1)\n")
    publisher.put(publisher.seal(10, {"/lib/alertnode/rulebook.mpy": hanging}))
    node.wait_for("update 10 was taken back", 60)
    (mail,) = node.server.inbox.wait(1, 30)
    assert "started 3 times" in mail.get_content()


def test_while_the_network_is_down_the_trial_waits(node: Rig, publisher: Publisher) -> None:
    config = with_update(node, publisher)
    start(node, config)
    node.wait_for("none for this board", 30)
    version = publisher.publish(config | {"interval": 0.3}, node.server.ca_der)
    node.wait_for("files to change", 30)
    node.board.wifi.ssid = "another"
    node.wait_for(f"update {version} is on trial, start 1 of 3", 40)
    node.wait_for("tried again in", 30)
    node.board.wifi.ssid = "lab"
    node.wait_for(f"update {version} runs", 60)


def test_a_bundle_that_is_changed_foreign_or_older_changes_nothing_and_is_reported(
    node: Rig, publisher: Publisher
) -> None:
    start(node, with_update(node, publisher))
    node.wait_for("none for this board", 30)
    good = publisher.seal(20, {"/note.txt": b"twenty"})
    publisher.put(good[:-1] + bytes([good[-1] ^ 1]))
    node.wait_for("update refused: it was not made with this board's key", 30)
    publisher.put(publisher.seal(21, {"/note.txt": b"x"}, board="240ac4c00001"))
    node.wait_for("update refused: it is for another board", 30)
    publisher.put(good)
    node.wait_for("update 20 runs", 40)
    publisher.put(publisher.seal(19, {"/note.txt": b"older"}))
    node.wait_for("update refused: version 19 is older than 20, which this board had", 30)
    with Board(node.board.port) as link:
        link.enter()
        assert link.get("/note.txt") == b"twenty"
        assert link.get("/update.version") == b"20"


def test_a_board_that_sleeps_takes_it_when_its_radio_is_on(flash: Path, tmp_path: Path, publisher: Publisher) -> None:
    with rig(flash, tmp_path / "board") as node:
        config = with_update(node, publisher, battery={"budget": 20}, interval=60)
        start(node, config)
        node.wait_for("asleep for", 30)
        version = publisher.publish(config | {"board_name": "freezer-8"}, node.server.ca_der)
        node.celsius = 40
        node.wait_for(f"update {version} runs", 60)
        assert any(subject == f"Update {version} runs (freezer-8)" for subject in subjects(node, 2))


def test_a_deployment_by_cable_ends_a_trial_and_is_no_update(node: Rig, publisher: Publisher) -> None:
    config = with_update(node, publisher)
    start(node, config)
    node.wait_for("none for this board", 30)
    publisher.put(publisher.seal(30, {"/note.txt": b"thirty"}))
    node.wait_for("update 30 runs", 40)
    broken = compiled("rulebook", "\n\ndef make(*_):\n    raise MemoryError('by the test')\n")
    publisher.put(publisher.seal(31, {"/lib/alertnode/rulebook.mpy": broken}))
    node.wait_for("crashed; restarting in 0 s", 60)
    with Board(node.board.port) as link:
        link.enter()
        assert link.exists("/update/state")
        found = transfer.deploy(link, everything() | {"/main.py": MAIN})
        assert "/lib/alertnode/rulebook.mpy" in found.written
        assert not link.exists("/update/state")
        assert not link.exists("/update.version")
        assert stored(link, "update_highest") == "31"


@pytest.mark.long
def test_a_board_that_was_erased_and_provisioned_anew_takes_no_bundle_older_than_the_last_that_was_published(
    node: Rig, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UMAIL_SECRET_MAIL_PASSWORD", PASSWORD)
    monkeypatch.setenv("UMAIL_SECRET_WIFI_PASSWORD", planted.WIFI_PASSWORD)
    config = with_update(node, publisher)
    old = publisher.publish(config | {"board_name": "freezer-1"}, node.server.ca_der)
    replayed = (publisher.out / bundle.name(KEY)).read_bytes()
    publisher.publish(config | {"board_name": "freezer-2"}, node.server.ca_der)
    last = publisher.publish(config | {"board_name": "freezer-3"}, node.server.ca_der)
    newest = (publisher.out / bundle.name(KEY)).read_bytes()
    assert last > old + 1
    publisher.put(replayed)
    fleet = Fleet(publisher.file)
    wanted = Run(False, False, [], False, lambda text: None, lambda text: None)
    found = wanted.look(fleet, node.board.port, {}, False)
    assert (found.identity, found.job and dict(found.job.published)) == (BOARD, {BOARD: last})
    assert found.job is not None
    wanted.carry_out(node.board.port, found.job)
    with maintenance.held(node.board.port) as link:
        assert stored(link, "fleet_key") == KEY.hex()
        assert stored(link, "update_highest") == str(last - 1)
        link.put("/main.py", MAIN)
    node.wait_for(f"update refused: version {old} is older than {last - 1}, which this board had", 40)
    publisher.put(newest)
    node.wait_for(f"update {last} is there", 40)

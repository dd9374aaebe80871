"""A deployment that does not run is taken back; `--watch` deploys what changes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from host.deploy.test_deploy_serial import run
from host.firmware.firmware_rig import PASSWORD, ROOT, WIFI_PASSWORD, rig, settings
from umail_host.commands import deploy as command
from umail_host.deploy import image, rollback, watch
from umail_host.deploy import run as running
from umail_host.device import maintenance
from umail_host.errors import UserError


@pytest.fixture
def node(flash, tmp_path):
    with rig(flash, tmp_path / "board") as made:
        with maintenance.held(made.board.port) as link:
            link.make_folder("/certs")
            link.put(ROOT, made.server.ca_der)
            link.put("/config.json", json.dumps(settings(made.server)).encode())
            link.exec(f"from alertnode import secrets\nsecrets.put('mail_password', {PASSWORD!r})")
            link.exec(f"secrets.put('wifi_password', {WIFI_PASSWORD!r})")
        yield made


@pytest.mark.parametrize(
    "printed",
    [
        b"alertnode: not started, fix the configuration:\r\n",
        b"alertnode: nicht gestartet, die Konfiguration berichtigen:\r\n",
        b"12:00 crashed; restarting in 5 s\r\n",
        "12:00 abgestürzt; Neustart in 5 s\r\n".encode(),
        b"Traceback (most recent call last):\r\n  File x\r\nOSError: 5\r\n",
    ],
)
def test_a_board_that_does_not_run_says_so_in_any_language(printed):
    begins, whole = rollback._broken()
    assert begins.search(printed)
    assert whole.search(printed)
    assert not begins.search(b"12:00 freezer-3: alertnode 0.1.0")


def files(node, *paths):
    with maintenance.held(node.board.port, reset=False) as link:
        return {path: entry.sha256 for path, entry in link.tree().items() if path in paths or path.startswith("/lib/")}


def test_firmware_that_runs_stays_also_if_it_was_quicker_than_this_computer(node, monkeypatch):
    wait_healthy = rollback.wait_healthy

    def late(link, seconds):
        # The board has printed its only line before anybody looks.
        node.wait_for("freezer-3: alertnode", 20)
        return wait_healthy(link, seconds)

    monkeypatch.setattr(rollback, "wait_healthy", late)
    assert "the new firmware runs" in run("--port", node.board.port, "--healthy", "10")


def test_firmware_that_crashes_is_replaced_by_the_one_before_with_its_configuration(node, tmp_path, monkeypatch):
    before = files(node, "/config.json", "/main.py")
    build = image.build

    def broken(*arguments, **options):
        built = build(*arguments, **options)
        built["/lib/alertnode/start.mpy"] = image.compile_module(
            b"import time\ndef main():\n    time.sleep(1)\n    raise RuntimeError('new')\n", "start.py"
        )
        built["/lib/alertnode/more.mpy"] = image.compile_module(b"x = 1\n", "more.py")
        return built

    monkeypatch.setattr(image, "build", broken)
    config = tmp_path / "config.json"
    config.write_text(json.dumps(settings(node.server, board_name="other")))
    with pytest.raises(UserError, match=r"(?s)did not run within .*RuntimeError: new.*from before is back") as caught:
        run("--port", node.board.port, "--config", config, "--healthy", "20")
    assert caught.value.exit_code == 1
    node.wait_for("freezer-3: alertnode", 20)
    assert files(node, "/config.json", "/main.py") == before


def test_a_board_that_had_nothing_before_has_nothing_to_go_back_to(monkeypatch):
    monkeypatch.setattr(rollback, "wait_healthy", lambda link, seconds: "nothing")
    with pytest.raises(UserError, match="Nothing was deployed before"):
        running.confirm(running.Plan("port"), object(), 5, {})


def test_a_check_without_a_start_is_refused():
    with pytest.raises(UserError, match="--no-reset"):
        run("--healthy", "5", "--no-reset")


def test_changes_are_told_once_the_editor_is_done(tmp_path: Path):
    module = tmp_path / "lib" / "one.py"
    module.parent.mkdir()
    module.write_text("1")
    (tmp_path / "lib" / "notes.txt").write_text("not watched")
    config = tmp_path / "config.json"
    config.write_text("{}")
    steps = [
        lambda: (tmp_path / "lib" / "notes.txt").write_text("more"),
        lambda: module.write_text("12"),
        lambda: module.write_text("123"),
        lambda: None,
        lambda: (config.write_text("{ }"), (module.parent / "two.py").write_text("")),
        lambda: None,
        module.unlink,
        lambda: None,
    ]
    found = watch.changes([module.parent, config], lambda: steps.pop(0)())
    assert [next(found) for _ in range(3)] == [[module], [config, module.parent / "two.py"], [module]]


def test_watching_deploys_again_and_outlives_a_mistake(monkeypatch, capsys):
    monkeypatch.setattr(watch, "changes", lambda folders: iter([[Path("a.py")], [Path("b.py")]]))
    turns = []

    def once():
        turns.append(1)
        if len(turns) == 1:
            raise UserError("a.py, line 3, does not compile")

    command._watch(once, [])
    assert len(turns) == 2
    assert "line 3, does not compile" in capsys.readouterr().err

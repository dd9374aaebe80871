"""`umail first-board`: a board is measured beside its virtual board; one file, differences marked, nothing private."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import planted
from umail_host import secret_source
from umail_host.cli import app
from umail_host.first_board import report, run
from umail_host.virtual_board import VirtualBoard

SECTIONS = {"chip", "watchdog", "heap", "flash", "handshake", "deep_sleep"}


def test_a_line_that_the_power_cut_in_two_is_not_acknowledged():
    assert run.line_number(b"line 183\r\n") == 183
    assert run.line_number(b"line 183ets Jul 29 2019 12:21:46\r\n") is None
    assert run.line_number(b"rst:0x1 (POWERON_RESET)\r\n") is None


@pytest.mark.parametrize("name", ["ESP32_GENERIC_C3", "RPI_PICO2_W"])
def test_the_power_is_cut_under_the_writes_and_nothing_acknowledged_is_lost(
    tmp_path: Path, name: str, micropython: str
) -> None:
    said: list[str] = []
    with VirtualBoard(tmp_path, name) as board:
        board.wifi.ssid, board.wifi.password = "lab", planted.WIFI_PASSWORD

        def cut() -> None:
            board.power_off()
            board.power_on()

        around = run.Surroundings(board.port, "lab", planted.WIFI_PASSWORD, "127.0.0.1", 2, cut)
        facts = run.measure(around, said.append)
    esp = name.startswith("ESP32")
    assert facts.keys() == SECTIONS | {"power_cut"}
    assert facts["chip"]["ticks_bits"] == 30
    assert facts["chip"]["epoch"] == (2000 if esp else 1970)
    assert ("not asked" if esp else "timeout exceeds 16777") in facts["watchdog"]
    handshake = facts["handshake"]
    assert handshake["ms"] > 0
    assert handshake["open"]["free"] < handshake["before"]["free"]
    assert (handshake["before"]["free"] - handshake["open"]["free"] > 30_000) is not esp  # a Pico's TLS is in the heap
    assert facts["flash"]["whole"]
    slept = facts["deep_sleep"]
    assert (slept["clock_kept"], slept["cause"]) == ((True, "DEEPSLEEP_RESET") if esp else (False, "WDT_RESET"))
    assert slept["drift_ms"] is None or abs(slept["drift_ms"]) < 2_500
    lines = facts["power_cut"]
    assert (lines["lost"], lines["cause"]) == (0, "PWRON_RESET")
    assert lines["kept"] >= lines["acknowledged"] >= 5
    assert len(said) == 5


def test_the_command_writes_one_file_with_both_boards_and_nothing_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, micropython: str
) -> None:
    monkeypatch.setattr(secret_source, "read", lambda name: planted.WIFI_PASSWORD)
    output = tmp_path / "told.json"
    with VirtualBoard(tmp_path / "flash", "ESP32_GENERIC", unique_id="a0b1c2d3e4f5") as board:
        board.wifi.ssid, board.wifi.password = "private", planted.WIFI_PASSWORD
        options = ["--port", board.port, "--ssid", "private", "--sleep", "2", "--no-unplug", "--output", str(output)]
        # The virtual board stands for a real one, which would meet a server on this computer's address in the LAN.
        monkeypatch.setattr("umail_host.device.lan.address", lambda virtual: "127.0.0.1")
        done = CliRunner().invoke(app, ["first-board", *options])
        port = board.port
    assert done.exit_code == 0, done.output
    assert "this board" in done.output
    assert f"{output}: nothing differs from the virtual board" in done.output
    text = output.read_text(encoding="utf-8")
    told = json.loads(text)
    assert told["board"] == "ESP32_GENERIC"
    assert told["real"].keys() == told["virtual"].keys() == SECTIONS
    for private in (planted.WIFI_PASSWORD, "private", "a0b1c2d3e4f5", "a0:b1", port, str(tmp_path), "127.0.0.1"):
        assert private not in text


def test_what_differs_is_marked_and_what_no_two_boards_share_is_not() -> None:
    real = {
        "chip": {"floats": "single", "words_bits": 32, "epoch": 2000},
        "handshake": {"ms": 1400, "open": {"free": 1}},
    }
    virtual = {"chip": {"floats": "double", "words_bits": 32}, "handshake": {"ms": 9, "open": {"free": 2}}}
    document = report.document("ESP32_GENERIC", "0.1.0", real, virtual)
    assert document["differs"] == ["chip.floats", "chip.epoch"]
    lines = report.table(report.rows(real, virtual))
    assert [line[2:].split()[0] for line in lines if line.startswith("≠")] == ["chip.floats", "chip.epoch"]
    assert "1,400" in next(line for line in lines if "handshake.ms" in line)


@pytest.mark.long
def test_a_wrong_password_is_one_sentence(tmp_path: Path, micropython: str) -> None:
    with VirtualBoard(tmp_path, "ESP32_GENERIC") as board:
        board.wifi.ssid, board.wifi.password = "lab", planted.WIFI_PASSWORD
        around = run.Surroundings(board.port, "lab", "wrong", "127.0.0.1", 2, None)
        with pytest.raises(run.UserError, match=r"did not join the Wi-Fi \(status \d+\): check --ssid"):
            run.measure(around, lambda text: None)

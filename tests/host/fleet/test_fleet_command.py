"""`umail fleet`: a table that nothing in a mail can steer, JSON, exit statuses; the inventory, replacing a board."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from good_fleet import MAILS
from host.fleet.said import BOARD, DAY, KEY, deliver, header, mail, maildir
from umail_host.cli import app
from umail_host.errors import UserError
from umail_host.fleet import health, inventory, keys

OTHER = "240ac4000002"
FLEET = f"""{MAILS}
[[board]]
board_name = "freezer-1"
id = "24:0A:C4:00:00:01"
[[board]]
board_name = "freezer-2"
id = "{OTHER}"
"""


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A file with two boards, and a Maildir; both have the same key."""
    monkeypatch.setenv(keys.VARIABLE, str(tmp_path / "keys.json"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for board in (BOARD, OTHER):
        keys.put(board, KEY)
    file = tmp_path / "fleet.toml"
    file.write_text(FLEET)
    return file, maildir(tmp_path / "mails")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["fleet", *map(str, arguments)], env={"COLUMNS": "200"})


def said(box: Path, board: str, number: int = 1, ago: int = 100, **more: object) -> None:
    now = int(time.time())
    more = {"t": now - ago, "due": now + DAY} | more
    deliver(box, mail(id=board, n=now + number, **more), f"{now - ago}.M{number}.{board}")


def test_all_boards_that_are_there_end_with_0(fleet: tuple[Path, Path]) -> None:
    file, box = fleet
    said(box, BOARD, bat=3912, rssi=-61, exp=f"client%20secret:{int(time.time()) + 3 * DAY - 3600}", on="too%20warm")
    said(box, OTHER, fw="0.2.0", wait=2, dead=1, ref="auth%20basic_disabled")
    result = run("status", file, "--from", box)
    assert result.exit_code == 0, result.output
    assert "2 boards, 0 silent or never seen" in result.output
    for words in ("3.91 V", "-61 dBm", "client secret expires in 2 days", "alert: too warm", "0.2.0", "2, 1 given up"):
        assert words in result.output
    assert "refused: auth basic_disabled" in result.output
    assert "(differs)" in result.output
    assert "calls itself freezer-3" in result.output


def test_a_board_that_missed_its_heartbeat_by_more_than_the_grace_ends_with_1(fleet: tuple[Path, Path]) -> None:
    file, box = fleet
    said(box, BOARD, due=int(time.time()) - 7200)
    said(box, OTHER)
    assert run("status", file, "--from", box).exit_code == 0
    result = run("status", file, "--grace", "1h")
    assert result.exit_code == 1
    assert "freezer-1  silent" in result.output
    assert "2 boards, 1 silent or never seen" in result.output


def test_a_board_that_was_never_seen_ends_with_1_and_json_says_all(fleet: tuple[Path, Path]) -> None:
    file, box = fleet
    said(box, BOARD)
    deliver(box, mail(header(id="ff"), "x@x"), "1790000000.M1.x")
    result = run("status", file, "--from", box, "--json")
    assert result.exit_code == 1
    told = json.loads(result.output)
    assert {row["name"]: row["state"] for row in told["boards"]} == {"freezer-1": "ok", "freezer-2": "never seen"}
    assert [(odd["kind"], odd["id"], odd["count"]) for odd in told["not_counted"]] == [("foreign", "ff", 1)]


def test_nothing_in_a_mail_steers_the_terminal_or_the_database(fleet: tuple[Path, Path]) -> None:
    file, box = fleet
    said(box, BOARD, name="%1B%5B2J%0Aroot%27%29%3B%20DROP%20TABLE", on="%E2%80%AE%07x", fw="%3Cscript%3E")
    result = run("status", file, "--from", box)
    assert "\x1b" not in result.output
    assert "\u202e" not in result.output
    assert "\x07" not in result.output
    assert "root');" in result.output
    assert run("status", file, "--json").exit_code == 1


def test_without_a_file_whoever_was_seen_is_shown(fleet: tuple[Path, Path]) -> None:
    _, box = fleet
    said(box, OTHER, name="cellar")
    result = run("status", "--from", box)
    assert result.exit_code == 0
    assert "cellar" in result.output


def test_what_is_wrong_is_one_sentence(fleet: tuple[Path, Path], tmp_path: Path) -> None:
    file, _ = fleet
    for arguments, words in (
        (("status", file, "--from", tmp_path / "no"), "is not a mailbox"),
        (("status", file, "--grace", "soon"), "write it as 90m, 6h or 2d"),
        (("status", file, "--store", file), "can't be used as the store"),
        (("status", tmp_path / "no.toml"), "can't be read"),
    ):
        result = run(*arguments)
        assert isinstance(result.exception, UserError), result.output
        assert words in str(result.exception)


def test_the_inventory_says_which_boards_have_a_key_here(fleet: tuple[Path, Path]) -> None:
    file, _ = fleet
    keys.put(OTHER, None)
    told = json.loads(run("list", file, "--json").output)
    assert [(one["name"], one["id"], one["key"]) for one in told] == [
        ("freezer-1", BOARD, True),
        ("freezer-2", OTHER, False),
    ]
    assert len({one["configuration"] for one in told}) == 2
    assert "freezer-1  240ac4000001  yes" in run("list", file).output


def test_a_broken_board_is_replaced_by_name_and_its_key_is_forgotten(fleet: tuple[Path, Path]) -> None:
    file, _ = fleet
    assert run("replace", file, "freezer-1", "24:0A:C4:00:00:09").exit_code == 0
    assert file.read_text() == FLEET.replace("24:0A:C4:00:00:01", "240ac4000009")
    assert keys.get(BOARD) is None
    for name, identity, words in (
        ("freezer-7", "240ac4000010", "has no board freezer-7"),
        ("freezer-2", "240ac4000009", "already: freezer-1"),
        ("freezer-2", "somewhere", "not the id of a board"),
    ):
        with pytest.raises(UserError, match=words):
            inventory.replace(file, name, identity)


@pytest.mark.parametrize("second", ['board_name = "freezer-1"\nid = "02"', 'board_name = "x"\nid = "240AC4-000001"'])
def test_two_boards_with_the_same_name_or_id_are_refused(fleet: tuple[Path, Path], second: str) -> None:
    file, _ = fleet
    file.write_text(FLEET + f"[[board]]\n{second}\n")
    result = run("list", file)
    assert isinstance(result.exception, UserError)
    assert "is there more than once" in str(result.exception)


def test_a_batterys_end_follows_from_its_trend_and_not_from_a_cold_night() -> None:
    now = 100 * DAY
    falling = [(now - (20 - day) * DAY, 3700 - 20 * day) for day in range(21)]
    left = health.left(falling, 3180, now)
    assert left is not None
    assert abs(left - 6 * DAY) < DAY
    cold = [(at, level - (300 if at == falling[10][0] else 0)) for at, level in falling]
    again = health.left(cold, 3180, now)
    assert again is not None
    assert abs(again - left) < DAY
    # Charged two days ago: nothing is known of it yet.
    assert health.left([*falling[:-1], (now - DAY, 4150), (now, 4140)], 3180, now) is None
    assert health.left([(at, 3900) for at, _ in falling], 3180, now) is None
    assert health.left([(now, 3100)], 3180, now) == 0
    assert health.left([], 3180, now) is None

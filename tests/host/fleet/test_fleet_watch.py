"""`umail fleet watch`: each piece of news is mailed once, whatever kills it; what it can't read it says as well."""

from __future__ import annotations

import datetime
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from host.fleet.said import BOARD, DAY, KEY
from host.fleet.test_fleet_command import FLEET, OTHER
from host.fleet.watch_world import NOON, World
from umail_host.errors import UserError
from umail_host.fake_smtp import FakeServer
from umail_host.fake_smtp.pytest_plugin import PASSWORD, USER
from umail_host.fleet import imap, keys, scan, watch, watching
from umail_host.provision.fleet import Fleet


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[FakeServer, FakeServer]]:
    """Two providers, so that the second route is another one."""
    with (
        FakeServer("generic", mailboxes={USER: PASSWORD}) as one,
        FakeServer("generic", mailboxes={USER: PASSWORD}) as two,
    ):
        yield one, two


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, servers: tuple[FakeServer, FakeServer]) -> Iterator[World]:
    monkeypatch.setenv(keys.VARIABLE, str(tmp_path / "keys.json"))
    for board in (BOARD, OTHER):
        keys.put(board, KEY)
    return World(tmp_path, servers)


def test_a_board_that_misses_its_heartbeat_is_told_once_and_so_is_its_return(world: World) -> None:
    world.said(BOARD)
    world.said(OTHER, due=int(world.now) + 9 * DAY)
    world.look()
    assert world.mails() == []
    world.now += DAY + 5 * 3600
    world.look()
    assert world.mails() == []
    world.now += 3601
    for _ in range(3):
        world.look()
    assert world.mails() == ["freezer-1 is silent"]
    assert "freezer-1: heartbeat was due" in world.text()
    world.now += 600
    world.said(BOARD)
    for _ in range(2):
        world.look()
    assert world.mails() == ["freezer-1 is silent", "freezer-1 is back"]
    world.now += DAY + 7 * 3600
    world.look()
    assert world.mails()[2:] == ["freezer-1 is silent"]


def test_boards_that_fall_silent_together_are_one_mail(world: World) -> None:
    world.said(BOARD)
    world.said(OTHER)
    world.look()
    world.now += 2 * DAY
    world.look()
    assert world.mails() == ["freezer-1, freezer-2 are silent"]


def test_a_board_that_never_says_anything_is_told_after_a_week(world: World) -> None:
    world.said(BOARD, due=int(world.now) + 30 * DAY)
    for _ in range(8):
        world.look()
        world.now += DAY
    assert world.mails() == []
    world.now += DAY
    world.look()
    world.look()
    assert world.mails() == ["freezer-2 is silent"]
    assert "never seen" in world.text()


def test_a_battery_that_will_be_empty_within_14_days_is_told_once(world: World) -> None:
    for day in range(20):
        world.said(BOARD, bat=3900 - 25 * day, due=int(world.now) + 30 * DAY)
        world.said(OTHER, due=int(world.now) + 30 * DAY)
        world.look()
        world.now += DAY
    assert world.mails() == ["The battery of freezer-1 will soon be empty"]
    assert "empty in about 13 days by its trend" in world.text()


def test_versions_that_differ_for_a_day_are_told_once(world: World) -> None:
    for hour in range(60):
        world.said(BOARD, fw="0.1.0", due=int(world.now) + 30 * DAY)
        world.said(OTHER, fw="0.2.0", due=int(world.now) + 30 * DAY)
        if hour % 6 == 0:
            world.look()
        if hour == 18:
            assert world.mails() == []
        world.now += 3600
    assert world.mails() == ["1 board has another version than the others"]
    world.said(BOARD, fw="0.2.0")
    world.look()
    assert len(world.mails()) == 1


def test_the_same_refusal_of_several_boards_is_one_mail(world: World) -> None:
    world.said(BOARD, ref="auth%20m365_smtp_auth_off")
    world.look()
    assert world.mails() == []
    world.now += 600
    world.said(OTHER, ref="auth%20m365_smtp_auth_off")
    for _ in range(3):
        world.look()
    [subject] = world.mails()
    assert subject.startswith("2 boards: refused (auth m365 smtp auth off) since ")
    # From when the first of them met it.
    assert time.strftime("%H:%M", time.localtime(NOON)) in subject


def test_what_expires_is_one_mail_for_all_boards(world: World) -> None:
    end = int(world.now) + 20 * DAY
    for board in (BOARD, OTHER):
        world.said(board, exp=f"client%20secret:{end}")
    world.look()
    world.look()
    assert world.mails() == ["2 boards: client secret expires in 20 days"]


def test_in_the_morning_one_mail_says_that_all_is_well(world: World) -> None:
    world.morning = datetime.time(7)
    midnight = datetime.datetime.fromtimestamp(NOON).replace(hour=0, minute=0, second=0).timestamp() + DAY
    for board in (BOARD, OTHER):
        world.said(board, due=int(world.now) + 30 * DAY)
    for hour in range(49):
        world.now = midnight + hour * 3600
        world.look()
    assert world.mails() == ["All is well: 2 boards"] * 2
    assert "freezer-1" in world.text()
    world.now += 40 * DAY + 8 * 3600
    world.look()
    assert "2 of 2 boards silent or never seen" in world.mails()


def test_a_mailbox_that_cannot_be_read_is_told_by_the_second_route_and_nobody_is_called_silent(world: World) -> None:
    world.said(BOARD)
    world.said(OTHER)
    world.look()
    made, end = world.start()
    world.box.rename(world.folder / "away")
    try:
        for _ in range(10):
            made.round()
            world.now += 300
        world.now += 5 * DAY
        made.round()
    finally:
        end()
    assert world.mails() == []
    assert world.mails(1) == ["The mailbox of the boards can't be read"]
    (world.folder / "away").rename(world.box)
    world.said(BOARD)
    world.said(OTHER)
    world.look()
    assert world.mails() == []
    assert world.mails(1)[1:] == ["The mailbox of the boards is read again"]


@pytest.mark.parametrize(
    ("told", "least", "most"), [(True, 5, 10), (False, 250, 300), (OSError("timed out"), 250, 300)]
)
def test_what_the_server_tells_while_waiting_is_a_hint_only(
    world: World, monkeypatch: pytest.MonkeyPatch, told: bool | OSError, least: int, most: int
) -> None:
    class Waiting:
        """A session that is told of mails all the time, never, or that dies."""

        def __init__(self, account: object) -> None:
            pass

        def __enter__(self) -> Waiting:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def wait(self, seconds: float) -> bool:
            assert seconds <= 240
            if isinstance(told, OSError):
                raise told
            return told

    slept: list[float] = []
    monkeypatch.setattr(watch, "Connection", Waiting)
    monkeypatch.setattr(watch.time, "sleep", slept.append)
    made, end = world.start()
    try:
        account = imap.Account.of("imaps://user@localhost/INBOX")
        made._boxes = [scan.Mailbox("box", made._boxes[0].read, account)]
        made._wait(300)
    finally:
        end()
    [seconds] = slept
    assert least < seconds <= most
    assert bool(world.lines) == isinstance(told, OSError)


def _story(world: World) -> list[tuple[str, ...]]:
    world.said(BOARD)
    world.said(OTHER)
    world.survive()
    world.now += 2 * DAY
    world.survive()
    world.said(BOARD, ref="auth%20x")
    world.said(OTHER, ref="auth%20x")
    world.survive()
    return [tuple(sorted(subject.partition(" since ")[0] for subject in world.mails(which))) for which in (0, 1)]


def test_killed_anywhere_and_started_again_it_tells_nothing_twice_and_misses_nothing(
    world: World, tmp_path: Path, servers: tuple[FakeServer, FakeServer]
) -> None:
    wanted = _story(world)
    told = ("2 boards: refused (auth x)", "freezer-1, freezer-2 are back", "freezer-1, freezer-2 are silent")
    assert wanted == [told, ()]
    steps = world.steps
    assert steps > 30
    for at in range(steps):
        folder = tmp_path / f"killed-{at}"
        folder.mkdir()
        again = World(folder, servers)
        again.left = at
        assert _story(again) == wanted, f"killed at step {at} of {steps}"
        shutil.rmtree(folder)


# -- the command -------------------------------------------------------------------------------------------------------

WATCHED = """
[watch]
from = ["mails"]
to = ["it@contoso.com"]
every = "30s"
morning = ""
[watch.mail]
route = "smtp"
host = "localhost"
port = {port}
username = "{user}"
trust = "root.pem"
"""


def test_a_process_that_is_killed_tells_nothing_twice(world: World, servers: tuple[FakeServer, FakeServer]) -> None:
    import ssl

    world.now = time.time() - 5 * DAY
    world.said(BOARD)
    world.said(OTHER)
    file = world.folder / "fleet.toml"
    file.write_text(FLEET.replace("[[board]]", WATCHED.format(port=servers[0].port, user=USER) + "[[board]]", 1))
    (world.folder / "root.pem").write_text(ssl.DER_cert_to_PEM_cert(servers[0].ca_der))
    (world.folder / "credentials").mkdir()
    (world.folder / "credentials" / "mail_password").write_text(PASSWORD + "\n")
    command = [
        sys.executable,
        "-m",
        "umail_host.cli",
        "fleet",
        "watch",
        str(file),
        "--store",
        str(world.folder / "s.sqlite"),
    ]
    env = {**os.environ, "CREDENTIALS_DIRECTORY": str(world.folder / "credentials"), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        servers[0].inbox.wait(len(world.mails()) + world._before[0] + 1, 60)
        second = subprocess.run([*command, "--once"], env=env, capture_output=True, text=True, timeout=60, check=False)
        assert second.returncode == 2
        assert "another umail fleet watch is at work" in second.stderr
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.communicate()
    again = subprocess.run([*command, "--once"], env=env, capture_output=True, text=True, timeout=60, check=False)
    assert again.returncode == 0, again.stderr
    assert world.mails() == ["freezer-1, freezer-2 are silent"]
    assert PASSWORD not in again.stdout + again.stderr


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('from = ["mails"]\n', ""), "needs from ="),
        (('every = "30s"', 'every = "1s"'), "from 30s to 60m"),
        (('morning = ""', 'morning = "early"'), "a time of the day"),
        (('morning = ""', "evening = 1"), "has no key evening"),
        (('username = "', 'password = "x"\nusername = "'), "must not lie in the configuration"),
        (('route = "smtp"', 'route = "pigeon"'), "pigeon"),
        (("[watch.mail]", "[watch.oauth]\nclient_id = '1'\n[watch.mail]"), r"\[watch.oauth\] needs tenant"),
    ],
)
def test_a_section_that_is_wrong_is_told(world: World, change: tuple[str, str], words: str) -> None:
    section = WATCHED.format(port=25, user=USER)
    assert change[0] in section
    file = world.folder / "fleet.toml"
    file.write_text(FLEET.replace("[[board]]", section.replace(*change) + "[[board]]", 1))
    with pytest.raises(UserError, match=words):
        watching.read(Fleet(file))


def test_a_route_without_its_secret_is_told(world: World) -> None:
    file = world.folder / "fleet.toml"
    file.write_text(FLEET.replace("[[board]]", WATCHED.format(port=25, user=USER) + "[[board]]", 1))
    with pytest.raises(UserError, match=r"secret mail_password \(or mail_token\) is missing; secrets come from"):
        watching.read(Fleet(file))


def test_boards_are_not_given_what_the_watch_is_to_do(world: World) -> None:
    file = world.folder / "fleet.toml"
    file.write_text(FLEET.replace("[[board]]", WATCHED.format(port=25, user=USER) + "[[board]]", 1))
    fleet = Fleet(file)
    assert "watch" not in fleet.config(fleet.boards[0])

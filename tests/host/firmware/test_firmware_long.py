"""The alert node over resets, sleeps and days: on battery, without its server, with a jumping clock, a full flash."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from host.firmware.firmware_rig import PASSWORD, Rig, rig, settings

HANG = b"""
import machine
from alertnode import app, start
if machine.reset_cause() != machine.WDT_RESET:
    def sense(self):
        self.log.say("about to hang")
        while True:
            pass
    app.App.sense = sense
start.WINDOW = 200
start.main()
"""
FILL = """
import os
os.mkdir("/outbox")
for size in (65536, 4000, 100):
    for number in range(1000):
        try:
            with open("/filler%d-%d" % (size, number), "wb") as file:
                file.write(bytes(size))
        except OSError:
            break
"""


@pytest.fixture
def node(flash: Path, tmp_path: Path) -> Iterator[Rig]:
    with rig(flash, tmp_path / "board") as made:
        yield made
        assert PASSWORD not in made.board.console.text


def test_on_battery_the_radio_is_on_only_when_there_is_something_to_send(node: Rig) -> None:
    node.start(settings(node.server, battery={"budget": 30}, interval=600, watchdog=30))
    node.wait_for("Wi-Fi lab is up")
    for _ in range(3):
        node.wait_for("asleep for 9 min")
    quiet = node.wait_for("asleep for")
    assert "Wi-Fi" not in quiet
    assert "starts in" not in quiet
    node.celsius = 35
    node.wait_for("35 °C is above 30 °C: alert mailed")
    assert "mailed" not in node.wait_for("asleep for") + node.wait_for("asleep for")
    node.celsius = 20
    node.wait_for("20 °C is back to normal (limit 30 °C): recovery mailed")
    assert len(node.server.inbox.wait(2, 5)) == 2
    assert " min before" in node.server.inbox.wait(2, 5)[1].get_content()


def test_a_server_that_is_away_for_three_days_gets_the_alert_when_it_is_back(flash: Path, tmp_path: Path) -> None:
    with rig(flash, tmp_path / "board", sleep_speed=20_000, maildir=tmp_path / "mail") as node:
        config = settings(node.server, battery={"budget": 30}, interval=3600, watchdog=30)
        node.celsius = 35
        node.server.stop()
        node.start(config)
        first = node.wait_for("asleep for")
        assert "alert not mailed, temporary failure at connect" in first, first
        days = [0.0]
        node.board.clock.true_time = lambda: time.time() + days[0] * 86400
        while days[0] < 3:
            # What a sleep of half a day is to the board.
            days[0] += 0.5
            node.board.clock.advance(43200)
            assert "mailed to" not in node.wait_for("asleep for")
        node.server.start()
        node.wait_for(" message mailed to ops@contoso.com", 30)
        assert len(node.subjects(1)) == 1


def test_a_clock_that_jumps_both_ways_moves_no_duration_and_makes_no_mail(node: Rig) -> None:
    node.celsius = 35
    node.start(settings(node.server))
    node.wait_for("alert mailed")
    for jump in (86400, -2 * 86400):
        node.board.clock.advance(jump)
        node.wait_for("35 °C")
    node.celsius = 20
    node.wait_for("recovery mailed")
    text = node.server.inbox.wait(2, 5)[1].get_content()
    assert " s before" in text, text


def test_a_full_flash_is_told_and_the_alert_goes_all_the_same(node: Rig) -> None:
    node.celsius = 35
    node.start(settings(node.server), prepare=FILL)
    node.wait_for("the log is kept in RAM only")
    node.wait_for("flash is full or worn, the alert is kept in RAM only")
    node.wait_for("alert mailed to ops@contoso.com")
    assert "35.0 °C, limit 30 °C" in node.subjects(1)[0]


def test_after_a_watchdog_reset_cause_and_last_lines_travel_in_the_next_mail_once(node: Rig) -> None:
    node.celsius = 35
    node.start(settings(node.server, watchdog=3), {"/main.py": HANG})
    node.wait_for("about to hang")
    node.wait_for("started by watchdog")
    node.wait_for("alert mailed")
    node.celsius = 20
    node.wait_for("recovery mailed")
    alert, recovery = (message.get_content() for message in node.server.inbox.wait(2, 5))
    assert "The board was reset by its watchdog while it was " in alert
    assert "about to hang" in alert
    assert "about to hang" not in recovery


def test_an_excursion_that_outlives_a_power_cut_is_mailed_once(node: Rig) -> None:
    node.celsius = 35
    node.start(settings(node.server))
    node.wait_for("alert mailed")
    node.wait_for("35 °C")
    node.board.power_off()
    node.board.power_on()
    node.wait_for("started by power-on")
    node.wait_for("35 °C")
    node.celsius = 20
    node.wait_for("recovery mailed")
    assert ["limit" in subject for subject in node.subjects(2)] == [True, False]


def test_a_name_that_cannot_be_resolved_is_told_and_the_sensor_is_read_on(node: Rig) -> None:
    node.celsius = 35
    config = settings(node.server)
    config["mail"]["host"] = "mail.nowhere.example"
    node.start(config)
    node.wait_for("alert not mailed, temporary failure at resolve: ", 30)
    node.wait_for("1 waiting, next try in ")
    node.wait_for("35 °C")


def test_without_ntp_for_ever_the_alert_goes_with_an_estimated_time(node: Rig) -> None:
    node.celsius = 35
    node.board.clock.ntp = False
    impatient = b"from alertnode import ntp, start\nntp.PATIENCE = 3\nstart.WINDOW = 200\nstart.main()\n"
    node.start(settings(node.server), {"/main.py": impatient, "/clock": b"%d" % (time.time() - 3600)})
    node.wait_for("no NTP server answers (time.example, 127.0.0.1): asked again in 5 s")
    node.wait_for("1 mail waits: the clock is not set")
    node.wait_for("by the last known time, as NTP does not answer: it was not set")
    node.wait_for("alert mailed to ops@contoso.com")
    node.celsius = 20
    node.wait_for("recovery mailed")
    assert "(estimated)" in node.server.inbox.wait(2, 5)[1].get_content()

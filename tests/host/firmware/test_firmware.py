"""The alert node on a virtual board: from a reading to a mail in the inbox, and whatever may go wrong on the way."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from io import StringIO
from pathlib import Path

import pytest

from host.firmware.firmware_rig import PASSWORD, PIN, WIFI_PASSWORD, Rig, rig, settings
from umail_host.device.board import Board
from umail_host.paths import firmware

TRACE = {"type": "trace", "path": "/trace.csv", "unit": "°C"}
Make = Callable[..., AbstractContextManager[Rig]]


@pytest.fixture
def node(flash: Path, tmp_path: Path) -> Iterator[Rig]:
    with rig(flash, tmp_path / "board") as made:
        yield made
        console = made.board.console.text
        assert PASSWORD not in console
        assert WIFI_PASSWORD not in console


def excursions(text: str, limit: float, hysteresis: float) -> tuple[int, int]:
    """Alerts and recoveries in a CSV trace, counted without any of the firmware's code."""
    beyond, counts = False, [0, 0]
    for row in csv.DictReader(StringIO(text)):
        try:
            value = float(row["value"])
        except ValueError:
            continue
        if math.isfinite(value) and (value <= limit - hysteresis if beyond else value > limit):
            counts[beyond] += 1
            beyond = not beyond
    return counts[0], counts[1]


def test_a_recorded_trace_gives_one_alert_and_one_recovery(node: Rig) -> None:
    trace = (firmware() / "traces" / "beaver1.csv").read_text()
    assert excursions(trace, 37.2, 0.2) == (1, 1)
    rules = [{"name": "temperature", "when": "above", "limit": 37.2, "hysteresis": 0.2}]
    node.start(settings(node.server, sensor=TRACE, rules=rules), {"/trace.csv": trace.encode()})
    console = node.wait_for("trace finished: 114 readings, 1 alert, 1 recovery")
    assert "temperature 37.53 °C is above 37.2 °C: alert mailed to ops@contoso.com in 6 round trips" in console, console
    alert, recovery = node.server.inbox.wait(2, 5)
    assert alert["Subject"] == "Temperature 37.53 °C, limit 37.2 °C (freezer-3)"
    text = alert.get_content()
    for part in ("freezer-3", "37.53 °C", "alert above 37.2 °C, normal at or below 37 °C", "1990-12-12 21:50:00 CET"):
        assert part in text
    assert recovery["Subject"] == "Temperature 36.93 °C, back to normal (freezer-3)"
    assert "110 min before" in recovery.get_content()
    assert "Highest:   37.53 °C" in recovery.get_content()


def test_gaps_and_failures_in_a_trace_change_no_count(node: Rig) -> None:
    rows = ["timestamp,value"]
    for hour in range(400):
        value = f"{25 + 8 * math.sin(hour / 9) + hour % 3:.2f}"
        if 50 <= hour < 80 or hour == 200:
            continue
        rows.append(f"2026-02-{1 + hour // 24:02d} {hour % 24:02d}:00:00,{'NaN' if hour % 17 == 0 else value}")
    rows[150] = rows[150].split(",")[0] + ",failure"
    text = "\n".join(rows) + "\n"
    alerts, recoveries = excursions(text, 31, 2)
    assert alerts >= 5
    rules = [
        {"name": "temperature", "when": "above", "limit": 31, "hysteresis": 2},
        {"name": "sensor", "when": "gone", "readings": 5},
    ]
    node.start(settings(node.server, sensor=TRACE, rules=rules), {"/trace.csv": text.encode()})
    console = node.wait_for("trace finished")
    # One gap is long enough for the rule "gone".
    wanted = alerts + 1, recoveries + 1
    node.wait_for(f"{wanted[0]} alerts, {wanted[1]} recoveries")
    subjects = node.subjects(sum(wanted))
    assert len([s for s in subjects if ", limit " in s]) == alerts
    assert len([s for s in subjects if s.startswith("Sensor gone: ")]) == 1
    assert 'the recording says "failure"' in console


def test_each_mistake_is_told_and_the_board_stays_reachable(node: Rig) -> None:
    config = settings(node.server, interval="often", colour="red")
    config["mail"]["password"] = "x"
    del config["wifi"]
    node.start(config)
    node.wait_for('unknown key "colour"')
    with Board(node.board.port) as board:
        board.enter()
        assert board.eval("1 + 1") == 2
    told = node.board.console.text
    for part in (
        '"interval" is not a number',
        'unknown key "colour"',
        "as the secret mail_password",
        '"wifi" is missing',
    ):
        assert part in told, told
    assert told.count("starts in") <= 2, "it must not restart again and again"


def test_a_missing_secret_is_told(node: Rig) -> None:
    node.start(settings(node.server), secrets={})
    node.wait_for("the secret mail_password (or mail_token) is missing")


def test_wifi_ntp_and_server_may_come_late_and_the_alert_still_goes(node: Rig) -> None:
    node.celsius = 35
    node.board.wifi.refuse()
    node.board.clock.ntp = False
    node.start(settings(node.server))
    node.wait_for("wrong password: umail deploy --secret wifi_password")
    node.wait_for("1 mail waits: Wi-Fi is down")
    node.board.wifi.up()
    node.wait_for("Wi-Fi lab is up")
    node.wait_for("no NTP server answers")
    node.wait_for("1 mail waits: the clock is not set")
    assert node.server.sessions == []
    node.board.clock.ntp = True
    node.wait_for("alert mailed to ops@contoso.com")
    assert node.subjects(1)[0] == "Temperature 35.0 °C, limit 30 °C (freezer-3)"


def test_while_the_wifi_flaps_mails_wait_and_then_all_arrive_once_in_order(node: Rig) -> None:
    node.start(settings(node.server))
    node.wait_for("Wi-Fi lab is up")
    for celsius, said in ((35, "alert mailed to"), (20, "recovery mailed to")):
        node.board.wifi.drop()
        node.wait_for("Wi-Fi lab is lost")
        node.celsius = celsius
        node.wait_for("1 mail waits: Wi-Fi is down")
        node.board.wifi.up()
        node.wait_for(said, 30)
    alert, recovery = node.subjects(2)
    assert alert.startswith("Temperature 35.0 °C, limit 30 °C")
    assert recovery.startswith("Temperature 20.0 °C, back to normal")
    assert len(node.server.inbox) == 2


def test_a_refused_login_is_explained_once_and_then_rests(node: Rig) -> None:
    node.celsius = 35
    node.start(settings(node.server), secrets={"mail_password": "wrong", "wifi_password": WIFI_PASSWORD})
    node.wait_for("alert not mailed, configuration failure at auth: 535 5.7.3 ")
    node.wait_for("A new password: umail deploy --secret mail_password. ")
    assert "1 waiting, next try in 6 h " in node.wait_for("Now ") + node.wait_for(" min.")
    node.celsius = 20
    node.celsius = 35
    node.wait_for("35 °C")
    assert len(node.server.sessions) == 1


def test_a_sensor_that_fails_is_gone_and_its_return_is_told(node: Rig) -> None:
    config = settings(node.server)
    node.start(config)
    node.wait_for("20 °C")
    sensor = node.board.sensors.ds18b20(PIN)
    sensor.gone = True
    node.wait_for("sensor is gone: no DS18B20 answers")
    node.wait_for("alert mailed")
    sensor.gone = False
    node.wait_for("sensor is back: recovery mailed")
    # What a sensor says that has lost its power is not a temperature.
    sensor.power_lost()
    sensor.conversion = 1000
    node.wait_for("the chip was without power (85.0)")
    assert not [subject for subject in node.subjects(2) if "limit" in subject]


def test_a_door_that_opens_between_two_readings_is_noticed_at_once(node: Rig) -> None:
    node.board.pins[13].drive(0)
    sensor = {"type": "contact", "pin": 13}
    rules = [{"name": "door", "when": "open"}]
    node.start(settings(node.server, sensor=sensor, rules=rules, interval=3600))
    node.wait_for(" 0")
    node.board.pins[13].drive(1)
    node.wait_for("door is open: alert mailed", 5)
    node.board.pins[13].drive(0)
    node.wait_for("door is closed: recovery mailed", 5)


def test_a_crash_is_kept_in_the_log_and_the_board_starts_anew(node: Rig) -> None:
    node.celsius = 35
    # Source before bytecode: this takes the place of the module that words mails.
    broken = {
        "/lib/alertnode/texts.py": b"def amount(*_):\n    return 1 / 0\n"
        b"def duration(_):\n    return ''\nlocal = united = word = str\n"
    }
    node.start(settings(node.server), broken)
    node.wait_for("ZeroDivisionError")
    node.wait_for("crashed; restarting in 5 s")
    node.wait_for("starts in")
    with Board(node.board.port) as board:
        board.enter()
        assert "ZeroDivisionError" in board.get("/log.txt").decode()


def test_a_program_that_hangs_is_reset_by_the_watchdog(node: Rig) -> None:
    hang = {
        "/lib/alertnode/texts.py": b"def amount(*_):\n    while True:\n        pass\n"
        b"def duration(_):\n    return ''\nlocal = united = word = str\n"
    }
    node.start(settings(node.server, watchdog=3), hang)
    node.wait_for("started by power-on")
    node.wait_for("started by watchdog")


def test_the_maintenance_flag_keeps_the_firmware_from_starting(node: Rig) -> None:
    node.start(settings(node.server), {"/maintenance": b""})
    node.wait_for("not started, as the file /maintenance is there")
    with Board(node.board.port) as board:
        board.enter()
        board.remove("/maintenance")
    node.board.hard_reset()
    node.wait_for("20 °C")

"""A board on battery wakes for what cannot wait for its next reading: a time that ends, a touch, a pulse."""

from __future__ import annotations

import csv
import re
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from host.firmware.firmware_rig import PIN, Rig, installed, rig, settings

TOUCHED, METER = 14, 27


@pytest.fixture
def node(flash: Path, tmp_path: Path) -> Iterator[Rig]:
    with rig(flash, tmp_path / "board", sleep_speed=400) as made:
        yield made


def _settings(server: Any, rules: list[dict[str, Any]], **sensors: dict[str, Any]) -> dict[str, Any]:
    sensors = {"freezer": {"type": "ds18b20", "pin": PIN}, **sensors}
    config = settings(server, sensors=sensors, rules=rules, battery={"budget": 30}, interval=3600)
    del config["sensor"]
    return config


@contextmanager
def _plain(tmp_path: Path, rules: list[dict[str, Any]], **sensors: dict[str, Any]) -> Iterator[Rig]:
    """A plain ESP32, with its heap, that has what these sensors need and sleeps."""
    kind = "ESP32_GENERIC"
    flash = installed(tmp_path / "flash", kind, config=_settings(SimpleNamespace(port=587), rules, **sensors))
    with rig(flash, tmp_path / "board", kind=kind, sleep_speed=400) as node:
        node.start(_settings(node.server, rules, **sensors))
        node.wait_for("asleep for 59 min", 30)
        yield node


def _apart(text: str, first: str, last: str) -> int:
    """The seconds between two moments that a mail names."""
    moments = [
        time.mktime(time.strptime(found[1], "%Y-%m-%d %H:%M:%S"))
        for name in (first, last)
        if (found := re.search(rf"{name}: +(\S+ \S+)", text))
    ]
    return round(moments[1] - moments[0])


@pytest.mark.long
def test_an_alert_that_must_last_ten_minutes_comes_after_ten_minutes_of_an_hours_sleep(node: Rig) -> None:
    node.celsius = 35
    rule = {"name": "freezer", "when": "above", "limit": 30, "hysteresis": 1, "for": 600}
    then = {"after": 20, "to": ["boss@contoso.com"]}
    node.start(_settings(node.server, [{**rule, "of": "freezer", "then": then}]))
    node.wait_for("asleep for 10 min")
    node.wait_for("freezer 35 °C is above 30 °C: alert mailed to ops@contoso.com")
    # So does the second step, which is told twenty minutes after the first reading.
    node.wait_for("asleep for 9 min")
    node.wait_for("mailed to boss@contoso.com")
    node.wait_for("asleep for 59 min")
    alert, second = node.server.inbox.wait(2, 10)
    assert 600 <= _apart(alert.get_content(), "Since", "Measured") <= 640
    assert 1200 <= _apart(second.get_content(), "Since", "Measured") <= 1260
    # What is over by then is not told, and the next reading is an hour later again.
    node.celsius = 20
    node.wait_for("recovery mailed")
    node.celsius = 35
    node.wait_for("asleep for 10 min", 30)
    node.celsius = 20
    node.wait_for("asleep for 59 min", 30)
    assert len(node.server.inbox) == 3


def test_a_touch_wakes_the_board_which_looks_until_the_finger_has_left(tmp_path: Path, micropython: str) -> None:
    pad = {"type": "touch", "pin": TOUCHED, "threshold": 400, "wake": True}
    with _plain(tmp_path, [{"name": "help", "of": "pad", "when": "closed"}], pad=pad) as node:
        node.board.pins[TOUCHED].touched = True
        node.wait_for(f"woken by a touch at pin {TOUCHED}", 30)
        node.wait_for("help is closed: alert mailed to ops@contoso.com", 30)
        node.wait_for("asleep for 2 s")
        node.wait_for("asleep for 2 s")
        node.board.pins[TOUCHED].touched = False
        node.wait_for("help is open: recovery mailed", 30)
        # The next reading of all stays where it was.
        node.wait_for("asleep for 5", 30)
        mails = node.server.inbox.wait(2, 10)
        assert [mail["Subject"] for mail in mails] == ["Help closed (freezer-3)", "Help open (freezer-3)"]
        assert f", woken by a touch at pin {TOUCHED}, up for " in mails[0].get_content()
        assert "woken" not in mails[1].get_content()


def test_each_pulse_in_the_sleep_is_counted_and_the_count_outlives_it(tmp_path: Path, micropython: str) -> None:
    rain = {"type": "pulse", "pin": METER, "wake": True}
    with _plain(tmp_path, [{"name": "rain", "of": "rain.total", "when": "above", "limit": 2}], rain=rain) as node:
        meter = node.board.pins[METER]
        for count in (1, 2, 3):
            # (So long that the board sleeps before it is over.)
            meter.pulse(1, seconds=0.6)
            node.wait_for(f"rain.total {count}", 30)
            node.wait_for("asleep for", 30)
        (mail,) = node.server.inbox.wait(1, 20)
        assert mail["Subject"] == "Rain 3, limit 2 (freezer-3)"
        assert f", woken by the contact at pin {METER}, up for " in mail.get_content()
        # One that stays closed is one pulse, and wakes the board once more as it opens.
        meter.drive(0)
        node.wait_for("rain.total 4", 30)
        node.wait_for("asleep for", 30)
        meter.drive(1)
        # Then the hour is over, and the rate is that of it.
        rate = re.search(
            r"freezer 20 °C, rain.total 4, rain.rate ([\d.]+) /min", node.wait_for("asleep for 59 min", 60)
        )
        assert rate is not None
        assert 0.05 <= float(rate[1]) <= 0.09


def test_a_day_on_battery_ends_in_a_summary_of_all_its_wakes(flash: Path, tmp_path: Path) -> None:
    with rig(flash, tmp_path / "board", sleep_speed=40000) as node:
        at = time.strftime("%H:%M", time.gmtime(time.time() - 90))
        config = settings(
            node.server, battery={"budget": 30}, interval=3600, summary={"at": at, "spread": 0}, rules=[
                {"name": "freezer", "when": "above", "limit": 40}
            ]
        )  # fmt: skip
        config["clock"]["zone"] = "UTC0"
        node.celsius = 21.5
        node.start(config)
        for hour in range(30):
            text = node.wait_for("asleep for", 30)
            if "summary mailed to ops@contoso.com" in text:
                break
            node.celsius = 20 + hour % 7 / 2
        (mail,) = node.server.inbox.wait(1, 10)
        console = node.board.console.text.partition("Summary")[0]
    read = [float(found) for found in re.findall(r"\d\d:\d\d ([\d.]+) °C", console)]
    assert 23 <= len(read) <= 27, read
    found = {part.get_filename() or part.get_content_type(): part for part in mail.walk() if not part.is_multipart()}
    text = found["text/plain"].get_content().replace("\r\n", "\n")
    mean = re.search(r"Mean: +([\d.]+) °C", text)
    assert f"Lowest:    {min(read):g} °C\n" in text
    assert f"Highest:   {max(read):g} °C\nReadings:  {len(read)}\n" in text
    assert mean is not None
    assert float(mean[1]) == pytest.approx(statistics.mean(read), abs=0.006)
    rows = list(csv.reader(StringIO(found["freezer-3-minutes.csv"].get_content(), newline="")))
    assert [float(row[-1]) for row in rows[1:] if row[-1]] == read
    (picture,) = [part for name, part in found.items() if name.endswith(".png")]
    assert picture.get_content()[:8] == b"\x89PNG\r\n\x1a\n"

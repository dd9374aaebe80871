"""The demo, as a user runs it: `umail demo`, with its own recording and with one of the user's."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

import planted

UMAIL = Path(sys.executable).parent / "umail"


# The same command, whose passwords are made so that the search for planted secrets knows them.
PLANTED = f"""
import sys
sys.path.append({str(Path(planted.__file__).parent)!r})
import planted, secrets, umail_host.cli
secrets.token_urlsafe = lambda size: planted.MARK
umail_host.cli.main()
"""


def demo(*arguments: str, command: Sequence[str | Path] = (UMAIL,)) -> subprocess.CompletedProcess[str]:
    whole = [*command, "demo", *arguments]
    return subprocess.run(whole, capture_output=True, text=True, check=False, timeout=100)


def test_the_demo_shows_console_dialogue_and_mail_and_ends_by_itself(micropython):
    begun = time.monotonic()
    done = demo()
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    assert time.monotonic() - begun < 60
    shown = done.stdout
    for part in (
        "deployed with mpremote",
        "board │ ",
        "clear → STARTTLS",
        "TLS   → AUTH LOGIN [masked]",
        "Subject: Temperature 37.53 °C, limit 37.2 °C (demo-board)",
        "back to normal",
        "in 6 round trips",
        "trace finished: 114 readings, 1 alert, 1 recovery",
        "1 alert and 1 recovery arrived",
    ):
        assert part in shown, part
    assert shown.index("EHLO") < shown.index("STARTTLS") < shown.index("AUTH LOGIN") < shown.index("MAIL FROM")


@pytest.mark.parametrize(
    ("board", "network"), [("RPI_PICO_W", "Wi-Fi demo is up"), ("OLIMEX_ESP32_POE", "Ethernet is up")]
)
def test_the_demo_runs_on_another_board_by_the_network_that_it_has(micropython, board, network):
    done = demo("--board", board)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    assert network in done.stdout
    assert "1 alert and 1 recovery arrived" in done.stdout


def test_a_recording_of_ones_own_with_gaps_and_failures_gives_the_mails_it_must(micropython, tmp_path):
    rows = ["timestamp,value"]
    for hour in range(600):
        if 100 <= hour < 130:
            continue
        value = 20 + 8 * math.sin(hour / 12) + (hour * 7919 % 11) / 10
        text = {0: "NaN", 1: "", 2: "error"}.get(hour % 97, f"{value:.2f}")
        rows.append(f"2026-03-{1 + hour // 24:02d} {hour % 24:02d}:00:00,{text}" if hour < 744 else "")
    trace = tmp_path / "room.csv"
    trace.write_text("\n".join(rows) + "\n")
    arguments = ("--trace", str(trace), "--limit", "26", "--hysteresis", "1", "--unit", "°F", "--name", "attic")
    done = demo(*arguments, command=(sys.executable, "-c", PLANTED))
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert "On attic, temperature" in done.stdout
    assert "[masked]" in done.stdout
    assert not planted.found(done.stdout + done.stderr)
    assert "°F" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "content", "sentence"),
    [
        (["--limit", "3"], None, "can't be read"),
        (["--limit", "3"], "hello\nworld\n", "timestamp,value"),
        (["--limit", "3"], "", "timestamp,value"),
        ([], "timestamp,value\n2026-01-01 00:00:00,1\n", "--limit 30"),
        (["--limit", "3"], "time,value\n11/24/2026 12:00,1\n", "its last line is '11/24/2026 12:00,1'"),
        (
            ["--limit", "3"],
            "t,v\n2026-01-02,1\n2026-01-01,9\n",
            "goes back from 2026-01-02 00:00 UTC to 2026-01-01 00:00",
        ),
        (["--limit", "3"], "Zeit;hPa\n24.11.2026;1.013\n25.11.2026;1013,2\n", "without a point between thousands"),
        (
            ["--limit", "3"],
            "time,value\n2026-01-31,1\n2026-02-31,2\n",
            "line 3, begins with '2026-02-31,2', which is not a",
        ),
        (
            ["--limit", "3"],
            "time,id,field1\n2026-01-01,1,2\n",
            "say which has the values by its name: it has time, id, field1; give it by --column NAME (make demo: ARGS=",
        ),
        (
            ["--limit", "3", "--column", "x"],
            "time,id,field1\n2026-01-01,1,2\n",
            'no single column "x"; its columns are time, id, field1',
        ),
        (["--limit", "3"], "t,v\n2026-01-01,.\n", 'has no numeric value; in its first row, the recording says "."'),
        (["--limit", "3"], "time,value\n2026-01-01,1\n".encode("utf-16"), "is text in UTF-16: save it as UTF-8"),
        (["--limit", "3"], "Zeit,Küche\n2026-01-01,1\n".encode("cp1252"), "is not text in UTF-8, line 1 has another"),
    ],
)
def test_a_mistake_is_one_sentence_and_no_traceback(tmp_path, umail, arguments, content, sentence):
    trace = tmp_path / "trace.csv"
    if content is not None:
        trace.write_bytes(content if isinstance(content, bytes) else content.encode())
    done = umail("demo", "--trace", str(trace), *arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr + done.stdout


def test_a_limit_that_is_passed_twice_within_a_quarter_of_an_hour_is_told_and_no_traceback(micropython, tmp_path):
    values = [20] * 10 + [30] * 2 + [20] * 2 + [30] * 2 + [20] * 4
    rows = [f"{1795521600000 + 60_000 * minute};{value},5" for minute, value in enumerate(values)]
    trace = tmp_path / "twice.csv"
    trace.write_text("\ufeffZeit;Temperatur\n" + "\n".join(rows) + "\n")
    done = demo("--trace", str(trace), "--limit", "25")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert "temperature 30.5 °C is above 25 °C" in done.stdout
    assert "the recording has 2 alerts and 2 recoveries, of which 2 were held back with others" in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("verb", "seen", "status"), [("demo", "board │", 143), ("serve", "Ctrl-C ends", 0), ("board", "Ctrl-C ends", 0)]
)
def test_a_script_ends_it_at_once_and_nothing_is_left(micropython, tmp_path, verb, seen, status):
    command = [sys.executable, "-m", "umail_host.cli", verb]
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as run:
        printed = ""
        while seen not in printed:
            line = run.stdout.readline()
            assert line, printed
            printed += line
        run.send_signal(signal.SIGTERM)
        printed += run.communicate(timeout=20)[0]
    assert run.returncode == status, printed
    assert "Traceback" not in printed
    assert list(tmp_path.iterdir()) == []


def test_a_column_of_an_export_is_named(micropython, tmp_path):
    trace = tmp_path / "feeds.csv"
    rows = [f"2026-01-01 0{hour}:00:00 +00:00,{hour},{value}" for hour, value in enumerate((20, 30, 20))]
    trace.write_text("\n".join(["created_at,entry_id,field1", *rows]).replace(" +", "+") + "\n")
    done = demo("--trace", str(trace), "--limit", "25", "--column", "field1")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert "temperature 30 °C is above 25 °C" in done.stdout
    assert "1 alert and 1 recovery arrived" in done.stdout


@pytest.mark.long
def test_three_sensors_go_wrong_in_turn_and_each_mail_comes_once(micropython):
    done = demo("--sensors")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    assert "three sensors went wrong in turn: 8 mails were due, 8 arrived, each once" in done.stdout
    for subject in ("freezer warm -9 °C is above -15 °C", "door is open for 2 s", "climate sensor is gone"):
        assert subject in done.stdout
    done = demo("--sensors", "--web")
    assert done.returncode == 2
    assert "leave --web, --trace and --board out" in done.stderr

"""The demo, as a user runs it: `umail demo`, with its own recording and with one of the user's."""

from __future__ import annotations

import math
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
        "Subject: demo-board: temperature 37.53 °C is above 37.2 °C at 1990-12-12 21:50:00 UTC",
        "back to normal",
        "in 6 round trips",
        "trace finished: 114 readings, 1 alerts, 1 recoveries",
        "1 alerts and 1 recoveries arrived",
    ):
        assert part in shown, part
    assert shown.index("EHLO") < shown.index("STARTTLS") < shown.index("AUTH LOGIN") < shown.index("MAIL FROM")


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
    assert "attic: temperature" in done.stdout
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
    ],
)
def test_a_mistake_is_one_sentence_and_no_traceback(tmp_path, arguments, content, sentence):
    trace = tmp_path / "trace.csv"
    if content is not None:
        trace.write_text(content)
    done = demo("--trace", str(trace), *arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr + done.stdout

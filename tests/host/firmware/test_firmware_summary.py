"""A summary on a virtual board: due while the board was off, it comes at the start, with its pictures and readings."""

from __future__ import annotations

import csv
import json
import time
from binascii import crc32
from collections.abc import Iterator
from email.message import EmailMessage
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from alertnode.history import History
from host.firmware.firmware_rig import PIN, Rig, rig, settings

SENSORS = {"freezer": {"type": "ds18b20", "pin": PIN}, "room": {"type": "ds18b20", "pin": 5}}
RULES = [{"name": "freezer warm", "of": "freezer", "when": "above", "limit": 30, "hysteresis": 1}]
HOUR = 3600


@pytest.fixture
def node(flash: Path, tmp_path: Path) -> Iterator[Rig]:
    with rig(flash, tmp_path / "board") as made:
        made.board.sensors.ds18b20(5).conversion = 0.01
        yield made


def kept(folder: Path, until: int, hours: int, more: tuple[str, ...] = ()) -> dict[str, bytes]:
    """The files of a board that has read two values, and ``more``, for so many hours, until that Unix second."""
    history = History(["freezer", "room", *more], str(folder))
    for minute in range(until // 60 - hours * 60, until // 60):
        history.turn(minute * 60)
        history.add("freezer", minute * 60, 20 + minute % 60 / 10)
        for name in ("room", *more):
            history.add(name, minute * 60, -1.5)
    history.flush()
    files = {f"/history/{path.name}": path.read_bytes() for path in folder.iterdir()}
    values = {name: [hours * 60, -1.5, -1.5, -1.5, 0] for name in ("room", *more)}
    values["freezer"] = [hours * 60, 20, 25.9, 22.95, 120]
    day = {"version": 1, "since": until - hours * HOUR, "values": values, "counts": [1, 1, 2], "outside": {}}
    octets = json.dumps(day).encode()
    return files | {"/day.json": octets + b"\n%08x" % crc32(octets)}


def parts(mail: EmailMessage) -> dict[str, EmailMessage]:
    return {part.get_filename() or part.get_content_type(): part for part in mail.walk() if not part.is_multipart()}


def started(
    node: Rig, tmp_path: Path, summary: Any, hours: int = 20, more: tuple[str, ...] = (), **changes: Any
) -> list[EmailMessage]:
    until = int(time.time()) // 60 * 60
    # An hour of the day that has just been, whatever the zone.
    config = settings(node.server, **{"sensors": SENSORS, "rules": RULES, "interval": 1, "summary": summary} | changes)
    config["clock"]["zone"] = "UTC0"
    del config["sensor"]
    node.start(config, kept(tmp_path / "history", until, hours, more))
    node.wait_for("summary mailed to ops@contoso.com", 30)
    return list(node.server.inbox.wait(1, 10))


def test_a_summary_that_was_due_while_the_board_was_off_comes_at_its_start_with_all_of_it(
    node: Rig, tmp_path: Path
) -> None:
    at = time.strftime("%H:%M", time.gmtime(time.time() - 120))
    (mail,) = started(node, tmp_path, {"at": at, "spread": 0})
    assert mail["Subject"].startswith("Summary 20"), mail["Subject"]
    assert "freezer 20 to 25.9 °C, room -1.5 °C, 1 alert (freezer-3)" in mail["Subject"]
    found = parts(mail)
    assert set(found) == {"text/plain", "text/html", "freezer.png", "room.png", "freezer-3-minutes.csv"}
    text = found["text/plain"].get_content().replace("\r\n", "\n")
    assert "freezer\nLowest:    20 °C\nMean:      22.95 °C\nHighest:   25.9 °C\n" in text
    assert "Outside:   2 min beyond the limits" in text
    html = found["text/html"].get_content()
    for name in ("freezer.png", "room.png"):
        cid = str(found[name]["Content-ID"]).strip("<>")
        assert f"cid:{cid}" in html
        assert found[name].get_content()[:8] == b"\x89PNG\r\n\x1a\n"
    rows = list(csv.DictReader(StringIO(found["freezer-3-minutes.csv"].get_content(), newline="")))
    assert len(rows) > 19 * 60
    assert {row["room"] for row in rows} == {"-1.5"}
    assert {row["freezer"] for row in rows} == {f"{20 + i / 10:g}" for i in range(60)}
    # It is counted anew from here, and nothing comes twice.
    assert len(node.server.inbox) == 1


def test_a_week_comes_by_the_quarter_of_an_hour(node: Rig, tmp_path: Path) -> None:
    when = time.gmtime(time.time() - 120)
    summary = {
        "at": time.strftime("%H:%M", when),
        "every": "week",
        "on": time.strftime("%A", when).lower(),
        "spread": 0,
    }
    (mail,) = started(node, tmp_path, summary, hours=170)
    rows = list(csv.DictReader(StringIO(parts(mail)["freezer-3-quarters.csv"].get_content(), newline="")))
    assert len(rows) > 160 * 4
    assert {(row["freezer minimum"], row["freezer maximum"]) for row in rows[1:-1]} == {
        ("20", "21.4"),
        ("21.5", "22.9"),
        ("23", "24.4"),
        ("24.5", "25.9"),
    }

"""What the host says that a configuration takes of a board's heap is what it takes on the virtual board."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import pytest

from host.firmware import heap_rig
from host.firmware.test_firmware_outputs import OUTPUTS
from host.firmware.test_firmware_sensors import RULES, SENSORS
from host.firmware.test_firmware_summary import RULES as ONE_RULE
from host.firmware.test_firmware_summary import SENSORS as TWO
from umail_host.configuration import memory
from umail_host.device import boards

TWO_SENSORS: dict[str, Any] = {"sensors": TWO, "rules": ONE_RULE}
THREE: dict[str, Any] = {"sensors": SENSORS, "rules": RULES}
UPDATE: dict[str, Any] = {"update": {"url": "http://127.0.0.1:9"}}
ALL = THREE | UPDATE | {"summary": "07:00", "outputs": OUTPUTS, "language": "de"}
SETS: dict[str, dict[str, Any]] = {
    "two sensors with a summary": TWO_SENSORS | {"summary": "07:00"},
    "plain": {},
    "three sensors": THREE,
    "outputs": {"outputs": OUTPUTS},
    "in German": {"language": "de"},
    "updates": UPDATE,
    "a heartbeat at an hour": {"heartbeat": {"at": "06:30"}},
    "debug": {"debug": True},
    "all": ALL,
}
# UMAIL_MEMORY=all measures each; a run takes about 20 s.
MEASURED = list(SETS)[: None if os.environ.get("UMAIL_MEMORY") == "all" else 1]


@pytest.mark.parametrize("name", MEASURED)
def test_the_table_is_within_three_per_cent_of_what_is_measured(name: str, tmp_path: Path) -> None:
    changes = SETS[name]
    told = sum(memory.parts({"sensor": {"type": "ds18b20"}} | changes).values())
    used = heap_rig.used(tmp_path, **changes)
    assert abs(used - told) < 0.03 * used, f"measured {used:,}, the table says {told:,}"


@pytest.mark.parametrize(
    ("changes", "kind", "short"),
    [
        ({}, "ESP32_GENERIC", False),
        (SETS["two sensors with a summary"], "ESP32_GENERIC", False),
        (THREE | {"outputs": OUTPUTS, "language": "de"}, "ESP32_GENERIC", False),
        (THREE | {"summary": "07:00"}, "ESP32_GENERIC", False),
        (ALL, "ESP32_GENERIC", True),
        (ALL, "ESP32_GENERIC_C3", False),
        (ALL, "SEEED_XIAO_ESP32S3", False),
        ({}, "ESP32_GENERIC_S2", True),
        (ALL | {"battery": {"budget": 30}}, "ESP32_GENERIC", False),
    ],
)
def test_a_note_says_what_takes_how_much_if_a_board_has_not_the_room(
    changes: dict[str, Any], kind: str, short: bool
) -> None:
    found = memory.notes({"rules": []} | changes, boards.load(kind))
    assert len(found) == short
    for note in found:
        assert "the node itself 8" in note
        assert note.startswith(f"{kind} may run out of memory while it mails")
        assert "SEEED_XIAO_ESP32S3" in note
        assert ('"summary" 1' in note) == ("summary" in changes)


@pytest.mark.parametrize("less", range(0, 40_000, 4_000))
def test_a_note_names_what_makes_room_if_it_is_left_out(less: int) -> None:
    plain = boards.load("ESP32_GENERIC")
    board = dataclasses.replace(plain, grown=plain.grown - less)
    changes = {"rules": []} | ALL | {"debug": True}
    (note,) = memory.notes(changes, board)
    named = note.partition("leave ")[2].partition(" out, run")[0]
    names = ("summary", "outputs", "update", "debug", "language")
    enough = {name for name in names if memory.notes(changes | {name: None}, board) == []}
    if enough:
        assert {one.strip('"') for one in named.split(" or ")} - {"further sensors"} == enough
    elif named:
        # None alone would do: all that it names do together.
        left = {one.strip('"'): None for one in named.split(" and ")}
        if "further sensors" in left:
            left["sensors"] = None
        assert len(left) > 1
        assert memory.notes(changes | left, board) == []


def test_a_note_names_nothing_to_leave_out_if_that_would_not_do() -> None:
    (note,) = memory.notes({"rules": [], "debug": True}, boards.load("ESP32_GENERIC_S2"))
    assert "leave" not in note

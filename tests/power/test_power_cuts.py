"""Power cuts while mails are put and sent, on real file systems; ``make power`` tries every step, this some of them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest


def _load(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"power_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


run, kills, endurance_wire = _load("run"), _load("kills"), _load("endurance_wire")
FAULTS = ("no_mark", "removed_too_early", "state_in_place", "put_in_ram", "narrowed_by_rewriting")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library, compiled."""
    return run.compiled(tmp_path_factory.mktemp("power") / "lib")


@pytest.mark.long
def test_on_littlefs_nothing_is_lost_sent_twice_damaged_or_left_behind(micropython: str, library: Path) -> None:
    counts = run.both_halves(micropython, library, "lfs2", 17)
    assert counts.pop("tried") > 300
    assert not any(counts.values()), counts


def test_on_fat_nothing_is_sent_damaged_or_twice_and_nothing_is_lost_unless_a_sector_is_torn(
    micropython: str, library: Path
) -> None:
    counts = run.both_halves(micropython, library, "fat", 17)
    assert counts.pop("tried") > 150
    assert counts.pop("lost_torn") < 60
    assert not any(counts.values()), counts


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_somebody_might_write_is_found(micropython: str, library: Path, fault: str) -> None:
    counts = run.cut(micropython, library, "lfs2", 29, 1, fault)
    assert counts["lost"] + counts["lost_torn"] + counts["duplicated"] + counts["damaged"] > 0


def test_half_a_rename_on_fat_is_found_if_somebody_forgets_it(micropython: str, library: Path) -> None:
    assert run.cut(micropython, library, "fat", 7, 1, "half_a_rename_is_lost")["forgotten"] > 0


def test_many_alerts_leave_heap_and_flash_as_they_were_and_wear_it_evenly(micropython: str, library: Path) -> None:
    figures = run.endure(micropython, library, 800)
    assert figures["heap"][1] <= figures["heap"][0] + 2000
    assert figures["free"][1] == figures["free"][0]
    assert figures["erased_per_alert"] < 4
    assert figures["wear"] < 3


def test_a_board_killed_at_random_while_it_sends_loses_nothing_and_repeats_only_by_message_id(
    micropython: str, tmp_path: Path
) -> None:
    found = kills.run(tmp_path, lives=12, seed=3, alerts=20)
    assert found["lost"] == 0, found
    assert found["numbers"] == 20, found
    assert found["again"] <= 12, found


def test_hundreds_of_alerts_over_tls_leave_heap_descriptors_and_files_as_they_were(
    micropython: str, library: Path
) -> None:
    found = endurance_wire.run(micropython, library, 300)
    first, last = found["seen"]
    assert (found["arrived"], found["pending"]) == (300, 0)
    assert last[0] < first[0] + 4000, found
    assert last[1:] == first[1:], found

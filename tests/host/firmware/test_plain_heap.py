"""What people set up fits the heap of an ESP32 without more memory (PSRAM), in this computer's 64-bit words."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from host.firmware import heap_rig
from host.firmware import test_firmware_summary as summaries
from host.firmware.firmware_rig import Rig, installed, rig, settings
from host.firmware.test_firmware_outputs import OUTPUTS
from host.firmware.test_firmware_sensors import RULES, SENSORS

KIND = "ESP32_GENERIC"
SETS: dict[str, dict[str, Any]] = {
    "three sensors with a summary": {"sensors": SENSORS, "rules": RULES, "summary": {"at": "07:00", "spread": 0}},
    "three sensors with outputs, in German": {"sensors": SENSORS, "rules": RULES, "outputs": OUTPUTS, "language": "de"},
}


def config(changes: dict[str, Any], port: int = 587) -> dict[str, Any]:
    made = settings(SimpleNamespace(port=port), interval=1, **changes)
    del made["sensor"]
    return made


@pytest.fixture
def node(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Rig]:
    flash = installed(tmp_path / "flash", KIND, config=config(request.param))
    with rig(flash, tmp_path / "board", kind=KIND) as made:
        made.board.sensors.ds18b20(5).conversion = 0.01
        made.board.sensors.dht(15).interval = 0
        made.board.pins[0].drive(1)
        yield made


@pytest.mark.parametrize("node", SETS.values(), ids=SETS, indirect=True)
def test_an_alert_and_its_recovery_are_mailed_and_memory_is_never_short(
    node: Rig, request: pytest.FixtureRequest
) -> None:
    node.celsius = 35
    node.start(config(request.node.callspec.params["node"], node.server.port))
    node.subjects(1, 40)
    node.celsius = 20
    node.subjects(2, 40)
    assert "emory" not in node.board.console.text


THREE: dict[str, Any] = {"sensors": SENSORS, "rules": RULES}


@pytest.mark.parametrize("time_of_three", [1, 2, 3])
@pytest.mark.parametrize("node", [THREE | {"summary": "07:00"}], indirect=True, ids=["three sensors"])
def test_a_summary_with_its_pictures_is_mailed_beside_an_alert_and_memory_is_never_short(
    node: Rig, tmp_path: Path, time_of_three: int
) -> None:
    just_now = time.strftime("%H:%M", time.gmtime(time.time() - 120))
    node.celsius = 35
    alert, mail = summaries.started(node, tmp_path, {"at": just_now, "spread": 0}, 20, heap_rig.CLIMATE, **THREE)
    assert "freezer 20 to 25.9 °C" in mail["Subject"]
    files = {"freezer", "room", *heap_rig.CLIMATE}
    assert {name for name in summaries.parts(mail) if "/" not in name} == {
        "freezer-3-minutes.csv",
        *(f"{name}.png" for name in files),
    }
    node.celsius = 20
    assert node.subjects(3, 40)[2].startswith("Freezer warm 20.0 °C, back to normal")
    assert alert["Subject"].startswith("Freezer warm 35.0 °C")
    assert "emory" not in node.board.console.text

"""Each virtual board sends the same mails: subjects, texts and the seconds in them, for a recording and a month.

A sample in `make test`, every board by `make same` (with a recording of your own: `make same TRACE=file.csv LIMIT=78`).
"""

from __future__ import annotations

import os
import random
import re
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from host.firmware.firmware_rig import installed, rig, settings
from umail_host import paths
from umail_host.device import boards

ALL = os.environ.get("UMAIL_SAME") == "all"
OWN = os.environ.get("UMAIL_SAME_TRACE", "")
SAMPLE = ("RPI_PICO_W", "RPI_PICO2_W")
FIRST = "virtual"
OTHERS = [name for name in boards.names() if name != FIRST and (ALL or name in SAMPLE)]
HALF_AN_HOUR = 1800
# Without PSRAM an ESP32-S2 has no room for the alert node in its heap: it runs from a ROMFS (docs/deploying.md).
ROMFS = {"ESP32_GENERIC_S2": 0x60000}


def month() -> bytes:
    """A month of a cold room, every half hour: days, drifts over the limit and back, gaps, a sensor that is gone."""
    chance = random.Random(11)
    rows, at, warm = ["timestamp,value"], 1_790_000_003, 0
    for _ in range(30 * 48):
        at += HALF_AN_HOUR * (chance.randrange(3, 9) if chance.randrange(150) == 0 else 1)
        warm = max(0, warm - 1) or (chance.randrange(4, 20) if chance.randrange(60) == 0 else 0)
        tenths = 55 + abs(24 - at // HALF_AN_HOUR % 48) + chance.randrange(-3, 4) + 30 * (warm > 0)
        stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at))
        rows.append(f"{stamp},{'' if chance.randrange(100) == 0 else f'{tenths // 10}.{tenths % 10}'}")
    return "\n".join(rows).encode() + b"\n"


TRACES = {
    "demo": ((paths.firmware() / "traces" / "beaver1.csv").read_bytes(), 37.2, 0.2),
    "month": (month() if ALL else b"\n".join(month().splitlines()[:600]) + b"\n", 7.9, 0.1),
}
if OWN:
    TRACES["own"] = (Path(OWN).read_bytes(), float(os.environ["UMAIL_SAME_LIMIT"]), 1.0)


def configured(kind: str, name: str, server: Any) -> dict[str, Any]:
    """Return the configuration of a board of that kind for the trace ``name``."""
    _, limit, hysteresis = TRACES[name]
    spec = boards.load(kind)
    config = settings(
        server,
        sensor={"type": "trace", "path": "/trace.csv", "unit": "°C"},
        rules=[{"name": "temperature", "when": "above", "limit": limit, "hysteresis": hysteresis}],
        clock={"ntp": "time.example", "zone": "CET-1CEST,M3.5.0,M10.5.0/3"},
        heartbeat=0,
        watchdog=120,  # this computer may be busy
        **({"ethernet": dict(spec.wired)} if spec.cable else {}),
    )
    if spec.cable:
        del config["wifi"]
    return config


def prepared(folder: Path, kind: str) -> Path:
    """Make the flash of such a board: what a trace needs, as `umail deploy` leaves it; all drivers are too much."""
    return installed(folder, kind, ROMFS.get(kind, 0), configured(kind, "demo", SimpleNamespace(port=587)))


@pytest.fixture(scope="module")
def mails(tmp_path_factory: pytest.TempPathFactory, micropython: str) -> dict[str, list[tuple[str, str]]]:
    """What the first board mails for each trace."""
    flash = prepared(tmp_path_factory.mktemp("same") / "flash", FIRST)
    return {name: mailed(flash, tmp_path_factory.mktemp(name), FIRST, name) for name in TRACES}


def mailed(flash: Path, folder: Path, kind: str, name: str) -> list[tuple[str, str]]:
    """Return subject and text of each mail that a board of that kind sends for the trace ``name``, in order."""
    with rig(flash, folder / "board", kind=kind, romfs=ROMFS.get(kind, 0)) as node:
        node.start(configured(kind, name, node.server), {"/trace.csv": TRACES[name][0]})
        printed = node.wait_for("trace finished", 280)
        assert "crashed" not in printed
        assert "watchdog" not in printed
        found = [(str(mail["Subject"]), str(mail.get_content())) for mail in node.server.inbox]
    # Which board it is, and how long this computer took for it.
    return [(subject, re.sub(r"(?m)^Board: .*", "", text)) for subject, text in found]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", OTHERS)
def test_each_board_sends_the_same_mails_to_the_second(
    kind: str, mails: dict[str, list[tuple[str, str]]], tmp_path: Path
) -> None:
    flash = prepared(tmp_path / "flash", kind)
    for name, expected in mails.items():
        assert len(expected) >= (2 if name == "demo" else 6)
        assert mailed(flash, tmp_path / name, kind, name) == expected

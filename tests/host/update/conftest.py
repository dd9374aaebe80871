"""What the tests of updates share: a publisher, and a board that takes what it publishes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from host.firmware.firmware_rig import PASSWORD, Rig, rig
from host.update.update_rig import BOARD, Publisher, installed, publishing_for


@pytest.fixture
def publisher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    monkeypatch.setenv("UMAIL_FLEET_KEYS", str(tmp_path / "keys.json"))
    with publishing_for(BOARD, tmp_path / "published") as made:
        yield made


@pytest.fixture(scope="module")
def flash(tmp_path_factory: pytest.TempPathFactory, micropython: str) -> Path:
    """A board with all that takes updates, and no configuration."""
    return installed(tmp_path_factory.mktemp("update") / "flash")


@pytest.fixture
def node(flash: Path, tmp_path: Path) -> Iterator[Rig]:
    with rig(flash, tmp_path / "board") as made:
        yield made
        assert PASSWORD not in made.board.console.text

"""Fixtures for tests of the host tools."""

from __future__ import annotations

from pathlib import Path

import pytest

from host.firmware.firmware_rig import installed
from made_once import made_once


@pytest.fixture(scope="session")
def flash(tmp_path_factory: pytest.TempPathFactory, micropython: str) -> Path:
    """The flash of a board that holds library and firmware, and no configuration; to be copied."""
    return made_once(tmp_path_factory, "flash", installed)

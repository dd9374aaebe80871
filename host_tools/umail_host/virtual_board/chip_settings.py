"""What a chip of the virtual board is made with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """What does not change in a board's life."""

    executable: Path
    heap_bytes: int
    machine: str
    platform: str
    chip: str
    network: tuple[bool, str]
    watchdog_limit: int
    deepsleep_limit: int
    pin_names: tuple[str, ...]
    first_ticks: int
    unique_id: bytes
    sleep_speed: float

    @property
    def names(self) -> tuple[str, str, str]:
        """What it calls itself, MicroPython's port, and its chip."""
        return self.machine, self.platform, self.chip

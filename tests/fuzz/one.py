"""Runs one entry of any target on CPython, with all that watches it, and tells what a failure comes from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fuzz import messages, targets
from fuzz.judge import Judge
from fuzz.world import World

Note = Callable[[bytes], Any]
TARGETS: dict[str, Callable[[bytes, Note], None]] = {
    **targets.TARGETS,
    "dialogue": lambda data, note: targets.dialogue(data, note, Judge()),
    "messages": messages.messages,
}


def silent(line: bytes) -> None:
    """A note that nobody reads."""


def run(world: World, target: str, entry: bytes, note: Note = silent) -> None:
    """Run ``entry``; what is raised is a defect."""
    world.restart()
    TARGETS[target](entry, note)

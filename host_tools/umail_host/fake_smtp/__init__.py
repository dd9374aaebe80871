"""A fake mail server that behaves as Microsoft 365 and others do, byte for byte visible, with faults on demand."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from umail_host.fake_smtp.core.session import Session
    from umail_host.fake_smtp.record.inbox import Delivery, Inbox
    from umail_host.fake_smtp.record.transcript import Entry, RawCapture, Transcript
    from umail_host.fake_smtp.server.clock import Clock, ManualClock
    from umail_host.fake_smtp.server.server import FakeServer

__all__ = ["Clock", "Delivery", "Entry", "FakeServer", "Inbox", "ManualClock", "RawCapture", "Session", "Transcript"]

_MODULES = {
    "core.session": ("Session",),
    "record.inbox": ("Delivery", "Inbox"),
    "record.transcript": ("Entry", "RawCapture", "Transcript"),
    "server.clock": ("Clock", "ManualClock"),
    "server.server": ("FakeServer",),
}


def __getattr__(name: str) -> object:
    # Loaded when it is asked for: pytest loads this package for every run, and most have no server.
    for module, names in _MODULES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

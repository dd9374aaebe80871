"""Keeps the heap in one piece, and lets go of what is not needed again; a wake of a board on battery needs neither."""

import gc
import sys


def make_room():
    """Collect, and collect often from now on: so the heap stays in one piece, and a handshake wants large ones."""
    gc.collect()
    gc.threshold(8192)  # type: ignore[attr-defined]


def unload(*names):
    """Let go of the modules ``names`` of this package, and of their memory."""
    for name in names:
        package, _, leaf = ("alertnode." + name).rpartition(".")
        sys.modules.pop(package + "." + leaf, None)
        if hasattr(sys.modules.get(package), leaf):
            delattr(sys.modules[package], leaf)
    gc.collect()

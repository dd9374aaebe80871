"""The alert node: reads a sensor, decides by rules, and mails who must know."""

VERSION = "0.1.0"
# `umail deploy` compiles each text in the language of the configuration (languages/de.toml), this one too.
LANGUAGE = "language en"


def make_room():
    """Collect, and collect often from now on: so the heap stays in one piece, and a handshake wants large ones."""
    import gc

    gc.collect()
    gc.threshold(8192)  # type: ignore[attr-defined]


def unload(*names):
    """Let go of the modules ``names`` of this package, and of their memory."""
    import gc
    import sys

    for name in names:
        package, _, leaf = ("alertnode." + name).rpartition(".")
        sys.modules.pop(package + "." + leaf, None)
        if hasattr(sys.modules.get(package), leaf):
            delattr(sys.modules[package], leaf)
    gc.collect()

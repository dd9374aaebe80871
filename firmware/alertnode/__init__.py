"""The alert node: reads a sensor, decides by rules, and mails who must know."""

VERSION = "0.1.0"


def unload(*names):
    """Let go of modules, as ``room.unload`` does."""
    from alertnode import room

    room.unload(*names)

"""The alert node: reads a sensor, decides by rules, and mails who must know."""

VERSION = "0.1.0"
# `umail deploy` compiles each text in the language of the configuration (languages/de.toml), this one too.
LANGUAGE = "language en"


def unload(*names):
    """Let go of modules, as ``room.unload`` does."""
    from alertnode import room

    room.unload(*names)

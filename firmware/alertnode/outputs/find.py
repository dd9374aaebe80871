"""Finds the module of an output's type."""

# What the node brings along; docs/firmware.md lists them.
TYPES = ("button", "buzzer", "led", "relay")


def module(kind):
    """Return the module of the output type ``kind``, or what stands for it if it is one of the user's own.

    Raises ImportError if it is not on this board.
    """
    if kind not in TYPES:
        from alertnode.outputs.own import Part

        return Part(kind)
    name = "alertnode.outputs." + kind
    __import__(name)
    import sys

    return sys.modules[name]

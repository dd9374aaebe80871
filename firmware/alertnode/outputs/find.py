"""Finds the module of an output's type."""

# What the node brings along; docs/firmware.md lists them.
TYPES = ()


def module(kind):
    """Return the module of the output type ``kind``. Raises ImportError if it is not on this board."""
    name = "alertnode.outputs." + kind
    __import__(name)
    import sys

    return sys.modules[name]

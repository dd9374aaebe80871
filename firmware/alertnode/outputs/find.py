"""Finds the module of an output's type."""

from alertnode.sensors import find

# What the node brings along; docs/firmware.md lists them.
TYPES = ",button,buzzer,led,relay,"


def module(kind):
    """Return the module of the output type ``kind``, as the function of that name does for sensors."""
    return find.module(kind, TYPES, "alertnode.outputs.")

"""Reads sensors on wires, or a recorded trace in the place of one."""

"""What the node reads: sensors on wires, and a recorded trace in the place of one."""

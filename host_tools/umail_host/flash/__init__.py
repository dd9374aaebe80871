"""MicroPython onto a board."""

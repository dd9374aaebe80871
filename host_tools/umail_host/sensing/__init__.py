"""Looks at a board's sensors: one reading of each, and what answers on its buses."""

"""Starts the alert node, by the switch if it takes updates."""

try:
    from switch import run
except ImportError:
    from alertnode.start import main as run
run()

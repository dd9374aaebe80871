"""Starts the alert node; by the switch, if this board takes updates over the network."""

try:
    from switch import run
except ImportError:
    from alertnode.start import main as run
run()

"""Runs before everything, the raw REPL of mpremote too: so nothing may fail, wait or arm a watchdog here."""

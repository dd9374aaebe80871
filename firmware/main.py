"""Starts the alert node."""

from alertnode import start

start.main()

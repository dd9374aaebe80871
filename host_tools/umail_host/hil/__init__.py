"""Tests on boards: the pytest plugin `umail`, and what it is made of: places, locks, power, recovery, artefacts."""

from umail_host.hil.faults import RigFault

__all__ = ["RigFault"]

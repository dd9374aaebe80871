"""The simulation of a fleet: it keeps a mailbox's limits, and shows what jitter and storm control are for."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

pytest.importorskip("simpy", reason="simpy is missing: pip install --group dev")

from tools.fleet import EVENTS, VARIANTS, simulate
from tools.fleet_page import plot

EVERY_MINUTE, NO_JITTER, JITTER, STORM_ONLY, DEFAULTS = VARIANTS


def test_every_board_is_heard_of_and_every_alert_is_sent_or_part_of_another() -> None:
    out = simulate(30, 30, DEFAULTS)
    assert len(out.first) == len(out.last) == 30
    assert (out.put, out.dead, out.refused) == (30 * len(EVENTS), 0, 0)
    assert simulate(30, 30, JITTER).sent == out.put


def test_storm_control_makes_few_mails_of_many_alerts() -> None:
    assert simulate(1, 1, DEFAULTS).sent <= 6
    assert simulate(1, 1, EVERY_MINUTE).sent == len(EVENTS)


def test_without_jitter_boards_that_began_together_meet_again_and_again() -> None:
    slow = simulate(60, 60, STORM_ONLY).share(simulate(60, 60, STORM_ONLY).first, 0.99)
    fast = simulate(60, 60, DEFAULTS).share(simulate(60, 60, DEFAULTS).first, 0.99)
    assert slow is not None
    assert fast is not None
    assert slow > 3 * fast


def test_a_large_fleet_is_scaled_and_keeps_its_share_of_the_tenants_limit() -> None:
    out = simulate(100_000, 500, DEFAULTS, tenant_per_day=10_000)
    assert out.put == 100_000 * len(EVENTS)
    assert out.sent <= 7 * 10_000


def test_the_same_seed_gives_the_same_fleet() -> None:
    assert simulate(20, 20, DEFAULTS, seed=5) == simulate(20, 20, DEFAULTS, seed=5)


def test_the_plot_is_well_formed_and_has_a_line_for_each_variant() -> None:
    root = ET.fromstring(plot("title", [("a", [10.0, 20.0], 2), ("b", [], 2)]))
    assert len(root.findall("{http://www.w3.org/2000/svg}polyline")) == 2

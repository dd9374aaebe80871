"""The page on batteries is what tools/battery.py computes, and what it computes hangs together."""

from __future__ import annotations

import pytest

from tools import battery


def test_the_page_is_what_the_tool_computes() -> None:
    text = battery.PAGE.read_text(encoding="utf-8")
    assert text == battery.page(text)
    assert battery.table() in text


@pytest.mark.parametrize("chip", battery.CHIPS, ids=lambda chip: chip.name)
def test_a_mail_takes_more_than_a_quiet_wake_and_more_wakes_take_more(chip: battery.Chip) -> None:
    assert battery.mail(chip) > 5 * battery.quiet(chip)
    assert battery.day(chip, 10) > battery.day(chip, 60) > 24 * chip.deep / 1000


def test_an_esp32_awake_every_ten_minutes_by_hand() -> None:
    chip = battery.CHIPS[0]
    # 11.8 million instructions at 2 cycles and 160 MHz: 0.1475 s; 0.35 s of start; both at 36 mA; 0.75 s at 0.8 mA.
    assert battery.quiet(chip) == pytest.approx((0.4975 * 36 + 0.75 * 0.8) / 3600)
    assert battery.days(2500, 0, 10) == "250"
    assert battery.days(3650, 0.1, 9) == "365"

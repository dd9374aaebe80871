"""Time zones that mean something else to a board than to who wrote them are told with what to write."""

from __future__ import annotations

import re

import pytest

from umail_host import firmware_rules
from umail_host.configuration import zones
from umail_host.errors import UserError


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ("UTC+1", '1 h west of Greenwich, as POSIX rules count westwards: write "<+01>-1"'),
        ("gmt-5", '5 h east of Greenwich, as POSIX rules count westwards: write "<-05>5"'),
        ("UTC+5:30", 'write "<+05>-5:30"'),
        ("CET-1CEST", "without the days on which CEST begins and ends, so those of the USA would count"),
        ("EET-2EEST-3", "without the days on which EEST begins and ends"),
    ],
)
def test_a_rule_that_is_not_what_it_seems_is_told_with_what_to_write(zone: str, told: str) -> None:
    with pytest.raises(UserError) as raised:
        zones.rule(zone)
    assert told in str(raised.value)
    written = re.search(r'write "([^"]+)"', str(raised.value))
    if written:
        assert zones.rule(written[1]) == written[1]
        firmware_rules.module("zone").Zone(written[1])


@pytest.mark.parametrize("zone", ["UTC0", "UTC", "GMT0", "EST5EDT", "PST8PDT", "CET-1CEST,M3.5.0,M10.5.0/3", "<+01>-1"])
def test_a_rule_that_is_what_it_seems_stays(zone: str) -> None:
    assert zones.rule(zone) == zone

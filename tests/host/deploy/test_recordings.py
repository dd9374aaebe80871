"""A recording that the board would read otherwise than its maker meant is refused before, with what to do."""

from __future__ import annotations

import pytest

from umail_host import trace_file
from umail_host.errors import UserError

HISTORY = "entity_id,state,last_changed\n"
FRIDGE = "sensor.fridge,4.%d,2026-11-24T12:%d0:00Z\n"
OVEN = "sensor.oven,8%d,2026-11-24T12:%d5:00Z\n"
BOTH = HISTORY + "".join((FRIDGE + OVEN) % (n, n, n, n) for n in range(6))
INFLUX = ",result,table,_start,_stop,_time,_value,_field\n"
SPAN = "2026-11-24T11:00:00Z,2026-11-24T14:00:00Z"


def rows(text: str, column: str = "", zone: str = "UTC0") -> list[trace_file.Row]:
    return trace_file.rows(text.encode(), "t.csv", column, zone)


def refused(text: str, column: str = "") -> str:
    with pytest.raises(UserError) as caught:
        rows(text, column)
    return str(caught.value)


def test_a_recording_with_its_newest_row_first_is_refused_however_far_apart_its_rows_are():
    for minutes in (1, 10, 60, 600):
        moments = [1795521600 - 60 * minutes * n for n in range(20)]
        said = refused("Time,Temp\n" + "".join(f"{at},4.1\n" for at in moments))
        assert "goes back from 2026-11-24 12:00 UTC" in said
        assert said.endswith(": sort its rows, the oldest first")


def test_a_recording_whose_end_was_put_before_its_start_in_small_steps_is_refused():
    moments = [1795521600 + 60 * n for n in range(600)]
    moments += [moments[-1] - 1800 * n for n in range(1, 10)]
    assert "sort its rows" in refused("".join(f"{at},4.1\n" for at in moments))


def test_the_hour_that_comes_twice_in_autumn_is_no_mistake():
    night = [(1, 0), (1, 30), (2, 0), (2, 30), (2, 0), (2, 30), (3, 0)]
    text = "".join(f"2026-10-25 {hour:02}:{minute:02},4.1\n" for hour, minute in night)
    assert len(rows(text, zone="CET-1CEST,M3.5.0,M10.5.0/3")) == 7


@pytest.mark.parametrize("order", [BOTH, HISTORY + "".join(sorted(BOTH.splitlines(keepends=True)[1:]))])
def test_the_rows_of_two_sensors_are_never_read_as_those_of_one(order):
    said = refused(order, "state")
    assert 'rows of several sensors (sensor.fridge, sensor.oven) in its column "entity_id": keep those of one' in said
    assert "sort" not in said


def test_the_rows_of_one_sensor_beside_its_name_are_read():
    text = HISTORY + "".join(FRIDGE % (n, n) for n in range(6))
    assert [value for _, value, _ in rows(text, "state")] == [4.0, 4.1, 4.2, 4.3, 4.4, 4.5]


def test_influxdbs_export_is_read_by_its_own_times():
    head = "#group,false,false,true,true,false,false,true\n" + INFLUX
    text = head + "".join(f",,0,{SPAN},2026-11-24T12:{n}0:00Z,4.{n},temp\n" for n in range(3))
    assert [(at, value) for at, value, _ in rows(text, "_value")] == [
        (1795521600, 4.0),
        (1795522200, 4.1),
        (1795522800, 4.2),
    ]
    other = text + "\n" + head + f",,1,{SPAN},2026-11-24T12:00:00Z,45,hum\n"
    assert 'several sensors (0, 1) in its column "table"' in refused(other, "_value")


def test_rows_that_are_all_at_one_time_are_refused():
    text = "start,v,end\n" + "".join(f"2026-11-24 11:00,{n},2026-11-24 12:0{n}\n" for n in range(3))
    assert "all rows at one time, 2026-11-24 11:00 UTC: remove its columns of times" in refused(text, "v")


@pytest.mark.parametrize("cell", ["4.1 °C", "\u22124,1", "1.041,0"])
def test_a_value_that_is_not_a_number_alone_is_told_with_what_to_write(cell):
    said = refused(f"t;v\n2026-11-24 12:00;{cell}\n")
    assert f'says "{cell}": write numbers alone, as -4.1, without a unit or a mark between thousands' in said


def test_a_decimal_comma_behind_a_comma_is_told():
    text = "t,v\n2026-11-24 12:00,4,1\n"
    for said in (refused(text, "v"), refused(text)):
        assert "if a comma is the decimal one, put semicolons between the cells" in said


@pytest.mark.parametrize(
    "time",
    ["11/24/2026 1:00 PM", "24/11/2026 13:00", "24.11.26 13:00", "2026/11/24 13:00:00", "24. Nov 2026 13:00"],
)
def test_a_date_in_a_form_that_is_not_read_is_named_as_the_cause(time):
    said = refused(f"Time;Temp\n{time};4.2\n")
    assert said.endswith(f"'{time};4.2', whose time is not written as 2026-11-24 12:00:00 or 24.11.2026 12:00:00")


def test_no_date_is_blamed_that_is_right():
    assert "whose time" not in refused("2026-11-24 13:00   4.2\n")


def test_what_gives_the_columns_name_is_named():
    assert refused("t,a,b\n2026-11-24,1,2\n").endswith("it has t, a, b; give it by sensor.column")

"""A recorded trace as a sensor: gaps and failures are a sensor that is gone, times are the recording's own."""

import io
import os

from alertnode.rules import Rule
from alertnode.sensors import rows, trace
from alertnode.zone import Zone, seconds
from check import equal, inside, raises, scratch
from firmware_fakes import Port, Said, clock

PATH = scratch("trace.csv")
ZONE = Zone("CET-1CEST,M3.5.0,M10.5.0/3")


def replay(content, rule="UTC0", **settings):
    """(readings, sensor, lines said) of a trace."""
    with open(PATH, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())
    said = Said()
    try:
        sensor = trace.Trace(PATH, "°C", clock(Port(), said, rule), said, **settings)
        readings = []
        while not sensor.finished:
            readings.append(sensor.read())
        return readings, sensor, said
    finally:
        os.remove(PATH)


def test_values_and_times_are_those_of_the_file():
    readings, sensor, _ = replay("timestamp,value\n2026-01-01 00:00:00,1.5\n2026-01-01 00:10:00,-2\n")
    equal([(r.value, sensor.text(r.at)[:19], r.unit) for r in readings], [
        (1.5, "2026-01-01 00:00:00", "°C"),
        (-2, "2026-01-01 00:10:00", "°C"),
    ])  # fmt: skip


def test_values_that_are_none_are_a_sensor_that_is_gone():
    text = "timestamp,value\n"
    for minute, value in enumerate(("1", "", "NaN", "error 5", "inf", "1e999", "2")):
        text += "2026-01-01 00:0%d:00,%s\n" % (minute, value)
    readings, sensor, _ = replay(text)
    equal([r.value for r in readings], [1, None, None, None, None, None, 2])
    equal((sensor.values, sensor.missing), (2, 5))
    inside('the recording says "error 5"', readings[3].why)
    inside("empty", readings[1].why)


def test_missing_rows_are_missing_readings():
    readings, sensor, _ = replay("2026-01-01 00:00,1\n2026-01-01 01:00,1\n2026-01-01 04:00,5\n2026-01-01 05:00,1\n")
    equal([r.value for r in readings], [1, 1, None, None, 5, 1])
    equal([sensor.text(r.at)[11:16] for r in readings], ["00:00", "01:00", "02:00", "03:00", "04:00", "05:00"])


def test_a_gap_of_a_year_ends_soon():
    readings, sensor, _ = replay("2026-01-01 00:00,1\n2026-01-01 00:01,1\n2027-01-01 00:00,5\n")
    equal((len(readings), sensor.missing, readings[-1].value), (103, 100, 5))


def test_rows_without_a_timestamp_are_passed_over_and_told():
    readings, _, said = replay(b"time;temp\n2026-01-01T00:00Z;1\n\n# note\n\xff\xfe,3\n2026-01-01T00:01Z;2\n")
    equal([r.value for r in readings], [1, 2])
    equal(len(said.lines), 2)
    inside("line 4: no timestamp", said.lines[0])


def test_a_byte_order_mark_and_quotes_do_no_harm():
    readings, _, _ = replay('\ufeff2026-01-01 00:00,"1.5"\r\n"2026-01-01 00:01",2\r\n')
    equal([r.value for r in readings], [1.5, 2])


def test_a_file_without_rows_or_no_file_is_refused():
    inside("no row", str(raises(ValueError, replay, "timestamp,value\n")))
    raises(OSError, trace.Trace, "umail-test-nothing.csv", "", clock(Port(), Said()), Said())


def test_moments_in_every_form():
    for text, wanted in (
        ("2026-01-01 12:00:00", seconds(2026, 1, 1, 11)),
        ("2026-07-01T12:00", seconds(2026, 7, 1, 10)),
        ("2026-07-01T12:00:05.250", seconds(2026, 7, 1, 10, 0, 5)),
        ("2026-07-01", seconds(2026, 6, 30, 22)),
        ("2026-07-01T12:00:00Z", seconds(2026, 7, 1, 12)),
        ("2026-07-01 12:00:00+05:30", seconds(2026, 7, 1, 6, 30)),
        ("2026-07-01 12:00-01:00", seconds(2026, 7, 1, 13)),
        ("1795521600", 1795521600),
        ("2026-07-01 12:00:00 UTC", seconds(2026, 7, 1, 12)),
        ("1795521600.25", 1795521600),
        ("1795521600250", 1795521600),
        ("1795521600250123456", 1795521600),
        ("2026-07-01T12:00:05,250", seconds(2026, 7, 1, 10, 0, 5)),
        ("1.7.2026 12:00", seconds(2026, 7, 1, 10)),
        ("01.07.2026", seconds(2026, 6, 30, 22)),
        ("2026-07-01T12:00:00+0200", seconds(2026, 7, 1, 10)),
        ("2026-07-01 12:00:00 -0100", seconds(2026, 7, 1, 13)),
    ):
        equal(rows.moment(text, ZONE), wanted, text)
    for text in (
        "",
        "value",
        "2026-13-01",
        "2026-01-01 25:00",
        "01.02.26",
        "11/24/2026 12:03",
        "20261124120310",
        "2026-01-01 12:00+1",
        "2026-01-01 12",
        "a-b-c",
        "2026-02-31 12:00",
        "2025-02-29",
        "2026-01-01 12:00:99",
        "2026-01-01x12:00",
        "45000.5",
        "1_000",
        "-5",
    ):
        raises(ValueError, rows.moment, text, ZONE)


def test_the_time_is_found_wherever_programs_put_it():
    for text, column, wanted in (
        # Excel in German, then with the time of day in a column of its own.
        ("Zeit;T\r\n1.7.2026 9:03;21,5\r\n", "", 21.5),
        ("Datum;Uhrzeit;T\r\n01.07.2026;09:03:00;21,5\r\n", "", 21.5),
        ("Date,Time,T,H\n2026-07-01,09:03,21.5,40\n", "T", 21.5),
        # Home Assistant's history, InfluxDB, and a logger that numbers its rows.
        ("entity_id,state,last_changed\nsensor.a,21.5,2026-07-01T07:03:00.123Z\n", "state", 21.5),
        ("#group,false\n,result,_time,_value\n,,2026-07-01T07:03:00Z,21.5\n", "_value", 21.5),
        ("#,Date Time,T\n1,2026-07-01 09:03,21.5\n", "T", 21.5),
        # InfluxDB's own export: the start and the end of what was asked for stand before the time.
        (
            ",table,_start,_stop,_time,_value\n"
            ",0,2026-07-01T00:00:00Z,2026-07-02T00:00:00Z,2026-07-01T07:03:00Z,21.5\n",
            "_value",
            21.5,
        ),
    ):
        found = rows.Rows(io.BytesIO(text.encode()), "x.csv", ZONE, None, column)
        equal(found.next()[:2], (seconds(2026, 7, 1, 7, 3), wanted), text)
    # A title with a date in it is none.
    title = "Exported,2026-07-02 10:00\ntime,T\n2026-07-01 09:03,21.5\n"
    equal(rows.Rows(io.BytesIO(title.encode()), "x.csv", ZONE, None).next()[1], 21.5)


def test_a_point_before_three_digits_is_missing_where_commas_are_decimal():
    text = "t;hPa\n1;1013,2\n2;1.013\n3;1.5\n"
    found = rows.Rows(io.BytesIO(text.encode()), "x.csv", ZONE, None)
    equal([found.next()[1] for _ in range(3)], [1013.2, None, 1.5])


def test_speed_divides_the_recorded_pauses():
    content = "2026-01-01 00:00,1\n2026-01-01 00:10,1\n2026-01-01 00:20,1\n"
    with open(PATH, "w") as file:
        file.write(content)
    try:
        for speed, wanted in ((0, 0), (1, 600000), (60, 10000), (0.5, 1200000)):
            sensor = trace.Trace(PATH, "", clock(Port(), Said()), Said(), speed=speed)
            sensor.read()
            equal(sensor.pause(5000), wanted)
    finally:
        os.remove(PATH)


def test_summer_time_makes_no_false_gap_of_three():
    text = ""
    for hour in range(8):
        text += "2026-03-29 0%d:00,1\n" % hour
    readings, _, _ = replay(text, "CET-1CEST,M3.5.0,M10.5.0/3")
    rule = Rule("sensor", "gone", readings=3)
    equal([event for event in [rule.feed(r) for r in readings] if event], [])


def values(content, **settings):
    return [r.value for r in replay(content, **settings)[0]]


def test_a_comma_is_the_decimal_one_behind_a_semicolon_or_tab_and_in_quotes():
    row = "2026-01-01 00:0%d%s%s\n"
    for separator in ";", "\t":
        content = "".join([row % (n, separator, value) for n, value in enumerate(("-9,6", "37,9", "1.5", '"-9,5"'))])
        equal(values("Zeit%sWert\n" % separator + content), [-9.6, 37.9, 1.5, -9.5])
    equal(values("time,value\n" + row % (0, ",", '"37,9"') + row % (1, ",", '"-9,65"')), [37.9, -9.65])


def test_what_could_be_thousands_or_two_cells_is_a_missing_reading_and_no_other_number():
    readings, _, _ = replay('2026-01-01 00:00,21\n2026-01-01 00:01,21,5\n2026-01-01 00:02,"1,234"\n')
    equal([r.value for r in readings], [21, None, None])
    inside("3 cells here, not 2", readings[1].why)
    inside('the recording says "1,234"', readings[2].why)
    equal(values("2026-01-01 00:00;1.234,5\n2026-01-01 00:01;2\n"), [None, 2])


def test_a_decimal_comma_between_cells_never_makes_another_number_of_a_named_column():
    content = "time,v\n2026-01-01 00:00,4,1\n2026-01-01 00:01,5\n"
    readings, _, _ = replay(content, column="v")
    equal([r.value for r in readings], [None, 5])
    inside("3 cells here, not 2", readings[0].why)


def test_quotes_hold_separators_and_a_quote_within():
    equal(values('"time, local","value ""a"""\n"2026-01-01 00:00","1.5"\n'), [1.5])


def test_a_quote_within_a_cell_never_makes_another_number():
    # Inches, or a quote written twice: neither 37 nor two cells in one.
    rows = ('3"7', '"3""7"', '37"', '""', '"37"', '""""')
    text = "".join(["2026-01-01 00:0%d,%s\n" % (n, cell) for n, cell in enumerate(rows)])
    equal(values("time,value\n" + text), [None, None, None, None, 37, None])
    equal(values('t,size,value\n2026-01-01 00:00,37",5\n2026-01-01 00:01,"4""",6\n', column="value"), [5, 6])


def test_a_cell_without_a_digit_is_not_a_zero():
    text = "".join(
        ["2026-01-01 00:0%d,%s\n" % pair for pair in enumerate((".", "e3", "-", "+.e1", "1_0", "1e2", ".5"))]
    )
    equal(values("time,value\n" + text), [None, None, None, None, None, 100, 0.5])


MANY = "created_at,entry_id,field1,field2\n2026-01-01T00:00:00Z,7,21.5,48\n2026-01-01T00:05:00Z,8,22.5,49\n"


def test_of_more_than_two_columns_one_is_chosen_by_name_or_all_are_refused():
    said = str(raises(ValueError, replay, MANY))
    inside("4 columns", said)
    inside("created_at, entry_id, field1, field2", said)
    equal(values(MANY, column="field1"), [21.5, 22.5])
    equal(values(MANY, column="field2"), [48, 49])
    inside('no single column "field3"', str(raises(ValueError, replay, MANY, column="field3")))
    inside('no single column "x"', str(raises(ValueError, replay, MANY.replace("field", "x\tfield"), column="x")))
    inside("first line must hold their names", str(raises(ValueError, replay, MANY.split("\n", 1)[1])))
    # A separator at the end of each line makes no column.
    equal(values("time;value;\n2026-01-01 00:00;1,5;\n"), [1.5])


def test_what_a_logger_writes_above_its_rows_is_not_a_row():
    head = "Logger 3;serial 17\n\nStart: now\n" + 30 * "note\n" + "time;temp;hum\n"
    equal(values(head + "2026-01-01 00:00;1,5;40\n2026-01-01 00:01;2,5;41\n", column="temp"), [1.5, 2.5])


def test_a_row_longer_than_the_board_reads_is_not_cut_into_two_nor_its_number():
    far = "2026-01-01 00:00," + "x" * 480 + ",21.5%s\n2026-01-01 00:01,y,22\n"
    head = "time,note,value\n"
    equal(values(head + far % "", column="value"), [21.5, 22])
    equal(values(head + far % ("0" * 40), column="value"), [None, 22])

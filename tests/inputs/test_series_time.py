"""When each row was taken: notations, evenness, gaps, repeats."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnviz.core.series import Choices
from cnnviz.inputs.series import read_table
from cnnviz.inputs.timestamps import NANO, is_time, read_times

BEGIN = datetime(2024, 1, 31, 23, 58, 57)


def series(stamps, name="when", **choices):
    """Read a table with these cells as its first column."""
    rows = "".join(f"{stamp};{i}\n" for i, stamp in enumerate(stamps))
    return read_table(f"{name};x\n{rows}", Choices(**choices))


NOTATIONS = [
    ("%Y-%m-%d %H:%M:%S", 1),
    ("%Y-%m-%dT%H:%M:%S", 1),
    ("%Y-%m-%dT%H:%M:%SZ", 1),
    ("%Y-%m-%d %H:%M:%S.%f", 1e-6),
    ("%Y/%m/%d %H:%M", 60),
    ("%Y.%m.%d", 86_400),
    ("%d.%m.%Y %H:%M:%S", 1),
    ("%d/%m/%Y %H.%M.%S", 1),
    ("%d-%b-%Y %H:%M:%S", 1),
    ("%d.%m.%y %H:%M", 60),
    ("%m/%d/%Y %I:%M:%S %p", 1),
    ("%m/%d/%Y %H:%M", 60),
    ("%Y%m%d", 86_400),
    ("%Y%m%d%H%M", 60),
    ("%Y%m%d%H%M%S", 1),
]


@pytest.mark.parametrize(("notation", "unit"), NOTATIONS)
def test_notations(notation, unit):
    steps = [0, 1, 2, 3, 5, 40, 41, 42, 43, 44, 45, 46, 47]
    size = max(unit, 1e-3)
    begin = BEGIN.replace(second=0, minute=0, hour=0) if unit > 60 else BEGIN
    moments = [begin + timedelta(seconds=size * step) for step in steps]
    read = series([moment.strftime(notation) for moment in moments])
    assert read.time.tolist() == pytest.approx([size * step for step in steps])
    written = datetime.strptime(moments[0].strftime(notation), notation)
    assert read.clock.begin.astype("M8[us]").item() == written
    assert read.clock.resolution == pytest.approx(unit)
    assert read.rate == pytest.approx(1 / size)


def test_the_hour_of_noon_and_midnight():
    stamps = [f"2/15/2024 {clock}" for clock in ("12:59 AM", "1:59 AM", "12:59 PM")]
    assert series(stamps).time.tolist() == [0, 3600, 12 * 3600]


def test_time_zones():
    moments = [
        datetime(2024, 3, 1, 10, tzinfo=timezone(timedelta(hours=9))),
        datetime(2024, 3, 1, 1, 0, 1, tzinfo=UTC),
        datetime(2024, 2, 29, 20, 30, 2, tzinfo=timezone(-timedelta(hours=4.5))),
    ]
    assert series([moment.isoformat() for moment in moments]).time.tolist() == [0, 1, 2]


@settings(deadline=None, max_examples=100)
@given(
    st.lists(
        st.datetimes(datetime(1701, 1, 1), datetime(2199, 12, 31)),
        min_size=2,
        max_size=6,
    ),
    st.sampled_from(["%Y-%m-%d %H:%M:%S.%f", "%d.%m.%Y %H:%M:%S", "%d-%b-%Y %H:%M:%S"]),
)
def test_any_moment(moments, notation):
    # strftime does not pad years below 1000 alike everywhere: they are out of range
    cells = [moment.strftime(notation) for moment in moments]
    stamps = read_times(cells, "day first")
    assert stamps.valid.all()
    for i, cell in enumerate(cells):
        written = datetime.strptime(cell, notation) - datetime(1970, 1, 1)
        nanos = int(stamps.days[i]) * 86_400 * NANO + int(stamps.clock[i])
        assert nanos == written // timedelta(microseconds=1) * 1000


@pytest.mark.parametrize(
    "cell",
    ["1.5", "12", "1-2", "10.30", "10:5", "a1-01-2024", "2024-01-01T", "T10:00"],
)
def test_what_is_no_time(cell):
    assert not is_time(cell)


def test_dates_that_do_not_exist_are_marked():
    stamps = read_times(["2024-02-29", "2023-02-29", "2024-13-01", "2024-04-31", ""])
    assert stamps.valid.tolist() == [True, False, False, False, False]


@pytest.mark.parametrize(
    ("dates", "days", "words"),
    [
        (["13/02/2024", "14/02/2024"], [0, 1], "day/month/year"),
        (["02/13/2024", "02/14/2024"], [0, 1], "month/day/year"),
        (["01/02/2024", "02/02/2024", "03/02/2024"], [0, 1, 2], "day/month/year"),
        (["02/01/2024", "02/02/2024", "02/03/2024"], [0, 1, 2], "month/day/year"),
        (["03/01/2024", "02/02/2024"], [0, 30], "day/month/year"),
        (["01.02.2024", "01.03.2024"], [0, 29], "day/month/year"),
    ],
)
def test_day_and_month(dates, days, words):
    read = series(dates)
    assert read.clock.words == words
    assert (read.time / 86_400).tolist() == days


def test_the_person_decides_about_day_and_month():
    dates = ["02/01/2024", "02/02/2024", "02/03/2024"]
    read = series(dates, time_order="day first")
    assert (read.time / 86_400).tolist() == [0, 31, 60]
    assert not any("other way round" in note for note in read.notes)
    assert any("other way round" in note for note in series(dates).notes)


# Several columns


def test_date_and_clock_apart():
    rows = "".join(f"10/03/2004;{18 + i}.00.00;{i},5\n" for i in range(6))
    read = read_table(" ;Time;CO(GT)\n" + rows)
    assert read.names == ("CO(GT)",)
    assert [read.columns[j].name for j in read.clock.columns] == ["(unnamed)", "Time"]
    assert read.time.tolist() == [3600 * i for i in range(6)]


def test_clock_before_date_and_date_with_a_number_for_the_hour():
    read = read_table("c,d,x\n10:00,2024-01-01,1\n10:00,2024-01-02,2\n")
    assert read.time.tolist() == [0, 86_400]
    read = read_table("date,hour,x\n2024-01-01,22,1\n2024-01-01,23,2\n2024-01-02,0,3\n")
    assert read.names == ("x",)
    assert read.time.tolist() == [0, 3600, 7200]


def test_year_month_day_hour_in_columns_of_their_own():
    rows = "".join(
        f"{i + 1},{m.year},{m.month},{m.day},{m.hour},{i * 0.5}\n"
        for i in range(30)
        for m in [datetime(2010, 2, 28, 12) + timedelta(hours=i)]
    )
    read = read_table("No,year,month,day,hour,TEMP\n" + rows)
    assert read.names == ("TEMP",)
    assert read.time.tolist() == [3600 * i for i in range(30)]
    assert str(read.clock.begin)[:13] == "2010-02-28T12"
    assert read.even


def test_a_clock_goes_on_past_midnight():
    assert series(["23:59:58", "23:59:59", "00:00:00", "0:00:01"]).time.tolist() == [
        *(0, 1, 2, 3)
    ]


# Numbers


@pytest.mark.parametrize(
    ("name", "cells", "rate"),
    [
        ("t", ["0.00", "0.02", "0.04"], 50),
        ("time_ms", ["0", "20", "40"], 50),
        ("Time (ms)", ["0", "20", "40"], 50),
        ("t [us]", ["0", "20", "40"], 50_000),
        ("elapsed_min", ["0", "2", "4"], 1 / 120),
        ("ms", ["5", "15", "25"], 100),
        ("시간", ["0", "0.5", "1.0"], 2),
        ("timestamp", ["1700000000", "1700000002", "1700000004"], 0.5),
        ("timestamp", ["1700000000123", "1700000000143", "1700000000163"], 50),
        ("ts_ns", [], 0),
        ("time", ["1700000000000000000", "1700000000020000000"], 50),
        ("timestamp", ["15", "31", "46", "62", "78", "93"], 64.1),
    ],
)
def test_numbers_of_time(name, cells, rate):
    if not cells:
        cells, rate = ["1700000000000000000", "1700000000020000000"], 50
        name = "timestamp_ns"
    read = series(cells, name)
    assert read.rate == pytest.approx(rate, rel=1e-3)
    assert read.even


def test_seconds_since_1970_give_the_date():
    read = series(["1700000000123", "1700000000143"], "timestamp")
    expected = datetime(1970, 1, 1) + timedelta(milliseconds=1700000000123)
    assert read.clock.begin.astype("M8[us]").item() == expected


def test_numbers_that_fall_in_a_column_called_t_are_a_variable():
    assert series(["20.5", "21.5", "19.5"], "T").names == ("T", "x")
    assert series(["20.5", "21.5", "19.5"], "t").names == ("t", "x")


def test_a_second_time_is_left_out():
    read = read_table("when,t,x\n2024-01-01,0,1\n2024-01-02,1,2\n2024-01-03,2,4\n")
    assert read.names == ("t", "x")  # one letter says too little
    read = read_table("when,time_s,x\n2024-01-01,0,1\n2024-01-02,1,2\n2024-01-03,2,4\n")
    assert read.names == ("x",)
    assert read.dropped[0].why == "another time"


# Evenness


def numbers(times):
    return series([f"{t:.3f}" for t in times], "time_s")


def test_even_sampling_with_the_jitter_of_rounding():
    read = numbers(np.arange(200) / 128)
    assert read.even
    assert read.rate == pytest.approx(128, rel=1e-3)
    assert read.gaps == ()


def test_uneven_sampling_is_said():
    rng = np.random.default_rng(2)
    times = np.cumsum(rng.uniform(0.5, 1.5, 100))
    read = numbers(times)
    assert not read.even
    steps = np.diff(np.round(times, 3))
    worst = np.abs(steps - steps.mean()).max() / steps.mean()
    assert read.sampling.deviation == pytest.approx(worst)
    assert any("Unevenly sampled" in note for note in read.notes)


def test_gaps_are_found_and_do_not_change_the_rate():
    times = [*np.arange(50) * 0.02, *(3 + np.arange(50) * 0.02)]
    read = numbers(times)
    assert read.rate == pytest.approx(50)
    assert not read.even
    (gap,) = read.gaps
    assert (gap.row, gap.next_row) == (51, 52)
    assert gap.seconds == pytest.approx(3 - 0.98)
    assert gap.steps == 100
    assert any("1 gap" in note and "row 51" in note for note in read.notes)


def test_repeated_times_are_counted():
    read = numbers([0, 1, 2, 2, 3, 4, 5, 6, 7, 8])
    assert read.sampling.duplicates == 1
    assert not read.even
    assert any("first in row 5" in note for note in read.notes)


def test_times_coarser_than_the_sampling_are_spread():
    stamps = [f"2024-01-01 10:00:{i // 10:02d}" for i in range(3, 200)]
    read = series(stamps)
    assert read.even
    assert read.rate == pytest.approx(10)
    assert read.time.tolist() == pytest.approx((np.arange(197) / 10).tolist())


def test_months_and_quarters_are_even():
    months = [f"{2020 + i // 12}-{i % 12 + 1:02d}-15" for i in range(30)]
    assert series(months).even
    quarters = [f"{1974 + i // 4}Q{i % 4 + 1}" for i in range(20)]
    read = series(quarters)
    assert read.even
    assert read.gaps == ()
    assert str(read.clock.begin)[:10] == "1974-01-01"


def test_the_newest_row_first():
    read = series(["2024-01-03", "2024-01-02", "2024-01-01"])
    assert read.values[:, 0].tolist() == [2, 1, 0]
    assert read.rows.tolist() == [4, 3, 2]
    assert read.time.tolist() == [0, 86_400, 172_800]
    assert str(read.clock.begin)[:10] == "2024-01-01"
    assert any("newest row comes first" in note for note in read.notes)


def test_rows_without_a_time_are_put_between_their_neighbours():
    read = series(["2024-01-01", "", "NA", "2024-01-04", "2024-01-05"])
    assert (read.time / 86_400).tolist() == [0, 1, 2, 3, 4]
    assert any("2 rows without time" in note for note in read.notes)

"""From a table to what a network is fed."""

import numpy as np
import pytest

from cnnviz.core.errors import InputError, MismatchError
from cnnviz.core.models import SeriesWant
from cnnviz.core.series import Choices
from cnnviz.inputs.fit import fit_table, match_channels
from cnnviz.inputs.series import read_table
from cnnviz.inputs.table import fill_missing

AXES = ("ax", "ay", "az", "wx", "wy", "wz")


def want(channels=AXES, length=None, **more):
    count = len(channels)
    mean = tuple(0.1 * j for j in range(count))
    std = tuple(1.0 + j for j in range(count))
    return SeriesWant(channels, length, 50.0, mean, std, **more)


def table(names=AXES, steps=20, time=True, **choices):
    """Return a table of random values at 50 Hz and the values."""
    rng = np.random.default_rng(8)
    values = np.round(rng.normal(size=(steps, len(names))), 4)
    lines = [",".join(["time_s", *names] if time else names)]
    for i, row in enumerate(values.tolist()):
        lines.append(",".join(map(str, [i / 50, *row] if time else row)))
    text = "\n".join(lines) if names[0] else "\n".join(lines[1:])
    return read_table(text, Choices(**choices)), values


def expected(values, asked):
    return ((values - asked.mean) / asked.std).T.astype(np.float32)


def test_a_table_of_the_right_shape():
    read, values = table()
    asked = want()
    sample = fit_table(read, asked)
    (fed,) = sample.values
    assert (fed.shape, fed.dtype) == ((6, 20), np.float32)
    np.testing.assert_array_equal(fed, expected(values, asked))
    assert sample.shown is None
    assert sample.title == "pasted table"
    series = sample.series
    np.testing.assert_array_equal(series.values, values.T)
    np.testing.assert_allclose(series.time, np.arange(20) / 50)
    assert series.names == AXES
    assert series.rate == pytest.approx(50)
    assert (series.start, series.total) == (0, 20)
    assert not fed.flags.writeable
    assert not series.values.flags.writeable


@pytest.mark.parametrize(("start", "first"), [(0, 0), (7, 7), (99, 12), (-5, 0)])
def test_a_window(start, first):
    read, values = table()
    asked = want(length=8)
    sample = fit_table(read, asked, start=start)
    part = values[first : first + 8]
    np.testing.assert_array_equal(sample.values[0], expected(part, asked))
    np.testing.assert_array_equal(sample.series.values, part.T)
    np.testing.assert_allclose(sample.series.time, (first + np.arange(8)) / 50)
    assert sample.series.start == first
    assert f"steps {first + 1} to {first + 8} of 20" in sample.steps


def test_a_short_table_is_padded_in_front_with_the_mean():
    read, values = table(steps=5)
    asked = want(length=8)
    sample = fit_table(read, asked)
    assert (sample.values[0][:, :3] == 0).all()
    np.testing.assert_array_equal(sample.values[0][:, 3:], expected(values, asked))
    assert np.isnan(sample.series.values[:, :3]).all()
    np.testing.assert_array_equal(sample.series.values[:, 3:], values.T)
    np.testing.assert_allclose(sample.series.time, (np.arange(8) - 3) / 50)
    assert sample.series.start == -3
    assert "3 steps of the mean put before 5, to make 8" in sample.steps


@pytest.mark.parametrize("rows", [10, 40, 48, 49, 60])
def test_fewer_steps_than_the_network_reaches(rows):
    read, _ = table(("x", "y"), rows, time=False)
    asked = want(("x", "y"), minimum=49)
    if rows >= 49:
        assert fit_table(read, asked).values[0].shape == (2, rows)
        return
    with pytest.raises(MismatchError) as caught:
        fit_table(read, asked)
    assert f"needs at least 49 rows, the file has {rows}" in str(caught.value)
    assert (caught.value.reason, caught.value.wanted, caught.value.got) == (
        *("length", 49, rows),
    )


# Names


@pytest.mark.parametrize(
    ("names", "matched"),
    [
        (["wz", "wy", "wx", "az", "ay", "ax"], [5, 4, 3, 2, 1, 0]),
        (["AX", "Ay [g]", "a_z", "w x", "WY (rad/s)", "wz"], [0, 1, 2, 3, 4, 5]),
        (["mag", "acc_x", "acc_y", "acc_z", "gyr_x", "gyr_y", "gyr_z"], range(1, 7)),
        (["GyroX", "GyroY", "GyroZ", "AccelX", "AccelY", "AccelZ"], [3, 4, 5, 0, 1, 2]),
        (["a", "b", "c", "d", "e", "f"], range(6)),
        (["foo", "az", "bar", "ax", "baz", "qux"], [3, 0, 1, 2, 4, 5]),
    ],
)
def test_variables_are_matched_by_name_then_by_order(names, matched):
    assert match_channels(names, AXES) == tuple(names[j] for j in matched)


@pytest.mark.parametrize(
    "names", [["ax", "ay", "az"], ["a", "b", "c", "d", "e", "f", "g"], []]
)
def test_what_cannot_be_matched(names):
    assert match_channels(names, AXES) is None


def test_another_number_of_variables():
    read, _ = table(("p", "q"))
    with pytest.raises(MismatchError) as caught:
        fit_table(read, want())
    error = caught.value
    assert (error.reason, error.wanted, error.got) == ("channels", 6, 2)
    assert "wants 6 variables (ax, ay, az, wx, wy, wz)" in str(error)
    assert "the table has 2 (p, q)" in str(error)


def test_the_person_maps():
    read, values = table(("p", "q", "r"))
    asked = want(("one", "two"))
    sample = fit_table(read, asked, mapping=("r", "p"))
    np.testing.assert_array_equal(sample.values[0], expected(values[:, [2, 0]], asked))
    assert sample.series.names == ("r", "p")
    assert sample.steps[0] == "variables one ← r, two ← p"
    with pytest.raises(InputError, match='variable "z"'):
        fit_table(read, asked, mapping=("r", "z"))
    with pytest.raises(InputError, match="2 channels, got 1"):
        fit_table(read, asked, mapping=("r",))


# Variables in rows


def ramp(*shape):
    count = int(np.prod(shape))
    return ((np.arange(count) * 37 % 53 - 26) / 13).reshape(shape)


def as_text(values, names=None):
    lines = [",".join(f"{v:.6g}" for v in row) for row in values]
    return "\n".join([",".join(names), *lines] if names else lines) + "\n"


def test_rows_are_the_variables_where_only_they_fit():
    values = ramp(3, 50)
    asked = SeriesWant(("x", "y", "z"), None, 50.0, (0.0,) * 3, (1.0,) * 3)
    across = fit_table(read_table(as_text(values)), asked)
    down = fit_table(read_table(as_text(values.T, "xyz")), asked)
    np.testing.assert_array_equal(across.values[0], down.values[0])
    np.testing.assert_allclose(across.values[0], values, rtol=1e-5)
    assert any("Variables are taken from the rows" in n for n in across.notes)


def test_a_square_table_makes_the_program_ask():
    text = as_text(ramp(3, 3))
    asked = SeriesWant(("x", "y", "z"), None, 50.0, (0.0,) * 3, (1.0,) * 3)
    with pytest.raises(MismatchError) as caught:
        fit_table(read_table(text), asked)
    assert caught.value.reason == "layout"
    columns = fit_table(read_table(text, Choices(layout="columns")), asked)
    rows = fit_table(read_table(text, Choices(layout="rows")), asked)
    np.testing.assert_array_equal(columns.values[0], rows.values[0].T)
    np.testing.assert_allclose(rows.values[0], ramp(3, 3), rtol=1e-5)


def test_names_of_rows():
    text = "ay,1,2,3,4,5\nax,6,7,8,9,10\n"
    asked = SeriesWant(("ax", "ay"), None, 50.0, (0.0,) * 2, (1.0,) * 2)
    sample = fit_table(read_table(text), asked)
    assert sample.series.names == ("ax", "ay")
    assert sample.values[0][0].tolist() == [6, 7, 8, 9, 10]


# What is told


def test_a_network_that_learned_no_scale_takes_the_tables_own():
    read, values = table(("p", "q"))
    asked = SeriesWant(("a", "b"), 8, 50.0, (), ())
    sample = fit_table(read, asked, start=4)
    scaled = (values - values.mean(axis=0)) / values.std(axis=0)
    np.testing.assert_allclose(sample.values[0], scaled[4:12].T, rtol=1e-5)


def test_a_constant_variable_is_not_divided_by_zero():
    read = read_table("a,b\n5,1\n5,2\n5,3\n")
    sample = fit_table(read, SeriesWant(("a", "b"), None, 50.0, (), ()))
    assert sample.values[0][0].tolist() == [0, 0, 0]


def test_other_rates_and_unknown_ones_are_told():
    read, _ = table()
    assert not any(
        "rate" in note or "Hz" in note for note in fit_table(read, want()).notes
    )
    slow = SeriesWant(AXES, None, 10.0, (0.0,) * 6, (1.0,) * 6)
    assert any(
        "Sampled at 50 Hz; the network was trained at 10 Hz." in note
        for note in fit_table(read, slow).notes
    )
    unknown, _ = table(time=False)
    sample = fit_table(unknown, want())
    assert any("rate is not known" in note for note in sample.notes)
    assert sample.series.rate is None
    assert sample.series.time.tolist() == list(range(20))


def test_values_in_another_unit_are_told():
    asked = want(("ax", "ay"), units=("g", "g"))
    read = read_table("ax,ay\n9.81,0.1\n9.79,0.2\n9.83,0.3\n")
    (note,) = [n for n in fit_table(read, asked).notes if "unit" in n]
    assert '"ax" lies around 9.81' in note
    assert "0 ± 1 g" in note


def test_missing_values_stay_missing_unless_they_are_filled():
    read = read_table("ax,ay\n1,2\n,4\n5,6\n")
    asked = want(("ax", "ay"))
    kept = fit_table(read, asked)
    assert np.isnan(kept.values[0]).tolist() == [[False, True, False], [False] * 3]
    filled = fit_table(fill_missing(read, "interpolate"), asked)
    assert filled.values[0][0].tolist() == [1, 3, 5]
    assert any("straight lines" in note for note in filled.notes)


def test_a_value_beyond_float32():
    read = read_table("ax,ay\n1,2\n1e300,4\n5,6\n")
    with pytest.raises(InputError, match=r'row 3, column "ax": .* got 1e\+300'):
        fit_table(read, want(("ax", "ay")))

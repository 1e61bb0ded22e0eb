"""The sample tables: made by their script, and read as they are meant."""

import subprocess
import sys

import numpy as np
import pytest

from cnnviz.core.models import SeriesWant
from cnnviz.core.resources import resource
from cnnviz.inputs.fit import fit_table
from cnnviz.inputs.series import read_table
from cnnviz.inputs.table import fill_missing

FOLDER = resource("samples/series")


def sample(name):
    return read_table(FOLDER / name)


def test_the_script_makes_the_files(tmp_path):
    script = resource("samples/make_series.py")
    subprocess.run(
        [sys.executable, str(script), str(tmp_path)], check=True, capture_output=True
    )
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    kept = {path.name: path.read_bytes() for path in FOLDER.iterdir()}
    assert made.keys() == kept.keys()
    for name in kept:
        mine = read_table(tmp_path / name).values
        np.testing.assert_allclose(mine, read_table(FOLDER / name).values, atol=2e-3)


@pytest.mark.parametrize(
    ("name", "steps", "variables", "rate"),
    [
        ("bursts.csv", 2400, 4, 200),
        ("drift.csv", 1440, 4, 1 / 600),
        ("steps.csv", 989, 4, 1),
        ("exercise_raise.csv", 500, 6, 50),
        ("exercise_pendulum.csv", 500, 6, 50),
    ],
)
def test_tidy_samples(name, steps, variables, rate):
    read = sample(name)
    assert read.values.shape == (steps, variables)
    assert read.rate == pytest.approx(rate)
    assert read.even
    assert not read.missing
    assert read.notes == ()
    assert all(read.units)


def test_the_messy_sample():
    read = sample("messy.csv")
    assert read.encoding == "cp1252"
    assert (read.dialect.delimiter, read.style.decimal) == (";", ",")
    assert read.dialect.header == 4
    assert read.names == (
        *("Drehzahl [1/min]", "Lagertemperatur [°C]", "Öldruck [bar]"),
        "Schwingung [mm/s]",
    )
    assert [column.name for column in read.columns if column.role == "time"] == [
        *("Datum", "Uhrzeit")
    ]
    assert read.dropped[0].name == "Zustand"
    assert read.dropped[0].role == "label"
    assert {entry.name: entry.count for entry in read.missing} == {
        "Lagertemperatur [°C]": 4,
        "Öldruck [bar]": 8,
        "Schwingung [mm/s]": 3,
    }
    assert read.missing_numbers == (-999,)
    (gap,) = read.gaps
    assert gap.seconds == 7230
    assert not np.isnan(fill_missing(read, "interpolate").values).any()


@pytest.mark.parametrize("name", ["exercise_raise.csv", "exercise_pendulum.csv"])
def test_exercises_obey_mechanics(name):
    read = sample(name)
    force, turning = read.values[:, :3], read.values[:, 3:]
    size = np.linalg.norm(force, axis=1)
    assert 0.8 < size.mean() < 1.4  # gravity is 1 g, the arm's own motion adds some
    # along a stiff arm of 0.55 m the pull to the shoulder is ω² r
    pull = 0.55 / 9.81 * (turning[:, 1] ** 2 + turning[:, 2] ** 2)
    across = np.hypot(force[:, 1], force[:, 2])
    assert (np.abs(force[:, 0]) < 1.1 + pull).all()
    assert across.max() < 2.5


@pytest.mark.parametrize("name", ["exercise_raise.csv", "exercise_pendulum.csv"])
def test_exercises_fit_a_network_of_six_channels(name):
    channels = ("ax", "ay", "az", "wx", "wy", "wz")
    want = SeriesWant(channels, 128, 50.0, (0.0,) * 6, (1.0,) * 6)
    fed = fit_table(sample(name), want, start=100)
    assert fed.values[0].shape == (6, 128)
    assert fed.notes == ()
    assert fed.series.units == ("g", "g", "g", "rad/s", "rad/s", "rad/s")

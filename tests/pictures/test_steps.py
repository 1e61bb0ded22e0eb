import numpy as np
import pytest

from cnnviz.core.series import Choices, TableFacts
from cnnviz.pictures.steps import rate, reads_words, seconds, series_line, step_words
from cnnviz.pictures.table_words import table_lines

TIME = np.arange(100) / 50


@pytest.mark.parametrize(
    ("hertz", "words"),
    [
        (50.0, "50 Hz"),
        (0.5, "0.5 Hz"),
        (1 / 30, "every 30 s"),
        (1 / 600, "every 10 min"),
        (1 / 60, "every minute"),
        (1 / 3600, "every hour"),
        (1 / 5400, "every 1.5 h"),
        (1 / 86_400, "every day"),
        (1 / 604_800, "every 7 days"),
    ],
)
def test_rates(hertz, words):
    assert rate(hertz) == words


@pytest.mark.parametrize(
    ("when", "words"),
    [(0, "0 s"), (1.14, "1.14 s"), (-0.56, "−0.56 s"), (180, "3 min"), (9000, "2.5 h"),
     (345_600, "4 d")],
)  # fmt: skip
def test_times(when, words):
    assert seconds(when) == words


def test_a_step():
    assert step_words(57, TIME) == "step 57 (1.14 s)"
    assert step_words(57, None) == "step 57"
    assert step_words(1234, TIME) == "step 1,234"


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ([], "reads no step of the input"),
        ([7], "reads input step 7 (0.14 s)"),
        ([7, 8, 9], "reads input steps 7–9 (0.14 s … 0.18 s)"),
        ([1, 5, 9], "reads input 3 of steps 1–9 (0.02 s … 0.18 s)"),
        (list(range(100)), "reads the whole input"),
    ],
)
def test_what_is_read(steps, words):
    mask = np.zeros(100, bool)
    mask[steps] = True
    assert reads_words(mask, TIME) == words
    assert reads_words(mask, None) == words.partition(" (")[0]


def test_values_at_a_step():
    said = series_line(3, TIME, ("ax", "b"), (-0.5, np.nan))
    assert said == "input · step 3 (0.06 s) · ax −0.5 · b missing"


def facts(pairs, columns=()):
    return TableFacts(columns, (), (), (), (), Choices(), pairs)


def test_lines_about_a_table():
    written = (
        ("characters", "cp949"),
        ("columns divided by", "semicolon"),
        ("decimal mark", "comma"),
        ("names", "row 3"),
    )
    lines = table_lines(facts((*written, ("time", "no column"), ("steps", "20"))))
    assert lines[0][0] == "divided by semicolon · decimal comma · names: row 3 · cp949"
    assert lines[0][-1] == "divided by semicolon"
    assert lines[1][0] == "time: no column · 20 steps"
    assert len(lines) == 2
    more = (
        *written,
        ("time", '"when", ISO 8601'),
        ("begins", "2024-05-06"),
        ("sampled at", "50 Hz (evenly)"),
        ("steps", "20"),
        ("missing", '2 missing values: 2 in "a" (rows 3, 4)'),
        ("taken for missing", "-999"),
    )
    columns = (("when", "time"), ("a", "variable"), ("who", "label"))
    lines = table_lines(facts(more, columns))
    assert lines[1][0] == (
        'time: "when", ISO 8601, from 2024-05-06 · 50 Hz (evenly) · 20 steps'
    )
    assert lines[1][-1] == "50 Hz · 20 steps"
    assert lines[2][0] == (
        '2 missing values: 2 in "a" (rows 3, 4) · taken for missing: -999 · '
        "left out: who"
    )

"""What a network of series is fed for a table with missing values."""

from pathlib import Path

import numpy as np
import pytest

from cnnviz.core.errors import MismatchError
from cnnviz.core.models import SeriesWant
from cnnviz.core.series import Choices, TableSource
from cnnviz.inputs.series import read_table
from cnnviz.probe.sources import series_sample

STEPS = np.arange(30)
DICE = np.random.default_rng(4).random(30)
GONE = np.stack([DICE < 0.4, DICE > 0.7])


def fed(text, layout, many=2):
    names = tuple(f"x{i}" for i in range(many))
    want = SeriesWant(names, None, 0, (0.0,) * many, (1.0,) * many)
    choices = Choices(layout=layout)
    read = read_table(text, choices, "table")
    return series_sample(read, want, TableSource(Path("table"), choices))


@pytest.mark.parametrize("layout", [None, "columns", "rows"])
def test_gaps_are_filled_along_time_however_the_table_lies(layout):
    """Against numpy's own interpolation, with variables of very different size."""
    whole = np.stack([STEPS**2, 1e4 - STEPS]).astype(float)
    wanted = [
        np.interp(STEPS, STEPS[~gone], row[~gone])
        for row, gone in zip(whole, GONE, strict=True)
    ]
    cells = np.where(GONE, "", whole.astype(str))
    rows = cells.T if layout == "columns" else cells
    text = "".join(",".join(row) + "\n" for row in rows)
    sample = fed(text, layout)
    (found,) = sample.values
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
    assert sample.series is not None
    np.testing.assert_allclose(sample.series.fed, wanted, rtol=1e-12)
    np.testing.assert_array_equal(np.isnan(sample.series.values), GONE)
    assert f"{GONE.sum()} missing values" in " ".join(sample.notes)


@pytest.mark.parametrize("layout", ["columns", "rows"])
def test_a_variable_without_a_value_is_not_fed(layout):
    cells = np.stack([STEPS.astype(str), [""] * 30, (STEPS * 2).astype(str)])
    if layout == "columns":
        lines = ["a,b,c", *map(",".join, cells.T)]
    else:
        lines = [f"{n},{','.join(row)}" for n, row in zip("abc", cells, strict=True)]
    text = "\n".join(lines) + "\n"
    (values,) = fed(text, layout).values
    np.testing.assert_array_equal(values, [STEPS, STEPS * 2])
    with pytest.raises(MismatchError, match=r"wants 3 variables.*the table has 2"):
        fed(text, layout, 3)

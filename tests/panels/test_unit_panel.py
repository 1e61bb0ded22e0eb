from dataclasses import replace

import numpy as np
import pytest

from cnnviz.core.geometry import ReceptiveField
from cnnviz.panels.saving import csv
from cnnviz.panels.unit_panel import UnitPanel, coverage, sees


def field(box, extent, step=1):
    mask = np.zeros(extent, bool)
    (top, bottom), (left, right) = box
    rows = slice(max(top, 0), bottom + 1, step)
    columns = slice(max(left, 0), right + 1, step)
    mask[rows, columns] = True
    return ReceptiveField(box, None, mask)


@pytest.fixture
def panel(shown):
    return shown(UnitPanel(), 300, 200)


def test_what_is_seen_in_words():
    assert sees(field(((46, 56), (118, 128)), (224, 224))) == (
        "sees input rows 46–56, columns 118–128"
    )
    assert sees(field(((-2, 8), (0, 10)), (224, 224))) == (
        "sees input rows −2 to 8, columns 0–10"
    )


def test_an_assumed_field_says_at_most():
    given = field(((0, 1), (0, 1)), (4, 4))
    loose = ReceptiveField(given.box, None, given.mask, exact=False)
    assert sees(loose) == "sees at most input rows 0–1, columns 0–1"


def test_series_have_steps():
    found = ReceptiveField(((3, 9),), ((3, 9),), np.ones(20, bool))
    assert sees(found) == "sees input steps 3–9"


def test_padding_and_holes_are_counted():
    assert coverage(field(((2, 4), (3, 5)), (9, 9))) == "3×3"
    assert coverage(field(((-1, 1), (3, 5)), (9, 9))) == "3×3 · 3 of 9 in the padding"
    assert coverage(field(((0, 4), (0, 4)), (9, 9), 2)) == (
        "5×5 · reads 9 of 25 positions"
    )


def test_a_value_its_place_and_its_way(panel, conv):
    way = [("conv", -0.52), ("ReLU", 0.0), ("max pool", 1.25)]
    panel.show_unit(conv, 3, (2, 5), way, field(((2, 4), (5, 7)), (9, 12)))
    value = conv.output[3, 2, 5]
    assert panel.value.text() == f"{value:.4g}".replace("-", "−")
    assert np.float32(panel.exact.text()) == value
    assert panel.header.caption() == "features.0 · channel 3 · (2, 5)"
    steps = [(w.text(), v.text()) for w, v in panel._steps if w.isVisible()]
    assert steps == [("conv", "−0.52"), ("→ ReLU", "0"), ("→ max pool", "1.25")]
    assert panel.sees.text() == "sees input rows 2–4, columns 5–7"


def test_a_shorter_way_leaves_nothing_behind(panel, conv):
    panel.show_unit(conv, 0, (0, 0), [("a", 1.0), ("b", 2.0)])
    panel.show_unit(conv, 0, (0, 0), [])
    assert not any(word.isVisible() for word, _ in panel._steps)
    assert panel.sees.text() == ""


def test_a_dense_unit_has_no_place(panel, dense):
    panel.show_unit(dense, 2, ())
    assert panel.header.caption() == "classifier.1 · channel 2"


def test_the_way_can_be_saved(panel, conv):
    assert panel.exporter._arrays() == {}
    panel.show_unit(conv, 0, (0, 0), [("conv", -0.5), ("ReLU", 0.0)])
    assert csv(panel.exporter._arrays()["unit"]) == b"conv,ReLU\n-0.5,0\n"


def test_not_a_number_is_said_once(panel, conv):
    odd = conv.output.copy()
    odd[0, 0, 0] = np.nan
    panel.show_unit(replace(conv, output=odd), 0, (0, 0))
    assert (panel.value.text(), panel.exact.text()) == ("NaN", "")

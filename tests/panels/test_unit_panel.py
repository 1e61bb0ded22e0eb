"""The panel's numbers against products and sums of our own; real clicks and keys."""

from dataclasses import replace

import numpy as np
import pytest
from hands import Ear, move
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from cnnviz.core.geometry import ReceptiveField
from cnnviz.core.layers import Geometry, Layer
from cnnviz.core.trace import Sample, Trace
from cnnviz.panels.field_words import coverage, seen, sees
from cnnviz.panels.saving import csv
from cnnviz.panels.unit_panel import UnitPanel

LEFT, NO_KEY = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def field(box, extent, step=1):
    mask = np.zeros(extent, bool)
    (top, bottom), (left, right) = box
    rows = slice(max(top, 0), bottom + 1, step)
    columns = slice(max(left, 0), right + 1, step)
    mask[rows, columns] = True
    return ReceptiveField(box, None, mask)


@pytest.fixture
def panel(shown):
    return shown(UnitPanel(), 360, 250)


@pytest.fixture
def trace():
    """A padded 3→2 convolution, its ReLU and a 2×2 max pool, computed by hand."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(3, 6, 6)).astype(np.float32)
    weight = rng.normal(size=(2, 3, 3, 3)).astype(np.float32)
    bias = np.array([0.25, -0.5], np.float32)
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    made = np.zeros((2, 6, 6), np.float32)
    for y in range(6):
        for at in range(6):
            window = padded[:, y : y + 3, at : at + 3]
            made[:, y, at] = (weight * window).sum((1, 2, 3)) + bias
    positive = np.maximum(made, 0)
    pooled = positive.reshape(2, 3, 2, 3, 2).max((2, 4))
    plain = ((1, 1), (1, 1))
    conv = Layer(
        "conv", "conv", "Conv2d", ("input",), made, axes="CHW",
        input_shapes=((3, 6, 6),), weight=weight, bias=bias,
        geometry=Geometry((3, 3), (1, 1), plain, (1, 1)),
    )  # fmt: skip
    relu = Layer(
        "relu", "activation", "ReLU", ("conv",), positive, axes="CHW",
        input_shapes=(made.shape,),
    )  # fmt: skip
    pool = Layer(
        "pool", "pool", "MaxPool2d", ("relu",), pooled, axes="CHW",
        input_shapes=(made.shape,),
        geometry=Geometry(
            (2, 2), (2, 2), ((0, 0), (0, 0)), (1, 1),
            padding_mode="-inf", reduction="max",
        ),
    )  # fmt: skip
    return Trace(Sample((x,)), (conv, relu, pool))


def show(panel, trace, name, channel, unit, **more):
    panel.show_unit(trace[name], trace.explain(name, channel, unit), **more)
    return trace.explain(name, channel, unit)


def spot(grid, row, column):
    return grid.cell(row, column).center().toPoint()


def by_size(trace, channel, unit):
    """What each input channel adds, largest first: ``(input channel, sum)``."""
    y, x = unit
    padded = np.pad(trace.sample.values[0], ((0, 0), (1, 1), (1, 1))).astype(float)
    weight = trace["conv"].weight[channel].astype(float)
    sums = (weight * padded[:, y : y + 3, x : x + 3]).sum((1, 2))
    return [(int(c), sums[c]) for c in np.argsort(-np.abs(sums))]


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


def test_another_input_is_named():
    given = field(((0, 1), (0, 1)), (4, 4))
    other = replace(given, target="input_1")
    assert sees(other) == "sees second input rows 0–1, columns 0–1"
    vector = ReceptiveField((), (), np.ones((), bool), target="input_2")
    assert sees(vector) == "sees all of the third input"
    nothing = ReceptiveField((), None, np.zeros((4, 4), bool))
    assert sees(nothing) == "sees nothing of the input"


def test_the_whole_input_is_said_in_short():
    whole = ReceptiveField(
        ((-66, 288), (-66, 288)), ((0, 3), (0, 3)), np.ones((4, 4), bool)
    )
    assert sees(whole) == "sees the whole input"
    holes = np.ones((4, 4), bool)
    holes[1, 1] = False
    part = ReceptiveField(whole.box, whole.span, holes)
    assert sees(part) != "sees the whole input"


def test_series_have_steps():
    found = ReceptiveField(((3, 9),), ((3, 9),), np.ones(20, bool))
    assert sees(found) == "sees input steps 3–9"


def test_padding_and_holes_are_counted():
    assert coverage(field(((2, 4), (3, 5)), (9, 9))) == "3×3"
    assert coverage(field(((-1, 1), (3, 5)), (9, 9))) == "3×3 · 3 of 9 in the padding"
    assert coverage(field(((0, 4), (0, 4)), (9, 9), 2)) == (
        "5×5 · reads 9 of 25 positions"
    )


def test_with_less_room_it_is_said_shorter_and_nothing_is_cut(panel, trace):
    """Of 20×20 positions around a 10×10 input, counted one by one, 300 are padding."""
    box = ((-5, 14), (-5, 14))
    inside = sum(
        0 <= y < 10 and 0 <= x < 10 for y in range(-5, 15) for x in range(-5, 15)
    )
    assert inside == 100
    wide = ReceptiveField(box, ((0, 9), (0, 9)), np.ones((10, 10), bool))
    place = "sees the whole input"
    assert seen(wide) == (
        f"{place} · 20×20 · 300 of 400 in the padding",
        f"{place} · 75.0 % padding",
        "sees 20×20 of the input · 75.0 % padding",
    )
    loose = replace(wide, exact=False, target="input_1")
    assert seen(loose)[-1] == "sees at most 20×20 of the second input · 75.0 % padding"
    assert seen(field(((2, 4), (3, 5)), (9, 9))) == (
        "sees input rows 2–4, columns 3–5 · 3×3",
    )
    show(panel, trace, "conv", 1, (2, 3), field=wide)
    for said in (0, 1, 0):
        room = panel.sees.fontMetrics().horizontalAdvance(seen(wide)[said])
        panel.sees.resize(room, panel.sees.height())
        assert panel.sees.shown() == seen(wide)[said]
        assert panel.sees.text() == seen(wide)[0]


def test_value_place_equation_and_way(panel, trace):
    there = field(((1, 3), (2, 4)), (6, 6))
    show(panel, trace, "conv", 1, (2, 3), way=[("ReLU", 0.0)], field=there)
    value = trace["conv"].output[1, 2, 3]
    assert panel.value.text() == f"{value:.4g}".replace("-", "−")
    assert np.float32(panel.value.toolTip()) == value
    assert panel.header.caption() == "conv · channel 1 · (2, 3)"
    words = panel.words.text()
    assert words.startswith("Σ over 3 channels and 3×3 cells + bias −0.5 = ")
    assert words.endswith(" → ReLU → 0")
    assert panel.sees.text() == "sees input rows 1–3, columns 2–4 · 3×3"


def test_window_times_kernel_for_the_largest_map_first(panel, trace):
    show(panel, trace, "conv", 0, (3, 2))
    ((channel, added), *_) = by_size(trace, 0, (3, 2))
    window = trace.sample.values[0][channel, 2:5, 1:4]
    kernel = trace["conv"].weight[0, channel]
    np.testing.assert_array_equal(panel.terms.read._values, window)
    np.testing.assert_array_equal(panel.terms.kernel._values, kernel)
    products = window.astype(float) * kernel
    np.testing.assert_allclose(panel.terms.product._values, products)
    said = f"input channel {channel} adds {added:.4g}".replace("-", "−")
    assert panel.terms.map.text() == f"{said} · 1 of 3"


def test_channels_of_the_input_have_names(panel, trace):
    show(panel, trace, "conv", 0, (3, 2), names=("red", "green", "blue"))
    ((channel, _), *_) = by_size(trace, 0, (3, 2))
    colour = ("red", "green", "blue")[channel]
    assert panel.terms.map.text().startswith(f"input channel {channel} ({colour}) adds")


def test_arrows_keys_and_bars_go_through_the_maps(panel, trace):
    show(panel, trace, "conv", 0, (3, 2))
    order = [channel for channel, _ in by_size(trace, 0, (3, 2))]

    def laid_open():
        return int(panel.terms.map.text().split()[2])

    QTest.mouseClick(panel.terms.on, LEFT)
    assert laid_open() == order[1]
    panel.setFocus()
    QTest.keyClick(panel, Qt.Key.Key_Right)
    assert laid_open() == order[2]
    QTest.keyClick(panel, Qt.Key.Key_Right)
    assert laid_open() == order[2]
    QTest.keyClick(panel, Qt.Key.Key_Left)
    assert laid_open() == order[1]
    at = panel.terms.bars.bar(0).center().toPoint()
    QTest.mouseClick(panel.terms.bars, LEFT, NO_KEY, at)
    assert laid_open() == order[0]
    assert not panel.terms.back.isEnabled()


def test_bars_rise_with_what_is_added(panel, trace):
    show(panel, trace, "conv", 0, (3, 2))
    added = np.array([each for _, each in by_size(trace, 0, (3, 2))])
    bars = [panel.terms.bars.bar(place) for place in range(3)]
    tall = np.array([bar.height() for bar in bars])
    unit = tall[0] / abs(added[0])
    np.testing.assert_allclose(tall, np.maximum(np.abs(added) * unit, 1))
    zero = {
        bar.bottom() if a > 0 else bar.top() for bar, a in zip(bars, added, strict=True)
    }
    assert max(zero) - min(zero) < 1e-6


def test_a_double_click_goes_where_the_term_came_from(panel, trace):
    show(panel, trace, "conv", 0, (0, 2))
    ear = Ear(panel.followed)
    channel = by_size(trace, 0, (0, 2))[0][0]
    for grid in (panel.terms.read, panel.terms.kernel, panel.terms.product):
        QTest.mouseDClick(grid, LEFT, NO_KEY, spot(grid, 2, 0))
    assert ear.heard == [("input", channel, (1, 1))] * 3


def test_padding_is_hatched_and_leads_nowhere(panel, trace):
    show(panel, trace, "conv", 0, (0, 2))
    ear = Ear(panel.followed)
    grid = panel.terms.read
    assert grid._padding.tolist() == [[True] * 3, [False] * 3, [False] * 3]
    QTest.mouseDClick(grid, LEFT, NO_KEY, spot(grid, 0, 1))
    assert ear.heard == []
    told = Ear(panel.termHovered)
    at = spot(grid, 0, 1)
    move(grid, (at.x(), at.y()))
    ((words, place),) = told.heard
    assert words.endswith("· padding")
    assert place is None


def test_enter_follows_the_term_that_was_clicked(panel, trace):
    show(panel, trace, "conv", 0, (3, 2))
    ear = Ear(panel.followed)
    channel = by_size(trace, 0, (3, 2))[0][0]
    grid = panel.terms.read
    panel.activateWindow()
    QTest.mouseClick(grid, LEFT, NO_KEY, spot(grid, 1, 2))
    assert panel.hasFocus()
    QTest.keyClick(panel, Qt.Key.Key_Return)
    assert ear.heard == [("input", channel, (3, 3))]


def test_the_pool_shows_its_window_and_winner(panel, trace):
    show(panel, trace, "conv", 1, (4, 1), pooled=trace.explain("pool", 1, (2, 0)))
    grid = panel.terms.pool
    window = trace["relu"].output[1, 4:6, 0:2]
    np.testing.assert_array_equal(grid._values, window)
    winner = np.unravel_index(window.argmax(), (2, 2))
    assert np.argwhere(grid._winner).tolist() == [list(winner)]
    assert grid._current == grid._index[0, 1]
    ear = Ear(panel.followed)
    QTest.mouseDClick(grid, LEFT, NO_KEY, spot(grid, 0, 0))
    assert ear.heard == [("pool", 1, (2, 0))]


def test_relu_says_why_zero(panel, trace):
    at = np.argwhere(trace["conv"].output < 0)[0].tolist()
    show(panel, trace, "relu", at[0], tuple(at[1:]))
    value = trace["conv"].output[tuple(at)]
    said = f"{value:.4g}".replace("-", "−")
    assert panel.why.text() == f"0 because its input {said} is negative"
    (line,) = panel.terms.lines.lines
    assert line.value == said
    ear = Ear(panel.followed)
    middle = panel.terms.lines.line(0).center().toPoint()
    QTest.mouseDClick(panel.terms.lines, LEFT, NO_KEY, middle)
    assert ear.heard == [("conv", at[0], tuple(at[1:]))]


def test_a_max_pool_is_one_grid(panel, trace):
    show(panel, trace, "pool", 0, (1, 1))
    assert panel.terms.read.isVisible()
    assert not panel.terms.kernel.isVisible()
    assert not panel.terms.bars.isVisible()
    assert not panel.why.isVisible() or panel.why.text().startswith("0 because")


def test_a_dense_unit_has_no_place(panel, dense):
    x = np.random.default_rng(1).normal(size=12).astype(np.float32)
    made = (dense.weight @ x).astype(np.float32)
    trace = Trace(Sample((x,)), (replace(dense, output=made, inputs=("input",)),))
    show(panel, trace, "classifier.1", 2, ())
    assert panel.header.caption() == "classifier.1 · channel 2"
    best = int(np.abs(dense.weight[2] * x).argmax())
    assert panel.terms.map.text().startswith(f"input neuron {best} adds ")


def test_terms_can_be_saved(panel, trace):
    assert panel.exporter._arrays() == {}
    show(panel, trace, "relu", 0, (0, 0))
    x = float(trace["conv"].output[0, 0, 0])
    product = max(x, 0.0)
    table = csv(panel.exporter._arrays()["unit"]).decode().splitlines()
    assert table[0] == "term,channel,x,w,x·w"
    assert list(map(float, table[1].split(","))) == [0, 0, x, 1, product]


def test_the_pointer_marks_the_same_cell_everywhere(panel, trace):
    show(panel, trace, "conv", 0, (3, 2))
    at = spot(panel.terms.kernel, 0, 1)
    move(panel.terms.kernel, (at.x(), at.y()))
    term = panel.terms.kernel._index[0, 1]
    assert panel.terms.read._under == panel.terms.product._under == term
    told = Ear(panel.termHovered)
    move(panel.terms.kernel, (0, 0))
    assert told.heard == [None]


def test_not_a_number_is_explained(panel, trace):
    x = trace.sample.values[0].copy()
    x[0, 2, 2] = np.nan
    odd = trace["conv"].output.copy()
    odd[0, 2, 2] = np.nan
    broken = Trace(Sample((x,)), (replace(trace["conv"], output=odd),))
    show(panel, broken, "conv", 0, (2, 2))
    assert panel.value.text() == "NaN"
    assert (
        panel.why.text() == "NaN because 1 of its 27 inputs is NaN or infinite already"
    )


def test_narrow_and_wide_panels_lay_out(panel, trace):
    for size in ((200, 160), (256, 230), (800, 500)):
        panel.resize(*size)
        show(panel, trace, "conv", 0, (3, 2), pooled=trace.explain("pool", 0, (1, 1)))
        assert panel.grab().size().width() == size[0]
        area = panel.terms.read.area()
        assert area.width() >= 3
        assert panel.terms.read.term_at(QPoint(-1, -1)) is None

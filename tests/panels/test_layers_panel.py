from dataclasses import replace

import numpy as np
import pytest
from hands import Ear, pixels, rgb
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QEnterEvent, QHoverEvent, QRegion
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from cnnviz.core.layers import Geometry, Layer
from cnnviz.core.trace import Sample, Trace
from cnnviz.panels.layer_model import (
    CHANGED_ROLE,
    COLUMNS,
    FAULT_ROLE,
    kind_words,
)
from cnnviz.panels.layers_panel import LayersPanel, _Marks
from cnnviz.panels.row_view import Bars
from cnnviz.panels.saving import csv
from cnnviz.pictures.captions import layer_caption
from cnnviz.pictures.status import status_line


@pytest.fixture
def trace(conv, relu):
    pool = Layer(
        "features.2",
        "pool",
        "MaxPool2d",
        (relu.name,),
        relu.output[:, :6:2, ::2],
        axes="CHW",
        input_shapes=(relu.shape,),
        geometry=Geometry((2, 2), (2, 2), ((0, 0), (0, 0)), (1, 1), reduction="max"),
    )
    flat = Layer(
        "flatten",
        "flatten",
        "Flatten",
        (pool.name,),
        pool.output.ravel(),
        axes="C",
        input_shapes=(pool.shape,),
    )
    rng = np.random.default_rng(0)
    dense = Layer(
        "classifier",
        "linear",
        "Linear",
        (flat.name,),
        rng.normal(size=3).astype(np.float32),
        axes="C",
        input_shapes=(flat.shape,),
        weight=rng.normal(size=(3, 75)).astype(np.float32),
        parameters=228,
        macs=225,
    )
    sample = Sample((np.zeros((3, 9, 12), np.float32),))
    layers = (conv, relu, pool, flat, dense)
    return Trace(sample, layers, parameters=368)


@pytest.fixture
def panel(shown, themed, trace):
    themed(True)
    view = shown(LayersPanel(), 460, 400)
    view.show_trace(trace)
    return view


def cells(panel, row):
    return [str(panel.model.index(row, c).data()) for c in range(len(COLUMNS))]


def row_spot(panel, row):
    index = panel._proxy.index(row, 0)
    return panel.view.visualRect(index).center()


def test_every_layer_has_a_row_of_numbers(panel):
    assert panel.model.rowCount() == 5
    assert cells(panel, 0) == ["features.0", "conv", "5×7×10", "3×3", "140", "9,450"]
    assert cells(panel, 1) == ["features.1", "ReLU", "5×7×10", "3×3", "", ""]
    assert cells(panel, 2)[:4] == ["features.2", "max pool", "5×3×5", "4×4"]
    assert cells(panel, 4) == ["classifier", "linear", "3", "all", "228", "225"]
    assert panel.header.caption() == "5 · 368 parameters · 9,675 multiply-adds"


def test_a_click_picks_a_layer(panel):
    heard = Ear(panel.layerPicked)
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QTest.mouseClick(panel.view.viewport(), left, none, row_spot(panel, 3))
    assert heard.heard == ["flatten"]


def test_the_keys_pick_too(panel):
    heard = Ear(panel.layerPicked)
    panel.show_layer("features.1")
    QTest.keyClick(panel.view, Qt.Key.Key_Down)
    assert heard.heard == ["features.2"]


def test_showing_emits_nothing(panel, trace):
    heard = Ear(panel.layerPicked)
    panel.show_layer("features.2")
    panel.show_layer("no such layer")
    panel.show_layer(None)
    panel.show_trace(trace)
    panel.show_layer("classifier")
    assert heard.heard == []
    assert panel.view.currentIndex().row() == 4


def another(trace, **changes):
    """The same run on another picture, perhaps with a layer that differs."""
    layers = [replace(each, output=each.output + 1) for each in trace.layers]
    layers[1] = replace(layers[1], **changes)
    return replace(trace, layers=tuple(layers))


def test_another_picture_leaves_rows_place_and_widths(panel, trace):
    panel.show_layer("features.2")
    panel.show_faults({"features.0"})
    panel.show_changes({"classifier": 0.5})
    panel.view.setColumnWidth(0, 111)
    resets = Ear(panel.model.modelReset)
    new = another(trace)
    panel.show_trace(new)
    assert resets.heard == []
    assert panel.view.columnWidth(0) == 111
    assert panel.view.currentIndex().row() == 2
    assert panel.model.layer(2) is new.layers[2]
    for role in (FAULT_ROLE, CHANGED_ROLE):
        marks = [panel.model.index(row, 0).data(role) for row in range(5)]
        assert marks == [False] * 5, "of the picture before"


@pytest.mark.parametrize(
    "changes",
    [
        {"op": "ELU"},
        {"output": np.zeros((5, 7, 11), np.float32)},
        {"parameters": 3},
        {"macs": 1},
        {"name": "features.x"},
        {"inputs": ("input",)},
    ],
)
def test_other_rows_are_shown_anew(panel, trace, qtbot, changes):
    resets = Ear(panel.model.modelReset)
    panel.show_trace(another(trace, **changes))
    assert len(resets.heard) == 1
    fresh = LayersPanel()
    qtbot.addWidget(fresh)
    fresh.show_trace(another(trace, **changes))
    rows = range(5)
    assert [cells(panel, row) for row in rows] == [cells(fresh, row) for row in rows]


def test_the_current_stage_is_marked(panel):
    panel.show_layer("features.1")
    painted = pixels(panel.view.viewport())
    bars = [painted[row_spot(panel, row).y(), 1].tolist() for row in range(5)]
    canvas = list(rgb("canvas", True))
    assert bars[1] == list(rgb("accent", True))
    assert bars[0] == bars[2] != canvas
    assert bars[0] != bars[1]
    assert bars[3] == bars[4] == canvas


def test_the_current_row_is_in_sight_whatever_is_said_below(panel, monkeypatch):
    """Lines below the table take height from it."""
    monkeypatch.setattr(
        "cnnviz.panels.layers_panel.details",
        lambda _trace, layer: "\n".join(
            ["a line"] * (9 if "fier" in layer.name else 2)
        ),
    )
    panel.resize(300, 250)
    panel.show_layer("features.0")
    panel.show_layer("classifier")
    QApplication.processEvents()
    row = panel.view.visualRect(panel.view.currentIndex())
    assert panel.view.viewport().rect().contains(row.center())
    assert row.bottom() <= panel.view.viewport().rect().bottom()


def test_the_current_layer_is_explained(panel):
    panel.show_layer("features.0")
    text = panel.detail.text()
    assert "conv 3→5, 3×3" in text
    assert "⌊(9 − 3)/1⌋ + 1 = 7" in text
    dense = 3 * 9 * 12 * 5 * 7 * 10 + 5 * 7 * 10
    assert f"140 parameters shared over 70 positions; dense: {dense:,}" in text
    assert "9,450 multiply-adds" in text
    assert "each unit sees 3×3 of the input" in text
    assert "from input (3×9×12)" in text
    panel.show_layer("classifier")
    assert "each unit sees the whole input" in panel.detail.text()


@pytest.mark.parametrize("wide", [300, 900])
def test_plain_rows_look_like_those_the_style_paints(panel, monkeypatch, wide):
    panel.resize(wide, 400)
    panel.show_layer("features.1")
    panel.view.setColumnWidth(0, 60)  # names are cut
    screen = panel.view.viewport()
    under = panel.view.visualRect(panel._proxy.index(3, 1)).center()
    enter = QHoverEvent(QEvent.Type.HoverEnter, under, under, QPointF(-1, -1))
    QApplication.sendEvent(screen, enter)
    here = pixels(screen)
    monkeypatch.setattr(Bars, "plain", lambda _self, _index: False)
    monkeypatch.setattr(_Marks, "plain", lambda _self, _index: False)
    panel.view.setColumnWidth(0, 61)
    panel.view.setColumnWidth(0, 60)
    np.testing.assert_array_equal(pixels(screen), here)
    for row in (1, 3):  # the current one, and that under the pointer
        at = panel.view.visualRect(panel._proxy.index(row, 1)).topLeft()
        assert tuple(here[at.y(), at.x()]) == rgb("raised", True)
    panel.model.show_stage(frozenset())
    assert (pixels(screen) != here).any()


def test_another_layer_of_the_stage_has_two_rows_painted_anew(panel, qapp):
    panel.show_layer("features.0")
    panel.view.scrollToTop()
    qapp.processEvents()
    seen = Painted(panel.view.viewport())
    panel.model.show_stage(frozenset({"features.0", "features.1", "features.2"}))
    panel.view.setCurrentIndex(panel._proxy.index(1, 0))
    qapp.processEvents()
    for row in range(5):
        middle = panel.view.visualRect(panel._proxy.index(row, 1)).center()
        assert seen.region.contains(middle) == (row < 2)


class Painted(QObject):
    """Adds up which parts of a widget are painted."""

    def __init__(self, widget):
        super().__init__(widget)
        self.region = QRegion()
        widget.installEventFilter(self)

    def eventFilter(self, _widget, event):
        if event.type() == QEvent.Type.Paint:
            self.region += event.region()
        return False


def test_changed_weights_are_marked_until_another_run_is_shown(panel, trace):
    """A dot at the end of the name, and how far in the tooltip."""

    def tip(row):
        return panel.model.index(row, 0).data(Qt.ItemDataRole.ToolTipRole)

    def end_of_name(row):
        at = panel._proxy.index(row, 0)
        box = panel.view.visualRect(at)
        image = panel.view.viewport().grab().toImage()
        return [
            image.pixel(x, y)
            for x in range(box.right() - 12, box.right())
            for y in range(box.top(), box.bottom())
        ]

    before, plain = [end_of_name(row) for row in range(5)], tip(0)
    panel.show_changes({"features.0": 0.032, "classifier": 0.0})
    after = [end_of_name(row) for row in range(5)]
    assert [a != b for a, b in zip(before, after, strict=True)] == [1, 0, 0, 0, 0]
    assert tip(0) == plain + "\nweights changed by 3.2 %"
    assert "weights" not in tip(4)
    panel.show_changes({"features.0": np.inf, "classifier": np.nan})
    assert tip(0).endswith("\nweights changed from 0")
    assert tip(4).endswith("\nweights changed")
    panel.show_trace(trace)
    assert [end_of_name(row) for row in range(5)] == before


def test_a_shared_weight_is_said(panel, trace, conv):
    again = replace(conv, name="again", shared_with="features.0", parameters=0)
    panel.show_trace(Trace(trace.sample, (conv, again)))
    panel.show_layer("again")
    assert "weight shared with features.0" in panel.detail.text()


def test_finding_a_layer(panel, shown, trace):
    heard = Ear(panel.layerPicked)
    panel.show_layer("features.1")
    panel.find_layer()
    QTest.keyClicks(panel.filter, "CLASS")
    assert panel._proxy.rowCount() == 1
    assert heard.heard == []
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QTest.mouseClick(panel.view.viewport(), left, none, row_spot(panel, 0))
    assert heard.heard == ["classifier"]
    panel.filter.clear()
    assert panel._proxy.rowCount() == 5
    assert heard.heard == ["classifier"]


def test_the_table_can_be_saved(panel):
    text = csv(panel.exporter._arrays()["layers"]).decode().splitlines()
    assert text[0] == "step,layer,kind,output,parameters,multiply-adds"
    assert text[1] == "0,features.0,conv,5×7×10,140,9450"
    assert len(text) == 6


def test_a_trace_that_broke_off_says_where(panel, trace):
    broken = replace(trace, error="classifier: wanted 75 values, got 74")
    panel.show_trace(broken)
    assert panel.detail.text() == "classifier: wanted 75 values, got 74"


def test_kinds_in_words(conv, relu):
    assert kind_words(replace(conv, kind="conv_transpose")) == "transposed conv"
    assert kind_words(replace(relu, op="GELU")) == "GELU"
    assert kind_words(replace(relu, kind="other", op="einsum")) == "einsum"
    cut = replace(relu, kind="reshape", op="getitem")
    assert kind_words(cut) == "slice"
    assert layer_caption(cut) == "slice"
    line = status_line(cut, None, None, "", 0.0)
    assert line.startswith("slice features.1")
    leaky = replace(relu, op="LeakyReLU", options={"negative_slope": 0.01})
    assert kind_words(leaky) == "leaky ReLU"


def test_the_lines_below_can_be_selected(panel):
    panel.show_layer("features.0")
    detail, left = panel.detail, Qt.MouseButton.LeftButton
    before = pixels(detail)
    at = QPointF(20, 12)
    QApplication.sendEvent(detail, QEnterEvent(at, at, QPointF(detail.mapToGlobal(at))))
    assert (pixels(detail) == before).all()
    QTest.mousePress(detail, left, Qt.KeyboardModifier.NoModifier, at.toPoint())
    QTest.mouseMove(detail, detail.rect().bottomRight() - QPoint(9, 9))
    QTest.mouseRelease(detail, left)
    assert "9,450 multiply-adds" in detail.selectedText()
    panel.show_layer("features.1")
    assert not detail.selectedText()

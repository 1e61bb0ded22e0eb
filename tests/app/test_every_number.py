"""Every number explained in the real window: followed back, checked, spotlit."""

import threading
from dataclasses import replace

import numpy as np
import pytest
from person import box_of, click, hover, leave
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from cnnviz.core.errors import Cancelled
from cnnviz.core.selfcheck import Checked
from cnnviz.core.trace import Trace

CONV, RELU, POOL = "features.0", "features.1", "features.2"
LEFT, NO_KEY, ALT = (
    Qt.MouseButton.LeftButton,
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.AltModifier,
)


def middle_of(view, term):
    """Where on a grid or list a term is painted."""
    if hasattr(view, "lines"):
        place = [line.term for line in view.lines].index(term)
        return view.line(place).center().toPoint()
    ((row, column),) = np.argwhere(view._index == term).tolist()
    return view.cell(row, column).center().toPoint()


def open_term(person, term=None):
    """Double-click the marked term, or another, as a person does."""
    terms = person.window.unit.terms
    view = terms.read if terms.read.isVisible() else terms.lines
    term = terms.current if term is None else term
    QTest.mouseDClick(view, LEFT, NO_KEY, middle_of(view, term))


def pick_class(person):
    panel = person.window.prediction
    best = int(person.trace.scores.argmax())
    panel.classPicked.emit(best)
    return best


@pytest.fixture
def checked(opened):
    opened.qtbot.waitUntil(opened.controller.checking.label.isVisible, timeout=30_000)
    return opened


class TestFollowingBack:
    def test_from_a_class_score_to_a_pixel_by_double_clicks(self, opened):
        best = pick_class(opened)
        layer = opened.layer
        assert opened.selection == (layer.name, best, ())
        went, status = [], ""
        for _ in range(len(opened.trace.layers)):
            name, channel, unit = opened.selection
            found = opened.trace.explain(name, channel, unit)
            term = opened.window.unit.terms.current
            wanted = found.place(term)
            open_term(opened)
            went.append(name)
            if wanted[0] == "input":
                status = opened.window.status()
                break
            assert opened.selection == wanted
            here = opened.trace[wanted[0]].value(*wanted[1:])
            assert here == np.float32(found.terms.x[term])
        order = [layer.name for layer in opened.trace.layers]
        assert went == order[::-1]
        _, channel, (y, x) = wanted
        value = opened.trace.sample.values[0][channel, y, x]
        said = f"{value:.4g}".replace("-", "−")
        colour = ("red", "green", "blue")[channel]
        where = f"input · channel {channel} ({colour}) · ({y}, {x})"
        assert status == f"{where} · {said}"
        box = opened.window.input._mark.box
        assert (box.top(), box.left(), box.width(), box.height()) == (y, x, 1, 1)
        seen = opened.trace.receptive_field(CONV, opened.selection[2]).mask
        assert seen[y, x]
        opened.window.unit.termHovered.emit(None)  # the pointer leaves
        assert opened.window.input._mark.box == box
        opened.store.select(layer=RELU)
        assert opened.window.input._mark.box.width() == 11

    def test_the_largest_share_is_what_is_offered(self, opened):
        best = pick_class(opened)
        layer = opened.layer
        x = opened.trace[layer.inputs[0]].output.astype(float)
        products = layer.weight[best].astype(float) * x
        open_term(opened)
        assert opened.selection == (layer.inputs[0], int(np.abs(products).argmax()), ())

    def test_back_returns_the_whole_way(self, opened):
        pick_class(opened)
        way = [opened.selection]
        for _ in range(4):
            open_term(opened)
            way.append(opened.selection)
        opened.press(Qt.Key.Key_Left, ALT)
        assert opened.selection == way[-2]
        opened.press(Qt.Key.Key_Backspace)
        opened.press(Qt.Key.Key_Left, ALT)
        assert opened.selection == way[1]
        opened.press(Qt.Key.Key_Right, ALT)
        assert opened.selection == way[2]
        for _ in range(9):
            opened.press(Qt.Key.Key_Left, ALT)
        assert opened.selection == way[0]

    def test_enter_follows_while_the_panel_has_the_focus(self, opened):
        pick_class(opened)
        before = opened.layer
        panel = opened.window.unit
        opened.window.activateWindow()
        panel.setFocus()
        opened.press(Qt.Key.Key_Return)
        assert opened.selection[0] == before.inputs[0]

    def test_arrows_in_the_panel_leave_the_channel_alone(self, opened):
        opened.store.select(layer="features.3", channel=4, unit=(9, 9))
        panel = opened.window.unit
        opened.window.activateWindow()
        panel.setFocus()
        first = panel.terms.map.text()
        opened.press(Qt.Key.Key_Right)
        assert panel.terms.map.text() != first
        assert opened.selection == ("features.3", 4, (9, 9))

    def test_padding_leads_nowhere(self, opened):
        opened.store.select(layer=CONV, channel=3, unit=(0, 0))
        here = opened.selection
        found = opened.trace.explain(*here)
        grid = opened.window.unit.terms.read
        corner = int(grid._index[0, 0])
        assert found.terms.is_padding[corner]
        open_term(opened, corner)
        assert opened.selection == here

    def test_before_the_first_answer_nothing_happens(self, open_window):
        person = open_window()
        person.do("back")
        person.do("nextStrange")
        person.do("mattered")
        assert person.trace is None
        person.wait()


class TestTheUnitPanel:
    def test_the_pool_that_reads_the_unit_is_shown_with_its_winner(self, opened):
        maps = opened.trace[RELU].output
        channel, y, x = np.unravel_index(int(maps.argmax()), maps.shape)
        opened.store.select(layer=RELU, channel=int(channel), unit=(int(y), int(x)))
        grid = opened.window.unit.terms.pool
        assert grid.isVisible()
        ((row, column),) = np.argwhere(grid._winner)
        assert grid._values[row, column] == maps.max()
        assert grid._index[row, column] == grid._current
        assert opened.window.unit.words.text().endswith(f"{maps.max():.4g}")

    def test_a_pointed_term_shows_what_it_sees(self, opened):
        opened.store.select(layer="features.3", channel=0, unit=(5, 6))
        panel = opened.window.unit
        found = opened.trace.explain("features.3", 0, (5, 6))
        term = panel.terms.current
        name, _, unit = found.place(term)
        grid = panel.terms.read
        QTest.mouseMove(grid, middle_of(grid, term))
        field = opened.trace.receptive_field(name, unit)
        (top, bottom), (left, right) = field.box
        box = opened.window.input._mark.box
        assert (box.top(), box.left()) == (top, left)
        assert (box.height(), box.width()) == (bottom - top + 1, right - left + 1)
        assert f"{name} · channel" in opened.window.status()


class TestFieldsBetween:
    def test_a_pooled_unit_marks_its_window_on_the_same_map(self, opened):
        opened.store.select(layer=CONV, channel=5, unit=None)
        pooled = opened.window.pooled.parts[0].mosaic
        maps = opened.window.maps.mosaic
        between = opened.controller.wiring.pointing._between
        channel, (y, x) = 7, (4, 9)
        cell = pooled.cell(channel, (y, x)).center()
        hover(pooled.canvas, cell.y(), cell.x())
        (area,) = between._drawn[maps].areas()
        first = maps.cell(channel, (2 * y, 2 * x))
        last = maps.cell(channel, (2 * y + 2, 2 * x + 2))
        assert area == first.united(last)
        assert box_of(between._drawn[maps].box) == (
            area.center().y(),
            area.center().x(),
        )
        leave(pooled.canvas)
        assert between._drawn[maps].areas() == []

    def test_a_unit_of_the_first_maps_marks_nothing_on_later_ones(self, opened):
        between = opened.controller.wiring.pointing._between
        opened.store.select(layer=CONV, channel=5, unit=(3, 3))
        assert between._drawn[opened.window.maps.mosaic].areas() == []


class TestChecking:
    def test_an_honest_run_differs_by_nothing(self, checked):
        label = checked.controller.checking.label
        worst = max(layer.residual for layer in checked.trace.layers)
        assert worst < 1e-5
        assert label.text().startswith("check: largest difference ")
        assert "disagree" not in label.text()

    def test_a_layer_that_disagrees_is_marked(self, checked):
        checking, panel = checked.controller.checking, checked.window.layers
        gaps = dict.fromkeys((layer.name for layer in checked.trace.layers), 0.0)
        checking._on_checked(Checked(checked.trace, gaps | {POOL: 0.25}, (POOL,)))
        assert checking.label.text() == (
            f"check: largest difference 0.25, 1 layer disagrees: {POOL}"
        )
        model = panel.model
        tip = model.index(model.row(POOL), 0).data(Qt.ItemDataRole.ToolTipRole)
        assert "computed again, it gives something else" in tip
        other = model.index(model.row(RELU), 0).data(Qt.ItemDataRole.ToolTipRole)
        assert "computed again" not in other

    def test_the_next_run_is_checked_anew(self, checked, tmp_path):
        label = checked.controller.checking.label
        first = checked.trace
        checked.controller.reload()
        checked.wait()
        assert checked.trace is not first
        checked.qtbot.waitUntil(label.isVisible, timeout=30_000)

    def test_a_new_request_stops_the_check(self, open_window, monkeypatch):
        told = []

        def endless(trace, check):
            told.append("begun")
            try:
                while True:
                    check(0, 1, "layer")
                    threading.Event().wait(0.002)
            except Cancelled:
                told.append("stopped")
                raise

        monkeypatch.setattr("cnnviz.core.selfcheck.selfcheck", endless)
        person = open_window()
        person.wait()
        person.qtbot.waitUntil(lambda: told == ["begun"])
        person.controller.reload()
        person.qtbot.waitUntil(lambda: told[:2] == ["begun", "stopped"])
        person.wait()

    def test_an_answer_about_another_trace_is_dropped(self, checked):
        checking = checked.controller.checking
        said = checking.label.text()
        other = replace(checked.trace)
        assert isinstance(other, Trace)
        checking._on_checked(Checked(other, {CONV: 9.0}, (CONV,)))
        assert checking.label.text() == said


class TestWhatMattered:
    def test_counts_and_the_faded_rest(self, opened):
        trace, window = opened.trace, opened.window
        pooled = trace["features.5"].output
        channel, y, x = map(int, np.unravel_index(int(pooled.argmax()), pooled.shape))
        opened.store.select(layer="features.5", channel=channel, unit=(y, x))
        opened.press(Qt.Key.Key_G)
        opened.qtbot.waitUntil(lambda: "mattered here" in window.unit.sees.text())
        found = window.input._mattered._found
        seen = trace.receptive_field("features.5", (y, x)).mask
        assert 0 < found.mask.sum() <= seen.sum()
        assert not (found.mask & ~seen).any()
        words = f"{found.mask.sum():,} of {seen.sum():,} positions"
        assert window.unit.sees.text().startswith(words)
        faded = window.input._mattered.veil.faded
        np.testing.assert_array_equal(faded, seen & ~found.mask)
        click(window.maps.mosaic.canvas, 0.5, 0.5)
        assert window.input._mattered.veil.faded is None
        opened.press(Qt.Key.Key_G)
        assert "mattered" not in window.unit.sees.text()


class TestStrangeMaps:
    def test_n_goes_from_one_to_the_next_and_back_returns(self, opened):
        trace = opened.trace
        dead = trace["features.4"].output.copy()
        dead[11] = 0
        broken = trace["features.6"].output.copy()
        broken[2, 1, 3] = np.nan
        layers = [
            replace(layer, output={"features.4": dead, "features.6": broken}.get(
                layer.name, layer.output
            ))
            for layer in trace.layers
        ]  # fmt: skip
        opened.store.set_trace(replace(trace, layers=tuple(layers)))
        opened.store.select(layer=CONV, channel=0, unit=(1, 1))
        places = []
        while len(places) < 200:
            opened.press(Qt.Key.Key_N)
            places.append(opened.selection)
            if opened.selection[0] == "features.6":
                break
        assert ("features.4", 11, (13, 13)) in places
        assert places[-1] == ("features.6", 2, (1, 3))
        assert opened.window.unit.value.text() == "NaN"
        assert "1 NaN" in opened.window.layers.strange.text()
        opened.press(Qt.Key.Key_Backspace)
        assert opened.selection == (
            places[-2] if len(places) > 1 else (CONV, 0, (1, 1))
        )

    def test_the_line_in_the_layers_panel_is_the_same_command(self, opened):
        trace = opened.trace
        dead = trace[RELU].output.copy()
        dead[30] = 0
        layers = [
            replace(layer, output=dead) if layer.name == RELU else layer
            for layer in trace.layers
        ]
        opened.store.set_trace(replace(trace, layers=tuple(layers)))
        opened.store.select(layer=RELU, channel=29, unit=None)
        button = opened.window.layers.strange
        assert button.isVisible()
        assert button.text().startswith(
            f"{sum(not m.any() for m in dead)} dead channel"
        )
        QTest.mouseClick(button, LEFT)
        assert opened.selection[:2] == (RELU, 30)
        assert opened.window.unit.why.text().startswith("0 because")

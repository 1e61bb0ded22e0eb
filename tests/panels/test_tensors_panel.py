import numpy as np
import pytest
from hands import Ear, pixels, rgb
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from tensor_files import facts, weights_file

from cnnviz.core.tensors import TensorList
from cnnviz.panels.saving import csv
from cnnviz.panels.tensor_model import COLUMNS
from cnnviz.panels.tensors_panel import TensorsPanel

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def panel(shown, themed):
    themed(True)
    view = shown(TensorsPanel(), 760, 400)
    view.show_tensors(weights_file())
    return view


def cells(panel, name):
    row = panel.model.row(name)
    found = [panel.model.index(row, c).data() for c in range(len(COLUMNS))]
    return dict(zip(COLUMNS, found, strict=True))


def spot(panel, row, column=0):
    return panel.view.visualRect(panel._proxy.index(row, column)).center()


def click_column(panel, name):
    header = panel.view.header()
    at = header.sectionViewportPosition(COLUMNS.index(name)) + 10
    middle = header.viewport().rect().center()
    middle.setX(at)
    QTest.mouseClick(header.viewport(), LEFT, NONE, middle)


def read(text):
    return float(text.replace("−", "-"))


def test_every_tensor_has_a_row_in_the_order_of_the_file(panel):
    assert panel.names() == [t.name for t in weights_file().tensors]
    assert panel.header.caption() == "8 tensors · 670 values · 2.68 kB"


def test_a_row_says_what_a_tensor_is(panel):
    row = cells(panel, "deep.weight")
    values = weights_file().tensors[3].values
    finite = values[np.isfinite(values)].astype(float)
    assert row["shape"] == "5×4×3×3"
    assert row["type"] == "float32"
    assert row["NaN, ∞"] == "2"
    assert row["kB"] == "0.72"
    assert read(row["min"]) == pytest.approx(finite.min(), rel=5e-3)
    assert read(row["max"]) == pytest.approx(finite.max(), rel=5e-3)
    assert read(row["mean"]) == pytest.approx(finite.mean(), rel=5e-3)
    assert read(row["std"]) == pytest.approx(finite.std(), rel=5e-3)


def test_what_has_no_numbers_shows_none(panel):
    gone = cells(panel, "gone")
    assert [gone[name] for name in ("min", "mean", "max", "std")] == [""] * 4
    assert cells(panel, "steps")["min"] == "1,200"
    assert cells(panel, "steps")["shape"] == "single"


def test_odd_values_are_marked_in_the_colour_of_warnings(panel):
    def warned(name):
        cell = panel._proxy.index(panel.names().index(name), COLUMNS.index("NaN, ∞"))
        box = panel.view.visualRect(cell)
        part = pixels(panel.view.viewport())[
            box.top() : box.bottom(), box.left() : box.right()
        ]
        return np.abs(part.astype(int) - rgb("warning", True)).sum(-1).min() < 40

    assert warned("deep.weight")
    assert not warned("stem.weight")


def test_a_click_and_the_keys_pick(panel):
    heard = Ear(panel.tensorPicked)
    QTest.mouseClick(panel.view.viewport(), LEFT, NONE, spot(panel, 3))
    QTest.keyClick(panel.view, Qt.Key.Key_Down)
    assert heard.heard == ["deep.weight", "time.weight"]


def test_showing_emits_nothing(panel):
    heard = Ear(panel.tensorPicked)
    panel.show_tensor("head.weight")
    panel.show_tensor("no such tensor")
    panel.show_tensors(weights_file(seed=1))
    panel.show_tensor("stem.bias")
    assert heard.heard == []
    assert panel.view.currentIndex().data() == "stem.bias"


def test_the_tensors_of_one_module_are_marked(panel):
    panel.show_tensor("stem.bias")
    painted = pixels(panel.view.viewport())
    bars = [painted[spot(panel, row).y(), 1].tolist() for row in range(4)]
    canvas = list(rgb("canvas", True))
    assert bars[2] == list(rgb("accent", True))
    assert bars[1] not in (canvas, bars[2])
    assert bars[0] == bars[3] == canvas


def test_the_current_tensor_is_told_below(panel):
    panel.show_tensor("deep.weight")
    assert panel.detail.text().splitlines() == [
        "deep.weight",
        "5 kernels of 4×3×3 · 180 values in all · 0.72 kB as float32",
        "1 NaN · 1 infinite",
    ]


def test_a_columns_name_orders_up_then_down_then_as_in_the_file(panel):
    panel.show_tensor("deep.weight")
    heard = Ear(panel.tensorPicked)
    tensors = weights_file().tensors
    known = sorted((t for t in tensors if t.size), key=lambda t: t.maximum)
    up = [t.name for t in known]
    click_column(panel, "max")
    assert panel.names() == [*up, "gone"]
    click_column(panel, "max")
    assert panel.names() == [*up[::-1], "gone"]
    assert panel.view.currentIndex().data() == "deep.weight"
    click_column(panel, "max")
    assert panel.names() == [t.name for t in tensors]
    assert heard.heard == []


def test_finding_a_tensor(panel):
    heard = Ear(panel.tensorPicked)
    panel.show_tensor("deep.weight")
    panel.find_tensor()
    QTest.keyClicks(panel.filter, "STEM")
    assert panel.names() == ["stem.weight", "stem.bias"]
    panel.filter.clear()
    assert len(panel.names()) == 8
    assert panel.view.currentIndex().data() == "deep.weight"
    assert heard.heard == []


def test_names_give_way_before_numbers_do(panel):
    long = facts("a.very.long.name.of.a.module." * 2 + "weight", np.ones(3))
    panel.show_tensors(TensorList(weights_file().request, "", (long,)))
    last = COLUMNS.index("kB")
    for width in (panel.wanted_width, 600):
        panel.resize(width, 400)
        cell = panel.view.visualRect(panel._proxy.index(0, last))
        assert cell.right() <= panel.view.viewport().width()


def test_thousands_of_rows_are_no_burden(panel):
    """The view asks for the rows in sight only."""
    many = tuple(facts(f"layer{i}.weight", np.full(3, i)) for i in range(5000))
    panel.show_tensors(TensorList(weights_file().request, "", many))
    asked = []
    original = panel.model.data
    panel.model.data = lambda index, role=0: (
        asked.append(index.row()) or original(index, role)
    )
    panel.show_tensor("layer4321.weight")
    panel.grab()
    assert len(set(asked)) < 200
    assert panel.view.currentIndex().data() == "layer4321.weight"


def test_the_table_can_be_saved(panel):
    text = csv(panel.exporter._arrays()["tensors"]).decode().splitlines()
    assert text[0] == "tensor,tensor,shape,type,min,mean,max,std,NaN,infinite,bytes"
    assert len(text) == 9
    deep = text[4].split(",")
    assert deep[:4] == ["3", "deep.weight", "5×4×3×3", "float32"]
    assert deep[-3:] == ["1", "1", "720"]
    assert float(deep[6]) == weights_file().tensors[3].maximum

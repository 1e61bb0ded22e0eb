"""A person walks through AlexNet; every panel follows and shows the right values."""

import numpy as np
import pytest
from person import (
    CTRL,
    SHIFT,
    as_qimage,
    box_of,
    click,
    colour_at,
    draw_picture,
    files,
    zoom_in,
)
from PIL import Image
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from cnnviz.panels.theme import DARK
from cnnviz.pictures.colours import table

Key = Qt.Key
CONV, RELU, POOL = "features.0", "features.1", "features.2"


def tile_corner(mosaic, channel):
    """First row and column of a tile, from the number of columns alone."""
    grid = mosaic.grid
    down, across = divmod(channel, grid.columns)
    return down * (grid.height + grid.gap), across * (grid.width + grid.gap)


def middle(mosaic, channel, unit):
    """Middle of a value's cell, ``(row, column)``."""
    top, left = tile_corner(mosaic, channel)
    return top + unit[0] + 0.5, left + unit[1] + 0.5


def frame_middle(mosaic, channel, tiles=1):
    """Middle of a channel's tiles, which stand side by side."""
    top, left = tile_corner(mosaic, channel * tiles)
    wide = tiles * (mosaic.grid.width + mosaic.grid.gap) - mosaic.grid.gap
    return top + mosaic.grid.height / 2, left + wide / 2


def ember(value, most):
    """The colour of a value on a scale from 0, 252 steps of it."""
    code = int(np.float32(value) / np.float32(most) * 251 + 0.5)
    return tuple(table("ember", False, True)[code, :3].tolist())


def two_sided(value, most):
    """The colour of a value on a scale around 0, 125 steps to each side."""
    code = int(np.float32(value) / np.float32(most) * 125 + 125 + 0.5)
    return tuple(table("ember", True, True)[code, :3].tolist())


def seen(trace, layer, unit):
    """First and last input row and column, counted back through conv and pool."""
    ends = np.array([unit, unit]).T
    while layer != "input":
        at = trace[layer]
        if at.kind in ("conv", "pool"):
            for axis, end in enumerate(ends):
                step, pad = at.geometry.stride[axis], at.geometry.padding[axis][0]
                end[:] = end * step - pad + (0, at.geometry.kernel[axis] - 1)
        (layer,) = at.inputs
    return ends.tolist()


def assert_in_step(person):
    """Every panel shows the store's selection, which is in a stage over maps."""
    window, trace = person.window, person.trace
    name, channel, unit = person.selection
    layer = trace[name]
    stage = next(s for s in trace.stages if name in s.members)
    assert window.layers.view.currentIndex().siblingAtColumn(0).data() == name

    mosaic, slices = window.kernels.mosaic, trace[stage.head].weight.shape[1]
    slices = 1 if slices == 3 else slices  # three make one colour picture
    frame = frame_middle(mosaic, channel, slices)
    assert box_of(mosaic._frame) == pytest.approx(frame)

    shown = trace[stage.activation]
    assert shown.name in window.maps.header.caption()
    mosaic = window.maps.mosaic
    assert box_of(mosaic._frame) == pytest.approx(frame_middle(mosaic, channel))
    marker = box_of(mosaic._marker)
    if unit is None:
        assert marker is None
    elif layer.kind != "pool":
        assert marker == pytest.approx(middle(mosaic, channel, unit))
    else:  # a pooled unit stands over the middle of its window
        centre = 2 * unit[0] + 1, 2 * unit[1] + 1
        assert marker == pytest.approx(middle(mosaic, channel, centre))

    if stage.pools:
        mosaic = window.pooled.parts[0].mosaic
        assert box_of(mosaic._frame) == pytest.approx(frame_middle(mosaic, channel))
        marker = box_of(mosaic._marker)
        assert (marker is None) == (unit is None)
        if unit is not None:
            top, left = tile_corner(mosaic, channel)
            pooled = int(marker[0] - top), int(marker[1] - left)
            step = 1 if layer.kind == "pool" else 2
            for at, mine in zip(pooled, unit, strict=True):
                last = trace[stage.pools[0]].shape[1] - 1
                reach = abs((at if step == 1 else 2 * at + 1) - mine)
                assert reach <= step - 1 or at in (0, last)
    else:
        assert window.pooled.reason == "No pooling in this stage."

    assert window.channel.header.title() == f"Channel {channel}"
    mosaic = window.channel.map
    if unit is None:
        assert mosaic._marker.area is None
        assert window.input._mark.box is None
        assert window.unit.reason is not None
    else:
        value = layer.output[(channel, *unit)]
        assert box_of(mosaic._marker) == pytest.approx(middle(mosaic, 0, unit))
        (top, bottom), (left, right) = seen(trace, name, unit)
        box = QRectF(left, top, right - left + 1, bottom - top + 1)
        assert window.input._mark.box == box
        place = f"({unit[0]}, {unit[1]})"
        assert f"{name} · channel {channel} · {place}" in window.unit.header.caption()
        shown = window.unit.value.text().replace("−", "-")
        assert float(shown) == pytest.approx(value, rel=1e-3)
        status = window.status().split(" · ")
        assert status[:3] == [f"{layer.kind} {name}", f"channel {channel}", place]
        assert float(status[3].replace("−", "-")) == pytest.approx(value, rel=1e-3)
        top, left = max(top, 0), max(left, 0)
        bottom, right = min(bottom, 223), min(right, 223)
        assert status[4] == f"sees input rows {top}–{bottom}, columns {left}–{right}"


def test_the_first_sight(opened):
    """The first stage's strongest value is chosen; the picture is the network's."""
    first = opened.trace[CONV].output
    channel, row, column = np.unravel_index(first.argmax(), first.shape)
    assert opened.selection == (CONV, channel, (row, column))
    assert_in_step(opened)
    assert opened.window.windowTitle() == "first.png – alexnet – cnnviz"
    assert opened.said == ""
    label = opened.trace.labels[int(opened.trace.scores.argmax())]
    assert opened.window.prediction.bars._rows[0][1] == label


def test_a_dropped_jpeg(opened, tmp_path):
    path = draw_picture(tmp_path / "grün 사진 1.jpg", seed=5, size=(640, 480))
    assert opened.drop(files(path))
    opened.wait()
    assert opened.trace.request.source.path == path
    assert opened.window.windowTitle().startswith("grün 사진 1.jpg")
    want = Image.open(path).convert("RGB").resize((298, 224), Image.Resampling.BILINEAR)
    left = (298 - 224) // 2
    np.testing.assert_array_equal(
        opened.trace.sample.shown, np.asarray(want)[:, left : left + 224]
    )
    assert_in_step(opened)
    canvas = opened.window.input.canvas
    for row, column in ((3, 3), (200, 30), (31, 210)):
        zoom_in(canvas, row, column, 8)
        assert colour_at(canvas, row + 0.5, column + 0.5) == tuple(
            opened.trace.sample.shown[row, column].tolist()
        )
        canvas.fit()


def test_mouse(opened):
    """Layer row, kernel, unit, pooled unit, place in the picture, class."""
    window = opened.window
    view = window.layers.view
    for row in (3, 1):
        index = view.model().index(row, 0)
        view.scrollTo(index)
        QTest.mouseClick(
            view.viewport(), Qt.MouseButton.LeftButton,
            pos=view.visualRect(index).center(),
        )  # fmt: skip
        assert opened.selection[0] == f"features.{row}"
        assert_in_step(opened)

    mosaic = window.kernels.mosaic
    click(mosaic.canvas, *frame_middle(mosaic, 17))
    assert opened.selection[1] == 17
    assert_in_step(opened)

    mosaic = window.maps.mosaic
    zoom_in(mosaic.canvas, *middle(mosaic, 40, (12, 30)), 8)
    click(mosaic.canvas, *middle(mosaic, 40, (12, 30)))
    assert opened.selection == (RELU, 40, (12, 30))
    assert_in_step(opened)

    mosaic = window.pooled.parts[0].mosaic
    zoom_in(mosaic.canvas, *middle(mosaic, 41, (20, 3)), 8)
    click(mosaic.canvas, *middle(mosaic, 41, (20, 3)))
    assert opened.selection == (POOL, 41, (20, 3))
    assert_in_step(opened)

    mosaic = window.channel.map
    click(mosaic.canvas, 5.5, 25.5)
    assert opened.selection == (POOL, 41, (5, 25))
    assert_in_step(opened)

    click(window.input.canvas, 100.5, 60.5)
    name, channel, unit = opened.selection
    assert (name, channel) == (POOL, 41)
    centres = np.arange(27) * 8 + 7  # of the windows: first rows 4·(2u) − 2 … + 18
    assert unit == (abs(centres - 100).argmin(), abs(centres - 60).argmin())
    assert_in_step(opened)

    bars = window.prediction.bars
    QTest.mouseClick(bars, Qt.MouseButton.LeftButton, pos=QPoint(30, 45))
    second = int(np.argsort(-opened.trace.scores)[1])
    assert opened.selection == ("classifier.7", second, ())
    assert bars._chosen == second
    assert opened.trace.labels[second] in window.status()
    assert window.pooled.reason == "No pooling in this stage."


def test_keys(opened):
    layers = opened.trace.layers
    opened.press(Key.Key_Down)
    assert opened.selection[0] == RELU
    assert_in_step(opened)
    opened.press(Key.Key_Up)
    assert opened.selection[0] == CONV
    opened.press(Key.Key_Up)
    assert opened.selection[0] == CONV
    opened.press(Key.Key_PageDown)
    assert opened.selection[0] == "features.3"
    assert_in_step(opened)
    opened.press(Key.Key_PageDown)
    assert opened.selection[0] == "features.6"
    assert_in_step(opened)
    opened.press(Key.Key_PageUp)
    opened.press(Key.Key_PageUp)
    assert opened.selection[0] == CONV
    for key, modifier, channel in (
        (Key.Key_Home, Qt.KeyboardModifier.NoModifier, 0),
        (Key.Key_Left, Qt.KeyboardModifier.NoModifier, 0),
        (Key.Key_Right, Qt.KeyboardModifier.NoModifier, 1),
        (Key.Key_Right, SHIFT, 11),
        (Key.Key_Left, SHIFT, 1),
        (Key.Key_End, Qt.KeyboardModifier.NoModifier, 95),
        (Key.Key_Right, SHIFT, 95),
        (Key.Key_Left, Qt.KeyboardModifier.NoModifier, 94),
    ):
        opened.press(key, modifier)
        assert opened.selection[1] == channel
        assert_in_step(opened)
    opened.press(Key.Key_Escape)
    assert opened.selection == (CONV, 94, None)
    assert_in_step(opened)
    for _ in range(len(layers) + 2):
        opened.press(Key.Key_Down)
    assert opened.selection[0] == layers[-1].name


def test_walking_away_and_back_keeps_the_place(opened):
    before = opened.selection
    for _ in range(7):
        opened.press(Key.Key_Down)
    for _ in range(7):
        opened.press(Key.Key_Up)
    assert opened.selection == before


def test_painted_values(opened):
    """Colours on screen, worked out from the values and the colour tables."""
    window, trace = opened.window, opened.trace
    conv, relu, pool = (trace[name].output for name in (CONV, RELU, POOL))
    np.testing.assert_array_equal(relu, np.maximum(conv, 0))
    windows = np.lib.stride_tricks.sliding_window_view(relu, (3, 3), (1, 2))
    np.testing.assert_array_equal(pool, windows[:, ::2, ::2].max((3, 4)))
    some = [tuple(at) for at in np.argwhere(relu > relu.max() / 4)[::400]]
    some += [(c, 2, 50) for c in (0, 95)] + [(c, 54, 0) for c in (33, 60)]
    assert len(some) > 6
    mosaic = window.maps.mosaic
    for channel, *unit in some:
        row, column = middle(mosaic, channel, unit)
        zoom_in(mosaic.canvas, row, column, 12)
        value = relu[(channel, *unit)]
        # off the middle: a marker may stand there
        assert colour_at(mosaic.canvas, row, column) == ember(value, relu.max())
        mosaic.canvas.fit()

    opened.press(Key.Key_R)
    assert opened.window.maps.header.title() == "Before activation"
    mosaic = window.maps.mosaic
    for channel, *unit in some:
        row, column = middle(mosaic, channel, unit)
        zoom_in(mosaic.canvas, row, column, 12)
        value = conv[(channel, *unit)]
        assert colour_at(mosaic.canvas, row, column) == two_sided(
            value, abs(conv).max()
        )
        mosaic.canvas.fit()
    opened.press(Key.Key_R)
    assert opened.window.maps.header.title() == "After ReLU"

    mosaic = window.pooled.parts[0].mosaic
    row, column = middle(mosaic, 50, (7, 9))
    zoom_in(mosaic.canvas, row, column, 12)
    assert colour_at(mosaic.canvas, row, column) == ember(pool[50, 7, 9], pool.max())

    kernels, mosaic = trace[CONV].weight, window.kernels.mosaic
    for channel, tap in ((0, (1, 2)), (95, (10, 10)), (31, (5, 5))):
        row, column = middle(mosaic, channel, tap)
        zoom_in(mosaic.canvas, row, column, 12)
        share = kernels[(channel, slice(None), *tap)] / abs(kernels).max()
        grey = 128 + 127 * share.astype(float)
        painted = np.array(colour_at(mosaic.canvas, row, column))
        assert abs(painted - grey).max() <= 0.51
        mosaic.canvas.fit()

    mosaic, channel = window.channel.map, opened.selection[1]
    row, column = 40, 3
    zoom_in(mosaic.canvas, row + 0.5, column + 0.5, 12)
    assert colour_at(mosaic.canvas, row + 0.5, column + 0.5) == two_sided(
        conv[channel, row, column], abs(conv).max()
    )


def test_the_frame_is_painted_in_the_accent(opened):
    accent = DARK.color("accent").getRgb()[:3]
    mosaic = opened.window.kernels.mosaic
    opened.store.select(channel=17)
    top, left = tile_corner(mosaic, 17)
    line = 1 / mosaic.canvas.scale[0]
    across = left + mosaic.grid.width / 2
    assert colour_at(mosaic.canvas, top - line / 2, across) == accent
    assert colour_at(mosaic.canvas, top + line / 2, across) != accent


def test_hand_made_and_back(opened):
    before = opened.trace.title
    opened.press(Key.Key_H)
    opened.wait()
    assert opened.trace.title == "handmade"
    assert opened.window.prediction.reason == "This network gives no class scores."
    layer, channel, _unit = opened.selection
    assert layer == opened.trace.stages[0].head
    assert channel < opened.trace[layer].channels
    assert "Hand-made" in opened.controller.toolbar.model.text()
    opened.press(Key.Key_H)
    opened.wait()
    assert opened.trace.title == before
    assert_in_step(opened)


def test_random_weights_and_back(opened):
    learned = opened.trace[CONV].weight
    opened.press(Key.Key_T, CTRL)
    opened.wait()
    assert not np.array_equal(opened.trace[CONV].weight, learned)
    assert "random weights" in opened.window.prediction.note.text()
    assert opened.action("randomWeights").isChecked()
    assert opened.said == ""
    assert_in_step(opened)
    opened.press(Key.Key_T, CTRL)
    opened.wait()
    np.testing.assert_array_equal(opened.trace[CONV].weight, learned)
    assert not opened.action("randomWeights").isChecked()
    assert opened.window.prediction.note.text() == ""


def test_a_pasted_picture(opened, picture):
    colours = np.random.default_rng(3).integers(0, 256, (224, 224, 3), np.uint8)
    QGuiApplication.clipboard().setImage(as_qimage(colours))
    opened.press(Key.Key_V, CTRL)
    opened.wait()
    np.testing.assert_array_equal(opened.trace.sample.shown, colours)
    assert "pasted" in opened.window.windowTitle()
    assert opened.window.settings.recent == [picture]
    QGuiApplication.clipboard().clear()
    opened.press(Key.Key_V, CTRL)
    assert opened.said == "The clipboard holds no picture, no table and no file."
    assert opened.store.state.status == "idle"


def test_finding_a_layer_by_name(opened):
    opened.window.docks.docks["layersPanel"].close()
    opened.press(Key.Key_F, CTRL)
    line = opened.window.layers.filter
    assert line.isVisible()
    assert line.hasFocus()
    before = opened.selection
    QTest.keyClicks(line, "Classifier.7")
    QTest.keyClick(line, Key.Key_Home)
    QTest.keyClick(line, Key.Key_Right)
    assert line.cursorPosition() == 1
    assert opened.selection == before, "keys of the line are no commands"
    view = opened.window.layers.view
    rows = range(view.model().rowCount())
    assert [view.model().index(row, 0).data() for row in rows] == ["classifier.7"]


def test_a_filter_stays_in_sight_while_it_filters(opened):
    opened.press(Key.Key_F, CTRL)
    QTest.keyClicks(opened.window.layers.filter, "nothing like this")
    opened.show_model("handmade")
    assert opened.window.layers.filter.isVisible()
    opened.window.layers.filter.clear()
    opened.show_model("handmade")
    assert opened.window.layers.view.model().rowCount() == len(opened.trace.layers)


def test_f5_reads_the_file_again(opened, picture):
    draw_picture(picture, seed=9)
    before = opened.trace.sample.shown
    opened.press(Key.Key_F5)
    opened.wait()
    assert not np.array_equal(opened.trace.sample.shown, before)
    assert_in_step(opened)

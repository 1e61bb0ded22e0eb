import numpy as np
import pytest
from hands import Ear, click, pixels, point, rgb
from PySide6.QtCore import QEvent, QPoint, QPointF
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QApplication, QMenu
from time_hands import hover

from cnnviz.core.look import Look
from cnnviz.panels.kernel_rows import KernelRows
from cnnviz.panels.taps_view import TapsView
from cnnviz.pictures.colours import diverging, table
from cnnviz.pictures.levels import levels, quantise

CANVAS, ACCENT = rgb("canvas", dark=True), rgb("accent", dark=True)
HAIRLINE = rgb("hairline", dark=True)
NAMES = ("ax", "ay", "az", "wx", "wy", "wz")
DARK = Look(dark=True)


@pytest.fixture
def view(shown, themed):
    themed(True)
    return shown(TapsView(), 420, 500)


@pytest.fixture
def weight():
    return np.random.default_rng(6).normal(size=(5, 6, 3)).astype(np.float32)


def colour_of(weight, channel, inner, tap):
    codes = quantise(weight, levels(weight, signed=True))
    return tuple(table("ember", True, True)[codes[channel, inner, tap], :3].tolist())


def mosaic_colour(view, channel, inner, step):
    cell = view.mosaic.cell(channel, (inner, step))
    at = view.mosaic.canvas.to_screen(cell.center())
    return tuple(pixels(view.mosaic.canvas)[int(at.y()), int(at.x())].tolist())


@pytest.mark.parametrize("dilation", [1, 4, 16])
def test_the_chosen_kernel_stands_at_its_true_spacing(view, weight, dilation):
    view.show_kernels(weight, dilation, NAMES, DARK, 2)
    painted = pixels(view.rows)
    for i in range(6):
        for j in range(3):
            x, y = view.rows.cell(i, j).center().toTuple()
            assert tuple(painted[int(y), int(x)].tolist()) == colour_of(weight, 2, i, j)
    area = view.rows.area()
    step = area.width() / (2 * dilation + 1)
    lefts = [view.rows.cell(0, j).left() for j in range(3)]
    wanted = [area.left() + step * dilation * j for j in range(3)]
    np.testing.assert_allclose(lefts, wanted, atol=1)


def test_skipped_steps_are_empty_but_for_a_hairline(view, weight):
    view.show_kernels(weight, 16, NAMES, DARK, 0)
    painted = pixels(view.rows)
    for i in range(6):
        first, second = view.rows.cell(i, 0), view.rows.cell(i, 1)
        between = painted[
            int(first.top()) : int(first.bottom()),
            int(first.right()) + 1 : int(second.left()) - 1,
        ]
        lit = (between != CANVAS).any(-1)
        assert lit.any(1).sum() == 1
        assert tuple(between[lit][0].tolist()) == HAIRLINE


@pytest.mark.parametrize("dilation", [1, 2, 16])
def test_every_kernel_is_in_the_mosaic_at_its_true_spacing(view, weight, dilation):
    view.show_kernels(weight, dilation, NAMES, DARK)
    margin = dilation // 2
    for channel, inner, tap in [(0, 0, 0), (1, 5, 2), (4, 3, 1), (3, 0, 2)]:
        step = margin + tap * dilation
        wanted = colour_of(weight, channel, inner, tap)
        assert mosaic_colour(view, channel, inner, step) == wanted
    if dilation > 2:
        assert mosaic_colour(view, 4, 0, margin + 1) == CANVAS


@pytest.mark.parametrize("dilation", [2, 3, 4, 16])
def test_taps_of_one_kernel_are_closer_than_those_of_two(view, weight, dilation):
    view.show_kernels(np.repeat(weight, 4, 0), dilation, NAMES, DARK)
    margin, last = dilation // 2, dilation // 2 + 2 * dilation
    mosaic = view.mosaic
    if mosaic.grid.columns == 1:
        pytest.fail("wanted two kernels side by side")
    end, start = mosaic.cell(0, (0, last)), mosaic.cell(1, (0, margin))
    assert start.left() - end.right() >= dilation - 1


def test_the_chosen_kernel_is_framed(view, weight):
    view.show_kernels(weight, 4, NAMES, DARK, 3)
    assert (pixels(view.mosaic.canvas) == ACCENT).all(-1).any()
    view.show_channel(None)
    assert not (pixels(view.mosaic.canvas) == ACCENT).all(-1).any()


def test_choosing_another_changes_the_large_kernel(view, weight):
    view.show_kernels(weight, 1, NAMES, DARK, 0)
    for channel in (4, 1):
        view.show_channel(channel)
        x, y = view.rows.cell(2, 1).center().toTuple()
        painted = tuple(pixels(view.rows)[int(y), int(x)].tolist())
        assert painted == colour_of(weight, channel, 2, 1)
        assert view.words.text().startswith(f"kernel {channel} ")


def test_a_click_picks_a_kernel_wherever_it_lands_in_it(view, weight):
    view.show_kernels(weight, 4, NAMES, DARK)
    heard = Ear(view.channelPicked)
    for channel in range(5):
        for step in (0, 2, 7):
            at = view.mosaic.cell(channel, (3, step)).center()
            click(view.mosaic.canvas, (at.y(), at.x()))
    assert heard.heard == [channel for channel in range(5) for _ in range(3)]


@pytest.mark.parametrize("dilation", [1, 4])
def test_the_pointer_reads_weights_in_both_pictures(view, weight, dilation):
    view.show_kernels(weight, dilation, NAMES, DARK, 2)
    heard = Ear(view.hovered)
    for inner, tap in [(0, 0), (5, 2), (3, 1)]:
        x, y = view.rows.cell(inner, tap).center().toTuple()
        hover(view.rows, x, y)
        assert heard.heard[-1] == (2, (inner, tap), float(weight[2, inner, tap]))
        step = dilation // 2 + tap * dilation
        at = view.mosaic.cell(4, (inner, step)).center()
        point(view.mosaic.canvas, (at.y(), at.x()))
        assert heard.heard[-1] == (4, (inner, tap), float(weight[4, inner, tap]))


def test_skipped_steps_read_nothing(view, weight):
    view.show_kernels(weight, 8, NAMES, DARK, 2)
    heard = Ear(view.hovered)
    cell = view.rows.cell(0, 0)
    hover(view.rows, *cell.center().toTuple())
    hover(view.rows, cell.right() + cell.width(), cell.center().y())
    assert heard.heard[-1] is None
    at = view.mosaic.cell(1, (2, 4 + 3)).center()
    point(view.mosaic.canvas, (at.y(), at.x()))
    assert heard.heard[-1] is None
    QApplication.sendEvent(view.rows, QEvent(QEvent.Type.Leave))
    assert heard.heard[-1] is None


def test_showing_is_no_act_of_a_person(view, weight):
    heard = Ear(view.channelPicked, view.hovered)
    view.show_kernels(weight, 4, NAMES, DARK, 1)
    view.show_channel(3)
    view.resize(280, 360)
    assert heard.heard == []


@pytest.mark.parametrize(
    ("taps", "dilation", "ahead", "words"),
    [
        (3, 16, 0, ["−32", "−16", "now"]),
        (3, 1, 1, ["−1", "now", "+1"]),
        (1, 1, 0, ["now"]),
    ],
)
def test_times_below_are_counted_from_now(
    view, monkeypatch, taps, dilation, ahead, words
):
    from cnnviz.panels import kernel_rows

    said = []
    original = kernel_rows._offset_words
    monkeypatch.setattr(
        kernel_rows,
        "_offset_words",
        lambda step: said.append(original(step)) or said[-1],
    )
    view.show_kernels(np.ones((2, 3, taps)), dilation, (), DARK, ahead=ahead)
    pixels(view.rows)
    assert sorted(set(said)) == sorted(words)
    assert view.rows._direction() == ("time →" if ahead else "past →")


def test_one_kernel_needs_no_mosaic(view, weight):
    view.show_kernels(weight[:1], 4, NAMES, DARK, 0)
    assert not view.mosaic.isVisible()
    pixels(view)
    high = view.rows.height()
    view.show_kernels(weight, 4, NAMES, DARK, 0)
    assert view.mosaic.isVisible()
    pixels(view)
    assert view.rows.height() < high / 2


@pytest.mark.parametrize("size", [(280, 360), (230, 300)])
@pytest.mark.parametrize("shape", [(32, 6, 3), (64, 64, 3), (16, 9, 7)])
def test_names_stand_beside_their_rows_in_small_panels(view, size, shape):
    view.resize(*size)
    names = tuple(f"v{i}" for i in range(shape[1])) if shape[1] < 10 else ()
    view.show_kernels(np.random.default_rng(0).normal(size=shape), 2, names, DARK, 0)
    area = view.rows.area()
    assert area.right() <= view.rows.width()
    assert area.bottom() < view.rows.height()
    assert view.rows.height() <= 0.46 * size[1]
    left = pixels(view.rows)[:, : int(area.left()) - 6]
    lit = (left[: int(area.height())] != CANVAS).any((1, 2))
    assert lit.any()


def test_a_right_click_offers_weights_as_they_are(view, weight, monkeypatch, tmp_path):
    opened = []
    monkeypatch.setattr(QMenu, "popup", lambda menu, at: opened.append(menu))
    view.show_kernels(weight, 4, NAMES, DARK, name="conv1 kernels")
    for target in (view.rows, view.mosaic.canvas):
        spot = QPoint(60, 40)
        reason = QContextMenuEvent.Reason.Mouse
        event = QContextMenuEvent(reason, spot, target.mapToGlobal(spot))
        QApplication.sendEvent(target, event)
    assert len(opened) == 2
    view.exporter.ask = lambda *_: str(tmp_path / "taps.csv")
    view.exporter.save_numbers()
    lines = (tmp_path / "taps.csv").read_text("utf-8").splitlines()
    assert lines[0] == "kernel,input,-8,-4,0"
    table_read = np.loadtxt(lines[1:], delimiter=",", dtype=np.float32)
    np.testing.assert_array_equal(table_read[:, 2:], weight.reshape(-1, 3))
    assert view.image().size() == view.size() * 2


def test_the_scale_is_the_layers_or_each_kernels_own(view, weight):
    view.show_kernels(weight, 1, NAMES, DARK)
    assert np.allclose(view.levels.high, np.abs(weight).max())
    view.show_kernels(weight, 1, NAMES, Look(scale="map", dark=True))
    assert np.allclose(view.levels.high, np.abs(weight).max((1, 2)))


@pytest.mark.parametrize("shape", [(0, 6, 3), (2, 0, 3), (3, 1, 1), (2, 3, 2)])
def test_any_kernel_is_painted_without_complaint(view, shape):
    view.show_kernels(np.full(shape, np.nan, np.float32), 2, (), DARK, 1)
    hover(view.rows, *QPointF(view.rows.rect().center()).toTuple())
    assert pixels(view).shape == (500, 420, 3)


def test_long_names_that_differ_at_their_end_can_be_told_apart(shown, themed):
    """Rows that hold nothing else but their names are painted differently."""
    themed(True)
    rows = shown(KernelRows(), 110, 120)
    names = ("accelerometer_x", "accelerometer_y", "accelerometer_z")
    codes = np.full((3, 2), 125, np.uint8)
    rows.show_kernel(codes, diverging(True), names=names)
    left, painted = int(rows.area().left()), pixels(rows)
    parts = []
    for i in range(3):
        middle = int(rows.cell(i, 0).center().y())
        parts.append(painted[middle - 6 : middle + 7, :left].tobytes())
    assert len(set(parts)) == 3

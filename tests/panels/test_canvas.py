import numpy as np
import pytest
from hands import Ear, click, drag, pixels, point, rgb, wheel
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from cnnviz.panels.canvas import Canvas


def checkers(high, wide):
    """Black and white squares of one pixel."""
    light = (np.indices((high, wide)).sum(0) % 2 * 255).astype(np.uint8)
    return np.repeat(light[..., None], 3, 2)


@pytest.fixture
def canvas(shown, themed):
    themed(True)
    view = shown(Canvas(), 300, 200)
    view.set_picture(checkers(8, 8))
    return view


def test_pixels_are_crisp_squares_of_two_colours(canvas):
    painted = pixels(canvas)
    found = {tuple(c) for c in painted.reshape(-1, 3).tolist()}
    assert found == {(0, 0, 0), (255, 255, 255), rgb("canvas", dark=True)}
    assert canvas.scale == (25, 25)  # 200 / 8
    left = 50
    squares = painted[12::25, left + 12 : left + 200 : 25, 0]
    assert (squares == checkers(8, 8)[..., 0]).all()


def test_fitting_keeps_the_shape_and_centres(canvas):
    canvas.set_picture(checkers(10, 40))
    assert canvas.scale[0] == canvas.scale[1]
    top = canvas.to_screen(QPointF(0, 0))
    end = canvas.to_screen(QPointF(40, 10))
    assert top.x() + end.x() == pytest.approx(300, abs=1)
    assert top.y() + end.y() == pytest.approx(200, abs=1)
    assert top.x() >= 0
    assert end.x() <= 300


def test_stretching_fills_the_panel(canvas):
    canvas.set_picture(checkers(10, 40), stretch=True)
    assert canvas.scale == (7.5, 20)


def test_the_wheel_zooms_about_the_pointer(canvas):
    wheel(canvas, (150, 100), 60)
    before = canvas.to_picture(QPointF(130, 90))
    wheel(canvas, (130, 90), 15)
    assert canvas.scale[0] > 40
    after = canvas.to_picture(QPointF(130, 90))
    assert (after - before).manhattanLength() < 0.1


def test_zooming_out_ends_at_the_whole_picture(canvas):
    for _ in range(5):
        wheel(canvas, (100, 100), 15)
    for _ in range(9):
        wheel(canvas, (20, 180), -15)
    assert canvas.scale == (25, 25)
    assert canvas.to_screen(QPointF(4, 4)) == QPointF(150, 100)


def test_zooming_in_has_an_end(canvas):
    for _ in range(40):
        wheel(canvas, (100, 100), 60)
    assert canvas.scale[0] == pytest.approx(96)


def test_dragging_pans_and_is_no_click(canvas):
    heard = Ear(canvas.clicked)
    for _ in range(4):
        wheel(canvas, (150, 100), 15)
    before = canvas.to_screen(QPointF(4, 4))
    drag(canvas, (150, 100), (170, 90))
    moved = canvas.to_screen(QPointF(4, 4)) - before
    assert (moved.x(), moved.y()) == (20, -10)
    assert heard.heard == []


def test_the_picture_cannot_be_dragged_away(canvas):
    for _ in range(4):
        wheel(canvas, (150, 100), 15)
    for _ in range(5):
        drag(canvas, (10, 10), (290, 190))
    assert canvas.to_screen(QPointF(0, 0)) == QPointF(0, 0)


def test_a_whole_picture_stays_where_it_is(canvas):
    drag(canvas, (150, 100), (200, 100))
    assert canvas.to_screen(QPointF(4, 4)) == QPointF(150, 100)


def test_double_click_resets(canvas):
    wheel(canvas, (10, 10), 30)
    spot = canvas.rect().center()
    none = Qt.KeyboardModifier.NoModifier
    QTest.mouseDClick(canvas, Qt.MouseButton.LeftButton, none, spot)
    assert canvas.scale == (25, 25)


def test_a_click_says_where(canvas):
    heard = Ear(canvas.clicked)
    click(canvas, (2.5, 6.5))
    (at,) = heard.heard
    assert abs(at.x() - 6.5) < 0.05
    assert abs(at.y() - 2.5) < 0.05


def test_right_and_middle_clicks_pick_nothing(canvas):
    heard = Ear(canvas.clicked)
    click(canvas, (2.5, 6.5), Qt.MouseButton.RightButton)
    click(canvas, (2.5, 6.5), Qt.MouseButton.MiddleButton)
    assert heard.heard == []


def test_hovering_says_where_until_it_leaves(canvas):
    heard = Ear(canvas.hovered)
    point(canvas, (7.5, 0.5))
    assert heard.heard[-1].toPoint().x() in (0, 1)
    QApplication.sendEvent(canvas, QEvent(QEvent.Type.Leave))
    assert heard.heard[-1] is None


def test_zoom_stays_when_only_the_values_change(canvas):
    wheel(canvas, (100, 100), 30)
    scale = canvas.scale
    canvas.set_picture(255 - checkers(8, 8))
    assert canvas.scale == scale
    canvas.set_picture(checkers(8, 9))
    assert canvas.scale[0] < scale[0]


def test_resizing_fits_again(canvas, qtbot):
    canvas.resize(400, 400)
    qtbot.waitUntil(lambda: canvas.scale == (50, 50))


def test_drops_go_through_to_the_window(canvas):
    assert not canvas.acceptDrops()


def test_no_bright_pixel_is_skipped_from_afar(shown, themed):
    themed(True)
    canvas = shown(Canvas(), 100, 100)
    picture = np.zeros((1000, 1000, 3), np.uint8)
    picture[500:510, 333:343] = 255  # one screen pixel
    canvas.set_picture(picture)
    assert pixels(canvas)[45:55, 28:38].max() > 100


def test_no_peak_of_a_long_series_is_skipped(shown, themed):
    themed(True)
    canvas = shown(Canvas(), 100, 60)
    series = np.zeros((3, 5000, 3), np.uint8)
    series[1, 2500:2550] = 255  # one screen pixel
    canvas.set_picture(series, stretch=True)
    painted = pixels(canvas)
    assert painted[25:35, 49:53].max() == 255
    assert painted[5:15].max() == 0


def test_nothing_is_painted_for_no_picture(canvas):
    canvas.set_picture(None)
    found = {tuple(c) for c in pixels(canvas).reshape(-1, 3).tolist()}
    assert found == {rgb("canvas", dark=True)}


def test_the_canvas_follows_the_theme(canvas, themed):
    themed(False)
    assert tuple(pixels(canvas)[0, 0]) == rgb("canvas", dark=False)


def test_the_saved_image_is_the_picture(canvas):
    image = canvas.image(3)
    assert (image.width(), image.height()) == (24, 24)
    for y, x in ((0, 0), (0, 1), (7, 3)):
        grey = image.pixelColor(3 * x + 1, 3 * y + 1).red()
        assert grey == checkers(8, 8)[y, x, 0]


def test_a_photograph_fills_its_panel_and_is_smooth_until_looked_at(shown, themed):
    themed(True)
    canvas = shown(Canvas(pad=10, photo=True), 300, 200)
    canvas.set_picture(checkers(100, 100))
    assert canvas.scale == (1.8, 1.8)
    inside = pixels(canvas)[20:180, 70:230]
    assert np.unique(inside).size > 2
    wheel(canvas, (150, 100), 120)
    found = {tuple(c) for c in pixels(canvas).reshape(-1, 3).tolist()}
    assert found == {(0, 0, 0), (255, 255, 255)}

"""What a person does to the window, and what they see in it."""

import io

import numpy as np
from PIL import Image, ImageDraw
from PySide6.QtCore import (
    QCoreApplication,
    QEvent,
    QMimeData,
    QPoint,
    QPointF,
    Qt,
    QUrl,
)
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QImage,
    QWheelEvent,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from cnnviz.app.controller import Controller
from cnnviz.app.main import run_request
from cnnviz.app.window import Window
from cnnviz.session.runner import Runner

PATIENCE = 60_000
COPY = Qt.DropAction.CopyAction
LEFT, NO_BUTTON = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
NO_KEY = Qt.KeyboardModifier.NoModifier
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def draw_picture(path, seed=0, size=(300, 260)):
    """Draw discs over noise, other ones for each seed; the name gives the format."""
    dice = np.random.default_rng(seed)
    noise = dice.integers(0, 60, (size[1], size[0], 3), np.uint8)
    image = Image.fromarray(noise)
    pen = ImageDraw.Draw(image)
    for _ in range(12):
        (x, y), wide = dice.integers(0, size).tolist(), int(dice.integers(20, 120))
        colour = tuple(dice.integers(0, 256, 3).tolist())
        pen.ellipse((x, y, x + wide, y + wide), fill=colour)
    image.save(path)
    return path


def files(*paths):
    """What a file manager puts into a drag."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return data


def addresses(*texts):
    """What a browser puts into a drag of links."""
    data = QMimeData()
    data.setUrls([QUrl(text) for text in texts])
    return data


def text(words):
    data = QMimeData()
    data.setText(words)
    return data


def pixels(array):
    """A drag of a picture itself, ``(H, W, 3)`` uint8."""
    data = QMimeData()
    data.setImageData(as_qimage(array))
    return data


def as_qimage(array):
    stream = io.BytesIO()
    Image.fromarray(array).save(stream, "PNG")
    return QImage.fromData(stream.getvalue())


class Person:
    """Opens the window on a request, and uses mouse, keys and files."""

    def __init__(self, qtbot, request, settings, execute=run_request, size=(1280, 800)):
        self.qtbot = qtbot
        self.runner = Runner(execute)
        self.window = Window(settings, size)
        self.controller = Controller(self.window, self.runner, request)
        self.store = self.controller.store
        with qtbot.waitActive(self.window, timeout=PATIENCE):
            self.window.show()
            self.window.activateWindow()

    @property
    def trace(self):
        return self.store.state.trace

    @property
    def selection(self):
        now = self.store.state.selection
        return now.layer, now.channel, now.unit

    @property
    def layer(self):
        return self.trace[self.store.state.selection.layer]

    @property
    def said(self):
        """The sentence in the bar, ``""`` while the bar is not in sight."""
        notice = self.window.notice
        return notice.text() if notice.isVisible() else ""

    def wait(self):
        """Wait for the answer to the newest request."""
        self.until(lambda: self.store.state.status == "idle")

    def until(self, true):
        """Wait until something holds."""
        self.qtbot.waitUntil(true, timeout=PATIENCE)

    def hears(self, signal):
        """Wait for a signal of what is done in this context."""
        return self.qtbot.waitSignal(signal, timeout=PATIENCE)

    def action(self, name):
        return self.controller.menus.actions[name]

    def do(self, name):
        """Choose a command of the menus."""
        self.action(name).trigger()

    def show_picture(self, path):
        self.controller.open_path(path)
        self.wait()

    def show_model(self, name):
        self.controller.menus.networks.networks[name].trigger()
        self.wait()

    def drop(self, data, at=None):
        """Drop on the middle of a widget as the window system does; is it taken?"""
        widget = at or self.window
        window = widget.window()
        place = QPointF(widget.mapTo(window, widget.rect().center()))
        enter = QDragEnterEvent(place.toPoint(), COPY, data, LEFT, NO_KEY)
        QApplication.sendEvent(window.windowHandle(), enter)
        if not enter.isAccepted():
            return False
        move = QDragMoveEvent(place.toPoint(), COPY, data, LEFT, NO_KEY)
        QApplication.sendEvent(window.windowHandle(), move)
        drop = QDropEvent(place, COPY, data, LEFT, NO_KEY)
        QApplication.sendEvent(window.windowHandle(), drop)
        return drop.isAccepted()

    def press(self, key, modifier=NO_KEY):
        """Press a key, wherever the cursor is."""
        QTest.keyClick(self.window.windowHandle(), key, modifier)

    def close(self):
        """Close the window; other windows of the test may stay open."""
        self.window.close()
        runners = [self.runner, *self.window.findChildren(Runner)]
        assert all(runner.shutdown(10) for runner in runners)
        self.window.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def spot(canvas, row, column):
    """Where on screen a point of the picture is."""
    at = canvas.to_screen(QPointF(column, row))
    return QPoint(int(at.x()), int(at.y()))


def click(canvas, row, column):
    """Click a point of the picture."""
    QTest.mouseClick(canvas, LEFT, NO_KEY, spot(canvas, row, column))


def hover(canvas, row, column):
    """Move the pointer over a point of the picture."""
    QTest.mouseMove(canvas, spot(canvas, row, column))


def leave(canvas):
    """Take the pointer away."""
    QApplication.sendEvent(canvas, QEvent(QEvent.Type.Leave))


def zoom_in(canvas, row, column, pixels):
    """Turn the wheel over a point until a cell is so many pixels wide."""
    for _ in range(60):
        if canvas.scale[0] >= pixels:
            break
        at = canvas.to_screen(QPointF(column, row))
        event = QWheelEvent(
            at, canvas.mapToGlobal(at), QPoint(), QPoint(0, 120), NO_BUTTON, NO_KEY,
            Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(canvas, event)


def colour_at(canvas, row, column):
    """Painted colour at a point of the picture."""
    image = canvas.grab().toImage()
    at = canvas.to_screen(QPointF(column, row)) * image.devicePixelRatio()
    return QColor(image.pixel(int(at.x()), int(at.y()))).getRgb()[:3]


def box_of(outline):
    """Middle of an outline as ``(row, column)``, None while it is hidden."""
    if outline.area is None:
        return None
    return outline.area.center().y(), outline.area.center().x()

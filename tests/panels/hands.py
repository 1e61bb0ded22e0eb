"""A person's hands and eyes: real mouse events, painted pixels."""

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from cnnviz.panels import theme


def click(canvas, at, button=Qt.MouseButton.LeftButton):
    """Click a point of the picture, given as ``(row, col)``."""
    where = canvas.to_screen(QPointF(at[1], at[0]))
    spot = QPoint(int(where.x()), int(where.y()))
    QTest.mouseClick(canvas, button, Qt.KeyboardModifier.NoModifier, spot)


def point(canvas, at):
    """Move the pointer over a point of the picture, ``(row, col)``."""
    where = canvas.to_screen(QPointF(at[1], at[0]))
    move(canvas, (int(where.x()), int(where.y())))


def pixels(widget):
    """What a widget paints: ``(H, W, 3)`` uint8."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    data = np.frombuffer(image.constBits(), np.uint8)
    rows = data.reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3).copy()


def colour_at(canvas, at):
    """Painted colour at a point of the picture, ``(row, col)``."""
    where = canvas.to_screen(QPointF(at[1], at[0]))
    return tuple(pixels(canvas)[int(where.y()), int(where.x())].tolist())


def rgb(name, dark=False):
    """A theme's colour as three numbers."""
    colour = theme.colours(dark).color(name)
    return colour.red(), colour.green(), colour.blue()


def wheel(canvas, at, degrees):
    """Turn the wheel over a point of the widget, ``(x, y)``."""
    where = QPointF(*at)
    event = QWheelEvent(
        where,
        canvas.mapToGlobal(where),
        QPoint(),
        QPoint(0, round(degrees * 8)),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(canvas, event)


def drag(canvas, start, end):
    """Drag from one point of the widget to another, both ``(x, y)``."""
    screen, left = canvas, Qt.MouseButton.LeftButton
    none = Qt.KeyboardModifier.NoModifier
    QTest.mousePress(screen, left, none, QPoint(*start))
    middle = [(a + b) // 2 for a, b in zip(start, end, strict=True)]
    for spot in (middle, end):
        move(screen, spot, left)
    QTest.mouseRelease(screen, left, none, QPoint(*end))


def move(widget, spot, buttons=Qt.MouseButton.NoButton):
    """Move the pointer, perhaps with buttons held; the real cursor stays away."""
    where = QPointF(*spot)
    event = QMouseEvent(
        QEvent.Type.MouseMove,
        where,
        widget.mapToGlobal(where),
        Qt.MouseButton.NoButton,
        buttons,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(widget, event)


class Ear:
    """Notes what signals say."""

    def __init__(self, *signals):
        self.heard = []
        for signal in signals:
            signal.connect(self.listen)

    def listen(self, *values):
        self.heard.append(values if len(values) != 1 else values[0])

"""A person's hands on a view over time; points are ``(x, y)`` of the widget."""

from hands import move
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def click(view, x, y=40):
    QTest.mouseClick(view, LEFT, NONE, QPoint(int(x), int(y)))


def double_click(view, x, y=40):
    QTest.mouseDClick(view, LEFT, NONE, QPoint(int(x), int(y)))


def hover(view, x, y=40):
    move(view, (int(x), int(y)), Qt.MouseButton.NoButton)


def drag(view, start, end, y=40):
    QTest.mousePress(view, LEFT, NONE, QPoint(start, y))
    for x in ((start + end) // 2, end):
        move(view, (x, y), LEFT)
    QTest.mouseRelease(view, LEFT, NONE, QPoint(end, y))


def wheel(view, x, degrees, y=40, sideways=False):
    turn = round(degrees * 8)
    where = QPointF(x, y)
    event = QWheelEvent(
        where,
        view.mapToGlobal(where),
        QPoint(),
        QPoint(turn, 0) if sideways else QPoint(0, turn),
        Qt.MouseButton.NoButton,
        NONE,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(view, event)

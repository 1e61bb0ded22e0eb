"""A person's hands on a view over time; series made by hand."""

import numpy as np
from hands import move
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from cnnviz.core.series import Series

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


def make_series(values, rate=50.0, names=None, units=None):
    values = np.asarray(values, np.float64)
    count, length = values.shape
    time = np.arange(length) / rate if rate else np.arange(length, dtype=float)
    names = names or tuple(f"v{i}" for i in range(count))
    return Series(time, names, units or ("",) * count, values, rate, 0, length)


def causal(t, dilations, length):
    """Span, mask, box and padding steps of a unit behind two-tap convolutions."""
    steps = {t}
    for dilation in dilations:
        steps |= {step - dilation for step in steps}
    mask = np.zeros(length, bool)
    mask[[step for step in steps if step >= 0]] = True
    inside = np.flatnonzero(mask)
    span = (int(inside[0]), int(inside[-1]))
    return span, mask, (min(steps), t), sorted(step for step in steps if step < 0)

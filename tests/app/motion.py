"""Series that tests make, and how a person handles views over time."""

import numpy as np
from person import LEFT, NO_KEY
from PySide6.QtCore import QEvent, QPoint
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from cnnviz.nets.catalog import find

CHANNELS = ("ax", "ay", "az", "wx", "wy", "wz")
RATE = 50.0
LENGTH = find("tcn").want.length


def motion(steps=LENGTH, many=6, seed=0):
    """Waves of several speeds with a little noise."""
    chance, t = np.random.default_rng(seed), np.arange(steps) / RATE
    waves = [np.sin(2 * np.pi * (0.5 + 0.3 * i) * t + i) for i in range(many)]
    return np.stack(waves, 1) + 0.05 * chance.normal(size=(steps, many))


def write(path, values, names=CHANNELS, rate=RATE, delimiter=",", decimal="."):
    """Write a table with a column of time."""
    lines = [delimiter.join(["time_s", *names])]
    for i, row in enumerate(values):
        cells = [f"{i / rate:.3f}", *(f"{x:.6f}" for x in row)]
        lines.append(delimiter.join(cells).replace(".", decimal))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def spot(view, step):
    """Where on screen a step of a view over time is."""
    return QPoint(int(view.axis.middle(step)), int(view.plot.center().y()))


def press(view, step):
    """Click a step; return the one that a pixel so narrow really is."""
    QTest.mouseClick(view, LEFT, NO_KEY, spot(view, step))
    return view.axis.step(spot(view, step).x() + 0.5)


def point_at(view, step):
    """Move the pointer over a step; return the one it is really at."""
    QTest.mouseMove(view, spot(view, step))
    return view.axis.step(spot(view, step).x() + 0.5)


def leave(view):
    """Take the pointer away."""
    QApplication.sendEvent(view, QEvent(QEvent.Type.Leave))


def colour_at(view, step, y=None):
    """Painted colour at a step, by default in the middle of the plot."""
    image = view.grab().toImage()
    at = view.plot.center().y() if y is None else y
    return image.pixelColor(int(view.axis.middle(step)), int(at)).getRgb()[:3]

"""Clicks and outlines on screens of any density; each needs a process of its own."""

import os
import subprocess
import sys

import pytest

SCRIPT = """
import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from cnnviz.panels.mosaic import MosaicView
from cnnviz.panels import theme
from cnnviz.pictures.colours import table

app = QApplication([])
theme.apply(app, True)
view = MosaicView()
view.resize(331, 257)
view.show()
QTest.qWaitForWindowExposed(view)
heard = []
view.picked.connect(lambda channel, unit: heard.append((channel, unit)))
accent = theme.DARK.color("accent").rgb()
none = Qt.KeyboardModifier.NoModifier

for size, count in ((8, 1), (55, 1), (8, 6)):
    values = np.zeros((count, size, size), np.float32)
    codes = np.zeros(values.shape, np.uint8)
    view.show_tiles(codes, values, table("grey", False, True))
    canvas = view.canvas
    for channel in range(count):
        for unit in [(0, 0), (0, size - 1), (size - 1, 0), (3, 5), (size // 2, 1)]:
            middle = canvas.to_screen(view.cell(channel, unit).center())
            spot = QPoint(int(middle.x()), int(middle.y()))
            QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, none, spot)
            assert heard == [(channel, unit)], (size, channel, unit, heard)
            heard.clear()
            view.show_place(channel, unit)
            if size == 55:
                continue
            ratio = canvas.devicePixelRatioF()
            image = canvas.grab().toImage()
            cell = view.cell(channel, unit)
            left, top = canvas.to_screen(cell.topLeft()).toTuple()
            right, bottom = canvas.to_screen(cell.bottomRight()).toTuple()
            row, column = round(middle.y() * ratio), round(middle.x() * ratio)
            xs, ys = range(image.width()), range(image.height())
            across = [x for x in xs if image.pixel(x, row) == accent]
            down = [y for y in ys if image.pixel(column, y) == accent]
            for found, low, high, middle in (
                (across, left, right, column), (down, top, bottom, row)
            ):
                before = max((p for p in found if p < middle), default=None)
                after = min((p for p in found if p > middle), default=None)
                if before is not None:  # the line's inner edge is the cell's edge
                    assert abs(before + 1 - low * ratio) < 1.01, (before, low * ratio)
                if after is not None:
                    assert abs(after - high * ratio) < 1.01, (after, high * ratio)
                assert before is not None or after is not None
print("ratio", view.devicePixelRatioF())
"""


@pytest.mark.parametrize("factor", ["1", "1.25", "1.5", "2"])
def test_a_click_hits_the_same_cell_at_every_scale(factor):
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "QT_SCALE_FACTOR": factor, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == f"ratio {float(factor)}"

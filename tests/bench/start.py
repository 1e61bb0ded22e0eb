"""From a process's start until something is painted, against bare scripts."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

from tests.bench.measure import Bar, Plan, Row, Times, compared

QT = """
import pyqtgraph
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow

class Window(QMainWindow):
    def paintEvent(self, event):
        QTimer.singleShot(0, done)

def done():
    print("painted", flush=True)
    app.quit()

app = QApplication([])
window = Window()
window.resize(1440, 900)
window.show()
app.exec()
"""
TORCH = 'import torch, torchvision; print("imported", flush=True)'

SIDES = {
    "cnnviz": (("-m", "tests.bench.opened"), ("painted", "shown")),
    "qt": (("-c", QT), ("painted",)),
    "torch": (("-c", TORCH), ("imported",)),
}
"""What Python is called with, and the words it says as it gets there."""


def rows(plan: Plan) -> Iterator[Row]:
    """Start each program in turn, so many times; the first time does not count."""
    times: Times = {word: [] for word in ("painted", "shown", "qt", "imported")}
    for done in range(-1, plan.of(11, 3)):
        for name, (arguments, words) in SIDES.items():
            taken = started(arguments)
            for word in words if done >= 0 else ():
                times["qt" if name == "qt" else word].append(taken[word])
    yield compared(
        "start",
        "window painted",
        times["painted"],
        times["qt"],
        "PySide6, pyqtgraph, empty window",
        Bar(1.5),
    )
    yield compared(
        "start",
        "first network shown",
        times["shown"],
        times["imported"],
        "import torch, torchvision",
        Bar(1.3),
    )


def started(arguments: tuple[str, ...]) -> dict[str, float]:
    """Start Python; return the seconds until each line it wrote.

    Raises
    ------
    CalledProcessError
        It failed.
    """
    start, found = time.perf_counter(), {}
    command = [sys.executable, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            found[line.strip()] = time.perf_counter() - start
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return found

"""The real window, and how long it takes until something is painted."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from PySide6.QtCore import (
    QCoreApplication,
    QEvent,
    QEventLoop,
    QMimeData,
    QObject,
    QPointF,
    Qt,
    QTimer,
    QUrl,
)
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QMouseEvent,
)
from PySide6.QtWidgets import QApplication

from cnnviz.app.controller import Controller
from cnnviz.app.main import run_request
from cnnviz.app.settings import Settings
from cnnviz.app.window import Window
from cnnviz.core.models import Model
from cnnviz.core.resources import resource
from cnnviz.core.trace import ImageSource, Request, Trace
from cnnviz.panels.canvas import Canvas
from cnnviz.session.runner import Runner
from tests.bench.measure import Taken

SIZE = 1920, 1080
QUIET = 0.025
"""Seconds without any painting after which what came before is the whole answer."""

PATIENCE = 300.0
SAMPLES = tuple(
    resource(f"samples/{name}.jpg") for name in ("harbour", "sunflower", "watch")
)


class Paints(QObject):
    """Counts how often a window painted what had changed."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.count = 0
        window.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Note the request, which the window answers before anything else."""
        if event.type() is QEvent.Type.UpdateRequest:
            self.count += 1
        return False


class Desk:
    """A window with a network and a picture on show.

    Parameters
    ----------
    model, picture
        What it shows first.
    size
        Width and height of the window in pixels.
    """

    def __init__(
        self,
        model: Model,
        picture: Path = SAMPLES[0],
        size: tuple[int, int] = SIZE,
    ) -> None:
        app = QApplication.instance() or QApplication(["cnnviz"])
        assert isinstance(app, QApplication)
        app.setCursorFlashTime(0)  # a blinking cursor is painting, too
        self._app = app
        self._folder = tempfile.TemporaryDirectory()
        settings = Settings(Path(self._folder.name) / "cnnviz.ini", "dark")
        self.window = Window(settings, size)
        self._paints = Paints(self.window)
        self._clock = QTimer(self.window, interval=500)  # ends waits for events
        self._clock.start()
        request = Request(model, ImageSource(picture))
        self.controller = Controller(self.window, Runner(run_request), request)
        self.store = self.controller.store
        self.window.show()
        self.idle()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        """Close the window and let everything of it go."""
        self.window.close()
        self.window.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        self._folder.cleanup()

    @property
    def trace(self) -> Trace:
        """What is on show."""
        trace = self.store.state.trace
        assert trace is not None
        return trace

    def wait(self, true: Callable[[], bool]) -> None:
        """Let the window live until something holds.

        Raises
        ------
        TimeoutError
            It never does.
        """
        end = time.perf_counter() + PATIENCE
        wait = QEventLoop.ProcessEventsFlag.WaitForMoreEvents
        while not true():
            if time.perf_counter() > end:
                raise TimeoutError(self.window.notice.text() or "nothing happened")
            self._app.processEvents(wait)

    def idle(self) -> None:
        """Wait until the answer is shown and checked, and all is painted."""
        checked = self.controller.checking.label
        self.wait(lambda: self.store.state.trace is not None)
        self.wait(lambda: self.store.state.status == "idle" and not checked.isHidden())
        self.painted()

    def painted(self) -> Taken:
        """Let the window paint until it is quiet; return the clocks of its end."""
        done = Taken(time.perf_counter(), time.thread_time())
        seen = self._paints.count
        while True:  # once at least, however busy the machine is
            self._app.processEvents()
            if self._paints.count != seen:
                seen = self._paints.count
                done = Taken(time.perf_counter(), time.thread_time())
            elif time.perf_counter() < done.wall + QUIET:
                time.sleep(0.0005)
            else:
                return done

    def answered(self, act: Callable[[], object]) -> Taken | None:
        """Return the time from an action until all that follows is painted.

        None: nothing was painted.
        """
        seen = self._paints.count
        start, worked = time.perf_counter(), time.thread_time()
        act()
        done = self.painted()
        if self._paints.count == seen:
            return None
        return Taken(done.wall - start, done.cpu - worked)

    def timed(self, act: Callable[[], object]) -> Taken:
        """Return the same where something must be painted.

        Raises
        ------
        RuntimeError
            Nothing was.
        """
        taken = self.answered(act)
        if taken is None:
            raise RuntimeError("nothing was painted")
        return taken

    def fresh(self, act: Callable[[], object]) -> Taken:
        """Return the time from an action until a new trace is shown and painted."""
        old = self.store.state.trace

        def until_shown() -> None:
            act()
            self.wait(lambda: self.store.state.trace is not old)

        return self.timed(until_shown)

    def reload(self) -> None:
        """Run the network again, so that nothing of the trace was seen before."""
        self.fresh(self.store.reload)
        self.idle()

    def drop(self, path: Path) -> None:
        """Drop a file on the middle of the window, as the window system does."""
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path))])
        screen = self.window.windowHandle()
        place = QPointF(self.window.rect().center())
        point = place.toPoint()
        copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
        none = Qt.KeyboardModifier.NoModifier
        for event in (
            QDragEnterEvent(point, copy, data, left, none),
            QDragMoveEvent(point, copy, data, left, none),
            QDropEvent(place, copy, data, left, none),
        ):
            QApplication.sendEvent(screen, event)

    @staticmethod
    def point(canvas: Canvas, row: float, column: float) -> None:
        """Move the pointer over a point of a picture."""
        place = canvas.to_screen(QPointF(column, row))
        target = canvas.childAt(place.toPoint()) or canvas
        at = QPointF(target.mapFrom(canvas, place.toPoint()))
        nothing = Qt.MouseButton.NoButton
        event = QMouseEvent(
            QEvent.Type.MouseMove,
            at,
            QPointF(target.mapToGlobal(at.toPoint())),
            nothing,
            nothing,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(target, event)

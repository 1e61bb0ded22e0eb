"""The program as a person starts it; it says when it is painted, and then ends."""

from __future__ import annotations

import sys
from collections.abc import Callable

import cnnviz.app.wanted  # as the command does, which loads Qt after it

# isort: split
from PySide6.QtCore import QEvent, QObject, QTimer

import cnnviz.app.main
from cnnviz.__main__ import main
from cnnviz.app.controller import Controller
from cnnviz.app.window import Window
from cnnviz.core.trace import Request
from cnnviz.session.runner import Runner


class Watch(QObject):
    """Says a word after the window has handled an event of a kind."""

    def __init__(
        self, window: Window, kind: QEvent.Type, word: str, then: Callable[[], object]
    ) -> None:
        super().__init__(window)
        self._kind, self._word, self._then = kind, word, then
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Wait for the event; what follows it at once is waited for, too."""
        if event.type() is self._kind:
            watched.removeEventFilter(self)
            QTimer.singleShot(0, self._say)
        return False

    def _say(self) -> None:
        print(self._word, flush=True)
        self._then()


class Watched(Controller):
    """Says when the window is painted, and when the first network is."""

    def __init__(self, window: Window, runner: Runner, request: Request) -> None:
        super().__init__(window, runner, request)
        Watch(window, QEvent.Type.Paint, "painted", lambda: None)
        runner.finished.connect(self._shown)

    def _shown(self) -> None:
        assert self.store.state.trace is not None, self.window.notice.text()
        update = QEvent.Type.UpdateRequest
        Watch(self.window, update, "shown", self.window.close)


if __name__ == "__main__":
    vars(cnnviz.app.main)["Controller"] = Watched
    sys.exit(main([]))

"""What every window needs around it: the application, a log, a way out by Ctrl+C."""

from __future__ import annotations

import logging
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType

from PySide6.QtCore import (
    QMessageLogContext,
    QSocketNotifier,
    QtMsgType,
    qFormatLogMessage,
    qInstallMessageHandler,
)
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from cnnviz.app.settings import home, log_file
from cnnviz.app.window import Window
from cnnviz.core.resources import resource


def application() -> QApplication:
    """Return the one application of the process, with a log.

    One that is there already belongs to somebody else and keeps its name.
    """
    app = QApplication.instance()
    if app is None:
        app = QApplication(sys.argv[:1])
        app.setApplicationName("cnnviz")
        app.setApplicationDisplayName("cnnviz")
        app.setDesktopFileName("cnnviz")
        app.setWindowIcon(icon())
    assert isinstance(app, QApplication)
    _start_log()
    return app


def icon() -> QIcon:
    """Return the icon of the program's windows."""
    return QIcon(str(resource("icons/cnnviz.svg")))


def _start_log() -> None:
    """Keep errors in a file, where there can be one; the screen shows sentences."""
    log = logging.getLogger("cnnviz")
    if log.handlers:
        return
    with suppress(OSError):
        home().mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(log_file(), encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(handler)


@contextmanager
def unseen() -> Iterator[None]:
    """Keep from stderr what Qt says it cannot do where there is no screen."""

    def heard(kind: QtMsgType, where: QMessageLogContext, text: str) -> None:
        if not text.startswith("This plugin does not support "):
            sys.stderr.write(f"{qFormatLogMessage(kind, where, text)}\n")

    qInstallMessageHandler(heard)
    try:
        yield
    finally:
        qInstallMessageHandler(None)


@contextmanager
def caught(window: Window) -> Iterator[None]:
    """Log what nobody handled and say so in the window; put the hook back."""

    def unhandled(
        kind: type[BaseException], error: BaseException, where: TracebackType | None
    ) -> None:
        window.tell_fault("".join(traceback.format_exception(kind, error, where)))

    old = sys.excepthook
    sys.excepthook = unhandled
    try:
        yield
    finally:
        sys.excepthook = old


@contextmanager
def interrupted_by_ctrl_c(window: Window, end: Callable[[], object]) -> Iterator[None]:
    """Let Ctrl+C in the terminal end a loop of Qt's, though it sleeps outside Python.

    The signal writes to a socket that Qt's loop listens to.

    Raises
    ------
    KeyboardInterrupt
        Afterwards, if it was pressed.
    """
    pressed = []

    def interrupt() -> None:
        pressed.append(ear.recv(1))
        end()

    ear, mouth = socket.socketpair()
    with ear, mouth:
        mouth.setblocking(False)
        notifier = QSocketNotifier(ear.fileno(), QSocketNotifier.Type.Read, window)
        notifier.activated.connect(interrupt)
        handler = signal.signal(signal.SIGINT, lambda _number, _frame: None)
        old = signal.set_wakeup_fd(mouth.fileno())
        try:
            yield
        finally:
            signal.set_wakeup_fd(old)
            signal.signal(signal.SIGINT, handler)
            notifier.setEnabled(False)
            notifier.deleteLater()
    if pressed:
        raise KeyboardInterrupt

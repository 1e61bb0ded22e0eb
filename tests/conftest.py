# ruff: noqa: E402 - imports wait for the environment
"""One environment for every test, and no test may leave anything behind.

The variables are set here because they only count before Qt and torch are loaded.
One thread, because two of torch's threads on a busy machine wait for each other.
"""

import gc
import os
import subprocess
import sys
import tempfile
import threading

HOME = tempfile.TemporaryDirectory(prefix="cnnviz-tests-")

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["QT_SCALE_FACTOR"] = "1"
os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["CNNVIZ_HOME"] = HOME.name
os.environ["TORCH_HOME"] = HOME.name

if sys.platform == "win32":
    import torch  # noqa: F401 - there, torch must be loaded before Qt

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QThread, QThreadPool, QTimer
from PySide6.QtWidgets import QApplication


def pytest_unconfigure():
    HOME.cleanup()


def record_calls(monkeypatch, owner, method):
    """Let `owner.method` note the objects it is called on; return the notes."""
    called = []
    original = getattr(owner, method)

    def noting(self, *args):
        called.append(self)
        return original(self, *args)

    monkeypatch.setattr(owner, method, noting)
    return called


def open_windows():
    """Top-level widgets that exist; keyed by address, because Python's may go."""
    if not isinstance(QApplication.instance(), QApplication):
        return {}
    return {
        shiboken6.getCppPointer(widget)[0]: widget
        for widget in QApplication.topLevelWidgets()
        if widget.parent() is None
    }


@pytest.fixture(autouse=True)
def nothing_left_behind():
    """Fail a test that leaves a window, a thread, a pool or a timer. No exemptions."""
    earlier = set(open_windows())
    earlier_threads = set(threading.enumerate())
    with pytest.MonkeyPatch.context() as patch:
        threads = record_calls(patch, QThread, "start")
        timers = record_calls(patch, QTimer, "start")
        pools = record_calls(patch, QThreadPool, "start")
        yield

    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    if set(open_windows()) - earlier:
        gc.collect()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    left = [
        f"{widget!r} is still open: give it to qtbot.addWidget"
        for address, widget in open_windows().items()
        if address not in earlier
    ]
    left += [
        f"{thread!r} is still running: quit() and wait() for it"
        for thread in threads
        if shiboken6.isValid(thread) and thread.isRunning()
    ]
    left += [
        f"{thread!r} is still running: join() it"
        for thread in set(threading.enumerate()) - earlier_threads
        if not isinstance(thread, threading._DummyThread)
    ]
    left += [
        f"{timer!r} is still ticking: stop() it, or give it a parent that is closed"
        for timer in timers
        if shiboken6.isValid(timer) and timer.isActive()
    ]
    left += [
        f"{pool!r} still has work: waitForDone()"
        for pool in {QThreadPool.globalInstance(), *pools}
        if shiboken6.isValid(pool) and pool.activeThreadCount()
    ]
    if left:
        pytest.fail("the test left something behind:\n  " + "\n  ".join(left))


@pytest.fixture
def run_python():
    """Run code in a fresh interpreter, where nothing is imported yet."""

    def run(code, **environment):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run

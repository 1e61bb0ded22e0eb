"""The end of the process: quiet, whole and with the right code, whatever runs."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from test_window_process import QUIET

from cnnviz.app.leaving import workers_ended


def run(code, *arguments, **environment):
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    return done.returncode, done.stdout, QUIET.sub("", done.stderr)


def test_workers_are_waited_for_as_long_as_told():
    gate = threading.Event()
    worker = threading.Thread(target=gate.wait, daemon=True)
    worker.start()
    assert not workers_ended(0)
    gate.set()
    assert workers_ended(10)
    assert not worker.is_alive()


def test_workers_can_be_meant_by_name():
    gate = threading.Event()
    theirs = threading.Thread(target=gate.wait, daemon=True, name="theirs")
    theirs.start()
    assert workers_ended(0, "ours")
    assert not workers_ended(0, "their")
    gate.set()
    theirs.join()


def test_other_threads_are_no_workers():
    """Python itself waits for threads that are not daemons."""
    gate = threading.Event()
    other = threading.Thread(target=gate.wait)
    other.start()
    assert workers_ended(0)
    gate.set()
    other.join()


LEAVE = """
import atexit, logging, sys, threading, time
from cnnviz.app.leaving import leave

class Log(logging.Handler):
    def close(self):
        print("log closed")

logging.getLogger().addHandler(Log())
atexit.register(print, "at exit")
if {busy}:
    threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
print("said", end=" ")
print("wrong", end=" ", file=sys.stderr)
leave(3)
"""


def test_left_by_the_front_door():
    code, said, wrong = run(LEAVE.format(busy=False))
    assert (code, wrong) == (3, "wrong ")
    assert {*said.split("\n"), ""} == {"said at exit", "log closed", ""}


def test_left_while_a_thread_still_runs():
    """What was printed and logged is not lost."""
    assert run(LEAVE.format(busy=True)) == (3, "said log closed\n", "wrong ")


CLOSE = """
import threading
from PySide6.QtCore import QTimer
import cnnviz.app.main as app_main
from cnnviz.__main__ import program

calls = threading.Event()

def never_ends(request, check):
    import torch
    big = torch.ones(512, 512)
    while True:
        big = big @ big / 512
        calls.set()

class Closing(app_main.Controller):
    def __init__(self, *given):
        super().__init__(*given)
        self.clock = QTimer(self, interval=5)
        self.clock.timeout.connect(self.look)
        self.clock.start()

    def look(self):
        if calls.is_set():
            self.clock.stop()
            self.window.close()

app_main.Controller, app_main.run_request = Closing, never_ends
program()
"""


@pytest.mark.parametrize("attempt", range(3))
def test_the_window_is_closed_while_torch_computes(tmp_path, attempt):
    """The layout is kept; nobody complains, though a thread is deep in C++."""
    home = tmp_path / "home"
    assert run(CLOSE, CNNVIZ_HOME=str(home)) == (0, "", "")
    assert (home / "cnnviz.ini").is_file()
    assert [p.name for p in Path(tmp_path).iterdir()] == ["home"]


SCRIPT = """
import threading
import torch
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
import cnnviz
from cnnviz.app import view

class Slow(torch.nn.Module):
    def forward(self, x):
        global steps
        if threading.current_thread() is threading.main_thread():
            return x
        for steps in range(40):
            big @ big
        return x

big, steps = torch.ones(1024, 1024), 0
app = QApplication([])

def look():
    if steps:
        timer.stop()
        for each in list(view._open.values()):
            each.close()

timer = QTimer()
timer.timeout.connect(look)
timer.start(5)
cnnviz.show(Slow(), torch.rand(3, 8, 8))
print("goes on")
"""


def test_a_script_ends_whose_window_was_closed_during_a_run():
    """The program is not ours to end: the worker is waited for."""
    assert run(SCRIPT) == (0, "goes on\n", "")


def test_a_script_that_runs_the_command_itself_ends_well():
    """It leaves by the front door, where the worker must have ended."""
    code = CLOSE.replace("while True:", "for _ in range(400):")
    code = code.replace("import program", "import main").replace(
        "\nprogram()", "\nprint(main())"
    )
    assert run(code) == (0, "0\n", "")

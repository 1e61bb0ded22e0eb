"""What is loaded quickly is collected again afterwards."""

import gc

import pytest

from cnnviz.app.loading import uncollected


def test_garbage_is_looked_for_again_whatever_happens():
    assert gc.isenabled()
    with uncollected():
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ZeroDivisionError), uncollected():
        1 / 0  # noqa: B018
    assert gc.isenabled()


def test_who_never_looks_for_garbage_still_does_not():
    gc.disable()
    try:
        with uncollected():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_garbage_is_looked_for_once_the_window_is_painted(run_python):
    run_python("""
import gc
import cnnviz.app.main as main
from cnnviz.__main__ import main as command

class Window(main.Window):
    def __init__(self, *given):
        super().__init__(*given)
        self.painted.connect(lambda: seen.append(("painted", gc.isenabled())))

class Controller(main.Controller):
    def __init__(self, window, runner, request):
        super().__init__(window, runner, request)
        runner.window = window

class Runner(main.Runner):
    def begin(self):
        seen.append(("begun", gc.isenabled()))
        self.window.close()

seen = []
main.Runner, main.Window, main.Controller = Runner, Window, Controller
assert command([]) == 0
assert seen == [("painted", False), ("begun", True)], seen
assert gc.isenabled()
""")


def test_what_torch_is_made_of_is_taken_out_of_later_searches(run_python):
    run_python("""
import gc, sys
from cnnviz.app.loading import load

assert "torch" not in sys.modules and not gc.get_freeze_count()
load()
assert "torch" in sys.modules and gc.isenabled()
frozen = gc.get_freeze_count()
assert frozen > 100_000
assert len(gc.get_objects()) < frozen / 10
load()
assert gc.get_freeze_count() == frozen
""")

"""``cnnviz.show``: the real window on modules of the running program."""

import gc
import os
import signal
import sys
import threading
import types
import weakref

import numpy as np
import pytest
import torch
from person import PATIENCE, draw_picture
from PIL import Image
from PySide6.QtCore import QCoreApplication, QEvent, Qt, QTimer
from PySide6.QtWidgets import QApplication
from torch import nn

import cnnviz
from cnnviz.app import view as views
from cnnviz.app.face import bundled_samples, bundled_series
from cnnviz.app.leaving import workers_ended
from cnnviz.app.show import LoopError, ready
from cnnviz.core.errors import InputError, ModelError
from cnnviz.core.models import LiveSpec, ModelSpec
from cnnviz.nets.live import living


class Shell:
    """IPython's shell, whose loop the test itself runs."""

    def __init__(self):
        self.asked = []

    def enable_gui(self, gui):
        self.asked.append(gui)


@pytest.fixture
def shell(monkeypatch, tmp_path):
    made = Shell()
    ipython = types.SimpleNamespace(get_ipython=lambda: made)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    return made


@pytest.fixture
def show(qtbot, shell):
    """Show and wait for the answer; every window is closed with the test."""
    app = QApplication.instance()
    palette, sheet = app.palette(), app.styleSheet()

    def shown(*args, **more):
        return cnnviz.show(*args, **more)

    def settle(view):
        store = view._controller.store
        qtbot.waitUntil(lambda: store.state.status == "idle", timeout=PATIENCE)

    shown.settle = settle
    yield shown
    for view in list(views._open.values()):
        view.close()
    assert workers_ended(10)
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert views._open == {}
    app.setStyleSheet(sheet)
    app.setPalette(palette)


def small(classes=4, seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(6 * 5 * 5, classes),
    )  # fmt: skip


X = torch.randn(1, 3, 12, 12, generator=torch.Generator().manual_seed(1))


def scores(module, x=X):
    with torch.no_grad():
        return module.eval()(x)[0].softmax(0).numpy()


class TestNotebook:
    def test_it_returns_as_soon_as_the_network_is_on_show(self, show, shell):
        view = cnnviz.show(small(), X)
        assert shell.asked == ["qt"]
        assert view.is_open
        assert view.trace is not None
        assert repr(view) == "<cnnviz window: Sequential on array, open>"

    def test_a_loop_of_training_is_followed(self, show):
        """In one cell, where nobody but ``show`` runs Qt."""
        module, seen = small(), []
        for _ in range(3):
            with torch.no_grad():
                module[5].weight.mul_(1.5)
            seen.append(cnnviz.show(module, X).trace.scores)
            np.testing.assert_allclose(seen[-1], scores(module), rtol=1e-5)
        assert len({tuple(s) for s in seen}) == 3

    @pytest.mark.skipif(sys.platform == "win32", reason="there, it ends the process")
    def test_an_interrupt_ends_the_waiting_and_nothing_else(self, show):
        class Slow(nn.Module):
            def forward(self, x):
                go_on.wait(60)
                return x + 1

        go_on = threading.Event()
        view = show(small(), X)
        QTimer.singleShot(0, lambda: os.kill(os.getpid(), signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            cnnviz.show(Slow(), X)
        go_on.set()
        assert view.is_open
        show.settle(view)
        assert view.trace.title == "Slow"

    def test_what_is_shown_is_what_the_module_gives(self, show):
        module = small()
        view = show(module, X, labels=["a", "b", "c", "d"])
        np.testing.assert_allclose(view.trace.scores, scores(module), rtol=1e-5)
        assert view.trace.labels == ("a", "b", "c", "d")
        assert [layer.name for layer in view.trace.layers] == list("012345")
        assert view._window.isVisible()
        assert view._window.windowTitle() == "array – Sequential – cnnviz"

    def test_a_training_that_goes_on_changes_nothing_on_show(self, show):
        module = small()
        before = scores(module)
        view = show(module, X)
        with torch.no_grad():
            module[0].weight.mul_(-1)
        view._controller.reload()
        show.settle(view)
        np.testing.assert_allclose(view.trace.scores, before, rtol=1e-5)

    def test_the_module_is_left_as_found(self, show):
        module = small().train()
        module(X).sum().backward()
        state = {k: v.clone() for k, v in module.state_dict().items()}
        show(module, X)
        assert module.training
        assert module[0].weight.requires_grad
        assert module[0].weight.grad is not None
        assert all(torch.equal(v, state[k]) for k, v in module.state_dict().items())

    def test_a_module_that_fails_is_shown_up_to_there(self, show):
        module = nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(), nn.Conv2d(7, 2, 1))
        view = show(module, X)
        assert [layer.name for layer in view.trace.layers] == ["0", "1"]
        assert "7 channels" in view.trace.error
        assert view._window.notice.text() == view.trace.error


class TestAgain:
    def test_the_same_title_updates_the_window_and_keeps_the_place(self, show, qtbot):
        module = small()
        view = show(module, X)
        store = view._controller.store
        store.select(layer="2", channel=5, unit=(3, 4))
        first = view.trace
        with torch.no_grad():
            module[0].weight.mul_(2)
        again = show(module, X)
        assert again is view
        assert view.trace is not first
        np.testing.assert_allclose(view.trace.scores, scores(module), rtol=1e-5)
        now = store.state.selection
        assert (now.layer, now.channel, now.unit) == ("2", 5, (3, 4))

        def told(row):
            model = view._window.layers.model
            return model.index(row, 0).data(Qt.ItemDataRole.ToolTipRole)

        qtbot.waitUntil(lambda: "weights changed" in told(0), timeout=PATIENCE)
        assert "changed" not in told(5)

    def test_each_title_has_a_window(self, show):
        one, two = show(small(), X, title="one"), show(small(), X, title="two")
        assert one is not two
        assert one.trace.title == "one"
        assert one._window is not two._window
        one.close()
        assert not one.is_open
        assert two.is_open
        assert one.trace.title == "one"  # what it showed last

    def test_after_it_was_closed_another_opens(self, show):
        view = show(small(), X)
        view.close()
        view.close()
        again = show(small(), X)
        assert again is not view
        assert repr(view).endswith("closed>")

    def test_earlier_networks_are_let_go(self, show):
        module = small()
        view = show(module, X)
        early = weakref.ref(living(view._spec).module)
        for _ in range(3):
            show(module, X)
        gc.collect()
        assert early() is None
        assert view._kept == [view._spec]
        spec = view._spec
        view.close()
        with pytest.raises(ModelError):
            living(spec)

    def test_a_refused_update_leaves_the_network_before_on_show(self, show):
        view = show(small(), X)
        first = view.trace
        show(nn.Sequential(nn.Linear(99, 2)), X)  # runs no layer
        assert view.trace is first
        assert view._window.notice.text()
        view._controller.reload()
        show.settle(view)
        np.testing.assert_allclose(view.trace.scores, first.scores)


class TestSamples:
    def test_a_picture_of_a_network_of_the_catalogue(self, show):
        path = bundled_samples()[0]
        net = cnnviz.open_model("alexnet")
        view = show(net, path)
        expected = cnnviz.trace(net, cnnviz.open_sample(path, net))
        np.testing.assert_allclose(view.trace.scores, expected.scores, rtol=1e-5)
        assert view.trace.labels == net.labels
        assert view._window.notice.text() == ""

    def test_what_open_sample_returned(self, show):
        net = cnnviz.open_model("tcn")
        path = bundled_series()[0]
        sample = cnnviz.open_sample(path, net)
        view = show(net, sample)
        np.testing.assert_array_equal(view.trace.sample.values[0], sample.values[0])
        assert view._window.input.series.isVisible()

    def test_pixels_are_prepared_as_was_said(self, show):
        rgb = np.random.default_rng(0).integers(0, 256, (12, 12, 3), np.uint8)
        want = cnnviz.ImageWant((12, 12), None, mean=(0.5,) * 3, std=(0.25,) * 3)
        module = small()
        for sample in (rgb, Image.fromarray(rgb), torch.tensor(rgb).permute(2, 0, 1)):
            view = show(module, sample, want=want)
            x = torch.from_numpy((rgb / 255 - 0.5) / 0.25).permute(2, 0, 1).float()
            np.testing.assert_allclose(
                view.trace.scores, scores(module, x[None]), rtol=1e-4
            )
            np.testing.assert_array_equal(view.trace.sample.shown, rgb)

    def test_what_is_guessed_of_the_input_is_said_once(self, show, tmp_path):
        path = draw_picture(tmp_path / "a.png")
        view = show(small(), str(path))
        assert view.trace.sample.values[0].shape == (3, 12, 12)
        said = view._window.notice.text()
        assert said.startswith("Sequential: guessed: the size 12×12, values in 0 … 1")
        view._window.notice.dismiss()
        show(small(seed=1), str(path))
        assert view._window.notice.text() == ""

    def test_two_inputs(self, show):
        class Both(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(3, 2, 3)
                self.dense = nn.Linear(5, 2)

            def forward(self, picture, facts):
                return self.conv(picture).mean((2, 3)) + self.dense(facts)

        module, facts = Both(), torch.randn(5)
        view = show(module, (X[0], facts))
        with torch.no_grad():
            wanted = module(X, facts[None])[0].numpy()
        np.testing.assert_allclose(view.trace.layers[-1].output, wanted, rtol=1e-4)

    def test_an_array_over_time(self, show):
        array = np.random.default_rng(0).normal(size=(50, 6))
        module = nn.Sequential(nn.Conv1d(6, 4, 5), nn.ReLU())
        view = show(module, array)
        with torch.no_grad():
            wanted = module(torch.from_numpy(array.T[None]).float())[0].numpy()
        np.testing.assert_allclose(view.trace["1"].output, wanted, atol=1e-5)
        assert view._window.input.series.isVisible()

    def test_no_such_file(self, show):
        with pytest.raises(InputError, match=r"nowhere\.png: there is no such file"):
            cnnviz.show(small(), "nowhere.png")
        assert views._open == {}

    def test_a_batch(self, show):
        with pytest.raises(InputError, match="a batch of 2"):
            cnnviz.show(small(), torch.cat([X, X]))

    @pytest.mark.parametrize(
        ("wanted", "given", "words"),
        [(1, (3, 28, 28), "wants 1 channel; 3×28×28 arrived"),
         (3, (1, 1, 28, 28), "wants 3 channels; 1×28×28 arrived")],
    )  # fmt: skip
    def test_other_channels(self, show, wanted, given, words):
        module = nn.Sequential(nn.ReLU(), nn.Conv2d(2, 4, 3))
        assert ready(module, np.zeros((3, 28, 28), "f"))  # not read by it: not known
        with pytest.raises(InputError, match=words):
            show(nn.Sequential(nn.Conv2d(wanted, 4, 3)), np.zeros(given, "f"))
        assert views._open == {}

    @pytest.mark.parametrize("call", [cnnviz.show, cnnviz.trace])
    @pytest.mark.parametrize("model", ["not a model", None, nn.Conv2d])
    def test_what_is_no_network(self, show, call, model):
        with pytest.raises(ModelError, match=r"expected a torch\.nn\.Module"):
            call(model, X[0])
        assert views._open == {}


class TestInTheWindow:
    def test_another_picture_is_refused_where_its_scale_is_not_known(
        self, show, tmp_path
    ):
        view = show(small(), X)
        first = view.trace
        view._controller.open_path(draw_picture(tmp_path / "other.png"))
        show.settle(view)
        assert view.trace is first
        said = view._window.notice.text()
        assert "it is not known how other.png becomes such numbers" in said
        assert "want=" in said

    def test_and_shown_where_it_is(self, show, tmp_path):
        module = small()
        want = cnnviz.InputChoices(size=(12, 12), mean=(0.5,), std=(0.25,))
        view = show(module, X, want=want)
        view._controller.open_path(draw_picture(tmp_path / "other.png"))
        show.settle(view)
        sample = view.trace.sample
        assert sample.title == "other.png"
        scaled = (sample.shown / np.float32(255) - 0.5) / 0.25
        np.testing.assert_allclose(
            sample.values[0], np.moveaxis(scaled, -1, 0), rtol=1e-4, atol=1e-6
        )
        assert isinstance(view.trace.request.model, LiveSpec)

    def test_another_network_takes_the_picture_that_is_seen(self, show):
        view = show(small(), X)
        seen = view.trace.sample.shown
        view._controller.open_model("alexnet")
        show.settle(view)
        assert view.trace.request.model == ModelSpec("alexnet")
        np.testing.assert_array_equal(view.trace.request.source.rgb, seen)

    def test_numbers_that_are_no_picture_give_way_to_a_sample(self, show):
        module = nn.Sequential(nn.Conv1d(6, 4, 5), nn.ReLU())
        view = show(module, np.zeros((6, 50)))
        view._controller.open_model("tcn")
        show.settle(view)
        assert view.trace.request.model == ModelSpec("tcn")
        assert view._window.notice.text() == ""


class TestLoops:
    def test_a_loop_that_cannot_be_started(self, monkeypatch, shell):
        def refuse(_gui):
            raise RuntimeError("Cannot activate multiple GUI eventloops")

        monkeypatch.setattr(shell, "enable_gui", refuse)
        with pytest.raises(LoopError, match=r"multiple GUI eventloops\); run %gui qt"):
            cnnviz.show(small(), X)
        assert views._open == {}

    def test_another_thread(self):
        found = []

        def call():
            try:
                cnnviz.show(small(), X)
            except LoopError as error:
                found.append(str(error))

        thread = threading.Thread(target=call, name="trainer")
        thread.start()
        thread.join()
        assert "from the main thread, and this is trainer" in found[0]

    def test_within_a_running_qt_program_it_returns_at_once(
        self, show, monkeypatch, qtbot
    ):
        monkeypatch.delitem(sys.modules, "IPython")
        made = []
        QTimer.singleShot(0, lambda: made.append(cnnviz.show(small(), X)))
        qtbot.waitUntil(lambda: bool(made), timeout=PATIENCE)
        assert made[0].is_open

    def test_a_plain_script_waits_until_it_is_closed(self, run_python):
        said = run_python("""
import torch
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
import cnnviz
from cnnviz.app import view

app = QApplication([])
app.setApplicationName("theirs")

def look():
    open_views = list(view._open.values())
    if open_views and open_views[0].trace is not None:
        timer.stop()
        print("shown", open_views[0].trace.layers[0].name)
        open_views[0].close()

timer = QTimer()
timer.timeout.connect(look)
timer.start(20)
view = cnnviz.show(torch.nn.Conv2d(3, 4, 3), torch.rand(3, 8, 8))
print("closed", view.is_open, len(view.trace.layers), app.applicationName())
""")
        lines = said.splitlines()
        assert lines[0].startswith("shown")
        assert lines[1] == "closed False 1 theirs"

    def test_without_a_display_it_says_so_and_loads_no_qt(self, run_python):
        said = run_python(
            """
import sys
import cnnviz
try:
    cnnviz.show(None, None)
except Exception as error:
    print(type(error).__name__, error)
print({"PySide6", "torch"} & set(sys.modules))
""",
            QT_QPA_PLATFORM="",
            DISPLAY="",
            WAYLAND_DISPLAY="",
        )
        if sys.platform.startswith("linux"):
            first, last = said.splitlines()
            assert first.startswith("ScreenError a window needs a display")
            assert "cnnviz.trace(model, sample) works without one" in first
            assert last == "set()"


def test_a_network_of_the_catalogue_is_copied_too():
    net = cnnviz.open_model("handmade")
    network, _ = ready(net, X[0], title="mine")
    assert network.name == "mine"
    assert network.entry is net.entry
    assert network.module is not net.module
    assert network.channel_names == net.channel_names

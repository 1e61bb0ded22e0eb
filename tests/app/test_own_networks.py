"""A person's own network in the window: brought, asked about, named, remembered."""

import numpy as np
import pytest
import torch
import torchvision
from own import (
    PLAIN,
    bring,
    built,
    buttons,
    filled,
    plain_scores,
    press,
    question,
    save,
    say_yes,
    scores,
    small_picture,
    write_code,
)
from person import draw_picture, files
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QPlainTextEdit

CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


def assert_shown(person, module):
    np.testing.assert_allclose(
        scores(person), plain_scores(person, module), rtol=1e-4, atol=1e-6
    )


class TestWeights:
    def test_they_are_recognised_and_named(self, opened, known):
        bring(opened, known)
        trace = opened.trace
        state = torch.load(known, weights_only=True)["state_dict"]
        first = state["module.features.0.weight"].numpy()
        np.testing.assert_array_equal(trace["features.0"].weight, first)
        assert trace.scores.shape == (7,)
        assert trace.trained
        assert opened.window.windowTitle() == (
            "first.png – s7.pth (SqueezeNet1.1) – cnnviz"
        )
        name = opened.controller.toolbar.model.text()
        assert name == "Model: s7.pth (SqueezeNet1.1)"
        for words in ("epoch 7", "“module.”", "with 7 classes", "guessed"):
            assert words in opened.said
            assert words in opened.window.layers.header.toolTip()
        assert buttons(opened) == ["Input…"]

    def test_another_picture_stays_with_it_and_says_nothing_again(
        self, opened, known, tmp_path
    ):
        bring(opened, known)
        opened.show_picture(draw_picture(tmp_path / "second.png", seed=2))
        assert opened.trace.title == "s7.pth"
        assert opened.said == ""
        assert "epoch 7" in opened.window.layers.header.toolTip()
        opened.show_model("alexnet")
        assert opened.window.layers.header.toolTip() == ""

    def test_with_a_picture(self, opened, known, tmp_path):
        path = draw_picture(tmp_path / "second.png", seed=2)
        bring(opened, known, path)
        assert opened.trace.title == "s7.pth"
        assert opened.trace.request.source.path == path

    def test_a_path_is_pasted(self, opened, known):
        QGuiApplication.clipboard().setText(str(known))
        opened.press(Qt.Key.Key_V, CTRL)
        opened.wait()
        assert opened.trace.title == "s7.pth"

    def test_opened_by_key_whatever_its_name(self, opened, known, chosen):
        odd = known.rename(known.with_name("weights of ours"))
        chosen["paths"] = [odd]
        opened.press(Qt.Key.Key_O, CTRL | SHIFT)
        opened.wait()
        assert opened.trace.title == odd.name
        opened.do("openNetwork")
        assert chosen["asked"][-1][1] == str(odd.parent), "the folder is remembered"

    def test_the_usual_open_takes_them_too(self, opened, known, chosen):
        chosen["paths"] = [known]
        opened.press(Qt.Key.Key_O, CTRL)
        opened.wait()
        assert opened.trace.title == "s7.pth"

    def test_series(self, opened, tmp_path):
        """The source follows from what the weights turn out to be."""
        from cnnviz.nets.temporal import CNN1d

        path = save(tmp_path / "c.pt", filled(CNN1d(6, 7)))
        bring(opened, path)
        assert opened.trace.title == "c.pt"
        assert opened.trace.sample.series is not None
        said = opened.window.remark()
        assert "c.pt takes a series" in said
        assert "first.png is a picture" in said


class TestCode:
    def test_it_is_asked_about_and_runs_after_a_yes(self, opened, code):
        before = opened.trace
        assert opened.drop(files(code))
        asked = question(opened)
        assert asked.isVisible()
        assert opened.trace is before
        assert asked.code.toPlainText() == code.read_text()
        say_yes(opened)
        assert_shown(opened, built())
        assert opened.trace.title == "model.py:build"
        assert "random" in opened.said
        assert opened.window.prediction.note.text() == opened.trace.weights
        assert buttons(opened)[0] == "Weights…"
        bring(opened, draw_picture(code.with_name("p.png")))
        assert opened.drop(files(code))
        assert question(opened) is None, "the same content is not asked about again"

    def test_no(self, opened, code):
        before, request = opened.trace, opened.store.state.request
        opened.drop(files(code))
        question(opened).cancel.click()
        assert opened.said == "model.py was not run."
        assert (opened.trace, opened.store.state.request) == (before, request)

    def test_with_its_weights(self, opened, code, weights, tmp_path):
        path = small_picture(tmp_path / "small.png")
        bring(opened, weights, path, code)
        assert_shown(opened, filled(built()))
        assert opened.trace.title == "model.py:build + w.pt"
        assert opened.trace.trained
        assert opened.trace.request.source.path == path

    def test_weights_are_added_afterwards(self, opened, code, weights, chosen):
        bring(opened, code)
        chosen["paths"] = [weights]
        press(opened, "Weights…")
        opened.wait()
        assert_shown(opened, filled(built()))
        opened.do("chooseWeights")
        assert chosen["asked"][-1][0] == "Weights for model.py"

    def test_both_are_chosen_at_once(self, opened, code, weights, chosen):
        chosen["paths"] = [code, weights]
        opened.do("ownNetwork")
        say_yes(opened)
        assert_shown(opened, filled(built()))

    def test_weights_that_nobody_knows_are_used_with_the_code_on_show(
        self, opened, code, weights
    ):
        bring(opened, code)
        bring(opened, weights)
        assert opened.trace is None
        assert len(opened.store.state.tensors.tensors) == 9
        assert buttons(opened)[:2] == [
            "Use these weights with model.py", "Open its code…",
        ]  # fmt: skip
        press(opened, "Use these")
        opened.wait()
        assert_shown(opened, filled(built()))

    def test_code_dropped_after_its_weights(self, opened, code, weights):
        """One after the other they are still a pair, if the person wants."""
        bring(opened, weights)
        bring(opened, code)
        assert buttons(opened)[:2] == ["Use w.pt", "Weights…"]
        press(opened, "Use w.pt")
        opened.wait()
        assert_shown(opened, filled(built()))
        bring(opened, code)
        assert "Use w.pt" not in buttons(opened), "they have found their network"

    def test_the_code_of_unknown_weights(self, opened, code, weights, chosen):
        bring(opened, weights)
        chosen["paths"] = [code]
        press(opened, "Open its code…")
        say_yes(opened)
        assert_shown(opened, filled(built()))
        assert opened.selection[2] is not None, "a place is chosen as at first sight"

    def test_of_several_builders_one_is_chosen(self, opened, tmp_path):
        both = (
            PLAIN + "\n    def make_other_net():\n        return nn.Conv2d(3, 5, 1)\n"
        )
        opened.drop(files(write_code(tmp_path / "m.py", both)))
        asked = question(opened)
        names = [asked.builders.itemText(i) for i in range(asked.builders.count())]
        assert set(names) == {"build", "make_other_net"}
        asked.builders.setCurrentText("make_other_net")
        say_yes(opened)
        assert opened.trace.layers[-1].channels == 5

    @pytest.mark.parametrize(
        ("source", "words"),
        [
            ("", "empty"),
            ("x = (\n", "line 1"),
            ("x = 1\n", "no network in it"),
        ],
    )
    def test_nothing_to_run(self, opened, tmp_path, source, words):
        before = opened.trace
        opened.drop(files(write_code(tmp_path / "m.py", source)))
        assert question(opened) is None
        assert "m.py" in opened.said
        assert words in opened.said
        assert opened.trace is before

    @pytest.mark.parametrize(
        ("body", "words"),
        [
            ("raise ValueError('my own fault')", "my own fault"),
            ("return 7", "int"),
            ("import not_there_at_all", "not_there_at_all"),
            ("raise SystemExit(3)", "asked the whole program to end"),
            ("print('hello'); return None", "returned nothing"),
        ],
    )
    def test_code_that_fails(self, opened, tmp_path, body, words):
        source = f"from torch import nn\ndef build():\n    {body}\n"
        before = opened.trace
        bring(opened, write_code(tmp_path / "bad.py", source))
        assert "bad.py" in opened.said
        assert words in opened.said
        assert "\n" not in opened.said
        assert opened.trace is before
        bring(opened, write_code(tmp_path / "good.py"))
        assert opened.trace.title == "good.py:build"

    def test_code_without_end_is_cancelled(self, opened, tmp_path):
        source = "from torch import nn\ndef build():\n    while True:\n        pass\n"
        before = opened.trace
        opened.drop(files(write_code(tmp_path / "loop.py", source)))
        with opened.hears(opened.runner.progressed):
            question(opened).run.click()
        opened.window.busy.cancelled.emit()
        assert opened.store.state.status == "idle"
        assert opened.trace is before
        opened.show_picture(draw_picture(tmp_path / "after.png", seed=5))
        assert opened.trace.sample.title == "after.png"

    def test_a_question_gives_way_to_the_next(self, opened, tmp_path):
        """Two files dropped one after the other: the last one is asked about."""
        for name in ("a.py", "b.py"):
            opened.drop(files(write_code(tmp_path / name, PLAIN + f"    # {name}\n")))
        opened.until(lambda: len(opened.window.findChildren(QDialog)) == 1)
        say_yes(opened)
        assert opened.trace.title == "b.py:build"


class TestMisfits:
    """LOAD-12 and its relatives: what does not fit is said, and loaded in part only."""

    HEAD = PLAIN.replace("nn.Linear(4, 2)", "nn.Linear(4, 5)")

    def test_what_fits_is_loaded_when_that_is_wanted(self, opened, code, tmp_path):
        other = filled(built(self.HEAD))
        weights = save(tmp_path / "five.pt", other)
        before = opened.trace
        bring(opened, code, weights)
        assert opened.trace is before
        assert "five.pt" in opened.said
        assert "5.weight" in opened.said
        press(opened, "Details…")
        (sheet,) = (
            d
            for d in opened.window.findChildren(QDialog)
            if "five.pt" in d.windowTitle()
        )
        listed = sheet.findChild(QPlainTextEdit).toPlainText()
        assert "5.weight: 5×4 in the file, 2×4 in the network" in listed
        assert "5.bias: 5 in the file, 2 in the network" in listed
        sheet.reject()
        press(opened, "Load what fits")
        opened.wait()
        kernels = other[0].weight.detach().numpy()
        np.testing.assert_array_equal(opened.trace["0"].weight, kernels)
        assert not opened.trace.trained
        assert opened.controller.toolbar.model.text().endswith("(in part)")
        assert "5.weight" in opened.said
        assert "random" in opened.said
        assert "random" in opened.window.prediction.note.text()

    def test_of_an_unknown_network_that_is_nearly_known(self, opened, tmp_path):
        torch.manual_seed(0)
        module = torchvision.models.squeezenet1_1(num_classes=7)
        state = module.state_dict()
        del state["features.3.squeeze.bias"]
        torch.save(state, tmp_path / "n.pt")
        bring(opened, tmp_path / "n.pt")
        assert opened.store.state.tensors is not None
        assert "SqueezeNet1.1 comes closest: 51 fit, 1 missing" in opened.said
        press(opened, "Load what fits")
        opened.wait()
        first = state["features.0.weight"].numpy()
        np.testing.assert_array_equal(opened.trace["features.0"].weight, first)
        words = opened.controller.toolbar.model.text()
        assert words == "Model: n.pt (SqueezeNet1.1, in part)"
        assert not opened.trace.trained

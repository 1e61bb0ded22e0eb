"""What a person's own network takes: said, remembered, waited for; its menus."""

from pathlib import Path

import numpy as np
from own import (
    PLAIN,
    bring,
    buttons,
    press,
    write_code,
)
from person import draw_picture
from PySide6.QtCore import Qt

from cnnviz.app.input_dialog import InputDialog

CTRL = Qt.KeyboardModifier.ControlModifier


class TestInput:
    def dialog(self, opened):
        (dialog,) = (
            d for d in opened.window.findChildren(InputDialog) if d.isVisible()
        )
        return dialog

    def test_it_is_said_once_and_remembered(self, opened, tmp_path, picture):
        free = PLAIN.replace("INPUT_SIZE = 8, 8", "")
        code = write_code(tmp_path / "free.py", free)
        bring(opened, code)
        press(opened, "Input…")
        dialog = self.dialog(opened)
        dialog.fields["size"].line.setText("20 × 30")
        dialog.fields["mean"].line.setText("0.5")
        dialog.fields["std"].line.setText("0.25")
        dialog.ok.click()
        opened.wait()
        assert opened.trace.sample.values[0].shape == (3, 20, 30)
        shown = opened.trace.sample.shown.transpose(2, 0, 1) / np.float32(255)
        np.testing.assert_allclose(
            opened.trace.sample.values[0], (shown - 0.5) / 0.25, atol=1e-5
        )
        assert "guessed" not in " ".join(opened.trace.about)
        opened.show_model("alexnet")
        bring(opened, code)
        assert opened.trace.sample.values[0].shape == (3, 20, 30)
        assert "Input…" not in buttons(opened)
        with opened.qtbot.waitActive(opened.window):
            opened.window.activateWindow()
        opened.press(Qt.Key.Key_I, CTRL)
        assert self.dialog(opened).fields["size"].line.text() == "20×30"
        self.dialog(opened).reject()

    def test_names_of_the_classes_that_are_dropped(self, opened, known, tmp_path):
        bring(opened, known)
        shown = opened.trace
        few = tmp_path / "few.txt"
        few.write_text("ant\nbee\n")
        bring(opened, few)
        assert opened.trace is shown
        assert "Use as names" not in " ".join(buttons(opened))
        names = tuple("abcdefg")
        (tmp_path / "mine.txt").write_text("\n".join(names))
        bring(opened, tmp_path / "mine.txt")
        assert opened.trace is shown
        press(opened, "Use as names of the classes")
        opened.wait()
        assert opened.trace.labels == names
        opened.show_model("alexnet")
        bring(opened, known)
        assert opened.trace.labels == names, "it is remembered"

    def test_it_can_turn_out_to_be_a_series(self, opened, tmp_path, readings):
        source = """
            import torch
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.conv = nn.Conv1d(6, 4, 3)
                def forward(self, x):
                    return self.conv(x).mean(-1)
        """
        bring(opened, write_code(tmp_path / "s.py", source), readings)
        assert opened.trace.sample.series is not None
        assert opened.trace.request.source.path == readings
        opened.show_picture(draw_picture(tmp_path / "p.png"))
        assert opened.trace.title == "alexnet"
        opened.show_picture(readings)
        assert opened.trace.title == "s.py:Net"

    def test_labels(self, opened, code, tmp_path, chosen):
        names = tmp_path / "names.txt"
        names.write_text("left\nright\n")
        bring(opened, code)
        chosen["paths"] = [names]
        opened.do("labels")
        opened.wait()
        assert opened.trace.labels == ("left", "right")
        said = [row[1] for row in opened.window.prediction.bars._rows]
        assert set(said) == {"left", "right"}

    def test_a_table_of_another_width_is_waited_for(self, opened, tmp_path):
        """The network stays wanted until a source comes that fits it."""
        source = "from torch import nn\ndef build():\n    return nn.Conv1d(2, 4, 3)\n"
        code = write_code(tmp_path / "two.py", source)
        before = opened.trace
        bring(opened, code)
        assert "two.py:build waits for a table that fits" in opened.said
        assert opened.trace is before
        rows = ["a,b", *(f"{i},{i * i % 7}" for i in range(40))]
        table = tmp_path / "two.csv"
        table.write_text("\n".join(rows))
        bring(opened, table)
        assert opened.trace.title == "two.py:build"
        assert opened.trace.sample.values[0].shape == (2, 40)

    def test_only_of_ones_own(self, opened, code):
        for name in ("networkInput", "labels"):
            assert not opened.action(name).isEnabled()
        bring(opened, code)
        for name in ("networkInput", "labels"):
            assert opened.action(name).isEnabled()


class TestMenus:
    def test_the_latest_one_of_all_networks_is_marked(self, opened, known):
        menu = opened.controller.menus.networks
        assert not menu.own.isVisible()
        bring(opened, known)
        assert menu.own.isVisible()
        assert menu.own.isChecked()
        assert menu.own.text() == "s7.pth"
        assert not any(action.isChecked() for action in menu.networks.values())
        opened.show_model("alexnet")
        assert not menu.own.isChecked()
        menu.own.trigger()
        opened.wait()
        assert opened.trace.title == "s7.pth"
        assert menu.own.isChecked()

    def test_recent(self, opened, known, code, weights, monkeypatch, tmp_path):
        monkeypatch.setattr(Path, "home", lambda: tmp_path)
        bring(opened, code, weights)
        bring(opened, known)
        menu = next(
            a.menu() for a in opened.window.menuBar().actions()[0].menu().actions()
            if a.menu() and "recent" in a.text()
        )  # fmt: skip
        weights.unlink()
        menu.aboutToShow.emit()
        shown = {a.text(): a for a in menu.actions() if a.text()}
        assert list(shown) == [
            "~/first.png", "Networks", "~/s7.pth", "~/model.py + ~/w.pt", "Clear list",
        ]  # fmt: skip
        assert shown["~/s7.pth"].isEnabled()
        assert not shown["~/model.py + ~/w.pt"].isEnabled()
        opened.show_model("alexnet")
        shown["~/s7.pth"].trigger()
        opened.wait()
        assert opened.trace.title == "s7.pth"
        opened.window.settings.forget_recent()
        assert opened.window.settings.networks == []

    def test_the_catalogues_commands(self, opened, known, chosen):
        bring(opened, known)
        opened.do("download")
        assert "your own" in opened.said
        opened.do("randomWeights")
        assert "catalogue" in opened.said
        opened.do("chooseWeights")
        assert chosen["asked"][-1][0] == "Open network"
        opened.do("compareHandmade")
        opened.wait()
        assert opened.trace.title == "handmade"
        opened.do("compareHandmade")
        opened.wait()
        assert opened.trace.title == "s7.pth"

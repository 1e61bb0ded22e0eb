"""What a person says about a network's input: typed, in the dialog, remembered."""

from pathlib import Path

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QWidget

from cnnviz.app import typed
from cnnviz.app.input_dialog import InputDialog
from cnnviz.app.settings import INPUTS, Settings
from cnnviz.core.errors import InputError
from cnnviz.core.models import InputChoices

UNSAID = InputChoices()
LEFT = Qt.MouseButton.LeftButton
GUESS = InputChoices("picture", (224, 200), (0.485, 0.456, 0.406), (0.229, 0.224, 0.25))


class TestTyped:
    @pytest.mark.parametrize(
        ("text", "size"),
        [("224", (224, 224)), ("20x30", (20, 30)), (" 20 × 30 ", (20, 30)),
         ("20, 30", (20, 30)), ("20 30", (20, 30)), ("20X30", (20, 30)), ("", ()),
         ("1", (1, 1)), ("8192x1", (8192, 1))],
    )  # fmt: skip
    def test_size(self, text, size):
        assert typed.size(text) == size

    @pytest.mark.parametrize("text", ["0", "20x0", "8193", "-3", "1.5", "big", "3x4x5",
                                      "x", "20x", "9" * 99, "²x²"])  # fmt: skip
    def test_no_size(self, text):
        with pytest.raises(InputError, match=r"^Size: expected .* got “"):
            typed.size(text)

    @pytest.mark.parametrize(
        "text", ["0.5, 1, 2", "0.5 1 2", "(0.5;1;2)", "[.5,1,2e0]"]
    )
    def test_numbers(self, text):
        assert typed.mean(text) == typed.std(text) == (0.5, 1.0, 2.0)

    @pytest.mark.parametrize("text", ["", "a", "1, b", "nan", "inf", "1,,x", "0,5 a"])
    def test_no_numbers(self, text):
        for read in (typed.mean, typed.std):
            with pytest.raises(InputError, match="expected numbers"):
                read(text)

    def test_nothing_is_divided_by_zero(self):
        for text in ("0", "1, 0, 1", "-1"):
            with pytest.raises(InputError, match="above 0, got"):
                typed.std(text)
        assert typed.mean("-1") == (-1.0,)

    def test_counts(self):
        typed.same_count((1.0,) * 3, (1.0,) * 3)
        typed.same_count((1.0,), (1.0,) * 3)
        typed.same_count(None, (1.0,) * 3)
        with pytest.raises(InputError, match="got 2 and 3"):
            typed.same_count((1.0,) * 2, (1.0,) * 3)

    def test_of_series(self):
        assert (typed.length("128"), typed.length("")) == (128, 0)
        assert (typed.rate("50"), typed.rate(" 62.5 Hz")) == (50.0, 62.5)
        for text in ("0", "-1", "1.5", "many", "9" * 9):
            with pytest.raises(InputError, match=r"^Length"):
                typed.length(text)
        for text in ("0", "-5", "fast", "1, 2"):
            with pytest.raises(InputError, match=r"^Rate"):
                typed.rate(text)

    def test_labels(self, tmp_path, monkeypatch):
        (tmp_path / "names.txt").touch()
        monkeypatch.chdir(tmp_path)
        assert typed.labels("names.txt") == tmp_path / "names.txt"
        for text in ("none.txt", "", str(tmp_path)):
            with pytest.raises(InputError, match="no file"):
                typed.labels(text)


@pytest.fixture
def parent(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.show()
    return widget


@pytest.fixture
def ask(parent):
    """Open the dialog; closed with the test."""
    made = []

    def open_(choices=UNSAID, guess=GUESS, words=""):
        dialog = InputDialog(parent, "model.py", choices, guess, words)
        dialog.heard = []
        dialog.chosen.connect(dialog.heard.append)
        dialog.show()
        QTest.qWaitForWindowActive(dialog)
        made.append(dialog)
        return dialog

    yield open_
    for dialog in filter(shiboken6.isValid, made):
        dialog.reject()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def type_in(dialog, name, text):
    """Replace a line by typing."""
    line = dialog.fields[name].line
    line.setFocus()
    line.selectAll()
    QTest.keyClick(line, Qt.Key.Key_Delete)
    QTest.keyClicks(line, text)


def texts(dialog):
    return {
        name: field.line.text()
        for name, field in dialog.fields.items()
        if field.isVisible()
    }


def marked(dialog):
    """The lines that say that they were guessed."""
    return {name for name, field in dialog.fields.items() if field.mark.text()}


class TestDialog:
    def test_guesses_are_filled_in_and_marked(self, ask):
        dialog = ask()
        assert texts(dialog) == {
            "size": "224×200", "mean": "0.485, 0.456, 0.406",
            "std": "0.229, 0.224, 0.25", "labels": "",
        }  # fmt: skip
        assert marked(dialog) == {"size", "mean", "std"}
        assert dialog.task_mark.text()

    def test_a_guess_that_is_left_stays_a_guess(self, ask):
        dialog = ask()
        QTest.mouseClick(dialog.ok, LEFT)
        assert dialog.heard == [InputChoices()]
        assert not dialog.isVisible()

    def test_what_is_typed_is_chosen(self, ask, tmp_path):
        names = tmp_path / "names.txt"
        names.touch()
        dialog = ask()
        type_in(dialog, "size", "64x48")
        assert marked(dialog) == {"mean", "std"}
        type_in(dialog, "mean", "0.5")
        type_in(dialog, "labels", str(names))
        QTest.keyClick(dialog, Qt.Key.Key_Return)
        (choices,) = dialog.heard
        assert choices == InputChoices(size=(64, 48), mean=(0.5,), labels=names)

    def test_a_guess_typed_again_is_marked_again(self, ask):
        dialog = ask(InputChoices(size=(10, 10)))
        assert "size" not in marked(dialog)
        type_in(dialog, "size", "224×200")
        assert "size" in marked(dialog)
        QTest.mouseClick(dialog.ok, LEFT)
        assert dialog.heard == [InputChoices()]

    def test_what_was_said_stays_said(self, ask):
        said = InputChoices("series", mean=(1.0, 2.0), length=0, rate=62.5)
        dialog = ask(said, InputChoices("picture", mean=(0.0, 0.0), length=128))
        assert texts(dialog) == {"length": "", "rate": "62.5", "mean": "1, 2",
                                 "std": "", "labels": ""}  # fmt: skip
        assert marked(dialog) == set()
        assert not dialog.task_mark.text()
        QTest.mouseClick(dialog.ok, LEFT)
        assert dialog.heard == [said]

    def test_the_whole_picture(self, ask):
        dialog = ask()
        type_in(dialog, "size", "")
        QTest.mouseClick(dialog.ok, LEFT)
        assert dialog.heard == [InputChoices(size=())]

    def test_series_have_other_lines(self, ask):
        dialog = ask()
        QTest.keyClick(dialog.task, Qt.Key.Key_Down)
        assert set(texts(dialog)) == {"length", "rate", "mean", "std", "labels"}
        assert not dialog.task_mark.text()
        type_in(dialog, "length", "128")
        type_in(dialog, "rate", "50 Hz")
        QTest.mouseClick(dialog.ok, LEFT)
        assert dialog.heard == [InputChoices("series", length=128, rate=50.0)]

    @pytest.mark.parametrize(
        ("name", "text", "words"),
        [("size", "big", "Size: expected"), ("std", "0", "above 0"),
         ("mean", "half", "Mean: expected numbers"), ("labels", "none", "no file"),
         ("mean", "1, 2", "got 2 and 3")],
    )  # fmt: skip
    def test_nonsense_is_said_and_can_be_corrected(self, ask, name, text, words):
        dialog = ask(InputChoices(std=(1.0,) * 3))
        before = dialog.sizeHint()
        type_in(dialog, name, text)
        QTest.mouseClick(dialog.ok, LEFT)
        assert words in dialog.trouble.text()
        assert dialog.isVisible()
        assert dialog.heard == []
        assert dialog.focusWidget() is dialog.fields[name].line
        assert dialog.fields[name].line.selectedText() == text
        assert dialog.sizeHint().height() >= before.height()
        type_in(dialog, name, "")
        QTest.mouseClick(dialog.ok, LEFT)
        assert len(dialog.heard) == 1

    def test_nonsense_out_of_sight_is_none(self, ask):
        dialog = ask()
        type_in(dialog, "size", "big")
        QTest.keyClick(dialog.task, Qt.Key.Key_Down)
        QTest.mouseClick(dialog.ok, LEFT)
        assert dialog.heard == [InputChoices("series")]

    def test_cancel(self, ask):
        dialog = ask()
        type_in(dialog, "size", "64")
        QTest.mouseClick(dialog.cancel, LEFT)
        assert dialog.heard == []
        assert not dialog.isVisible()

    def test_labels_are_chosen(self, ask, tmp_path, monkeypatch):
        names = tmp_path / "names.txt"
        names.touch()
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(names), ""))
        dialog = ask()
        QTest.mouseClick(dialog.choose, LEFT)
        QTest.mouseClick(dialog.ok, LEFT)
        assert dialog.heard == [InputChoices(labels=names)]

    def test_numbers_come_back_as_they_were(self, ask):
        said = InputChoices(mean=(1 / 3, 1e-9, 123456789.0), std=(0.1 + 0.2, 1.0, 2.0))
        dialog = ask(said)
        type_in(dialog, "mean", dialog.fields["mean"].line.text() + " ")
        QTest.mouseClick(dialog.ok, LEFT)
        assert dialog.heard[0].mean == said.mean


class TestRemembered:
    EVERY = InputChoices(
        "series", (20, 30), (0.5, 1.0), (0.1, 3.0), 128, 62.5, Path("/a/ä 모델.txt")
    )

    def again(self, settings):
        settings.sync()
        return Settings(Path(settings._store.fileName()))

    @pytest.mark.parametrize("choices", [EVERY, InputChoices(), InputChoices(size=()),
                                         InputChoices(length=0)])  # fmt: skip
    def test_by_file(self, settings, tmp_path, choices):
        assert settings.input_choices(tmp_path / "m.py") is None
        settings.keep_input_choices(tmp_path / "other.py", InputChoices(rate=1.0))
        settings.keep_input_choices(tmp_path / "m.py", InputChoices("picture"))
        settings.keep_input_choices(tmp_path / "m.py", choices)
        now = self.again(settings)
        assert now.input_choices(tmp_path / "m.py") == choices
        assert now.input_choices(tmp_path / "other.py") == InputChoices(rate=1.0)

    def test_wherever_the_program_started(self, settings, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        settings.keep_input_choices(Path("m.py"), InputChoices("series"))
        assert settings.input_choices(tmp_path / "m.py") == InputChoices("series")

    def test_the_oldest_are_forgotten(self, settings, tmp_path):
        for i in range(INPUTS + 1):
            settings.keep_input_choices(tmp_path / f"{i}.py", InputChoices())
        assert settings.input_choices(tmp_path / "0.py") is None
        assert settings.input_choices(tmp_path / "1.py") == InputChoices()

    @pytest.mark.parametrize(
        "kept",
        ["nonsense", "[1]", '{"file": 1}', "[[]]"],
    )
    def test_damaged(self, settings, tmp_path, kept):
        settings._store.setValue("inputs", kept)
        assert settings.input_choices(tmp_path / "m.py") is None

    def test_damaged_in_part(self, settings, tmp_path):
        record = {
            "file": str(tmp_path / "m.py"), "task": "sound", "size": "big",
            "mean": [1, "x"], "std": [0.5], "length": None, "rate": [], "labels": 3,
        }  # fmt: skip
        settings.keep_records("inputs", [record])
        assert settings.input_choices(tmp_path / "m.py") == InputChoices(std=(0.5,))

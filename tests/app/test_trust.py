"""Saying yes to code, and taking it back, with the real buttons."""

from datetime import datetime
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QWidget

from cnnviz.app.settings import Settings
from cnnviz.app.trust import Trust
from cnnviz.app.trust_dialog import TrustedFiles, ask, visible
from cnnviz.nets.code_facts import builders_of

LEFT = Qt.MouseButton.LeftButton
A, B = "a" * 64, "b" * 64


@pytest.fixture
def trust(settings):
    return Trust(settings)


@pytest.fixture
def parent(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.show()
    return widget


def words(dialog):
    return [label.text() for label in dialog.findChildren(QLabel)]


class TestTrust:
    def test_a_yes_is_to_one_content(self, trust, tmp_path):
        assert not trust.has(A)
        trust.grant(A, tmp_path / "model.py")
        assert trust.has(A)
        assert not trust.has(B)
        trust.revoke(A)
        assert not trust.has(A)

    def test_it_is_known_at_the_next_start(self, settings, trust, tmp_path):
        trust.grant(A, tmp_path / "a, ä 모델.py")
        trust.grant(B, Path("relative.py"))
        again = Trust(Settings(Path(settings._store.fileName())))
        first, second = again.all()
        assert (first.digest, first.path) == (A, tmp_path / "a, ä 모델.py")
        assert (second.digest, second.path) == (B, Path.cwd() / "relative.py")
        assert abs((datetime.now().astimezone() - first.when).total_seconds()) < 600
        again.revoke(A)
        assert [one.digest for one in Trust(settings).all()] == [B]

    def test_a_yes_that_is_lent_ends_with_the_program(self, settings, trust):
        trust.lend(A, Path("lent.py"))
        trust.grant(B, Path("kept.py"))
        assert trust.has(A)
        assert [one.path.name for one in trust.all()] == ["kept.py", "lent.py"]
        assert not Trust(settings).has(A)
        trust.revoke(A)
        assert [one.path.name for one in trust.all()] == ["kept.py"]

    def test_taken_back_is_what_was_lent_and_what_was_kept(self, trust):
        trust.grant(A, Path("m.py"))
        trust.lend(A, Path("m.py"))
        trust.revoke(A)
        assert not trust.has(A)

    def test_a_second_yes_replaces_the_first(self, trust):
        trust.grant(A, Path("one.py"))
        trust.grant(A, Path("two.py"))
        (one,) = trust.all()
        assert one.path.name == "two.py"

    @pytest.mark.parametrize(
        "kept",
        ["", "nonsense", "{}", "3", "[3, null]", '[{"digest": 3}]', '{"digest": "x"}',
         f'[{{"digest": "{A}", "path": "m.py", "when": "yesterday"}}]'],
    )  # fmt: skip
    def test_damaged_records_are_no_yes(self, settings, trust, kept):
        settings._store.setValue("trusted", kept)
        assert trust.all() == ()
        assert not trust.has(A)
        trust.grant(B, Path("m.py"))
        assert trust.has(B)


@pytest.fixture
def facts(tmp_path):
    path = tmp_path / "model.py"
    path.write_text(
        f"open({str(tmp_path / 'ran')!r}, 'w')\n"
        "import helper\ndef build(): ...\ndef make_net(): ...\n"
        + "".join(f"# line {i}\n" for i in range(500))
    )
    (tmp_path / "helper.py").touch()
    yield builders_of(path)
    assert not (tmp_path / "ran").exists()


@pytest.fixture
def asked(parent, facts):
    """The question, and the answers given to it."""
    said = []
    dialog = ask(parent, facts, said.append)
    QTest.qWaitForWindowActive(dialog)
    yield dialog, said
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


class TestQuestion:
    def test_it_shows_what_would_run(self, asked, facts):
        dialog, said = asked
        text = "\n".join(words(dialog)).replace("\u200b", "")
        assert str(facts.path) in text
        assert "all the rights of your account" in text
        assert "helper.py" in text
        assert facts.digest[:12] in text
        assert "504 lines" in text
        assert dialog.code.toPlainText() == facts.text
        assert dialog.code.isReadOnly()
        assert dialog.code.verticalScrollBar().maximum() > 0
        assert said == []

    def test_of_many_files_that_run_with_it_the_first_are_named(self, parent, tmp_path):
        names = [f"m{i:03}" for i in range(40)]
        (tmp_path / "parts").mkdir()
        for name in names:
            (tmp_path / "parts" / f"{name}.py").touch()
        path = tmp_path / "model.py"
        path.write_text(f"from parts import {', '.join(names)}\ndef build(): ...\n")
        dialog = ask(parent, builders_of(path), print)
        (told,) = (text for text in words(dialog) if "m000" in text)
        assert told.startswith("parts/m000.py, parts/m001.py, ")
        assert told.endswith("parts/m029.py and 10 more")
        dialog.reject()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)

    def test_yes(self, asked):
        dialog, said = asked
        QTest.mouseClick(dialog.run, LEFT)
        assert said == ["build"]
        assert not dialog.isVisible()

    def test_another_builder(self, asked):
        dialog, said = asked
        QTest.keyClick(dialog.builders, Qt.Key.Key_Down)
        QTest.mouseClick(dialog.run, LEFT)
        assert said == ["make_net"]

    def test_cancel(self, asked):
        dialog, said = asked
        QTest.mouseClick(dialog.cancel, LEFT)
        assert said == []
        assert not dialog.isVisible()

    @pytest.mark.parametrize("key", [Qt.Key.Key_Escape, Qt.Key.Key_Return,
                                     Qt.Key.Key_Enter, Qt.Key.Key_Space])  # fmt: skip
    def test_a_key_pressed_by_habit_is_no_yes(self, asked, key):
        dialog, said = asked
        assert dialog.focusWidget() is dialog.cancel
        QTest.keyClick(dialog.focusWidget(), key)
        assert said == []
        assert not dialog.isVisible()

    def test_return_in_the_code_or_the_list_is_no_yes(self, asked):
        dialog, said = asked
        for widget in (dialog.builders, dialog.code):
            widget.setFocus()
            QTest.keyClick(widget, Qt.Key.Key_Return)
        assert said == []

    def test_closing_it_is_no_yes(self, asked):
        dialog, said = asked
        dialog.close()
        assert said == []

    def test_a_builder_that_is_meant(self, parent, facts):
        dialog = ask(parent, facts, print, "make_net")
        assert "make_net" in words(dialog)
        assert not dialog.builders.isVisible()
        dialog.close()

    def test_it_stands_though_the_file_is_gone(self, parent, facts):
        facts.path.unlink()
        dialog = ask(parent, facts, print)
        assert "504 lines" in " ".join(words(dialog))
        dialog.close()

    def test_a_long_path_is_all_there(self, parent, tmp_path):
        folder = tmp_path / ("one_long_name_" * 9) / ("another_long_name_" * 9)
        folder.mkdir(parents=True)
        path = folder / "model.py"
        path.write_text("def build(): ...")
        dialog = ask(parent, builders_of(path), print)
        (label,) = (
            label for label in dialog.findChildren(QLabel) if "another" in label.text()
        )
        assert label.text().replace("\u200b", "") == str(path)
        dialog.close()


def test_what_hides_text_is_written_out():
    """Bidirectional overrides can show code in another order than it runs in."""
    assert visible("if a\u202e:\u2066 b\u200b") == r"if a\u202e:\u2066 b\u200b"
    assert visible("Größe = 'é 모델' # ✓\n\tx") == "Größe = 'é 모델' # ✓\n\tx"


class TestTrustedFiles:
    @pytest.fixture
    def listed(self, parent, trust):
        trust.grant(A, Path("/home/anna/a.py"))
        trust.grant(B, Path("/home/anna/b.py"))
        dialog = TrustedFiles(parent, trust)
        dialog.show()
        yield dialog
        dialog.close()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)

    def rows(self, dialog):
        tree = dialog.files
        items = [tree.topLevelItem(i) for i in range(tree.topLevelItemCount())]
        return [tuple(item.text(i) for i in range(3)) for item in items]

    def test_the_latest_first(self, listed):
        first, second = self.rows(listed)
        assert first[:2] == (str(Path("/home/anna/b.py").absolute()), B[:12])
        assert second[1] == A[:12]
        assert str(datetime.now().year) in first[2]

    def test_one_is_taken_back(self, listed, trust):
        assert not listed.revoke.isEnabled()
        tree = listed.files
        place = tree.visualItemRect(tree.topLevelItem(0)).center()
        QTest.mouseClick(tree.viewport(), LEFT, pos=place)
        QTest.mouseClick(listed.revoke, LEFT)
        assert [one.digest for one in trust.all()] == [A]
        assert len(self.rows(listed)) == 1
        assert not listed.revoke.isEnabled()

    def test_all_are_taken_back(self, listed, trust):
        QTest.mouseClick(listed.revoke_all, LEFT)
        assert trust.all() == ()
        assert self.rows(listed) == []
        assert not listed.revoke_all.isEnabled()
        assert "No file" in listed.said.text()

    def test_none(self, parent, trust):
        dialog = TrustedFiles(parent, trust)
        dialog.show()
        assert "No file" in dialog.said.text()
        assert not dialog.revoke_all.isEnabled()
        QTest.mouseClick(dialog.close_button, LEFT)
        assert not dialog.isVisible()

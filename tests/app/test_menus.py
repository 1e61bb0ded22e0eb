"""Menus and toolbar: words, keys, marks."""

import re
from pathlib import Path

import pytest
import torch
from person import SHIFT, draw_picture
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtWidgets import QDialog, QLabel, QMenu, QPushButton, QToolButton

from cnnviz.app.networks import NetworkMenu
from cnnviz.app.settings import Settings
from cnnviz.nets.catalog import models
from cnnviz.panels.saving import Exporter
from cnnviz.panels.theme import DARK, LIGHT

KEYS = {
    "open": "Ctrl+O", "openNetwork": "Ctrl+Shift+O", "networkInput": "Ctrl+I",
    "paste": "Ctrl+V", "reload": "F5", "savePicture": "Ctrl+Shift+E",
    "quit": "Ctrl+Q", "randomWeights": "Ctrl+T", "compareHandmade": "H", "before": "R",
    "previousLayer": "Up", "nextLayer": "Down", "previousStage": "PgUp",
    "nextStage": "PgDown", "previousChannel": "Left", "nextChannel": "Right",
    "firstChannel": "Home", "lastChannel": "End", "noUnit": "Esc",
    "findLayer": "Ctrl+F", "shortcuts": "F1", "fullScreen": "F11",
}  # fmt: skip


def leaves(menu):
    """Every action of a menu and of the menus below it, separators aside."""
    for action in menu.actions():
        below = action.menu()
        if isinstance(below, QMenu):
            below.aboutToShow.emit()
            yield from leaves(below)
        elif not action.isSeparator():
            yield action


def every_action(window):
    return [a for top in window.menuBar().actions() for a in leaves(top.menu())]


def named(menu, words):
    """The menu below a menu whose title holds the words."""
    (found,) = (
        a.menu() for a in menu.actions() if a.menu() and words in plain(a.text())
    )
    return found


def plain(words):
    return words.replace("&", "")


def bar_menu(window, words):
    return named(window.menuBar(), words)


class TestWords:
    def test_every_action_says_what_it_does(self, opened):
        opened.window.settings.forget_recent()
        silent = [a.text() for a in every_action(opened.window) if not a.statusTip()]
        assert silent == ["Nothing opened yet"]
        assert all(plain(a.text()) for a in every_action(opened.window))

    def test_no_key_is_given_twice(self, opened):
        keys = [
            key.toString()
            for action in every_action(opened.window)
            for key in action.shortcuts()
        ]
        assert len(keys) == len(set(keys)) > 20

    def test_keys(self, opened):
        for name, key in KEYS.items():
            assert opened.action(name).shortcut().toString() == key, name

    def test_the_sheet_of_keys_shows_them_all(self, opened):
        opened.press(Qt.Key.Key_F1)
        (sheet,) = opened.window.findChildren(QDialog)
        said = {label.text() for label in sheet.findChildren(QLabel)}
        for name in KEYS:
            assert opened.action(name).statusTip() in said
        assert {"Ctrl+O", "F5, Ctrl+R", "Drop"} <= said
        sheet.reject()

    def test_about_tells_versions(self, opened):
        opened.do("about")
        (about,) = opened.window.findChildren(QDialog)
        said = " ".join(label.text() for label in about.findChildren(QLabel))
        assert f"torch {torch.__version__.partition('+')[0]}" in said
        assert "MIT" in said
        copy = next(b for b in about.findChildren(QPushButton) if b.text() == "Copy")
        copy.click()
        assert "PySide6" in QGuiApplication.clipboard().text()
        about.reject()


def show_families(menu):
    """Open every menu of torchvision's networks."""
    for action in named(menu, "torchvision").actions():
        action.menu().aboutToShow.emit()


class TestNetworks:
    def test_every_network_with_where_its_weights_are(self, opened):
        in_menu = list(leaves(bar_menu(opened.window, "Model")))
        show_families(bar_menu(opened.window, "Model"))
        found = opened.controller.menus.networks.networks
        assert list(found) == [entry.name for entry in models()]
        for entry in models():
            action = found[entry.name]
            assert action in in_menu
            title, where = action.text().split("\t")
            assert (title, action.statusTip()) == (entry.title, entry.description)
            if entry.torchvision:
                assert re.fullmatch(r"to be downloaded, [\d.]+ [MG]B", where), title
        wheres = {name: found[name].text().split("\t")[1] for name in found}
        assert wheres["alexnet"] == wheres["vgg"] == "bundled"
        assert wheres["alexnet-2012"] == "random weights"
        assert wheres["handmade"] == "no weights needed"

    def test_a_file_that_was_copied_in_is_seen(self, qtbot, tmp_path, monkeypatch):
        monkeypatch.setenv("TORCH_HOME", str(tmp_path))
        menu = NetworkMenu("Model", lambda name: None, lambda spec: None, None)
        qtbot.addWidget(menu)
        entry = next(e for e in models() if e.name == "torchvision/squeezenet1_1")
        folder = tmp_path / "hub" / "checkpoints"
        folder.mkdir(parents=True)
        action = menu.networks[entry.name]
        assert action.text() == entry.title
        show_families(menu)
        assert "to be downloaded" in action.text()
        (folder / entry.file).write_bytes(b"x")
        named(named(menu, "torchvision"), entry.family).aboutToShow.emit()
        assert action.text().endswith("\tdownloaded")

    def test_one_of_all_is_marked(self, opened):
        opened.show_model("torchvision/squeezenet1_1")
        marked = [n for n, a in opened.controller.menus.networks.networks.items()
                  if a.isChecked()]  # fmt: skip
        assert marked == ["torchvision/squeezenet1_1"]
        words = opened.controller.toolbar.model.text()
        assert words == "Model: SqueezeNet1.1 (torchvision)"
        opened.show_model("vgg")
        assert opened.controller.menus.networks.networks["vgg"].isChecked()
        assert opened.controller.toolbar.model.text() == "Model: VGG"
        assert opened.trace.title == "vgg"


class TestPictures:
    def test_samples(self, opened):
        actions = list(leaves(named(bar_menu(opened.window, "File"), "Samples")))
        assert len(actions) == len(opened.controller.samples()) > 1
        actions[1].trigger()
        opened.wait()
        assert opened.trace.request.source.path == opened.controller.samples()[1]
        assert opened.window.settings.recent == [
            p for p in opened.window.settings.recent if p.name == "first.png"
        ], "samples are not remembered"

    def test_recent_pictures(self, opened, tmp_path, picture, monkeypatch):
        monkeypatch.setattr(Path, "home", lambda: tmp_path)
        second = draw_picture(tmp_path / "R&D 2.png", seed=2)
        opened.show_picture(second)
        gone = draw_picture(tmp_path.parent / f"{tmp_path.name}x.png")
        opened.show_picture(gone)
        gone.unlink()
        menu = named(bar_menu(opened.window, "File"), "recent")
        menu.aboutToShow.emit()
        shown = [a for a in menu.actions() if not a.isSeparator()]
        texts = [a.text() for a in shown]
        assert texts == [str(gone), "~/R&&D 2.png", "~/first.png", "Clear list"]
        assert [a.isEnabled() for a in shown] == [False, True, True, True]
        shown[2].trigger()
        opened.wait()
        assert opened.trace.request.source.path == picture
        menu.aboutToShow.emit()
        assert menu.actions()[0].text() == "~/first.png"
        next(a for a in menu.actions() if a.text() == "Clear list").trigger()
        menu.aboutToShow.emit()
        assert [a.isEnabled() for a in menu.actions()] == [False]

    def test_a_long_name_is_cut_in_the_toolbar(self, opened, tmp_path):
        opened.show_picture(draw_picture(tmp_path / ("x" * 90 + ".png")))
        words = opened.controller.toolbar.picture.text()
        assert len(words) < 45
        assert words.endswith(".png")
        opened.show_picture(draw_picture(tmp_path / "R&D.png"))
        assert (
            plain(words := opened.controller.toolbar.picture.text())
            == "Picture: RD"[:9] + "R" + "D.png"
        ), words


class TestLook:
    def test_before_and_after(self, opened):
        action = opened.action("before")
        assert not action.isChecked()
        opened.press(Qt.Key.Key_R)
        assert action.isChecked()
        assert opened.window.maps.header.title() == "Before activation"
        button = opened.controller.toolbar.widgetForAction(action)
        assert isinstance(button, QToolButton)
        button.click()
        assert not action.isChecked()
        assert opened.window.maps.header.title() == "After ReLU"

    def test_colours(self, opened):
        menu = named(bar_menu(opened.window, "View"), "Colours")
        for action in leaves(menu):
            action.trigger()
            name = action.text().lower()
            assert opened.controller.toolbar.colours.text() == f"Colours: {name}"
            assert [a.text() for a in leaves(menu) if a.isChecked()] == [action.text()]
            assert opened.store.state.look.colours == name
        assert opened.window.settings.look().colours == name

    def test_the_overlay_and_its_button(self, opened):
        action, button = opened.action("overlay"), opened.window.input.overlaid
        opened.press(Qt.Key.Key_O)
        assert action.isChecked()
        assert button.isChecked()
        button.click()
        assert not action.isChecked()

    def test_full_screen_and_back(self, opened):
        opened.press(Qt.Key.Key_F11)
        assert opened.window.isFullScreen()
        opened.press(Qt.Key.Key_F11)
        assert not opened.window.isFullScreen()

    def test_theme(self, opened, qapp):
        """Every panel is painted anew in both directions, and nothing else changes."""
        themes = {
            a.text(): a for a in leaves(named(bar_menu(opened.window, "View"), "Theme"))
        }
        before = opened.selection
        opened.press(Qt.Key.Key_Right, SHIFT)
        opened.press(Qt.Key.Key_Left, SHIFT)
        for words, palette in (("Light", LIGHT), ("Dark", DARK), ("Light", LIGHT)):
            themes[words].trigger()
            for name, panel in opened.window.panels.items():
                image = panel.grab().toImage()
                ground = QColor(palette.canvas).rgb()
                line = [
                    image.pixel(x, image.height() - 2) for x in range(image.width())
                ]
                assert line.count(ground) > len(line) / 2, (words, name)
            accent = QColor(palette.accent).rgb()
            image = opened.window.kernels.mosaic.grab().toImage()
            assert any(
                image.pixel(x, y) == accent
                for y in range(image.height())
                for x in range(image.width())
            )
        assert opened.selection == before
        assert opened.window.settings.theme == "light"

    def test_a_message_follows_the_theme(self, opened):
        menu = named(bar_menu(opened.window, "View"), "Theme")
        themes = {action.text(): action for action in leaves(menu)}
        for warning, edge in ((True, "warning"), (False, "muted")):
            opened.window.tell("A message.", warning=warning)
            for words, palette in (("Light", LIGHT), ("Dark", DARK)):
                themes[words].trigger()
                image = opened.window.notice.grab().toImage()
                row = image.height() // 2
                found = [image.pixelColor(x, row).name() for x in (1, 8)]
                assert found == [getattr(palette, edge), palette.raised]

    def test_the_desktop_turns_dark(self, open_window, tmp_path, monkeypatch):
        one = open_window(settings=Settings(tmp_path / "system.ini"))
        hints = QGuiApplication.styleHints()
        for dark, palette in ((True, DARK), (False, LIGHT)):
            monkeypatch.setattr("cnnviz.panels.theme.is_dark", lambda app, d=dark: d)
            hints.colorSchemeChanged.emit(hints.colorScheme())
            image = one.window.grab().toImage()
            assert image.pixelColor(image.width() - 2, 2).name() == palette.canvas
        one.controller.appearance.choose_theme("dark")
        hints.colorSchemeChanged.emit(hints.colorScheme())
        assert one.store.state.look.dark, "the person's choice is the person's"


@pytest.mark.parametrize("broken", [False, True])
def test_saving_the_window(opened, monkeypatch, tmp_path, broken):
    path = tmp_path / ("missing/folder/a.png" if broken else "a.png")
    monkeypatch.setattr("cnnviz.panels.saving.ask_path", lambda *_: str(path))
    opened.do("savePicture")
    if broken:
        assert "a.png was not saved" in opened.said
    else:
        with Image.open(path) as image:
            assert image.size == (opened.window.width(), opened.window.height())


def test_what_was_saved_from_a_panel_is_said(opened, tmp_path, qtbot):
    """Right click, save: every panel's outcome is read in the status bar."""
    found = opened.window.findChildren(Exporter)
    exporters = [each for each in found if each.parent().isVisible()]
    assert len(exporters) >= 9
    for i, exporter in enumerate(exporters):
        path = tmp_path / f"{i}.png"
        exporter.ask = lambda *_, path=path: str(path)
        exporter.save_image()
        assert opened.window.remark() == f"saved {path}"
        assert path.stat().st_size > 50
    exporters[0].ask = lambda *_: str(tmp_path / "none" / "a.png")
    exporters[0].save_image()
    assert "a.png was not saved" in opened.window.remark()


def test_a_remark_takes_the_place_of_the_status_line_for_a_while(opened):
    """One text at a time; what the status becomes meanwhile is read afterwards."""
    window = opened.window
    window.say("saved a.png")
    opened.press(Qt.Key.Key_Right)
    status = window.status()
    assert "saved" not in status
    assert window.remark() == window._status.text() == "saved a.png"
    assert window._status.isVisible()
    assert window.statusBar().currentMessage() == ""
    window._remark.timeout.emit()
    assert window.remark() == ""
    assert window._status.text() == status

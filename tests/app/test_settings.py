"""What is remembered, and what damaged or older files do."""

import json
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from person import draw_picture
from PySide6.QtCore import QByteArray, QSettings, Qt
from PySide6.QtWidgets import QApplication

from cnnviz.app.settings import Settings, home
from cnnviz.app.trust import Trust
from cnnviz.core.look import Look
from cnnviz.core.models import FileSpec, InputChoices


def every_choice(settings):
    return settings.input_choices(Path("/w.pt"))


FIRST = {
    "theme": lambda s: s.theme,
    "colours": lambda s: s.look(),
    "scale": lambda s: s.look(),
    "memory": lambda s: s.memory,
    "networks": lambda s: s.networks,
    "inputs": every_choice,
    "trusted": lambda s: Trust(s).all(),
    "geometry": lambda s: s.layout(),
    "docks": lambda s: s.layout(),
}
"""What is read from each key."""
DAMAGED = [
    "", "\0", "?", "nan", "NaN", "-inf", "1e999", "-1", "null", "{}", "[]", "[", '""',
    "[" * 100_000, '{"a":' * 100_000, "9" * 5000, "[" + "9" * 5000 + "]", "[NaN, [3]]",
    '[{"file": "/w.pt"', '[{"file": ["/w.pt"], "weights": null, "digest": {}}]',
    ["a", "b"], {"a": 1}, b"x",
]  # fmt: skip
DAMAGED_CHOICES = [
    *(None, {}, [None], ["1", "2"], [True, True], [[1, 2], [3, 4]], [float("nan"), 3]),
    *([3, float("inf")], [10**400, 3], [3, -(10**400)], True, 10**400, float("nan")),
    *(-1, -0.5, float("-inf"), "", "\0", "\ud800.txt", {"a": 1}),
]
OTHER_DAMAGE = {
    "task": ["text", 3],
    "size": [[0, 3], [-3, 4], [3], [3, 4, 5], [3.5, 4], [10**10, 4], 3, "3, 4"],
    "mean": [3, 0.5, "0.5"],
    "std": [[0.5, 0], [-1, 1], 3],
    "length": [3.5, "3", 10**10, [3]],
    "rate": [0, "3", [3]],
    "labels": [3, ["labels.txt"]],
}


def again(settings):
    """The same file, opened by the next start."""
    settings.sync()
    return Settings(Path(settings._store.fileName()))


class TestFile:
    def test_everything_comes_back(self, settings, tmp_path):
        settings.theme = "light"
        settings.folder = str(tmp_path / "Bilder, schöne")
        settings.keep_look(Look("sea", "map", before=True))
        for name in ("a.png", "b, c.png", "그림.png"):
            settings.opened(tmp_path / name)
        settings.keep_layout(QByteArray(b"\0\1"), QByteArray(b"\2"))
        now = again(settings)
        assert now.theme == "light"
        assert now.folder == str(tmp_path / "Bilder, schöne")
        assert now.look() == Look("sea", "map")
        names = [path.name for path in now.recent]
        assert names == ["그림.png", "b, c.png", "a.png"]
        assert now.layout() == (QByteArray(b"\0\1"), QByteArray(b"\2"))

    def test_a_first_start(self, tmp_path):
        fresh = Settings(tmp_path / "none.ini")
        assert (fresh.theme, fresh.look(), fresh.recent) == ("system", Look(), [])
        assert all(part.isEmpty() for part in fresh.layout())

    def test_a_locked_scale_is_not_remembered(self, settings):
        settings.keep_look(Look(scale="locked", bound=3.0))
        assert again(settings).look() == Look()

    def test_a_theme_of_this_start_only(self, settings):
        assert settings.theme == "dark"
        assert again(settings).theme == "system"

    def test_recent_pictures(self, settings, tmp_path, monkeypatch):
        for i in range(14):
            settings.opened(tmp_path / f"{i}.png")
        settings.opened(tmp_path / "7.png")
        names = [path.stem for path in settings.recent]
        assert names == ["7", "13", "12", "11", "10", "9", "8", "6", "5", "4"]
        monkeypatch.chdir(tmp_path)
        settings.opened(Path("9.png"))
        assert settings.recent[0] == tmp_path / "9.png"
        settings.forget_recent()
        assert again(settings).recent == []

    def test_recent_networks(self, settings, tmp_path):
        """The files and the builder, and nothing that was true of them then only."""
        specs = [
            FileSpec(tmp_path / "ü, 그림.pt"),
            FileSpec(None, tmp_path / "m.py", "build"),
            FileSpec(tmp_path / "w.pt", tmp_path / "m.py", "Net"),
        ]
        for spec in specs:
            settings.network_opened(replace(spec, digest="0" * 64).stamped())
        assert again(settings).networks == specs[::-1]
        settings.network_opened(specs[0])
        assert settings.networks == [specs[0], specs[2], specs[1]]
        for i in range(20):
            settings.network_opened(FileSpec(tmp_path / f"{i}.pt"))
        assert len(settings.networks) == 10
        settings.keep_records("networks", [{"weights": 3}, {}, {"code": "a"}])
        assert settings.networks == []
        settings.network_opened(specs[1])
        settings.forget_recent()
        assert again(settings).networks == []

    @pytest.mark.parametrize(
        "content",
        [
            b"\0\xff\xfe garbage \x80 [[[",
            b"[General]\ntheme=pink\ncolours=mauve\nscale=huge\nrecent=@Invalid()\n",
            b"[General]\ntheme=light, dark\ncolours=1, 2\nrecent=a, b\nfolder=a, b\n",
            b"[General]\ngeometry=hello\ndocks=@ByteArray(nonsense)\n",
            b"[General]\nmemory=inf\n",
            b"[General]\nmemory=nan\nnetworks=[[[[\ninputs=NaN\ntrusted=3\n",
        ],
    )
    def test_a_damaged_file_is_a_first_start(self, open_window, tmp_path, content):
        path = tmp_path / "damaged.ini"
        path.write_bytes(content)
        settings = Settings(path)
        assert (settings.theme, settings.look()) == ("system", Look())
        one = open_window(settings=settings)
        one.wait()
        assert all(panel.isVisible() for panel in one.window.panels.values())
        assert one.trace is not None

    @pytest.mark.parametrize(("name", "first"), FIRST.items())
    @pytest.mark.parametrize("damaged", DAMAGED)
    def test_a_damaged_setting_is_as_at_first(self, tmp_path, name, first, damaged):
        path = str(tmp_path / "a.ini")
        store = QSettings(path, QSettings.Format.IniFormat)
        store.setValue(name, damaged)
        store.sync()
        found = first(Settings(Path(path)))
        assert found == first(Settings(tmp_path / "none.ini"))

    @pytest.mark.parametrize("text", ["inf", "-inf", "nan", "1e300", "-2", "two", ""])
    def test_damaged_amounts_of_memory(self, settings, text):
        settings._store.setValue("memory", text)
        assert again(settings).memory == 0

    @pytest.mark.parametrize("name", [one.name for one in fields(InputChoices)])
    def test_a_damaged_choice_was_not_made(self, settings, tmp_path, name):
        file = tmp_path / "w.pt"
        made = InputChoices(
            *("picture", (3, 4), (0.5, 1), (2, 0.25), 0, 12.5, tmp_path / "labels.txt")
        )
        settings.keep_input_choices(file, made)
        (good,) = settings.records("inputs")
        assert again(settings).input_choices(file) == made
        for damaged in DAMAGED_CHOICES + OTHER_DAMAGE.get(name, []):
            text = json.dumps([good | {name: damaged}])
            settings._store.setValue("inputs", text)
            found = again(settings).input_choices(file)
            assert found == replace(made, **{name: None}), damaged

    def test_home(self, monkeypatch, tmp_path):
        monkeypatch.setenv("CNNVIZ_HOME", str(tmp_path))
        assert home() == tmp_path
        monkeypatch.delenv("CNNVIZ_HOME")
        assert home().is_absolute()


class TestLayout:
    def test_it_is_remembered(self, open_window, tmp_path):
        first = open_window(settings=Settings(tmp_path / "a.ini"), size=None)
        first.wait()
        docks = first.window.docks.docks
        first.window.resize(760, 660)  # the test's screen is small
        docks["mapsPanel"].setFloating(True)
        docks["unitPanel"].close()
        across = Qt.Orientation.Horizontal
        first.window.resizeDocks([docks["layersPanel"]], [230], across)
        QApplication.processEvents()
        first.window.close()
        second = open_window(settings=Settings(tmp_path / "a.ini"), size=None)
        second.wait()
        QApplication.processEvents()
        now = second.window.docks.docks
        assert (second.window.width(), second.window.height()) == (760, 660)
        assert now["mapsPanel"].isFloating()
        assert not now["unitPanel"].isVisible()
        for name in ("inputPanel", "layersPanel", "kernelsPanel"):
            assert now[name].width() == docks[name].width()

    def test_closing_twice_changes_nothing(self, open_window, tmp_path):
        settings = Settings(tmp_path / "a.ini")
        first = open_window(settings=settings, size=None)
        first.window.docks.docks["unitPanel"].close()
        first.window.close()
        kept = settings.layout()
        first.window.close()
        assert settings.layout() == kept

    def test_a_message_is_not_part_of_the_layout(self, open_window, tmp_path):
        settings = Settings(tmp_path / "a.ini")
        first = open_window(settings=settings)
        first.wait()
        first.window.tell("A message.", warning=True)
        assert first.said == "A message."
        first.window.close()
        second = open_window(settings=settings)
        assert not second.window.notice.isVisible()
        second.wait()
        assert not second.window.notice.isVisible()

    def test_an_asked_size_wins(self, open_window, tmp_path):
        settings = Settings(tmp_path / "a.ini")
        open_window(settings=settings, size=(1000, 700)).window.close()
        second = open_window(settings=settings, size=(900, 650))
        assert (second.window.width(), second.window.height()) == (900, 650)

    def test_on_a_smaller_screen_panels_shrink_alike(self, open_window, tmp_path):
        settings = Settings(tmp_path / "a.ini")
        first = open_window(settings=settings, size=(1920, 1080))
        QApplication.processEvents()
        before = {n: d.size() for n, d in first.window.docks.docks.items()}
        first.window.close()
        second = open_window(settings=settings, size=(1280, 800))
        QApplication.processEvents()
        assert (second.window.width(), second.window.height()) == (1280, 800)
        for name, dock in second.window.docks.docks.items():
            across = dock.width() / before[name].width()
            assert across == pytest.approx(1280 / 1920, abs=0.03), name
            down = dock.height() / before[name].height()
            assert down == pytest.approx(800 / 1080, abs=0.03), name

    def test_an_older_version_is_ignored(self, open_window, tmp_path, monkeypatch):
        settings = Settings(tmp_path / "a.ini")
        first = open_window(settings=settings)
        first.window.docks.docks["unitPanel"].close()
        first.window.close()
        monkeypatch.setattr("cnnviz.app.docks.LAYOUT_VERSION", 999)
        second = open_window(settings=settings)
        assert second.window.docks.docks["unitPanel"].isVisible()

    def test_reset(self, open_window):
        one = open_window()
        one.wait()
        docks = one.window.docks.docks
        one.until(lambda: docks["layersPanel"].width() > 200)
        before = {name: dock.geometry() for name, dock in docks.items()}
        docks["inputPanel"].close()
        docks["mapsPanel"].setFloating(True)
        docks["mapsPanel"].move(5, 5)
        one.do("resetLayout")

        def same():
            for name, dock in docks.items():
                assert dock.isVisible()
                assert not dock.isFloating()
                now, then = dock.geometry(), before[name]
                for side in ("x", "y", "width", "height"):
                    assert abs(getattr(now, side)() - getattr(then, side)()) <= 2, name

        one.until(same)

    @pytest.mark.parametrize("size", [(800, 600), (1920, 1080)])
    def test_other_sizes(self, opened, size):
        opened.window.resize(*size)
        opened.until(lambda: (opened.window.width(), opened.window.height()) == size)
        inside = opened.window.rect()
        for name, dock in opened.window.docks.docks.items():
            assert inside.contains(dock.geometry()), name
            assert dock.width() > 60
            assert dock.height() > 60

    def test_a_closed_panel_comes_back_with_what_is_on_show(self, opened, tmp_path):
        for name, dock in opened.window.docks.docks.items():
            toggle = dock.toggleViewAction()
            toggle.trigger()
            assert not dock.isVisible(), name
        opened.show_picture(draw_picture(tmp_path / "second.png", seed=3))
        opened.store.select(layer="features.3", channel=9, unit=(4, 5))
        for dock in opened.window.docks.docks.values():
            dock.toggleViewAction().trigger()
        window = opened.window
        assert all(panel.isVisible() for panel in window.panels.values())
        assert "second.png" in window.input.header.caption()
        shown = window.maps.mosaic._values
        np.testing.assert_array_equal(shown, opened.trace["features.4"].output)
        assert window.maps.mosaic._channel == 9
        assert window.channel.header.title() == "Channel 9"
        assert "(4, 5)" in window.unit.header.caption()

"""What a window needs from the system is named before Qt can abort."""

from pathlib import Path

import pytest

from cnnviz.app.screen import (
    QT_LIBRARIES,
    X11_LIBRARIES,
    ScreenError,
    has_display,
    require_sound_qt,
    require_window,
)

ROOT = Path(__file__).resolve().parents[2]


def loader(*missing):
    """A system that lacks some libraries; `asked` says which were tried."""

    def load(name):
        load.asked.add(name)
        if name in missing:
            raise OSError(f"{name}: cannot open shared object file")

    load.asked = set()
    return load


def test_no_display_is_said_in_one_line():
    with pytest.raises(ScreenError, match="DISPLAY") as refusal:
        require_window({}, "linux", loader())
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("name", ["DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"])
def test_any_of_these_is_a_display(name):
    assert has_display({name: "x"}, "linux")
    assert not has_display({name: ""}, "linux")


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_elsewhere_nothing_is_missing(system):
    load = loader(*QT_LIBRARIES, *X11_LIBRARIES)
    require_window({}, system, load)
    assert has_display({}, system)
    assert not load.asked


@pytest.mark.parametrize(
    ("environment", "x11"),
    [
        ({"DISPLAY": ":0"}, True),
        ({"QT_QPA_PLATFORM": "xcb", "WAYLAND_DISPLAY": "wayland-0"}, True),
        ({"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"}, False),
        ({"QT_QPA_PLATFORM": "offscreen"}, False),
        ({"QT_QPA_PLATFORM": "offscreen", "DISPLAY": ":0"}, False),
    ],
)
def test_x11_libraries_are_wanted_under_x11_only(environment, x11):
    load = loader()
    require_window(environment, "linux", load)
    assert set(QT_LIBRARIES) <= load.asked
    assert (set(X11_LIBRARIES) <= load.asked) == x11
    assert x11 or not set(X11_LIBRARIES) & load.asked


def test_missing_libraries_and_their_packages_are_named():
    load = loader("libEGL.so.1", "libxcb-cursor.so.0")
    with pytest.raises(ScreenError) as refusal:
        require_window({"DISPLAY": ":0"}, "linux", load)
    said = str(refusal.value)
    assert "libEGL.so.1, libxcb-cursor.so.0" in said
    assert said.endswith("apt-get install libegl1 libxcb-cursor0")
    assert "\n" not in said


def test_a_qt_that_loses_references_is_named():
    require_sound_qt()
    counts = iter([5000, 4000])
    with pytest.raises(ScreenError, match="PySide6"):
        require_sound_qt(lambda _: next(counts))


def test_readme_and_ci_install_what_is_checked():
    """One list in three places would drift apart."""
    readme = (ROOT / "README.md").read_text("utf-8")
    run, test = (line for line in readme.splitlines() if "apt-get install" in line)
    ci = (ROOT / ".ci" / "run").read_text("utf-8").replace(";", " ").split()
    for package in QT_LIBRARIES.values():
        assert package in run.split()
        assert package in test.split()
        assert package in ci
    for package in X11_LIBRARIES.values():
        assert package in run.split()

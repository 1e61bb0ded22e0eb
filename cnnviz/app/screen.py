"""What a window needs from the system, checked before Qt is loaded.

Qt aborts the process when there is no display or when a library of its X11 plugin is
missing; a person should get a sentence instead.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Iterable, Mapping

from cnnviz.core.errors import CnnvizError

QT_LIBRARIES = {
    "libglib-2.0.so.0": "libglib2.0-0",
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libxkbcommon.so.0": "libxkbcommon0",
}
"""What Qt loads on Linux in any case, and the Debian package that has it."""

X11_LIBRARIES = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
}
"""What a window under X11 needs besides."""


class ScreenError(CnnvizError):
    """The system lacks something that a window needs."""


def has_display(environment: Mapping[str, str], system: str = sys.platform) -> bool:
    """Tell whether there is a screen to show a window on."""
    return not system.startswith("linux") or any(
        environment.get(name)
        for name in ("QT_QPA_PLATFORM", "WAYLAND_DISPLAY", "DISPLAY")
    )


def require_window(
    environment: Mapping[str, str],
    system: str = sys.platform,
    load: Callable[[str], object] = ctypes.CDLL,
) -> None:
    """Make sure that Qt can open a window.

    Parameters
    ----------
    environment
        The process's variables.
    system
        As ``sys.platform`` names it. Only Linux can lack anything.
    load
        Opens a shared library or raises OSError.

    Raises
    ------
    ScreenError
        There is no display, or libraries are missing; their packages are named.
    """
    if not system.startswith("linux"):
        return
    if not has_display(environment, system):
        raise ScreenError(
            "a window needs a display, but neither DISPLAY nor WAYLAND_DISPLAY is set;"
            " start it in a desktop session, or use --screenshot or 'cnnviz layers'"
        )
    wanted = dict(QT_LIBRARIES)
    platform = environment.get("QT_QPA_PLATFORM", "")
    if platform.startswith("xcb") or not (
        platform or environment.get("WAYLAND_DISPLAY")
    ):
        wanted |= X11_LIBRARIES
    missing = _missing(wanted, load)
    if missing:
        packages = " ".join(wanted[name] for name in missing)
        raise ScreenError(
            f"a window needs {', '.join(missing)}; on Debian and Ubuntu:"
            f" sudo apt-get install {packages}"
        )


def require_sound_qt(count: Callable[[object], int] = sys.getrefcount) -> None:
    """Make sure that Qt's binding keeps its references.

    PySide6 6.12.0 before Python 3.12 drops one reference to None with every call that
    returns nothing, and the interpreter aborts after some thousand of them.

    Parameters
    ----------
    count
        Counts the references to an object.

    Raises
    ------
    ScreenError
        It does not.
    """
    from PySide6 import __version__
    from PySide6.QtCore import QObject

    thing = QObject()
    before = count(None)
    for _ in range(1000):
        thing.setObjectName("")
    if before - count(None) > 500:
        raise ScreenError(
            f"PySide6 {__version__} loses references on this Python and would soon"
            " abort the program; install PySide6-Essentials<6.12, or use Python 3.12"
        )


def _missing(names: Iterable[str], load: Callable[[str], object]) -> list[str]:
    missing = []
    for name in names:
        try:
            load(name)
        except OSError:
            missing.append(name)
    return missing

"""The commands of the menu Go: from layer to layer, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from cnnviz.app.actions import Command

if TYPE_CHECKING:
    from cnnviz.app.controller import Controller
    from cnnviz.app.window import Window

_Step = tuple[str, str, str, Callable[[int], None], int]
"""Name, words and key of a command, and what it calls with which number."""


def tr(text: str) -> str:
    """Translate a text of the menus."""
    return QCoreApplication.translate("Menus", text)


def moves(window: Window, controller: Controller) -> Iterator[Command | None]:
    """Yield every command that moves the selection; None between groups."""
    walk, following = controller.walk, controller.following
    steps: tuple[_Step, ...] = (
        ("previousLayer", tr("Previous layer"), "Up", walk.step_layer, -1),
        ("nextLayer", tr("Next layer"), "Down", walk.step_layer, 1),
        ("previousStage", tr("Previous stage"), "PgUp", walk.step_stage, -1),
        ("nextStage", tr("Next stage"), "PgDown", walk.step_stage, 1),
    )
    for name, text, key, go, by in steps:
        yield Command(name, text, partial(go, by), (key,))
    yield None
    steps = (
        ("previousChannel", tr("Previous channel"), "Left", walk.step_channel, -1),
        ("nextChannel", tr("Next channel"), "Right", walk.step_channel, 1),
        ("tenBack", tr("Ten channels back"), "Shift+Left", walk.step_channel, -10),
        ("tenOn", tr("Ten channels on"), "Shift+Right", walk.step_channel, 10),
        ("firstChannel", tr("First channel"), "Home", walk.end_channel, 0),
        ("lastChannel", tr("Last channel"), "End", walk.end_channel, -1),
    )
    for name, text, key, go, by in steps:
        yield Command(name, text, partial(go, by), (key,))
    yield None
    yield Command(
        "back",
        tr("&Back"),
        following.back,
        ("Alt+Left", "Backspace"),
        tr("Return to where the last jump came from"),
    )
    yield Command(
        "forward",
        tr("&Forward"),
        following.forward,
        ("Alt+Right",),
        tr("Take back the last step back"),
    )
    yield Command(
        "nextStrange",
        tr("&Next strange map"),
        following.next_strange,
        ("N",),
        tr("Go to the next map that is dead, constant, NaN or infinite"),
    )
    yield None
    yield Command("noUnit", tr("Whole map"), walk.clear_unit, ("Esc",))
    yield Command("findLayer", tr("&Find layer…"), window.find_layer, ("Ctrl+F",))

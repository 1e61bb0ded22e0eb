"""Every command of the window: its words, its key, its place in a menu."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    Attributes
    ----------
    name
        Object name of its action.
    text
        In the menu; ``&`` marks the letter.
    run
        What it does.
    keys
        Its shortcuts, the first one shown.
    tip
        One line for the status bar and the tooltip.
    """

    name: str
    text: str
    run: Callable[[], object]
    keys: tuple[str, ...] = ()
    tip: str = ""


def action_of(command: Command, owner: QWidget) -> QAction:
    """Make the action of a command."""
    action = QAction(command.text, owner)
    action.setObjectName(command.name)
    action.setShortcuts([QKeySequence(key) for key in command.keys])
    tip = command.tip or command.text.replace("&", "").rstrip("…")
    key = QKeySequence(command.keys[0]) if command.keys else None
    shown = key.toString(QKeySequence.SequenceFormat.NativeText) if key else ""
    action.setToolTip(f"{tip} ({shown})" if shown else tip)
    action.setStatusTip(tip)
    action.triggered.connect(lambda _checked=False: command.run())
    return action


def fill(menu: QMenu, commands: Iterable[Command | None]) -> dict[str, QAction]:
    """Add commands to a menu, None being a separator; gives the actions by name."""
    made = {}
    for command in commands:
        if command is None:
            menu.addSeparator()
            continue
        action = action_of(command, menu)
        menu.addAction(action)
        made[command.name] = action
    return made


def choices(
    menu: QMenu,
    options: Sequence[tuple[str, str, str]],
    chosen: Callable[[str], object],
    group: QActionGroup | None = None,
) -> dict[str, QAction]:
    """Add actions of which one is checked.

    Parameters
    ----------
    options
        ``(value, words, tip)`` of each.
    chosen
        Called with the value when a person picks one.
    group
        Joined, when others are of the same choice.
    """
    group = group or QActionGroup(menu)
    made = {}
    for value, words, tip in options:
        action = menu.addAction(words)
        action.setCheckable(True)
        action.setStatusTip(tip)
        action.triggered.connect(lambda _checked=False, v=value: chosen(v))
        group.addAction(action)
        made[value] = action
    return made

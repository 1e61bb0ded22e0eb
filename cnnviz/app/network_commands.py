"""The commands about networks and their weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from cnnviz.app.actions import Command

if TYPE_CHECKING:
    from cnnviz.app.controller import Controller


def tr(text: str) -> str:
    """Translate a text of the menus."""
    return QCoreApplication.translate("Menus", text)


def network_commands(controller: Controller) -> Iterator[Command | None]:
    """Yield every command of the model menu; None between groups."""
    yield Command(
        "ownNetwork",
        tr("&Own network…"),
        controller.own.ask_path,
        tip=tr("Show a network of your own: weights, Python code, or both"),
    )
    yield None
    yield Command(
        "networkInput",
        tr("Network &input…"),
        controller.own.input.ask,
        ("Ctrl+I",),
        tr("Say what size, mean and deviation your own network takes"),
    )
    yield Command(
        "labels",
        tr("&Labels…"),
        controller.own.input.ask_labels,
        tip=tr("Choose a file with the names of your own network's classes"),
    )
    yield None
    yield Command(
        "randomWeights",
        tr("&Random weights"),
        controller.toggle_random,
        ("Ctrl+T",),
        tr("The same network before it learned anything, and back"),
    )
    yield Command(
        "compareHandmade",
        tr("&Hand-made or learned kernels"),
        controller.toggle_handmade,
        ("H",),
        tr("Switch between hand-made kernels and AlexNet's first layer"),
    )
    yield None
    yield Command(
        "download",
        tr("&Download weights…"),
        controller.download_weights,
        tip=tr("Fetch the trained weights of a network of the catalogue"),
    )
    yield Command(
        "chooseWeights",
        tr("&Choose weights file…"),
        controller.choose_weights,
        tip=tr("Take the weights of a network of the catalogue from a file"),
    )

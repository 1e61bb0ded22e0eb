"""Panels shown, fed and closed again and again leave nothing behind."""

import gc
import weakref

import numpy as np
import pytest
from hands import Ear, point
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QWidget

from cnnviz.core.look import Look
from cnnviz.panels.channel_panel import ChannelPanel
from cnnviz.panels.kernels_panel import KernelsPanel
from cnnviz.panels.maps_panel import MapsPanel


def close(widget):
    widget.close()
    widget.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.mark.parametrize("make", [lambda: MapsPanel("m", "Maps"), KernelsPanel])
def test_a_closed_panel_is_gone(qtbot, make):
    alive = []
    for _ in range(5):
        panel = make()
        qtbot.addWidget(panel)
        panel.show()
        alive.append(weakref.ref(panel.mosaic.canvas))
        close(panel)
        del panel
    gc.collect()
    assert [ref() for ref in alive[:-1]] == [None] * 4


def test_new_maps_under_a_moving_pointer(shown, relu, conv):
    maps, channel = shown(MapsPanel("m", "Maps")), shown(ChannelPanel())
    rng, heard = np.random.default_rng(0), Ear(maps.mosaic.hovered)
    for i in range(60):
        maps.show_maps(relu if i % 2 else conv, Look(dark=bool(i % 3)), "Maps")
        maps.show_place(int(rng.integers(5)), (i % 7, i % 10))
        channel.show_channel(conv, relu, i % 5, Look())
        channel.show_place((i % 7, i % 10))
        cell = maps.mosaic.cell(i % 5, (i % 7, i % 10)).center()
        point(maps.mosaic.canvas, (cell.y(), cell.x()))
        if i % 9 == 0:
            maps.show_nothing("Nothing.")
            QCoreApplication.processEvents()
            assert maps.reason == "Nothing."
    cells = {each for each in heard.heard if each is not None}
    assert len(cells) > 10, "the pointer was heard wherever it went"


def test_one_picture_however_many_maps(shown, relu):
    panel = shown(MapsPanel("m", "Maps"))
    panel.show_maps(relu, Look(), "Maps")
    assert len(panel.mosaic.findChildren(QWidget)) == 1
    assert len(panel.mosaic.canvas._marks) < 12

"""Layers made by hand, themes that go away again, widgets on show."""

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from cnnviz.core.layers import Geometry, Layer
from cnnviz.panels import theme


@pytest.fixture
def conv():
    """A 3→5 convolution over 9×12, 3×3, with values of both signs."""
    rng = np.random.default_rng(4)
    return Layer(
        "features.0",
        "conv",
        "Conv2d",
        ("input",),
        rng.normal(size=(5, 7, 10)).astype(np.float32),
        axes="CHW",
        input_shapes=((3, 9, 12),),
        weight=rng.normal(size=(5, 3, 3, 3)).astype(np.float32),
        bias=rng.normal(size=5).astype(np.float32),
        geometry=Geometry((3, 3), (1, 1), ((0, 0), (0, 0)), (1, 1)),
        parameters=140,
        macs=9450,
    )


@pytest.fixture
def relu(conv):
    """The convolution's maps after ReLU."""
    return Layer(
        "features.1",
        "activation",
        "ReLU",
        (conv.name,),
        np.maximum(conv.output, 0),
        axes="CHW",
        input_shapes=(conv.shape,),
    )


@pytest.fixture
def dense():
    """A dense layer from 2×2×3 flattened maps to 4 values."""
    rng = np.random.default_rng(5)
    return Layer(
        "classifier.1",
        "linear",
        "Linear",
        ("flatten",),
        rng.normal(size=4).astype(np.float32),
        axes="C",
        input_shapes=((12,),),
        weight=rng.normal(size=(4, 12)).astype(np.float32),
    )


@pytest.fixture
def themed(qapp):
    """Apply a theme; the application's own look comes back afterwards."""
    palette, sheet = QApplication.palette(), qapp.styleSheet()
    yield lambda dark: theme.apply(qapp, dark)
    qapp.setStyleSheet(sheet)
    qapp.setPalette(palette)


@pytest.fixture
def shown(qtbot):
    """Show a widget at a size and wait until it is painted."""

    def show(widget, width=320, height=240):
        qtbot.addWidget(widget)
        widget.resize(width, height)
        widget.show()
        qtbot.waitExposed(widget)
        return widget

    return show

import numpy as np
import pytest
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QLabel

from cnnviz.panels import theme
from cnnviz.pictures.colours import GAP, MARKS, SEQUENTIAL, diverging, sequential


def luminance(name):
    """Relative luminance as WCAG 2.2 defines it."""
    parts = [int(name[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("shade", [theme.DARK, theme.LIGHT], ids=["dark", "light"])
def test_words_can_be_read(shade):
    for ground in (shade.canvas, shade.raised):
        assert contrast(shade.text, ground) >= 7
        assert contrast(shade.muted, ground) >= 4.5
        assert contrast(shade.warning, ground) >= 4.5
    assert contrast(shade.on_accent, shade.accent) >= 4.5


@pytest.mark.parametrize("shade", [theme.DARK, theme.LIGHT], ids=["dark", "light"])
def test_marks_can_be_seen(shade):
    assert contrast(shade.accent, shade.canvas) >= 3


@pytest.mark.parametrize("shade", [theme.DARK, theme.LIGHT], ids=["dark", "light"])
def test_no_map_ever_has_the_accent(shade):
    tables = [sequential(name) for name in SEQUENTIAL] + [
        diverging(True),
        diverging(False),
    ]
    tables.append(np.array([c[:3] for k, c in MARKS.items() if k != GAP], np.uint8))
    accent = [int(shade.accent[i : i + 2], 16) for i in (1, 3, 5)]
    away = np.abs(np.concatenate(tables).astype(int) - accent).max(axis=1)
    assert away.min() >= 40


@pytest.mark.parametrize("dark", [True, False])
def test_a_theme_reaches_every_widget(qapp, qtbot, themed, dark):
    themed(dark)
    label = QLabel()
    qtbot.addWidget(label)
    assert theme.of(label) is theme.colours(dark)
    ground = label.palette().color(QPalette.ColorRole.Window).name()
    assert ground == theme.colours(dark).canvas
    assert theme.colours(dark).hairline in qapp.styleSheet()
    assert "$" not in qapp.styleSheet()


def test_captions_are_smaller_than_text(qapp):
    assert theme.caption_font().pointSizeF() < theme.text_font().pointSizeF()


def test_unknown_means_light(qapp):
    assert theme.is_dark(qapp) is False  # offscreen knows no scheme

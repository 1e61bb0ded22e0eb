import numpy as np
import pytest
from hands import pixels, rgb
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QLabel, QStackedWidget, QVBoxLayout, QWidget

from cnnviz.panels import theme
from cnnviz.panels.channel_panel import ChannelPanel
from cnnviz.panels.frame import Elided, PanelFrame, laid_out_once
from cnnviz.panels.histogram import HistogramView
from cnnviz.panels.input_panel import InputPanel
from cnnviz.panels.kernels_panel import KernelsPanel
from cnnviz.panels.layers_panel import LayersPanel
from cnnviz.panels.maps_panel import MapsPanel
from cnnviz.panels.prediction_panel import PredictionPanel
from cnnviz.panels.saving import csv
from cnnviz.panels.scalebar import ScaleBar
from cnnviz.panels.unit_panel import UnitPanel
from cnnviz.pictures.colours import diverging, sequential, table
from cnnviz.pictures.curves import histogram
from cnnviz.pictures.levels import levels

PANELS = {
    "inputPanel": InputPanel,
    "layersPanel": LayersPanel,
    "kernelsPanel": KernelsPanel,
    "mapsPanel": lambda: MapsPanel("mapsPanel", "After ReLU"),
    "channelPanel": ChannelPanel,
    "unitPanel": UnitPanel,
    "predictionPanel": PredictionPanel,
}


@pytest.mark.parametrize("name", PANELS)
def test_an_empty_panel_says_what_to_do(shown, name):
    panel = shown(PANELS[name](), 230, 230)
    assert panel.objectName() == name
    assert panel.reason.endswith(".")
    panel.show_nothing("Nothing here yet.")
    labels = [w.text() for w in panel.findChildren(QLabel) if w.isVisible()]
    assert "Nothing here yet." in labels


@pytest.mark.parametrize("name", PANELS)
def test_a_panel_may_be_small_and_takes_no_drops(shown, name):
    panel = PANELS[name]()
    assert panel.minimumSizeHint().width() <= 230
    assert panel.minimumSizeHint().height() <= 200
    shown(panel)
    assert not any(w.acceptDrops() for w in [panel, *panel.findChildren(QWidget)])


def test_a_sentence_gives_way_to_content(shown):
    frame = shown(PanelFrame("x", "X"))
    content, footer = QLabel("content"), QLabel("footer")
    frame.set_content(content, footer)
    frame.show_nothing("Nothing.")
    assert not content.isVisible()
    assert not footer.isVisible()
    frame.show_content()
    assert content.isVisible()
    assert footer.isVisible()
    assert frame.reason is None


def test_words_that_change_inside_move_nothing_outside(shown, qapp):
    """Else every step through the layers would lay all docks out anew."""
    host = QWidget()
    column = QVBoxLayout(host)
    frame, other = PanelFrame("x", "X"), QLabel("other")
    frame.set_content(QLabel("content"))
    frame.show_content()
    column.addWidget(frame)
    column.addWidget(other)
    shown(host)
    qapp.processEvents()
    asked = Requests(host)
    frame.header.set_title("A longer title")
    frame.header.set_caption("a caption")
    frame.findChild(QStackedWidget).currentWidget().setText("more\nlines\nof words")
    qapp.processEvents()
    assert asked.count == 0
    other.setText("more\nlines")
    qapp.processEvents()
    assert asked.count > 0


class Requests(QObject):
    """Counts how often a widget's children ask to be laid out anew."""

    def __init__(self, widget):
        super().__init__(widget)
        self.count = 0
        widget.installEventFilter(self)

    def eventFilter(self, _widget, event):
        self.count += event.type() == QEvent.Type.LayoutRequest
        return False


def test_a_long_caption_is_cut_and_whole_in_the_tooltip(shown):
    line = shown(Elided(theme.caption_font()), 80, 20)
    line.set_text("features.0 · conv 3→64, 11×11, stride 4")
    assert line.toolTip() == line.text()
    line.resize(600, 20)
    assert line.toolTip() == ""
    assert line.minimumSizeHint().width() == 0


def test_the_longest_way_to_say_it_that_fits_is_shown(shown):
    line = shown(Elided(theme.caption_font()), 600, 20)
    line.set_text("min 0 · mean 0.5 · max 1", "mean 0.5")
    assert line.shown() == "min 0 · mean 0.5 · max 1"
    line.resize(70, 20)
    assert line.shown() == "mean 0.5"
    assert line.toolTip() == "min 0 · mean 0.5 · max 1"
    line.resize(20, 20)
    assert line.shown().endswith("…")


def bar_for(
    shown, maps, scale="layer", signed=None, bound=1.0, channel=None, width=300
):
    found = levels(np.asarray(maps, np.float32), scale, bound, signed)
    bar = shown(ScaleBar(), width, 24)
    bar.show_levels(found, table("ember", found.signed, True), channel)
    return bar


def test_the_bar_has_low_zero_and_high(shown):
    assert bar_for(shown, [[-2.0, 0.5]]).text() == "−2 0 2"
    assert bar_for(shown, [[0.0, 0.5]]).text() == "0 0.5"


def test_the_bar_says_whose_scale_it_is(shown):
    maps = [[0.0, 1.0], [0.0, 3.0]]
    assert bar_for(shown, maps, "map", channel=1).text() == "0 3 per map"
    assert bar_for(shown, maps, "locked", bound=7.0).text() == "0 7 locked"


def test_the_bar_is_painted_in_the_maps_colours(shown, themed):
    themed(True)
    bar = bar_for(shown, [[-1.0, 1.0]])
    painted = {tuple(c) for c in pixels(bar).reshape(-1, 3).tolist()}
    ends = table("ember", True, True)
    assert tuple(ends[0, :3].tolist()) in painted
    assert tuple(ends[250, :3].tolist()) in painted


def test_the_bar_tells_the_values_it_holds(shown):
    bar = bar_for(shown, [[-1.0, np.nan, 0.25]])
    assert bar.toolTip() == "values -1.0 … 0.25"
    assert bar_for(shown, [[np.nan]]).toolTip() == "values no finite value"


def test_a_narrow_bar_still_has_colours(shown, themed):
    themed(True)
    bar = bar_for(shown, [[-1.0, 1.0]], "map", width=90)
    wide = (pixels(bar)[:, :, 0] == table("ember", True, True)[250, 0]).any()
    assert wide


def test_the_histogram_marks_the_chosen_value(shown, themed):
    themed(True)
    view = shown(HistogramView(), 200, 100)
    values = np.linspace(-1, 1, 201)
    view.show_histogram(histogram(values, 20))
    assert not (pixels(view) == rgb("accent", True)).all(-1).any()
    view.show_value(0.5)
    columns = np.nonzero((pixels(view) == rgb("accent", True)).all(-1))[1]
    assert abs(columns.mean() - 150) <= 1.5


def test_bars_are_as_high_as_their_counts(shown, themed):
    themed(True)
    view = shown(HistogramView(), 200, 120)
    values = np.repeat([0.1, 0.3, 0.9], [10, 20, 40])
    view.show_histogram(histogram(values, 10, signed=False))
    painted = (pixels(view) == rgb("muted", True)).all(-1)
    plot = view._plot()
    heights = [
        painted[: int(plot.bottom()) - 1, round(view.across(x))].sum()
        for x in (0.135, 0.315, 0.855)
    ]
    assert heights[2] == pytest.approx(plot.height(), abs=3)
    assert heights[1] == pytest.approx(plot.height() / 2, abs=3)
    assert heights[0] == pytest.approx(plot.height() / 4, abs=3)


def test_a_histogram_of_nothing(shown):
    view = shown(HistogramView())
    view.show_histogram(histogram(np.array([np.nan, np.inf])))
    view.show_value(float("nan"))
    none_finite = pixels(view)
    assert view.labels() == []
    view.show_histogram(None)
    assert view.labels() == []
    ink = rgb("muted", False), rgb("muted", True)
    for painted in (none_finite, pixels(view)):
        assert not any((painted == np.array(each)).all(-1).any() for each in ink)


def test_a_histogram_can_be_saved(shown):
    view = shown(HistogramView())
    assert view.exporter._arrays() == {}
    view.show_histogram(histogram(np.array([0.1, 0.9, 1.0]), 2, signed=False))
    text = csv(view.exporter._arrays()["histogram"]).decode()
    assert text == "bin,from,to,count\n0,0,0.5,1\n1,0.5,1,2\n"


@pytest.mark.parametrize("scale", ["layer", "map"])
def test_a_scale_of_nothing_finite_has_no_ends(shown, scale):
    bar = shown(ScaleBar(), 300, 24)
    for values, words in (
        ([np.nan, np.nan], "all NaN"),
        ([np.inf, np.inf], "all +∞"),
        ([-np.inf, np.nan], "no finite value"),
        ([0.0, np.nan], "0 0"),
        ([0.0, 0.0], "0 0"),
    ):
        found = levels(np.array([values]), scale)
        bar.show_levels(found, sequential("ember"))
        assert (
            bar.text()
            == words
            + {
                ("layer", True): "",
                ("layer", False): "",
                ("map", True): " per map",
                ("map", False): " · per map",
            }[scale, words == "0 0"]
        )


def test_a_locked_scale_keeps_its_ends_whatever_comes(shown):
    found = levels(np.array([[np.nan, np.inf]]), "locked", 4.0)
    bar = shown(ScaleBar(), 300, 24)
    bar.show_levels(found, sequential("ember"))
    assert bar.text() == "0 4 locked"


def test_with_a_scale_per_map_only_the_map_without_numbers_has_no_ends(shown):
    found = levels(np.array([[1.0, 2.0], [np.nan, np.nan]]), "map")
    bar = shown(ScaleBar(), 300, 24)
    texts = []
    for channel in (0, 1, 0):
        bar.show_levels(found, sequential("ember"), channel)
        texts.append(bar.text())
    assert texts == ["0 2 per map", "all NaN · per map", "0 2 per map"]


def test_no_colours_are_painted_for_a_scale_of_nothing(shown, themed):
    themed(True)
    found = levels(np.full((1, 4), np.nan))
    bar = shown(ScaleBar(), 300, 24)
    bar.show_levels(found, sequential("ember"))
    coloured = pixels(bar).astype(int)
    assert (np.ptp(coloured, -1) < 40).all()
    bar.show_levels(levels(np.ones((1, 4))), sequential("ember"))
    assert (np.ptp(pixels(bar).astype(int), -1) > 100).any()


@pytest.mark.parametrize("wide", [275, 300, 330, 420])
def test_words_of_a_scale_are_whole_where_the_numbers_leave_room(shown, themed, wide):
    themed(True)
    found = levels(np.array([[-1.333, 1.333]]), "map")
    bar = shown(ScaleBar(), wide, 24)
    bar.show_levels(found, diverging(True), note="1 kernel constant")
    metrics = bar.fontMetrics()
    words = metrics.horizontalAdvance("per map · 1 kernel constant")
    assert words > wide * 2 // 5 or wide == 420
    ground = np.array(rgb("canvas", dark=True))
    inked = np.flatnonzero((abs(pixels(bar).astype(int) - ground).sum(-1) > 60).any(0))
    breaks = np.flatnonzero(np.diff(inked) > 12)
    assert inked[-1] - inked[breaks[-1] + 1] == pytest.approx(words, abs=6)


def test_layouts_go_on_after_an_error_between(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    layout = QVBoxLayout(widget)

    def fail():
        with laid_out_once(widget):
            assert not layout.isEnabled()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert layout.isEnabled()

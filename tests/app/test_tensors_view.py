"""A weights file whose network nobody knows, in the real window."""

from pathlib import Path

import numpy as np
import pytest
import torch
from person import CTRL, click, draw_picture, files, hover, leave, spot
from PySide6.QtCore import Qt
from tensor_files import weights_file

from cnnviz.core.models import FileSpec, ModelSpec
from cnnviz.core.tensors import TensorList

CALM = "Only weights: no network ran."


@pytest.fixture
def weights(opened):
    """The window with the bundled network on show, then a weights file."""
    show_weights(opened)
    return opened


def show_weights(person):
    person.store.set_tensors(weights_file(person.store.state.request.source))


def values(person):
    found = person.store.state.tensors
    return found.tensors[found.position(person.selection[0])].values


def docks(person):
    found = person.window.docks.docks
    return {name for name, dock in found.items() if dock.isVisible()}


class TestWhatIsShown:
    def test_the_table_takes_the_place_of_the_layers(self, weights):
        window = weights.window
        assert docks(weights) == {"kernelsPanel", "channelPanel", "layersPanel"}
        assert window.tensors.isVisible()
        assert not window.layers.isVisible()
        assert window.tensors.view.currentIndex().data() == "stem.weight"
        assert window.windowTitle() == "weights.pth – weights only – cnnviz"
        assert weights.controller.toolbar.model.text() == "Model: weights.pth"

    def test_every_number_of_the_table_is_in_sight(self, weights):
        view = weights.window.tensors.view
        assert view.horizontalScrollBar().maximum() == 0

    def test_other_panels_say_calmly_what_to_do(self, weights):
        for name in ("input", "maps", "pooled", "unit", "prediction"):
            reason = getattr(weights.window, name).reason
            assert reason.startswith(CALM)
            assert "File ▸ Open network…" in reason
        assert "openNetwork" in weights.controller.menus.actions

    def test_what_needs_a_run_is_not_offered(self, weights):
        """Its keys neither: what the notice offers stays."""
        toolbar = weights.controller.toolbar
        names = ("before", "overlay", "mattered", "causality", "randomWeights")
        assert not any(weights.action(name).isEnabled() for name in names)
        assert toolbar.picture.text() == "Samples"
        weights.window.tell("open its code")
        for key in (Qt.Key.Key_C, Qt.Key.Key_G, Qt.Key.Key_O, Qt.Key.Key_R):
            weights.press(key)
        assert weights.said == "open its code"
        weights.controller.open_model("handmade")
        weights.until(lambda: weights.store.state.tensors is None)
        weights.wait()
        assert all(weights.action(name).isEnabled() for name in names)
        assert toolbar.picture.text().startswith("Picture: ")

    def test_a_tensor_chosen_in_the_table(self, weights):
        view, proxy = weights.window.tensors.view, weights.window.tensors._proxy
        row = weights.window.tensors.names().index("deep.weight")
        view.setCurrentIndex(proxy.index(row, 0))
        assert weights.selection == ("deep.weight", 0, None)
        assert weights.window.kernels.header.caption() == "deep.weight · 5×4×3×3"
        assert weights.window.weight.header.caption() == "of 5 · deep.weight"
        assert "1 NaN" in weights.window.kernels.scale.text()
        assert weights.window.status() == (
            "deep.weight · kernel 0 · 5×4×3×3 float32 · "
            + " … ".join(
                f"{end:.4g}".replace("-", "−")
                for end in (np.nanmin(values(weights)), finite_max(values(weights)))
            )
        )

    @pytest.mark.parametrize(
        ("name", "words"),
        [("steps", "steps is a single number: 1200"), ("gone", "gone is empty: 0×4.")],
    )
    def test_what_has_no_picture_is_said(self, weights, name, words):
        weights.store.select(layer=name)
        assert weights.window.kernels.reason == words
        assert weights.window.weight.reason == words
        weights.store.select(layer="head.weight")
        assert weights.window.kernels.reason is None
        assert weights.window.weight.header.title() == "Row 0"

    def test_a_file_without_tensors(self, opened):
        opened.store.set_tensors(TensorList(weights_file().request, "", ()))
        assert opened.window.tensors.reason == "weights.pth holds no tensor."
        assert opened.window.kernels.reason == "weights.pth holds no tensor."
        opened.press(Qt.Key.Key_Down)
        opened.press(Qt.Key.Key_Right)
        opened.press(Qt.Key.Key_End)

    def test_another_theme_and_scale(self, weights):
        weights.store.select(layer="deep.weight")
        weights.controller.appearance.choose_scale("map")
        assert "per map" in weights.window.kernels.scale.text()
        weights.controller.appearance.choose_theme("light")
        assert not weights.store.state.look.dark


def finite_max(array):
    return array[np.isfinite(array)].max()


class TestMoving:
    def test_the_keys_go_through_tensors_and_kernels(self, weights):
        key = Qt.Key
        for pressed, selection in (
            (key.Key_Right, ("stem.weight", 1, None)),
            (key.Key_End, ("stem.weight", 3, None)),
            (key.Key_Right, ("stem.weight", 3, None)),
            (key.Key_Down, ("stem.bias", 3, None)),
            (key.Key_PageDown, ("deep.weight", 3, None)),
            (key.Key_Left, ("deep.weight", 2, None)),
            (key.Key_Home, ("deep.weight", 0, None)),
            (key.Key_Up, ("stem.bias", 0, None)),
            (key.Key_PageUp, ("stem.weight", 0, None)),
            (key.Key_PageUp, ("stem.weight", 0, None)),
            (key.Key_Escape, ("stem.weight", 0, None)),
        ):
            weights.press(pressed)
            assert weights.selection == selection
        assert weights.window.kernels.mosaic._channel == 0

    def test_they_follow_the_tables_order(self, weights):
        panel = weights.window.tensors
        panel.filter.setText("weight")
        weights.press(Qt.Key.Key_Down)
        assert weights.selection[0] == "deep.weight"  # the bias is not listed
        panel.filter.clear()
        panel.view.header().setSortIndicator(0, Qt.SortOrder.AscendingOrder)
        names = sorted(t.name for t in weights.store.state.tensors.tensors)
        weights.press(Qt.Key.Key_Down)
        assert weights.selection[0] == names[names.index("deep.weight") + 1]

    def test_finding(self, weights):
        weights.press(Qt.Key.Key_F, CTRL)
        assert weights.window.tensors.filter.hasFocus()

    def test_a_click_chooses_a_kernel(self, weights):
        mosaic = weights.window.kernels.mosaic
        cell = mosaic.cell(2, (1, 1)).center()
        click(mosaic.canvas, cell.y(), cell.x())
        assert weights.selection == ("stem.weight", 2, None)
        assert weights.window.weight.header.title() == "Kernel 2"

    def test_a_click_chooses_a_value_of_a_vector(self, weights):
        weights.store.select(layer="stem.bias", channel=0)
        weights.window.weight.line.unitPicked.emit((3,))
        assert weights.selection == ("stem.bias", 3, None)
        assert weights.window.weight.line._place == 3

    def test_the_pointer_reads_a_value(self, weights):
        before = weights.window.status()
        mosaic = weights.window.weight.slices
        cell = mosaic.cell(2, (4, 0)).center()
        assert spot(mosaic.canvas, cell.y(), cell.x()) is not None
        hover(mosaic.canvas, cell.y(), cell.x())
        weight = values(weights)[0, 2, 4, 0]
        shown = f"{weight:.4g}".replace("-", "−")
        said = f"kernel 0 of stem.weight · input 2 · (4, 0) · {shown}"
        assert weights.window.status() == said
        leave(mosaic.canvas)
        assert weights.window.status() == before

    def test_what_needs_a_run_does_nothing(self, weights):
        for name in ("nextStrange", "back", "causality", "mattered", "overlay"):
            weights.do(name)
        assert weights.selection == ("stem.weight", 0, None)


class TestAndBack:
    def test_a_network_brings_everything_back(self, weights):
        window = weights.window
        before = window.tensors.view.currentIndex().data()
        assert before == "stem.weight"
        weights.show_model("alexnet")
        assert docks(weights) == set(window.panels)
        assert window.layers.isVisible()
        assert window.channel.isVisible()
        assert not window.tensors.isVisible()
        assert not window.weight.isVisible()
        assert all(panel.reason is None for panel in window.panels.values())
        assert weights.selection[0] == "features.0"
        assert weights.selection[2] is not None
        assert window.kernels.header.caption().startswith("features.0 · conv 3→")
        assert "weights only" not in window.windowTitle()

    def test_a_closed_dock_stays_closed(self, opened):
        opened.window.docks.docks["layersPanel"].close()
        show_weights(opened)
        assert "layersPanel" in docks(opened)
        opened.show_model("alexnet")
        assert "layersPanel" not in docks(opened)

    def test_every_dock_is_as_wide_as_it_was(self, opened):
        found = opened.window.docks.docks
        before = {name: dock.width() for name, dock in found.items()}
        show_weights(opened)
        opened.until(lambda: found["layersPanel"].width() > before["layersPanel"])
        opened.show_model("alexnet")
        opened.until(
            lambda: {name: dock.width() for name, dock in found.items()} == before
        )

    def test_the_layout_kept_is_the_one_of_networks(self, weights, settings):
        weights.window.close()
        _geometry, kept = settings.layout()
        window = weights.window
        window.docks.widen()
        window.docks.restore(kept)
        hidden = {n for n, d in window.docks.docks.items() if d.isHidden()}
        assert hidden == set()

    def test_a_picture_goes_to_a_network_that_runs(self, weights, tmp_path):
        picture = draw_picture(tmp_path / "second.png", seed=2)
        weights.drop(files(picture))
        weights.wait()
        assert weights.trace.request.model == ModelSpec("alexnet")
        assert weights.trace.sample.title == "second.png"
        assert weights.store.state.tensors is None

    def test_a_refused_picture_leaves_the_weights_on_show(self, weights, tmp_path):
        broken = tmp_path / "broken.png"
        broken.write_bytes(b"\x89PNG nothing more")
        weights.drop(files(broken))
        weights.wait()
        assert weights.store.state.tensors is not None
        assert weights.window.tensors.reason is None
        assert weights.store.state.request.model == FileSpec(Path("weights.pth"))

    def test_the_check_of_the_network_before_is_no_longer_said(self, opened):
        label = opened.controller.checking.label
        opened.until(label.isVisible)
        show_weights(opened)
        assert label.isHidden()


def test_a_file_as_a_person_drops_it(opened, tmp_path):
    """Read by torch, half precision and all; then written anew."""
    torch.manual_seed(0)
    state = {
        "trunk.first.weight": torch.randn(6, 3, 4, 4).half(),
        "trunk.first.bias": torch.randn(6),
        "odd": torch.tensor([1.0, float("nan")]),
    }
    path = tmp_path / "mine.pth"
    torch.save(state, path)
    opened.drop(files(path))
    opened.wait()
    assert opened.window.tensors.isVisible()
    assert opened.said.startswith("mine.pth")
    assert opened.selection == ("trunk.first.weight", 0, None)
    opened.store.select(channel=4)
    np.testing.assert_array_equal(
        opened.window.weight._kernel, state["trunk.first.weight"][4].float()
    )
    row = opened.window.tensors.model.row("odd")
    assert opened.window.tensors.model.tensor(row).nans == 1
    state["trunk.first.weight"][4] = 0
    torch.save(state, path)
    opened.do("reload")
    opened.wait()
    assert opened.selection == ("trunk.first.weight", 4, None)
    assert not opened.window.weight._kernel.any()

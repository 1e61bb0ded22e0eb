"""What a drop brings, and that every part of the window takes it."""

import numpy as np
import pytest
import safetensors.torch
import torch
from person import addresses, as_qimage, draw_picture, files, pixels, text
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtGui import QImage

from cnnviz.app import drops
from cnnviz.core.series import TableSource
from cnnviz.core.trace import ImageSource

NOISE = np.random.default_rng(1).integers(0, 256, (5, 7, 3), np.uint8)


def read(data):
    return drops.read_mime(data)


class TestWhatItIs:
    def test_a_file(self, tmp_path):
        path = tmp_path / "a b ü 그림.png"
        assert read(files(path)) == drops.Brought(ImageSource(path))

    @pytest.mark.parametrize(
        "data", [None, QMimeData(), files(), text("hello"), text(""), text("/x\0y")]
    )
    def test_nothing(self, data):
        assert read(data) == drops.Brought()

    def test_an_address_is_never_fetched(self):
        brought = read(addresses("https://example.org/cat.png", "sftp://host/x.csv"))
        assert brought.source is None
        assert "https://example.org/cat.png" in brought.words
        assert "only files on this computer" in brought.words

    def test_a_long_address_is_cut(self):
        assert len(read(addresses("https://e.org/" + "x" * 4000)).words) < 300

    def test_a_browser_brings_the_picture_beside_its_address(self):
        data = pixels(NOISE)
        data.setUrls([QUrl("https://example.org/cat.png")])
        brought = read(data)
        np.testing.assert_array_equal(brought.source.rgb, NOISE)
        assert brought.words == ""

    def test_a_local_file_comes_before_pixels(self, tmp_path):
        data = pixels(NOISE)
        data.setUrls([QUrl.fromLocalFile(str(tmp_path / "a.png"))])
        assert read(data).source == ImageSource(tmp_path / "a.png")

    def test_several_files(self, tmp_path):
        first, second = tmp_path / "1.png", tmp_path / "2.png"
        brought = read(files(first, second))
        assert brought.source == ImageSource(first)
        assert "2 files" in brought.words
        assert "1.png is shown" in brought.words

    def test_a_folder(self, tmp_path):
        brought = read(files(tmp_path))
        assert brought.source is None
        assert f"{tmp_path.name} is a folder" in brought.words

    def test_code_weights_and_a_table(self, tmp_path):
        paths = [tmp_path / name for name in ("a.csv", "w.ckpt", "b.PY", "w2.pth")]
        brought = read(files(*paths))
        assert brought.source == TableSource(paths[0])
        assert (brought.weights, brought.code) == (paths[1], paths[2])
        assert brought.words == "4 files came; b.PY and w.ckpt and a.csv are shown."

    @pytest.mark.parametrize("name", ["n.pt2", "n.onnx", "n.bin", "n.pth.tar", "n.h5"])
    def test_networks_by_other_endings(self, tmp_path, name):
        """Whoever reads them says whether that can be."""
        path = tmp_path / name
        path.write_bytes(b"whatever")
        assert read(files(path)).weights == path
        assert read(files(draw_picture(tmp_path / "photo.png"))).weights is None

    def test_weights_under_a_name_that_says_nothing(self, tmp_path):
        state = {"w": torch.ones(2)}
        for name, save in {
            "a": lambda p: torch.save(state, p),
            "b.dat0": lambda p: torch.save(
                state, p, _use_new_zipfile_serialization=False
            ),
            "c.zip": lambda p: safetensors.torch.save_file(state, p),
        }.items():
            save(tmp_path / name)
            assert read(files(tmp_path / name)).weights == tmp_path / name

    def test_a_picture_under_the_name_of_weights_that_may_be_anything(self, tmp_path):
        path = draw_picture(tmp_path / "p.png").rename(tmp_path / "p.bin")
        assert read(files(path)).source == ImageSource(path)

    @pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"PK\x03\x04 no zip"])
    def test_neither_weights_nor_a_picture(self, tmp_path, content):
        path = tmp_path / "some.thing"
        path.write_bytes(content)
        assert read(files(path)).source == ImageSource(path)

    def test_a_folder_beside_a_picture(self, tmp_path):
        brought = read(files(tmp_path, tmp_path / "1.png"))
        assert brought.source == ImageSource(tmp_path / "1.png")

    def test_weights_and_a_picture(self, tmp_path):
        picture, weights = tmp_path / "1.png", tmp_path / "net.PT"
        brought = read(files(picture, weights))
        assert (brought.source, brought.weights) == (ImageSource(picture), weights)

    def test_the_path_of_a_file_as_text(self, tmp_path):
        path = draw_picture(tmp_path / "1.png")
        assert read(text(f" {path}\n")).source == ImageSource(path)
        assert read(text(str(tmp_path / "missing.png"))) == drops.Brought()

    @pytest.mark.parametrize(
        "name",
        ["/" + "a" * 300, "/" + "a" * 3000, "~nobody-here/a.png", "/a\udcff", "~"],
    )
    def test_names_that_no_file_can_have(self, name):
        assert read(text(name)) == drops.Brought()


class TestPixels:
    def test_rows_of_any_width(self):
        for wide in range(1, 8):
            image = as_qimage(NOISE[:, :wide] if wide < 7 else NOISE)
            found = drops.from_qimage(
                image.convertToFormat(QImage.Format.Format_RGB888)
            )
            np.testing.assert_array_equal(found.rgb, NOISE[:, :wide])

    def test_transparency_is_over_white(self):
        image = QImage(2, 1, QImage.Format.Format_ARGB32)
        image.setPixel(0, 0, 0x00123456)
        image.setPixel(1, 0, 0xFF102030)
        expected = [[[255, 255, 255], [16, 32, 48]]]
        np.testing.assert_array_equal(drops.from_qimage(image).rgb, expected)

    def test_an_empty_picture(self):
        assert drops.from_qimage(QImage()) is None
        assert drops.from_qimage("nonsense") is None


class TestWhereItFalls:
    def test_every_part_of_the_window(self, opened, tmp_path):
        """As the window system does it: by place, from the innermost widget up."""
        window = opened.window
        parts = [panel for panel in window.panels.values() if panel.isVisible()]
        parts += [window.menuBar(), window.statusBar(), opened.controller.toolbar]
        parts += [window.layers.filter, window.layers.view.viewport()]
        parts += [p.mosaic.canvas for p in (window.maps, window.kernels)]
        parts += [window.input.canvas, window.prediction.bars]
        assert len(parts) == 17
        heard = []
        window.dataDropped.disconnect()
        window.dataDropped.connect(lambda data: heard.append(data.urls()))
        data = files(tmp_path / "a.png")
        for part in parts:
            assert opened.drop(data, at=part), part
        assert heard == [data.urls()] * len(parts)

    def test_a_panel_that_was_torn_off(self, opened, tmp_path):
        dock = opened.window.docks.docks["mapsPanel"]
        dock.setFloating(True)
        path = draw_picture(tmp_path / "second.png", seed=2)
        assert opened.drop(files(path), at=dock)
        opened.wait()
        assert opened.trace.request.source.path == path

    def test_text_is_not_taken(self, opened):
        assert not opened.drop(text("hello"))
        assert opened.said == ""

    def test_an_empty_list_of_files_is_not_taken(self, opened):
        assert not opened.drop(files())

    def test_an_address(self, opened):
        before = opened.trace
        assert opened.drop(addresses("https://example.org/cat.png"))
        assert "only files on this computer" in opened.said
        assert opened.trace is before
        assert opened.store.state.status == "idle"

    def test_pixels(self, opened):
        big = np.kron(NOISE, np.ones((60, 60, 1), np.uint8))
        assert opened.drop(pixels(big))
        opened.wait()
        np.testing.assert_array_equal(opened.trace.request.source.rgb, big)

    def test_the_message_about_several_files_stays(self, opened, tmp_path):
        first = draw_picture(tmp_path / "1.png", seed=1)
        second = draw_picture(tmp_path / "2.png", seed=2)
        opened.drop(files(first, second))
        opened.wait()
        assert opened.trace.request.source.path == first
        assert "1.png is shown" in opened.said
        opened.drop(files(second))
        opened.wait()
        assert opened.said == ""

"""Which network goes with which source, without a window."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from motion import CHANNELS, LENGTH, motion, write
from person import files, pixels, text
from PIL import Image

import cnnviz
from cnnviz.app import drops
from cnnviz.app.cli import main
from cnnviz.app.face import bundled_series, source_of, trace_file
from cnnviz.app.families import Families, Mismatch, with_table
from cnnviz.app.main import first_request, run_request
from cnnviz.core.errors import InputError, MismatchError
from cnnviz.core.models import ModelSpec
from cnnviz.core.series import TableSource, TextSource
from cnnviz.core.trace import ImageSource, Request

PICTURE, TABLE = ImageSource(Path("a.png")), TableSource(Path("a.csv"))


def no_check(done, total, what):
    pass


@pytest.mark.parametrize(
    ("file", "model", "expected"),
    [
        ("x.csv", None, ("tcn", TableSource(Path("x.csv")))),
        ("x.TSV", None, ("tcn", TableSource(Path("x.TSV")))),
        ("x.png", None, ("alexnet", ImageSource(Path("x.png")))),
        ("x.csv", "cnn1d", ("cnn1d", TableSource(Path("x.csv")))),
        (None, "tcn", ("tcn", TableSource(bundled_series()[0]))),
    ],
)
def test_the_first_request(file, model, expected):
    found = first_request(Path(file) if file else None, model)
    assert (found.model.name, found.source) == expected


def test_the_sample_shown_first_fits_the_networks():
    assert trace_file("tcn").trained
    assert trace_file("cnn1d").scores.shape == (7,)


class TestFamilies:
    def test_a_source_brings_its_network(self):
        families = Families()
        request = families.with_source(Request(ModelSpec("vgg"), PICTURE), TABLE)
        assert request == Request(ModelSpec("tcn"), TABLE)
        families.shown(Request(ModelSpec("vgg"), PICTURE))
        families.shown(Request(ModelSpec("cnn1d"), TABLE))
        other = TextSource("a,b\n1,2\n3,4\n")
        assert families.with_source(request, other).model.name == "tcn"
        back = families.with_source(request, PICTURE)
        assert back.model == ModelSpec("vgg")
        assert families.with_source(back, other).model == ModelSpec("cnn1d")

    def test_a_network_brings_its_source(self):
        families = Families()
        request = Request(ModelSpec("vgg"), PICTURE)
        first = families.with_model(request, ModelSpec("tcn"))
        assert first.source == TableSource(bundled_series()[0])
        families.shown(Request(ModelSpec("tcn"), TABLE))
        assert families.with_model(request, ModelSpec("tcn")).source == TABLE
        assert families.with_model(request, ModelSpec("alexnet")).source == PICTURE

    def test_a_structure_belongs_to_its_table(self):
        families = Families()
        structure = Request(ModelSpec("tcn", "random", channels=4), TABLE)
        other = families.with_model(structure, ModelSpec("cnn1d"))
        assert other.model == ModelSpec("cnn1d", "random", channels=4)
        assert families.with_source(structure, replace(TABLE, path=Path("b.csv"))) == (
            Request(ModelSpec("tcn"), replace(TABLE, path=Path("b.csv")))
        )
        fewer = replace(TABLE, mapping=("p", "q"))
        assert with_table(structure, fewer).model.channels == 2

    def test_only_another_width_has_a_structure(self, tmp_path):
        request = Request(ModelSpec("tcn"), TABLE)
        error = MismatchError("x", "channels", 6, 4)
        structure = Mismatch.of(request, error).structure
        assert structure.model == ModelSpec("tcn", "random", channels=4)
        error = MismatchError("x", "length", 16, 4)
        assert Mismatch.of(request, error).structure is None


def test_a_table_that_does_not_fit_is_an_answer(tmp_path):
    path = write(tmp_path / "four.csv", motion(LENGTH, 4), ("p", "q", "r", "s"))
    found = run_request(Request(ModelSpec("tcn"), TableSource(path)), no_check)
    assert isinstance(found, Mismatch)
    assert (found.reason, found.wanted, found.got) == ("channels", 6, 4)
    assert found.facts.variables == ("p", "q", "r", "s")
    assert found.facts.channels == CHANNELS


class TestDrops:
    def test_tables_by_name(self, tmp_path):
        for name in ("a.csv", "b.TSV", "c.txt", "d.xlsx"):
            assert drops.read_mime(files(tmp_path / name)).source == TableSource(
                tmp_path / name
            )

    @pytest.mark.parametrize(
        "words",
        ["a\tb\n1\t2\n3\t4\n", "1,5;2\n3,5;4\n", "t  x\n0  1e-3\n1  -2.5\n", "1\n2\n"],
    )
    def test_cells(self, words):
        data = text(words)
        assert drops.may_hold_something(data)
        assert drops.read_mime(data).source == TextSource(words)

    @pytest.mark.parametrize("words", ["a b\nc d\n", "12", "one\n\n", "Dear 2\nyours"])
    def test_prose(self, words):
        assert not drops.may_hold_something(text(words))
        assert drops.read_mime(text(words)) == drops.Brought()

    def test_a_spreadsheet_brings_a_picture_of_its_cells_too(self):
        data = pixels(np.zeros((4, 4, 3), np.uint8))
        data.setText("a\tb\n1\t2\n3\t4\n")
        assert isinstance(drops.read_mime(data).source, TextSource)


class TestFace:
    def test_a_table_from_a_script(self, tmp_path):
        net = cnnviz.open_model("tcn")
        values = motion(LENGTH + 12)
        sample = cnnviz.open_sample(write(tmp_path / "x.csv", values), net)
        mean, std = np.array(net.want.mean), np.array(net.want.std)
        expected = ((np.round(values[:LENGTH], 6) - mean) / std).T
        np.testing.assert_allclose(sample.values[0], expected, atol=1e-5)
        trace = cnnviz.trace(net, sample)
        assert trace.scores.sum() == pytest.approx(1)

    def test_the_wrong_kind(self, tmp_path):
        path = write(tmp_path / "x.csv", motion(LENGTH + 12))
        with pytest.raises(InputError, match="alexnet takes a picture"):
            cnnviz.open_sample(path, cnnviz.open_model("alexnet"))

    def test_a_picture_under_a_tables_name(self, tmp_path):
        path = tmp_path / "photo.csv"
        Image.new("RGB", (9, 9), "red").save(path, "PNG")
        assert isinstance(source_of(path), ImageSource)

    def test_the_name_tells(self):
        assert isinstance(source_of(Path("a.csv")), TableSource)
        assert isinstance(source_of(Path("a")), ImageSource)


class TestCommand:
    def test_layers(self, tmp_path, capsys):
        path = write(tmp_path / "x.csv", motion(LENGTH + 12))
        assert main(["layers", "tcn", str(path)]) == 0
        said = capsys.readouterr().out
        assert "blocks.d16.conv2" in said
        net = cnnviz.open_model("tcn").module
        widths = [d for d in (2**i for i in range(9)) if hasattr(net.blocks, f"d{d}")]
        assert f" {1 + 2 * 2 * sum(widths)} " in said  # 1 + Σ (k−1)·d·2

    def test_a_table_that_does_not_fit(self, tmp_path, capsys):
        path = write(tmp_path / "x.csv", motion(LENGTH, 2), ("p", "q"))
        assert main(["layers", "tcn", str(path)]) == 1
        assert "wants 6 variables" in capsys.readouterr().err

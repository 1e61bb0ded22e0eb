import io
import xml.etree.ElementTree as ET
from csv import reader

import numpy as np
import pytest
from hands import Ear
from PySide6.QtGui import QColor, QGuiApplication, QImage
from PySide6.QtWidgets import QLabel

from cnnviz.panels.saving import Exporter, Numbers, csv, npz, write


@pytest.fixture
def picture(qapp):
    image = QImage(4, 3, QImage.Format.Format_RGB32)
    image.fill(QColor("#102030"))
    image.setPixelColor(2, 1, QColor("#ff8000"))
    return image


@pytest.fixture
def values():
    return np.random.default_rng(7).normal(size=(2, 3, 4)).astype(np.float32)


@pytest.fixture
def exporter(qtbot, picture, values):
    owner = QLabel()
    qtbot.addWidget(owner)
    arrays = {"maps": Numbers(values, ("channel", "y")), "bias": Numbers(values[0, 0])}
    return Exporter(owner, lambda: "conv 1/2: maps", lambda: picture, lambda: arrays)


def saves_to(exporter, path):
    asked = []

    def ask(owner, title, suggestion, kinds):
        asked.append((title, suggestion, kinds))
        return str(path)

    exporter.ask = ask
    return asked


def test_copying_puts_the_picture_on_the_clipboard(exporter, picture):
    said = Ear(exporter.said)
    exporter.copy_image()
    copied = QGuiApplication.clipboard().image()
    assert copied.pixelColor(2, 1).name() == "#ff8000"
    assert said.heard == ["image copied"]
    QGuiApplication.clipboard().clear()


def test_png(exporter, tmp_path, picture):
    asked = saves_to(exporter, tmp_path / "a.png")
    exporter.save_image()
    again = QImage(str(tmp_path / "a.png"))
    assert again.convertToFormat(picture.format()) == picture
    assert asked[0][1] == "conv_1_2_maps.png"


def test_svg_is_a_drawing_of_the_pictures_size(exporter, tmp_path):
    saves_to(exporter, tmp_path / "a.svg")
    exporter.save_image()
    root = ET.parse(tmp_path / "a.svg").getroot()
    assert root.tag.endswith("svg")
    assert root.get("viewBox") == "0 0 4 3"
    assert any(node.tag.endswith("image") for node in root.iter())


def test_csv_has_every_digit(exporter, tmp_path, values):
    saves_to(exporter, tmp_path / "a.csv")
    exporter.save_numbers()
    lines = (tmp_path / "a.csv").read_text().splitlines()
    assert lines[0] == "channel,y,0,1,2,3"
    table = np.loadtxt(lines[1:], delimiter=",", dtype=np.float64)
    assert table.shape == (6, 6)
    assert (table[:, 0] == [0, 0, 0, 1, 1, 1]).all()
    assert (table[:, 2:].astype(np.float32).reshape(2, 3, 4) == values).all()


def test_npz_holds_all_arrays(exporter, tmp_path, values):
    saves_to(exporter, tmp_path / "a.npz")
    exporter.save_numbers()
    with np.load(tmp_path / "a.npz") as archive:
        assert sorted(archive.files) == ["bias", "maps"]
        assert (archive["maps"] == values).all()


def extremes(dtype):
    """Return values ``(n, 2)`` of a type: its ends, those near them, some between."""
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return np.array([[True, False], [False, True]])
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        chance = np.random.default_rng(3)
        some = chance.integers(info.min, info.max, 30, dtype, endpoint=True)
        found = np.array([info.min, info.min + 1, info.max - 1, info.max], dtype)
        return np.concatenate([found, some]).reshape(-1, 2)
    if dtype.kind == "c":
        parts = extremes(dtype.type().real.dtype)
        found = np.empty(parts.shape, dtype)
        found.real, found.imag = parts, parts[::-1]
        return found
    info = np.finfo(dtype)
    ends = [info.max, info.min, info.tiny, info.smallest_subnormal, -0.0, 0.0]
    odd = [np.nan, np.inf, -np.inf, 1 + info.eps, 1 - info.epsneg, 1 / 3]
    some = np.random.default_rng(3).normal(size=300) * 10.0**info.precision
    return np.array([*ends, *odd, *some], dtype).reshape(-1, 2)


REAL = "float16 float32 float64"
WHOLE = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64"
COMPLEX = "complex64 complex128"


@pytest.mark.parametrize("dtype", f"{WHOLE} {REAL} {COMPLEX}".split())
def test_csv_can_be_read_back_bit_by_bit(dtype):
    """By numpy, which knows the type; and whole numbers by Python's own ``int``."""
    values = extremes(dtype)
    lines = csv(Numbers(values, ("row",))).decode().splitlines()
    cells = [line.split(",")[1:] for line in lines[1:]]
    wanted = np.uint8 if dtype == "bool" else dtype
    kind = np.dtype(complex if dtype in COMPLEX else dtype)
    read = np.loadtxt(
        [",".join(row) for row in cells],
        dtype=wanted if dtype in WHOLE else kind,
        delimiter=",",
    )
    back = read.astype(dtype)
    np.testing.assert_array_equal(back, values)
    if dtype in WHOLE:
        assert [[int(cell) for cell in row] for row in cells] == values.tolist()
    else:
        parts = "real", "imag"
        for part in parts:
            np.testing.assert_array_equal(
                np.signbit(getattr(back, part)), np.signbit(getattr(values, part))
            )


@pytest.mark.parametrize("dtype", f"{WHOLE} {REAL} {COMPLEX}".split())
def test_npz_keeps_the_type(dtype):
    values = extremes(dtype)
    with np.load(io.BytesIO(npz({"values": Numbers(values)}))) as archive:
        assert archive["values"].dtype == values.dtype
        np.testing.assert_array_equal(archive["values"], values)


def test_csv_of_parts_of_other_arrays():
    """Reversed, every second, transposed: complex ones are read as pairs."""
    whole = (np.arange(24) + 1j * np.arange(24)[::-1]).reshape(4, 6)
    for part in (whole[::-1, ::2], whole.T, whole.real, whole[:0], whole[0]):
        lines = csv(Numbers(part, ("row",)[: part.ndim - 1])).decode().splitlines()
        cells = [line.split(",")[part.ndim - 1 :] for line in lines[1:]]
        found = [[complex(cell) for cell in row] for row in cells]
        assert found == np.atleast_2d(part).tolist()


def test_words_with_commas_quotes_and_line_ends_stay_in_their_cells():
    names = ("T, mean", 'the "raw" one', "two\nlines", "plain")
    text = csv(Numbers(np.array([names]), ("step",), names)).decode()
    assert [*reader(io.StringIO(text))] == [["step", *names], ["0", *names]]
    text = csv(Numbers(np.ones((1, 4)), ("step",), names)).decode()
    assert [*reader(io.StringIO(text))] == [["step", *names], [*"01111"]]


def test_csv_says_nan_and_infinity():
    text = csv(Numbers(np.array([[np.nan, np.inf, -np.inf]]), ("channel",))).decode()
    assert text.splitlines()[1] == "0,nan,inf,-inf"


def test_no_answer_saves_nothing(exporter, tmp_path):
    said = Ear(exporter.said)
    exporter.ask = lambda *_: ""
    exporter.save_image()
    exporter.save_numbers()
    assert said.heard == []


def test_an_unknown_ending_is_refused_in_words(exporter, tmp_path):
    said = Ear(exporter.said)
    saves_to(exporter, tmp_path / "a.gif")
    exporter.save_image()
    assert said.heard == ["a.gif: expected a name ending in .png or .svg"]
    assert not (tmp_path / "a.gif").exists()


def test_what_cannot_be_written_is_said_and_the_old_file_stays(
    exporter, tmp_path, monkeypatch
):
    target = tmp_path / "a.png"
    target.write_bytes(b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    said = Ear(exporter.said)
    saves_to(exporter, target)
    exporter.save_image()
    assert said.heard == ["a.png was not saved: No space left on device"]
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_a_missing_folder_is_said(exporter, tmp_path):
    said = Ear(exporter.said)
    saves_to(exporter, tmp_path / "gone" / "a.png")
    exporter.save_image()
    assert said.heard == ["a.png was not saved: No such file or directory"]


def test_writing_is_whole(tmp_path):
    write(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"
    assert len(list(tmp_path.iterdir())) == 1
    (tmp_path / "plain").write_bytes(b"")
    modes = {path.stat().st_mode for path in tmp_path.iterdir()}
    assert len(modes) == 1, "as readable to others as any file"


def test_without_numbers_the_menu_says_so(qtbot, picture):
    owner = QLabel()
    qtbot.addWidget(owner)
    menu = Exporter(owner, lambda: "x", lambda: picture, dict).menu()
    enabled = {action.text(): action.isEnabled() for action in menu.actions()}
    assert enabled["Save numbers…"] is False
    assert enabled["Save image…"] is True


def test_csv_of_words_with_named_columns():
    rows = np.array([("a", "1"), ("b", "20")])
    text = csv(Numbers(rows, ("step",), ("layer", "parameters"))).decode()
    assert text == "step,layer,parameters\n0,a,1\n1,b,20\n"


def test_rows_are_never_mixed_up(values):
    text = csv(Numbers(values, ("channel", "y"))).decode().splitlines()
    last = [float(cell) for cell in text[-1].split(",")]
    assert last[:2] == [1, 2]
    assert np.float32(last[2:]).tolist() == values[1, 2].tolist()

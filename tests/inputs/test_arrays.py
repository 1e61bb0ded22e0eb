"""Samples that are in memory already."""

import numpy as np
import pytest
import torch
from PIL import Image

from cnnviz.core.errors import InputError
from cnnviz.core.models import ImageWant, SeriesWant
from cnnviz.core.series import TextSource
from cnnviz.core.trace import ArraySource, PixelSource, Sample
from cnnviz.inputs.arrays import source_of_value


def numbers(*shape):
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


def pixels(*shape):
    return np.random.default_rng(2).integers(0, 256, shape, np.uint8)


class Frame:
    """As much of a data frame as is asked of one."""

    def __init__(self, columns, index=None):
        self.columns = list(columns)
        self._columns = columns
        self.index = index
        self.written = None

    def to_numpy(self):
        return np.array([*self._columns.values()], object).T

    def to_csv(self, index):
        self.written = index
        names = ",".join(self.columns)
        rows = zip(*self._columns.values(), strict=True)
        return "\n".join([names, *(",".join(map(str, row)) for row in rows)])


class TestPictures:
    @pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3), (5, 7, 4), (5, 7, 1)])
    def test_bytes_are_a_picture(self, shape):
        array = pixels(*shape)
        if shape[-1] == 4:
            array[..., 3] = 255
        found = source_of_value(array, 2, 3, title="mine")
        assert isinstance(found, PixelSource)
        assert found.title == "mine"
        grey = array if array.ndim == 3 else array[..., None]
        wanted = np.broadcast_to(grey[..., :3], (5, 7, 3))
        np.testing.assert_array_equal(found.rgb, wanted)

    @pytest.mark.parametrize("shape", [(3, 9, 7), (1, 3, 9, 7)])
    def test_channels_first_as_torch_reads_files(self, shape):
        array = pixels(*shape)
        found = source_of_value(torch.from_numpy(array), 2, 3)
        np.testing.assert_array_equal(
            found.rgb, np.moveaxis(array.reshape(3, 9, 7), 0, -1)
        )

    def test_of_pillow(self):
        array = pixels(5, 7, 3)
        found = source_of_value(Image.fromarray(array), 2, 3)
        np.testing.assert_array_equal(found.rgb, array)
        palette = Image.fromarray(array).convert("L")
        np.testing.assert_array_equal(
            source_of_value(palette).rgb[..., 1], np.asarray(palette)
        )

    def test_bytes_of_a_series_are_numbers(self):
        found = source_of_value(pixels(6, 20), 1, 6)
        assert found.sample.values[0].dtype == np.float32
        assert found.sample.series is not None


class TestNumbers:
    def test_are_fed_as_they_are(self):
        array = numbers(3, 8, 6)
        sample = source_of_value(array, 2, 3).sample
        (fed,) = sample.values
        np.testing.assert_array_equal(fed, array)
        assert not np.shares_memory(fed, array)
        assert not fed.flags.writeable
        assert sample.steps == ("fed as they are",)

    def test_a_tensor_of_half_precision_with_gradients(self):
        tensor = torch.randn(1, 3, 4, 4, dtype=torch.bfloat16, requires_grad=True)
        (fed,) = source_of_value(tensor, 2, 3).sample.values
        np.testing.assert_array_equal(fed, tensor.detach().float()[0])

    @pytest.mark.parametrize(
        ("shape", "axes", "channels", "fed"),
        [
            ((1, 3, 8, 6), 2, 3, (3, 8, 6)),
            ((8, 6), 2, 1, (1, 8, 6)),
            ((1, 8, 6), 2, 1, (1, 8, 6)),
            ((8, 6, 3), 2, 3, (3, 8, 6)),
            ((3, 8, 3), 2, 3, (3, 8, 3)),
            ((5, 8, 6), 2, 3, (5, 8, 6)),
            ((6, 40), 1, 6, (6, 40)),
            ((40, 6), 1, 6, (6, 40)),
            ((1, 6, 40), 1, 6, (6, 40)),
            ((40,), 1, 1, (1, 40)),
            ((1, 2, 4, 5, 6), 3, 2, (2, 4, 5, 6)),
            ((4, 5, 6), 3, 1, (1, 4, 5, 6)),
            ((17,), 0, 0, (17,)),
            ((5, 17), 0, 0, (5, 17)),
            ((1, 3, 4, 4), 0, 0, (3, 4, 4)),
        ],
    )
    def test_axes_come_into_the_networks_order(self, shape, axes, channels, fed):
        array = numbers(*shape)
        found = source_of_value(array, axes, channels).sample.values[0]
        assert found.shape == fed
        moved = array.squeeze(0) if array.ndim > len(fed) else array
        if moved.shape not in (fed, fed[1:]):
            moved = np.moveaxis(moved, -1, 0)
        np.testing.assert_array_equal(found, moved.reshape(fed))

    def test_whole_numbers_stay_whole_where_no_convolution_reads_them(self):
        tokens = np.arange(5)
        assert source_of_value(tokens).sample.values[0].dtype == tokens.dtype
        assert source_of_value(tokens, 1, 1).sample.values[0].dtype == np.float32

    def test_several_inputs(self):
        arrays = numbers(3, 8, 8), numbers(5)
        sample = source_of_value(arrays, 2, 3).sample
        assert [v.shape for v in sample.values] == [(3, 8, 8), (5,)]
        assert sample.shown.shape == (8, 8, 3)

    def test_a_list_of_numbers_is_an_array(self):
        (fed,) = source_of_value([[1.0, 2.0], [3.0, 4.0]]).sample.values
        assert fed.tolist() == [[1, 2], [3, 4]]

    def test_a_sample_stays_what_it_is(self):
        sample = Sample((numbers(2, 2),))
        assert source_of_value(sample, 2, 3).sample is sample


class TestWhatIsSeen:
    def test_values_from_0_to_1(self):
        array = np.random.default_rng(3).random((3, 4, 5), np.float32)
        shown = source_of_value(array, 2, 3).sample.shown
        np.testing.assert_array_equal(shown, np.rint(255 * np.moveaxis(array, 0, -1)))

    def test_mean_and_std_are_undone_where_they_are_known(self):
        rgb = pixels(6, 5, 3)
        want = ImageWant()
        mean, std = np.float32(want.mean), np.float32(want.std)
        array = np.moveaxis((rgb / np.float32(255) - mean) / std, -1, 0)
        sample = source_of_value(array, 2, 3, want).sample
        np.testing.assert_array_equal(sample.shown, rgb)
        assert sample.notes == ()

    def test_what_lies_beyond_black_and_white_is_said(self):
        array = np.zeros((3, 2, 5), np.float32)
        array[0, 0, :3] = 9
        sample = source_of_value(array, 2, 3, ImageWant()).sample
        assert sample.notes == ("10.0% of the values lie beyond black and white",)

    def test_else_the_range_of_the_values(self):
        array = np.linspace(-2, 3, 12, dtype=np.float32).reshape(1, 3, 4)
        sample = source_of_value(array, 2, 1).sample
        assert sample.shown[0, 0].tolist() == [0, 0, 0]
        assert sample.shown[2, 3].tolist() == [255, 255, 255]
        assert sample.notes == ("numbers, rescaled from -2 … 3",)

    def test_the_first_of_channels_that_are_no_colours(self):
        array = np.random.default_rng(3).random((5, 4, 4), np.float32)
        sample = source_of_value(array, 2, 5).sample
        np.testing.assert_array_equal(sample.shown[..., 1], np.rint(255 * array[0]))
        assert sample.notes == ("channel 0 of 5 is what the picture shows",)

    def test_values_that_are_no_numbers(self):
        array = numbers(3, 4, 4)
        array[0, 1, 1], array[1, 2, 2] = np.nan, np.inf
        sample = source_of_value(array, 2, 3).sample
        assert "1 NaN" in " ".join(sample.notes)
        assert np.isnan(sample.values[0][0, 1, 1])


class TestSeries:
    def test_variables_are_numbered(self):
        series = source_of_value(numbers(2, 30), 1, 2).sample.series
        assert series.names == ("variable 1", "variable 2")
        assert (series.rate, series.total) == (None, 30)
        assert series.time[-1] == 29

    def test_names_units_and_scale_of_what_the_network_wants(self):
        want = SeriesWant(
            ("a", "b"), None, 20.0, (5.0, -1.0), (2.0, 4.0), 1, ("g", "m")
        )
        raw = np.random.default_rng(4).normal(size=(2, 30))
        array = (raw - np.array([[5], [-1]])) / np.array([[2], [4]])
        series = source_of_value(array, 1, 2, want).sample.series
        assert (series.names, series.units, series.rate) == (("a", "b"), ("g", "m"), 20)
        assert series.time[-1] == pytest.approx(29 / 20)
        np.testing.assert_allclose(series.values, raw, atol=1e-5)


class TestTables:
    def test_a_column_is_a_variable(self):
        table = Frame({"x": [1.0, 2.0, 3.0], "y": [4, 5, 6]})
        sample = source_of_value(table, 1, 2).sample
        assert sample.series.names == ("x", "y")
        np.testing.assert_array_equal(sample.values[0], [[1, 2, 3], [4, 5, 6]])

    def test_where_mean_and_std_are_known_it_is_read_like_a_file(self):
        want = SeriesWant(("x", "y"), None, 1.0, (0.0, 0.0), (1.0, 1.0))
        table = Frame({"x": [1.0, 2.0], "y": [4, 5]})
        found = source_of_value(table, 1, 2, want)
        assert isinstance(found, TextSource)
        assert found.text == "x,y\n1.0,4\n2.0,5"
        assert table.written is False

    def test_an_index_of_time_goes_along(self):
        want = SeriesWant(("x",), None, 1.0, (0.0,), (1.0,))
        index = np.array(["2024-01-01", "2024-01-02"], "M8[D]")
        table = Frame({"x": [1.0, 2.0]}, index)
        source_of_value(table, 1, 1, want)
        assert table.written is True

    def test_a_column_of_words(self):
        with pytest.raises(InputError, match='column "y": expected numbers'):
            source_of_value(Frame({"x": [1.0, 2.0], "y": ["a", "b"]}), 1, 2)

    def test_no_columns(self):
        with pytest.raises(InputError, match="expected columns of numbers"):
            source_of_value(Frame({}), 1, 2)


class TestRefused:
    @pytest.mark.parametrize(
        ("value", "words"),
        [
            (numbers(4, 3, 8, 8), r"got a batch of 4 \(4×3×8×8\)"),
            (numbers(0, 3), "at least one number"),
            (np.array(["a"]), "real numbers, got dtype <U1"),
            (np.zeros(3, complex), "real numbers, got dtype complex128"),
            ({"a": 1}, "real numbers, got a dict"),
            (None, "real numbers, got a NoneType"),
            ((), "an array for each input, got none"),
            ((numbers(3, 4, 4), "word"), "input 2: expected real numbers"),
            ([[1, 2], [3]], "expected an array"),
        ],
    )
    def test_in_words(self, value, words):
        with pytest.raises(InputError, match=words):
            source_of_value(value, 2, 3)


def test_what_another_network_can_take_of_it():
    picture = source_of_value(numbers(3, 4, 4), 2, 3, title="mine").picture
    assert picture.title == "mine"
    assert picture.rgb.shape == (4, 4, 3)
    assert ArraySource(Sample((numbers(5),))).picture is None

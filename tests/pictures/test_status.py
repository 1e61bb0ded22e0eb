import numpy as np
import pytest

from cnnviz.core.layers import Layer
from cnnviz.pictures.status import (
    channel_words,
    input_words,
    sees_words,
    span_words,
    status_line,
)


def layer(shape, axes, kind="conv", name="features.0"):
    values = np.arange(np.prod(shape), dtype=np.float32).reshape(shape) / 7
    return Layer(name, kind, "Conv2d", ("input",), values, axes)


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (None, ""),
        ((), ""),
        (((46, 56), (118, 128)), "rows 46–56, columns 118–128"),
        (((3, 3), (0, 1)), "row 3, columns 0–1"),
        (((9, 21),), "steps 9–21"),
        (((9, 9),), "step 9"),
    ],
)
def test_spans(span, words):
    assert span_words(span) == words


def test_the_whole_input_is_called_so():
    assert sees_words(((0, 223), (0, 223)), (224, 224)) == "sees the whole input"
    part = sees_words(((0, 223), (0, 222)), (224, 224))
    assert part == "sees input rows 0–223, columns 0–222"
    assert sees_words(None, (224, 224)) == ""


def test_a_neuron_is_no_channel():
    maps, vector = layer((4, 2, 3), "CHW"), layer((4,), "C")
    assert channel_words(maps, 2, ("a", "b", "Sobel x")) == "channel 2 (Sobel x)"
    assert channel_words(maps, 3, ("a", "b", "c")) == "channel 3"
    assert channel_words(vector, 1) == "neuron 1"


def test_status_line():
    maps = layer((4, 2, 3), "CHW")
    line = status_line(maps, 2, (1, 2), "sees the whole input", 0.0142)
    value = (2 * 6 + 1 * 3 + 2) / 7
    assert line == (
        f"conv features.0 · channel 2 · (1, 2) · {value:.4g} · sees the whole input"
        " · run in 14 ms"
    )
    assert status_line(maps, None, None, "", 1.5) == "conv features.0 · run in 1500 ms"
    assert "(1, 2)" not in status_line(layer((4,), "C"), 1, (1, 2), "", 0)


def test_which_input_is_seen_is_said():
    words = ("input", "second input", "third input")
    names = ("input", "input_1", "input_2")
    for name, said in zip(names, words, strict=True):
        assert input_words(name) == said
        assert sees_words(((2, 4),), (9,), which=name) == f"sees {said} steps 2–4"
        assert sees_words(((0, 8),), (9,), which=name) == f"sees the whole {said}"
    assert input_words("input_11") == "input no. 12"

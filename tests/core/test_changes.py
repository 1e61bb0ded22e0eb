"""How far weights moved between two runs."""

import math
from dataclasses import replace

import numpy as np
import pytest

from cnnviz.core import changes
from cnnviz.core.changes import Changes, Compared, changes_words, compare
from cnnviz.core.errors import Cancelled
from cnnviz.core.layers import Layer
from cnnviz.core.trace import Sample, Trace


def layer(name, weight=None, bias=None, **more):
    output = np.zeros(1, np.float32)
    return Layer(name, "conv", "Conv2d", (), output, weight=weight, bias=bias, **more)


def trace(*layers):
    return Trace(Sample((np.zeros(1, np.float32),)), layers)


def far(old, new):
    """The one number of a network of one layer."""
    found = compare(Compared(trace(layer("c", *old)), trace(layer("c", *new))))
    return found.relative["c"]


def test_the_norm_of_the_step_over_the_norm_of_the_weights():
    dice = np.random.default_rng(0)
    for shape in ((4, 3, 5, 5), (7,), (3, 2, 9)):
        old, bias = dice.normal(size=shape), dice.normal(size=shape[0])
        new, other = dice.normal(size=shape), dice.normal(size=shape[0])
        flat, moved = (
            np.concatenate([w.astype(np.float32).ravel(), b.astype(np.float32)])
            for w, b in ((old, bias), (new, other))
        )
        expected = np.linalg.norm(np.float64(moved) - flat) / np.linalg.norm(
            np.float64(flat)
        )
        pair = [
            tuple(np.float32(x) for x in pair) for pair in ((old, bias), (new, other))
        ]
        assert far(*pair) == pytest.approx(expected, rel=1e-12)


def test_in_blocks(monkeypatch):
    dice = np.random.default_rng(1)
    old, new = dice.normal(size=(2, 5, 7, 3)).astype(np.float32)
    whole = far((old,), (new,))
    monkeypatch.setattr(changes, "_BLOCK", 8)
    assert far((old,), (new,)) == pytest.approx(whole, rel=1e-12)


def test_large_half_precision_weights_do_not_overflow():
    old = np.full(4, 6e4, np.float16)
    assert far((old,), (old / 2,)) == pytest.approx(0.5)


NAN, INF, ONE = math.nan, math.inf, np.ones((2, 2), np.float32)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ((ONE, ONE[0]), (ONE.copy(), ONE[0].copy()), 0.0),
        ((ONE * NAN,), (ONE * NAN,), 0.0),
        ((ONE * INF,), (ONE * INF,), 0.0),
        ((ONE,), (ONE * NAN,), NAN),
        ((ONE * INF,), (ONE,), NAN),
        ((ONE * 0,), (ONE,), INF),
        ((ONE,), (ONE * 0,), 1.0),
        ((ONE,), (np.ones((2, 3), np.float32),), NAN),
        ((ONE,), (ONE, ONE[0]), NAN),
    ],
)
def test_edges(old, new, expected):
    found = far(old, new)
    assert found == expected or (math.isnan(found) and math.isnan(expected))


def test_layers_without_weights_of_their_own_are_left_out():
    old = trace(layer("a", ONE), layer("relu"))
    new = trace(
        layer("a", 2 * ONE), layer("a_1", 2 * ONE, shared_with="a"), layer("relu"),
        layer("b", ONE),
    )  # fmt: skip
    found = compare(Compared(old, new))
    assert list(found.relative) == ["a", "b"]
    assert found.changed == ("a", "b")
    assert found.relative["a"] == 1
    assert math.isnan(found.relative["b"])
    assert (found.before, found.after) == (old, new)


def test_it_can_be_cancelled():
    def check(done, total, what):
        if what == "b":
            raise Cancelled

    both = trace(layer("a", ONE), layer("b", ONE))
    with pytest.raises(Cancelled):
        compare(Compared(both, both), check)


@pytest.mark.parametrize(
    ("relative", "words"),
    [
        ({"a": 0.0, "b": 0.0}, "its weights are the same as before"),
        ({"a": 0.01, "b": 0.032, "c": 0.0},
         "2 of 3 layers' weights changed, most b (3.2 %)"),
        ({"a": 0.5, "b": INF}, "2 of 2 layers' weights changed, most b (from 0)"),
        ({"a": NAN, "b": 0.0}, "1 of 2 layers' weights changed"),
        ({"a": NAN, "b": 1e-7},
         "2 of 2 layers' weights changed, most b (less than 0.01 %)"),
        ({"a": 12.345}, "1 of 1 layers' weights changed, most a (1,234 %)"),
    ],
)  # fmt: skip
def test_words(relative, words):
    assert changes_words(Changes(trace(), trace(), relative)) == words


@pytest.mark.parametrize(
    ("now", "names", "words"),
    [
        (7, None, ""),
        (5, None, "it has 5 classes now, 7 before, and the 7 names are not used; "),
        (5, tuple("abcde"), "it has 5 classes now, 7 before; "),
        (None, None, ""),
    ],
)
def test_another_number_of_classes_is_said(now, names, words):
    before = replace(trace(), scores=np.ones(7) / 7, labels=tuple("abcdefg"))
    scores = None if now is None else np.ones(now) / now
    after = replace(trace(), scores=scores, labels=names)
    said = changes_words(Changes(before, after, {}))
    assert said == f"{words}its weights are the same as before"

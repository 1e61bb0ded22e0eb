"""The largest difference of two arrays, however they lie in memory."""

import tracemalloc

import numpy as np
import pytest

from cnnviz.probe.values import largest_difference

NAN, INF = np.nan, np.inf

ORDERS = {
    "rows": np.ascontiguousarray,
    "columns": np.asfortranarray,
    "channels last": lambda a: np.ascontiguousarray(np.moveaxis(a, 0, -1)).transpose(
        2, 0, 1
    ),
    "every other": lambda a: np.repeat(a, 2, axis=2)[:, :, ::2],
}


@pytest.mark.parametrize("first", ORDERS)
@pytest.mark.parametrize("second", ORDERS)
@pytest.mark.parametrize("at", [0, 65_535, 65_536, 3 * 210 * 220 - 1])
def test_one_value_among_many_in_any_order(first, second, at):
    a = np.random.default_rng(0).standard_normal((3, 210, 220))
    b = a.copy()
    b.flat[at] += 0.75
    gap = largest_difference(ORDERS[first](a), ORDERS[second](b))
    assert gap == pytest.approx(0.75, rel=1e-12)


@pytest.mark.parametrize(
    ("a", "b", "gap"),
    [
        ([1, NAN, INF, -INF], [1, NAN, INF, -INF], 0),
        ([1, NAN], [1.5, NAN], 0.5),
        ([NAN, 1], [0, 1], INF),
        ([INF, 1], [0, 1], INF),
        ([INF, 1], [-INF, 1], INF),
        ([1 + 1j, 2], [1 - 1j, 2], 2),
        ([True, False], [True, True], 1),
        ([], [], 0),
        ([[1, 2]], [[1], [2]], INF),
        (3.0, 1.0, 2),
    ],
)
def test_odd_values(a, b, gap):
    assert largest_difference(np.array(a), np.array(b)) == gap


def test_unsigned_bytes_do_not_wrap():
    a, b = np.array([3, 200], np.uint8), np.array([5, 200], np.uint8)
    assert largest_difference(a, b) == largest_difference(b, a) == 2


def test_a_large_layer_needs_little_memory():
    """Check and trace are in memory at once: nothing as large as a layer is made."""
    a = np.ones((64, 200, 200), np.float32)
    b = a + np.float32(0.5)
    tracemalloc.start()
    try:
        assert largest_difference(a, b) == 0.5
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < a.nbytes / 2

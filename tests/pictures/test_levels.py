import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from cnnviz.pictures.colours import MIDDLE, NAN, NEG_INF, POS_INF, TOP
from cnnviz.pictures.levels import levels, quantise, ramp

ALL_FLOATS = st.floats(width=32, allow_nan=True, allow_infinity=True)
SCALES = st.sampled_from(["layer", "map", "locked"])


def odd_maps():
    one = np.linspace(-2, 3, 36, dtype=np.float32).reshape(6, 6)
    mixed, nothing = one.copy(), np.full((6, 6), np.nan, np.float32)
    one[1, 2] = np.nan
    mixed[0, 0], mixed[5, 5], mixed[2, 2] = np.inf, -np.inf, np.nan
    return one, mixed, nothing


@pytest.mark.parametrize(
    ("which", "span", "counts"),
    [
        (0, (-2.0, 3.0), (1, 0, 0)),
        (1, (-13 / 7, 20 / 7), (1, 1, 1)),
        (2, None, (36, 0, 0)),
    ],
)
def test_odd_cells_are_counted_and_never_set_the_scale(which, span, counts):
    found = levels(odd_maps()[which][None])
    if span is None:
        assert found.finite_range is None
        assert (found.low, found.high) == (0, 0)
    else:
        assert found.finite_range == pytest.approx(span, rel=1e-6)
        assert (found.low[0], found.high[0]) == (-found.maximum[0], found.maximum[0])
    assert (found.nan, found.pos_inf, found.neg_inf) == counts
    assert not found.constant.any()


def test_odd_cells_get_their_own_codes():
    one, mixed, nothing = odd_maps()
    maps = np.stack([one, mixed, nothing])
    codes = quantise(maps, levels(maps))
    assert (codes[1, 0, 0], codes[1, 5, 5], codes[1, 2, 2]) == (POS_INF, NEG_INF, NAN)
    assert (codes[2] == NAN).all()
    assert ((codes > TOP) == ~np.isfinite(maps)).all()


def test_odd_maps_share_the_scale_of_the_sound_ones():
    maps = np.stack([np.full((2, 2), np.nan), np.eye(2)])
    found = levels(maps)
    assert found.high.tolist() == [1, 1]
    assert found.finite_range == (0, 1)
    assert quantise(maps, found)[1].tolist() == [[TOP, 0], [0, TOP]]


def kernels():
    """Normal, a thousandth of it, shifted, zero."""
    rng = np.random.default_rng(4)
    base = rng.uniform(-0.25, 0.25, (3, 5, 5)).astype(np.float32)
    base[0, 0, 0], base[0, 0, 1] = -0.25, 0.25
    return np.stack([base, base * 1e-3, base * 0.1 + 0.5, base * 0])


def test_one_scale_shows_how_weak_a_kernel_is_and_its_own_shows_its_shape():
    weight = kernels()
    shared = quantise(weight, levels(weight, "layer", signed=True))
    own = quantise(weight, levels(weight, "map", signed=True))
    assert np.ptp(shared[1].astype(int)) <= 1
    np.testing.assert_allclose(own[1].astype(int), own[0].astype(int), atol=1)
    assert {int(own[0].min()), int(own[0].max())} == {0, 2 * MIDDLE}
    assert shared[2].min() > MIDDLE
    assert (shared[3] == MIDDLE).all()
    assert (own[3] == MIDDLE).all()
    assert levels(weight).constant.tolist() == [False, False, False, True]
    assert levels(weight, "map").per_map
    assert not levels(weight).per_map


def test_levels_of_one_layer_are_equal_and_symmetric():
    found = levels(kernels())
    reach = np.abs(kernels()).max()
    assert found.signed
    assert found.high.tolist() == [reach] * 4
    assert found.low.tolist() == [-reach] * 4


def test_a_locked_scale_holds_for_every_layer_and_clips():
    maps = np.array([[-9.0, -1, 0, 1, 2, 9]])
    found = levels(maps, "locked", bound=2.0)
    assert found.locked
    assert (found.low[0], found.high[0]) == (-2, 2)
    codes = quantise(maps, found)[0]
    assert codes[0] == 0
    assert codes[2] == MIDDLE
    assert codes[4] == codes[5] == 2 * MIDDLE
    positive = levels(np.abs(maps), "locked", bound=2.0)
    assert (positive.low[0], positive.high[0]) == (0, 2)
    for bound in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="bound above 0"):
            levels(maps, "locked", bound=bound)


@pytest.mark.parametrize("shape", [(2, 0), (0, 3, 3), (0,), (4, 0, 7)])
def test_empty_maps_pass_through(shape):
    for scale in ("layer", "map", "locked"):
        found = levels(np.zeros(shape, np.float32), scale)
        assert found.finite_range is None
        assert len(found.low) == len(found.constant) == shape[0]
        assert quantise(np.zeros(shape, np.float32), found).shape == shape


def activations():
    x = np.linspace(-4, 4, 81).reshape(9, 9)
    x = np.stack([x, -x])
    return {
        "ReLU": (np.maximum(x, 0), False),
        "ReLU6": (x.clip(0, 6), False),
        "leaky ReLU": (np.where(x < 0, 0.01 * x, x), True),
        "ELU": (np.where(x < 0, np.expm1(x), x), True),
        "SiLU": (x / (1 + np.exp(-x)), True),
        "Hardswish": (x * (x + 3).clip(0, 6) / 6, True),
        "PReLU": (np.where(x < 0, x * np.array([[[0.25]], [[-0.5]]]), x), True),
    }


@pytest.mark.parametrize("name", activations())
def test_the_scale_is_signed_when_the_activation_leaves_negatives(name):
    values, signed = activations()[name]
    found = levels(values)
    assert found.signed is signed
    codes = quantise(values, found).astype(int)
    zero = MIDDLE if signed else 0
    assert (codes[values == 0] == zero).all()
    assert (codes[values < 0] <= zero).all()
    assert (codes[values > 0] >= zero).all()


def test_minus_zero_is_not_negative():
    assert not levels(np.array([[-0.0, 1.0]])).signed


@given(
    arrays(np.float32, array_shapes(min_dims=1, max_dims=3), elements=ALL_FLOATS),
    SCALES,
    st.sampled_from([None, True, False]),
)
def test_codes_agree_with_plain_arithmetic(maps, scale, signed):
    found = levels(maps, scale, 0.75, signed)
    codes = quantise(maps, found)
    assert codes.shape == maps.shape
    assert codes.dtype == np.uint8
    for one, got, low, high in zip(maps, codes, found.low, found.high, strict=True):
        for x, code in zip(np.ravel(one).tolist(), np.ravel(got), strict=True):
            if np.isnan(x):
                assert code == NAN
            elif np.isinf(x):
                assert code == (POS_INF if x > 0 else NEG_INF)
            elif high == 0:
                assert code == (MIDDLE if found.signed else 0)
            else:
                top = 2 * MIDDLE if found.signed else TOP
                share = (x / high + 1) / 2 if found.signed else x / high
                assert abs(min(max(share, 0), 1) * top - code) <= 0.5 + 1e-4
                assert low in (-high, 0)


@given(
    arrays(
        st.sampled_from([np.float32, np.float64, np.float16, np.int64, np.uint8, bool]),
        array_shapes(min_dims=1, max_dims=3),
    )
)
def test_any_number_type_and_zero_is_exact(maps):
    found = levels(maps)
    codes = quantise(maps, found)
    zero = MIDDLE if found.signed else 0
    assert (codes[maps == 0] == zero).all()
    finite = np.isfinite(maps.astype(float))
    assert (codes[finite] <= TOP).all()
    if found.high.max() > 0:
        ends = codes[finite & (np.abs(maps.astype(float)) == found.high.max())]
        assert set(ends.tolist()) <= {0, 2 * MIDDLE if found.signed else TOP}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", ["tiny", "smallest_subnormal", "max"])
def test_extreme_sizes_neither_overflow_nor_vanish(dtype, size):
    edge = getattr(np.finfo(dtype), size)
    maps = np.array([[-edge, 0, edge]], dtype)
    codes = quantise(maps, levels(maps))
    assert codes.tolist() == [[0, MIDDLE, 2 * MIDDLE]]
    tiny = quantise(maps, levels(maps, "locked", bound=1e-60))
    assert tiny.tolist()[0][1] == MIDDLE


def test_complex_maps_count_by_magnitude():
    maps = np.array([[3 + 4j, 0]])
    assert levels(maps).high.tolist() == [5]
    assert quantise(maps, levels(maps)).tolist() == [[TOP, 0]]


def test_many_chunks_agree_with_one_map_at_a_time():
    rng = np.random.default_rng(1)
    maps = rng.standard_normal((70, 40, 50)).astype(np.float32)
    maps[33, 2, 2] = np.nan
    for scale in ("layer", "map"):
        found = levels(maps, scale)
        whole = quantise(maps, found)
        for c in range(len(maps)):
            one = levels(maps[c : c + 1], "locked", found.high[c], signed=True)
            assert (quantise(maps[c : c + 1], one)[0] == whole[c]).all()


def test_channels_last_memory_gives_the_same_codes():
    rng = np.random.default_rng(1)
    last = rng.standard_normal((5, 6, 3))
    first = np.moveaxis(last, -1, 0)
    plain = np.ascontiguousarray(first)
    assert (quantise(first, levels(first)) == quantise(plain, levels(plain))).all()


def test_a_constant_map_is_marked_whatever_its_value():
    maps = np.stack([np.zeros(4), np.full(4, 2.5), np.arange(4), [1, 1, 1, np.nan]])
    assert levels(maps).constant.tolist() == [True, True, False, False]


def test_the_ramp_holds_every_code_of_the_scale():
    assert ramp(False).tolist() == list(range(252))
    assert ramp(True).tolist() == list(range(251))
    assert ramp(True)[len(ramp(True)) // 2] == MIDDLE

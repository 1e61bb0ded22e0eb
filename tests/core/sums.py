"""Sums of our own behind a layer's values, in float64, with nothing but numpy."""

import itertools

import numpy as np
import pytest
from graphs import Run, spots

MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "edge"}
MODES["circular"] = "wrap"


def run(function):
    """A network that is one function of its input."""
    return Run(lambda _, x: function(x))


def given(trace, layer, which=0):
    """What a layer was given, when nothing was overwritten in between."""
    name = layer.inputs[which]
    source = trace.sample.values[0] if name == "input" else trace[name].output
    return source.astype(np.float64)


def conv_value(padded, weight, bias, at, stride, dilation, groups=1):
    """One output of a convolution: the padded input's window times the kernel."""
    out, *unit = at
    read, made = weight.shape[1], weight.shape[0] // groups
    window = padded[out // made * read : (out // made + 1) * read]
    for axis, place in enumerate(unit):
        start = place * stride[axis]
        reach = dilation[axis] * (weight.shape[2 + axis] - 1) + 1
        part = slice(start, start + reach, dilation[axis])
        window = window[(slice(None),) * (axis + 1) + (part,)]
    total = (window * weight[out].astype(np.float64)).sum()
    return total + (0 if bias is None else float(bias[out]))


def transposed_map(x, weight, bias, shape, stride, before, dilation, groups=1):
    """A whole transposed convolution: every input adds its kernel to the output."""
    total = np.zeros(shape)
    read, made = x.shape[0] // groups, weight.shape[1]
    taps = list(itertools.product(*(range(k) for k in weight.shape[2:])))
    for i in range(x.shape[0]):
        for place in itertools.product(*(range(n) for n in x.shape[1:])):
            for tap in taps:
                at = tuple(
                    p * s - b + t * d
                    for p, s, b, t, d in zip(
                        place, stride, before, tap, dilation, strict=True
                    )
                )
                if all(0 <= a < n for a, n in zip(at, shape[1:], strict=True)):
                    first = i // read * made
                    values = x[(i, *place)] * weight[(i, slice(None), *tap)]
                    total[(slice(first, first + made), *at)] += values
    if bias is not None:
        total += bias.reshape(-1, *[1] * (total.ndim - 1))
    return total


def some(trace, layer, count, seed=0):
    """Random values of a layer, the corners among them: ``(channel, unit)``."""
    chance = np.random.default_rng(seed)
    corners = spots(layer.spatial)
    picked = [(int(chance.integers(layer.channels)), unit) for unit in corners[:count]]
    while len(picked) < count:
        unit = tuple(int(chance.integers(n)) for n in layer.spatial)
        picked.append((int(chance.integers(layer.channels)), unit))
    return picked


def holds(trace, layer, channel, unit, tolerance=1e-4):
    """Explain one value and check all that must be true of every explanation."""
    found = trace.explain(layer.name, channel, unit)
    shown = float(layer.maps[(channel, *unit)])
    scale = max(float(np.abs(layer.output).max()), 1e-30)
    assert found.total is not None, f"{layer} is not taken apart"
    assert found.shown == shown
    assert abs(found.total - shown) <= tolerance * scale, (layer, unit, found.words)
    assert found.residual == abs(found.total - shown)
    terms, sums = found.terms, found.subtotals
    assert len(set(zip(sums.source, sums.channel, strict=True))) == len(sums)
    np.testing.assert_array_equal(np.bincount(terms.group), sums.count)
    if len(sums):
        assert terms.product[found.members(0)].sum() == pytest.approx(sums.total[0])
    assert np.isclose(sums.total.sum(), terms.product.sum())
    for term in range(0, len(terms), max(1, len(terms) // 5)):
        place = found.place(term)
        if place is None:
            assert terms.is_padding[term] or terms.source[term] < 0
            continue
        name, source_channel, source_unit = place
        if name == "input":
            value = trace.sample.values[0][(source_channel, *source_unit)]
        else:
            value = trace[name].value(source_channel, source_unit)
        assert value == np.float32(terms.x[term])
    return found

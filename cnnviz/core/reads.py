"""What a layer reads of each of its inputs: the rule of every kind of layer."""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Sequence
from itertools import accumulate

from cnnviz.core import rules
from cnnviz.core.edges import Edge, Measured, Separable, same
from cnnviz.core.layers import Layer
from cnnviz.core.moves import Refolded, moved, padded, stepped
from cnnviz.core.windows import Slide

Rule = Callable[[Layer], Sequence[Edge] | None]
"""Returns one edge per input, or None where the layer is not of the rule's form."""

_ELEMENTWISE = frozenset(
    "add sub rsub mul div truediv floordiv neg abs exp expm1 log log1p log2 log10 pow"
    " rpow square sqrt rsqrt reciprocal sin cos tan asin acos atan sinh cosh erf erfc"
    " clamp clampmin clampmax clip sigmoid tanh relu relu6 leakyrelu elu selu gelu silu"
    " softplus softsign hardtanh hardswish hardsigmoid mish logsigmoid threshold where"
    " maximum minimum fmax fmin lerp addcmul addcdiv maskedfill nantonum round floor"
    " ceil trunc frac sign sgn gt lt ge le eq ne remainder fmod atan2 hypot logaddexp"
    " bitwiseand bitwiseor bitwisexor bitwisenot logicaland logicalor logicalnot"
    " identity clone contiguous to float double half type dropout stochasticdepth"
    " isnan isinf isfinite polar xlogy".split()
)
"""Functions of kind "other" that read only the same place, by plain name."""

_REFOLDING = frozenset(
    "reshape view flatten ravel unflatten squeeze unsqueeze viewas reshapeas".split()
)


def _joined(layer: Layer) -> Sequence[Edge] | None:
    """Return the edges of a concatenation: each input is one run of the axis."""
    made = layer.shape
    axes = rules.mixed_axes(layer, len(made)) if made else None
    if axes is None or len(axes) != 1:
        return None
    axis, shapes = axes[0], layer.input_shapes
    if all(len(shape) == len(made) for shape in shapes):
        sizes = [shape[axis] for shape in shapes]
        if sum(sizes) != made[axis]:
            return None
        edges = []
        for start, shape in zip(accumulate([0, *sizes]), shapes, strict=False):
            maps = list(same(shape).maps)
            maps[axis] = Slide(
                axis, made[axis], shape[axis], before=start, bounded=True
            )
            edges.append(Separable(tuple(maps), len(made)))
        return edges
    return None


def _refolded(layer: Layer) -> Sequence[Edge] | None:
    """Return the edge of a change of shape that keeps the order of the values."""
    if len(layer.inputs) != 1 or not layer.input_shapes:
        return None
    given = layer.input_shapes[0]
    refolds = layer.kind == "flatten" or rules.plain_name(layer) in _REFOLDING
    if not refolds or math.prod(given) != layer.output.size:
        return None
    return [Refolded(given, layer.shape)]


def _routed(layer: Layer) -> Sequence[Edge] | None:
    """Return the edges of a layer that says itself where its values came from."""
    if layer.replay is None:
        return None
    steps = layer.replay.steps()
    if steps is not None:
        edge = stepped(*steps, layer.input_shapes[0], layer.shape)
        if edge is not None:
            return [edge]
    routes = layer.replay.routes()
    if routes is None:
        return None
    channel = layer.axes.find("C")
    return [
        moved(each.reshape(layer.shape), shape, None if channel < 0 else channel)
        for each, shape in zip(routes, layer.input_shapes, strict=True)
    ]


_RULES: dict[str, tuple[Rule, ...]] = {
    "conv": (rules.window,),
    "conv_transpose": (rules.window,),
    "pool": (rules.window, rules.reduction),
    "linear": (rules.dense,),
    "norm": (rules.norm,),
    "activation": (rules.gated, rules.elementwise),
    "dropout": (rules.elementwise,),
    "add": (rules.elementwise,),
    "mul": (rules.elementwise,),
    "softmax": (rules.softmax,),
    "concat": (_joined, _routed),
    "flatten": (_refolded, _routed),
    "reshape": (_refolded, _routed),
    "pad": (padded, _routed),
    "recurrent": (rules.recurrent,),
    "attention": (rules.attention,),
    "other": (rules.reduction, rules.product, rules.resized, _routed),
}

_known: weakref.WeakKeyDictionary[Layer, tuple[Edge, ...]] = weakref.WeakKeyDictionary()


def edges(layer: Layer) -> tuple[Edge, ...]:
    """Return one edge per entry of ``layer.inputs``. Found once per layer.

    A layer without a rule is asked by ``replay.reads``; where that cannot answer,
    everything is assumed and the reading says that it is not exact.
    """
    found = _known.get(layer)
    if found is None:
        fitting = _RULES[layer.kind]
        pair = len(layer.inputs) > 1 and rules.plain_name(layer) in ("max", "min")
        if layer.kind == "other" and (rules.plain_name(layer) in _ELEMENTWISE or pair):
            fitting = (rules.elementwise,)
        answers = (rule(layer) for rule in fitting)
        answer = next((each for each in answers if each is not None), None)
        if answer is None:
            answer = [
                Measured(layer.replay, index, shape, layer.shape)
                for index, shape in enumerate(layer.input_shapes)
            ]
        found = _known[layer] = tuple(answer)
    return found

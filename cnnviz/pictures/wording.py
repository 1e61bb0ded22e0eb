"""One line that says what a layer does."""

from __future__ import annotations

from collections.abc import Sequence

from cnnviz.core.layers import Geometry, Layer
from cnnviz.core.numbers import counted, number, size

_ACTIVATIONS = {
    "relu": "ReLU",
    "relu6": "ReLU6",
    "leakyrelu": "leaky ReLU",
    "prelu": "PReLU",
    "rrelu": "RReLU",
    "elu": "ELU",
    "selu": "SELU",
    "celu": "CELU",
    "gelu": "GELU",
    "silu": "SiLU",
    "mish": "Mish",
    "hardswish": "Hardswish",
    "hardsigmoid": "Hardsigmoid",
    "hardtanh": "Hardtanh",
    "sigmoid": "sigmoid",
    "logsigmoid": "log sigmoid",
    "tanh": "tanh",
    "softplus": "softplus",
    "softsign": "softsign",
    "softmax": "softmax",
    "logsoftmax": "log softmax",
}
_NORMS = {
    "batch": "batch norm",
    "layer": "layer norm",
    "group": "group norm",
    "instance": "instance norm",
    "local": "local response norm",
    "rms": "RMS norm",
}
_POOLS = {
    "max": "max pool",
    "mean": "average pool",
    "sum": "sum pool",
    "norm": "Lp pool",
}


def _key(op: str) -> str:
    """Return an operation's name without case and underscores."""
    return op.replace("_", "").lower()


def _change(word: str, layer: Layer) -> str:
    """Say what shape an operation made of which."""
    fed = layer.input_shapes[0] if layer.input_shapes else layer.shape
    return word if fed == layer.shape else f"{word} {size(fed)} → {size(layer.shape)}"


def _window(extent: Sequence[int]) -> str:
    """Write a window: ``11×11``, or ``3 taps`` along time."""
    if len(extent) == 1:
        return f"{extent[0]} {'tap' if extent[0] == 1 else 'taps'}"
    return size(extent)


def _per_axis(values: Sequence[int]) -> str:
    """Write one number if all axes agree, else one per axis."""
    if len(set(values)) == 1:
        return number(values[0])
    return "×".join(map(number, values))


def _padding(geometry: Geometry) -> list[str]:
    """Say what is added around the input."""
    pads = geometry.padding
    if not any(map(any, pads)):
        return []
    mode = geometry.padding_mode
    word = "padding" if mode in ("zeros", "-inf") else f"{mode} padding"
    if all(before == after for before, after in pads):
        return [f"{word} {_per_axis([before for before, _ in pads])}"]
    if len(pads) == 1 and pads[0][1] == 0:
        return [f"causal {word} {number(pads[0][0])}"]
    if len(set(pads)) == 1:
        pads = pads[:1]
    sides = " × ".join(f"{number(before)}+{number(after)}" for before, after in pads)
    return [f"{word} {sides} (before+after)"]


def _steps(geometry: Geometry) -> list[str]:
    """Say stride, padding and dilation where they are not the plain ones."""
    parts = []
    if set(geometry.stride) != {1}:
        parts.append(f"stride {_per_axis(geometry.stride)}")
    parts += _padding(geometry)
    if any(geometry.output_padding):
        parts.append(f"output padding {_per_axis(geometry.output_padding)}")
    if set(geometry.dilation) != {1}:
        parts.append(f"dilation {_per_axis(geometry.dilation)}")
    return parts


def _conv(layer: Layer) -> str:
    """Say what a convolution does."""
    geometry, weight = layer.geometry, layer.weight
    transposed = layer.kind == "conv_transpose"
    name = "transposed conv" if transposed else "conv"
    if geometry is None or weight is None:
        return name
    groups = geometry.groups
    fed = len(weight) if transposed else weight.shape[1] * groups
    made = weight.shape[1] * groups if transposed else len(weight)
    parts = [f"{name} {fed}→{made}", _window(geometry.kernel), *_steps(geometry)]
    if groups > 1:
        parts.append("depthwise" if groups == fed else f"{groups} groups")
    if layer.bias is None:
        parts.append("no bias")
    return ", ".join(parts)


def _pool(layer: Layer) -> str:
    """Say what a pooling layer does."""
    geometry = layer.geometry
    if geometry is None:
        return _change(layer.op, layer)
    name = _POOLS.get(geometry.reduction, layer.op)
    if geometry.adaptive:
        if set(layer.spatial) == {1}:
            return f"global {name}"
        return f"adaptive {name} to {size(layer.spatial)}"
    parts = [f"{name} {_window(geometry.kernel)}", *_steps(geometry)]
    if geometry.ceil_mode:
        parts.append("last window may overhang")
    if geometry.reduction == "mean":
        if geometry.divisor_override:
            parts.append(f"divided by {geometry.divisor_override}")
        elif not geometry.count_include_pad and any(map(any, geometry.padding)):
            parts.append("padding not counted")
    return ", ".join(parts)


def _linear(layer: Layer) -> str:
    """Say what a dense layer does."""
    if layer.weight is None or layer.weight.ndim != 2:
        return layer.op
    made, fed = layer.weight.shape
    return f"linear {fed}→{made}" + (", no bias" if layer.bias is None else "")


def _norm(layer: Layer) -> str:
    """Say what a normalisation does."""
    key = _key(layer.op)
    name = next((v for k, v in _NORMS.items() if k in key), layer.op)
    options = layer.options
    if name == "group norm" and "num_groups" in options:
        return f"{name}, {counted(options['num_groups'], 'group')}"
    if name == "local response norm" and "size" in options:
        return f"{name} over {counted(options['size'], 'channel')}"
    if name == "batch norm":
        return f"{name}, {counted(layer.channels, 'channel')}"
    return name


def activation_name(layer: Layer) -> str:
    """Return the true name of an activation, with the number that shapes it.

    ``"ReLU"``, ``"leaky ReLU, slope 0.01"``, ``"GELU (tanh form)"`` …; the
    operation's own name if it is not known.
    """
    name = _ACTIVATIONS.get(_key(layer.op), layer.op)
    options = layer.options
    if name == "leaky ReLU" and "negative_slope" in options:
        return f"{name}, slope {number(options['negative_slope'])}"
    if name == "PReLU" and layer.weight is not None:
        slopes = layer.weight.ravel()
        if len(slopes) == 1:
            return f"{name}, slope {number(slopes[0])}"
        return f"{name}, {len(slopes)} slopes"
    if name in ("ELU", "CELU") and options.get("alpha", 1.0) != 1.0:
        return f"{name}, alpha {number(options['alpha'])}"
    if name == "GELU" and options.get("approximate") == "tanh":
        return f"{name} (tanh form)"
    return name


def kind_name(layer: Layer) -> str:
    """Return a layer's kind; a slice of a tensor is called one."""
    return "slice" if layer.op == "getitem" else layer.kind


def layer_caption(layer: Layer) -> str:
    """Say in one line what a layer does: ``conv 3→64, 11×11, stride 4, padding 2``.

    Settings at their plain value (stride 1, no padding, dilation 1, one group, a
    bias) are left out.
    """
    kind, inputs = layer.kind, len(layer.inputs)
    if kind in ("conv", "conv_transpose"):
        return _conv(layer)
    if kind == "pool":
        return _pool(layer)
    if kind == "linear":
        return _linear(layer)
    if kind == "norm":
        return _norm(layer)
    if kind in ("activation", "softmax"):
        return activation_name(layer)
    if kind == "dropout":
        p = layer.options.get("p")
        return (
            "dropout" if p is None else f"dropout {number(p)}, idle when not training"
        )
    if kind == "flatten":
        return _change("flatten", layer)
    if kind == "concat":
        return f"concatenation of {inputs}"
    if kind in ("add", "mul"):
        word = "sum" if kind == "add" else "product"
        return f"{word} of {inputs}" if inputs > 1 else f"{word} with a constant"
    if kind == "pad":
        return _change("padding", layer)
    name = kind_name(layer)
    return _change(name if name == "slice" else layer.op, layer)

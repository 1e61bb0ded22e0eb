"""torch's functions by family, and the order of their arguments.

Argument orders are those of the torch 2.x reference for ``torch.nn.functional`` and
``torch``; built-in functions carry no signature of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cnnviz.core.layers import Kind

ALIASES = {
    "iadd": "add",
    "radd": "add",
    "imul": "mul",
    "rmul": "mul",
    "multiply": "mul",
    "isub": "sub",
    "rsub": "sub",
    "subtract": "sub",
    "truediv": "div",
    "itruediv": "div",
    "rtruediv": "div",
    "rdiv": "div",
    "divide": "div",
    "concatenate": "cat",
    "conv_tbc": "conv1d",
    "clip": "clamp",
    "matmul": "matmul",
    "rmatmul": "matmul",
}

_CONV = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
_DECONV = (
    "input",
    "weight",
    "bias",
    "stride",
    "padding",
    "output_padding",
    "groups",
    "dilation",
)
_MAX = ("input", "kernel_size", "stride", "padding", "dilation", "ceil_mode")
_AVG = (
    "input",
    "kernel_size",
    "stride",
    "padding",
    "ceil_mode",
    "count_include_pad",
    "divisor_override",
)
_DIM = ("input", "dim")

ARGUMENTS: dict[str, tuple[str, ...]] = {
    **{f"conv{n}d": _CONV for n in (1, 2, 3)},
    **{f"conv_transpose{n}d": _DECONV for n in (1, 2, 3)},
    "linear": ("input", "weight", "bias"),
    "batch_norm": (
        "input",
        "running_mean",
        "running_var",
        "weight",
        "bias",
        "training",
        "momentum",
        "eps",
    ),
    "instance_norm": (
        "input",
        "running_mean",
        "running_var",
        "weight",
        "bias",
        "use_input_stats",
        "momentum",
        "eps",
    ),
    "layer_norm": ("input", "normalized_shape", "weight", "bias", "eps"),
    "rms_norm": ("input", "normalized_shape", "weight", "eps"),
    "group_norm": ("input", "num_groups", "weight", "bias", "eps"),
    "local_response_norm": ("input", "size", "alpha", "beta", "k"),
    "normalize": ("input", "p", "dim", "eps"),
    **{f"max_pool{n}d": _MAX for n in (1, 2, 3)},
    **{f"max_pool{n}d_with_indices": _MAX for n in (1, 2, 3)},
    **{f"avg_pool{n}d": _AVG for n in (1, 2, 3)},
    **{
        f"lp_pool{n}d": ("input", "norm_type", "kernel_size", "stride", "ceil_mode")
        for n in (1, 2, 3)
    },
    **{
        f"adaptive_{how}_pool{n}d": ("input", "output_size")
        for n in (1, 2, 3)
        for how in ("avg", "max")
    },
    "fractional_max_pool2d": ("input", "kernel_size", "output_size"),
    "relu": ("input", "inplace"),
    "relu6": ("input", "inplace"),
    "leaky_relu": ("input", "negative_slope", "inplace"),
    "prelu": ("input", "weight"),
    "rrelu": ("input", "lower", "upper", "training", "inplace"),
    "elu": ("input", "alpha", "inplace"),
    "celu": ("input", "alpha", "inplace"),
    "selu": ("input", "inplace"),
    "gelu": ("input", "approximate"),
    "silu": ("input", "inplace"),
    "mish": ("input", "inplace"),
    "hardtanh": ("input", "min_val", "max_val", "inplace"),
    "hardswish": ("input", "inplace"),
    "hardsigmoid": ("input", "inplace"),
    "sigmoid": ("input",),
    "logsigmoid": ("input",),
    "tanh": ("input",),
    "softplus": ("input", "beta", "threshold"),
    "softsign": ("input",),
    "tanhshrink": ("input",),
    "softshrink": ("input", "lambd"),
    "hardshrink": ("input", "lambd"),
    "threshold": ("input", "threshold", "value", "inplace"),
    "glu": _DIM,
    "clamp": ("input", "min", "max"),
    "clamp_min": ("input", "min"),
    "dropout": ("input", "p", "training", "inplace"),
    "flatten": ("input", "start_dim", "end_dim"),
    "cat": ("tensors", "dim"),
    "concat": ("tensors", "dim"),
    "stack": ("tensors", "dim"),
    "softmax": _DIM,
    "log_softmax": _DIM,
    "softmin": _DIM,
    "mean": ("input", "dim", "keepdim"),
    "sum": ("input", "dim", "keepdim"),
    "amax": ("input", "dim", "keepdim"),
    "amin": ("input", "dim", "keepdim"),
    "max": ("input", "dim", "keepdim"),
    "min": ("input", "dim", "keepdim"),
    "pad": ("input", "pad", "mode", "value"),
    "transpose": ("input", "dim0", "dim1"),
    "swapaxes": ("input", "dim0", "dim1"),
    "add": ("input", "other", "alpha"),
    "embedding": ("input", "weight"),
    "interpolate": ("input", "size", "scale_factor", "mode", "align_corners"),
}

_KINDS: dict[Kind, str] = {
    "linear": "linear",
    "norm": "batch_norm instance_norm layer_norm rms_norm group_norm normalize"
    " local_response_norm",
    "activation": "relu relu6 leaky_relu prelu rrelu elu celu selu gelu silu mish"
    " hardtanh hardswish hardsigmoid sigmoid logsigmoid tanh softplus softsign"
    " tanhshrink softshrink hardshrink threshold glu clamp clamp_min clamp_max",
    "dropout": "dropout dropout1d dropout2d dropout3d alpha_dropout"
    " feature_alpha_dropout feature_dropout",
    "flatten": "flatten ravel",
    "reshape": "view reshape permute transpose t T mT H mH squeeze unsqueeze movedim"
    " moveaxis swapaxes swapdims expand expand_as view_as reshape_as repeat tile"
    " unflatten getitem chunk split unbind tensor_split split_with_sizes select narrow"
    " roll flip fliplr flipud rot90 index_select take_along_dim pixel_shuffle"
    " pixel_unshuffle channel_shuffle native_channel_shuffle broadcast_to"
    " repeat_interleave unfold as_strided",
    "add": "add",
    "mul": "mul",
    "concat": "cat concat stack hstack vstack dstack column_stack",
    "pad": "pad constant_pad_nd",
    "softmax": "softmax log_softmax softmin",
    "recurrent": "lstm gru rnn_tanh rnn_relu lstm_cell gru_cell rnn_tanh_cell"
    " rnn_relu_cell",
    "attention": "multi_head_attention_forward scaled_dot_product_attention",
}
KIND_OF: dict[str, Kind] = {
    name: kind for kind, names in _KINDS.items() for name in names.split()
}

MOVES = frozenset(
    [
        "detach",
        "contiguous",
        "to",
        "cpu",
        "float",
        "double",
        "half",
        "bfloat16",
        "type",
        "type_as",
        "clone",
        "data",
        "requires_grad_",
        "alias",
        "positive",
        "detach_",
        "cuda",
        "expand_as",
        "view_as",
    ]
)
"""Functions that may leave shape, type and values alone: then they are no layer."""

SHAPE_ONLY = frozenset(
    [
        "zeros_like",
        "ones_like",
        "empty_like",
        "full_like",
        "rand_like",
        "randn_like",
        "randint_like",
        "new_zeros",
        "new_ones",
        "new_empty",
        "new_full",
        "new_empty_strided",
        "new_tensor",
    ]
)
"""Functions that take only shape and type from their argument."""

SPLITS = frozenset(("chunk split unbind tensor_split split_with_sizes").split())
"""Functions whose every piece is shown as a layer of its own."""

ESCAPES = frozenset(("numpy array tolist item data_ptr dlpack").split())
"""Functions that hand the values to code outside torch."""

QUESTIONS = ESCAPES | frozenset(
    [
        "size",
        "dim",
        "len",
        "bool",
        "int",
        "float",
        "stride",
        "numel",
        "is_contiguous",
        "ndimension",
        "storage_offset",
        "is_floating_point",
        "type",
        "index",
        "nelement",
        "element_size",
    ]
)
"""Functions that return no tensor, so that nothing needs to be kept."""

VIEWS_BY_PROPERTY = frozenset({"T", "mT", "H", "mH", "data", "real", "imag"})


def base_name(function: Callable[..., Any]) -> str:
    """Return a function's plain name: ``add`` for ``add_``, ``+`` and ``+=``."""
    name = getattr(function, "__name__", type(function).__name__)
    if name == "__get__":
        name = getattr(getattr(function, "__self__", None), "__name__", name)
    if name.startswith("__") and name.endswith("__"):
        name = name[2:-2]
    else:
        name = name.rstrip("_")
    if name.startswith("_") and name.lstrip("_") in KIND_OF:
        name = name.lstrip("_")
    return ALIASES.get(name, name)


def kind_of(name: str) -> Kind:
    """Return the family of a function by its plain name."""
    if name.startswith("conv_transpose"):
        return "conv_transpose"
    if name in ("conv1d", "conv2d", "conv3d", "convolution"):
        return "conv"
    if "_pool" in name and "unpool" not in name:
        return "pool"
    return KIND_OF.get(name, "other")


def bind(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments by name, as far as the vocabulary knows them."""
    bound = dict(zip(ARGUMENTS.get(name, ("input",)), args, strict=False))
    return bound | kwargs

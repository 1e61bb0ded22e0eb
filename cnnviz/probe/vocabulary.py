"""torch's functions by family, and the order of their arguments.

Argument orders are those of the torch 2.x reference for ``torch.nn.functional`` and
``torch``; built-in functions carry no signature of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

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
    "clip": "clamp",
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
_AFFINE = ("weight", "bias")
_STATISTICS = ("running_mean", "running_var")
_TAIL = ("momentum", "eps")
_OWN = (*_AFFINE, *_STATISTICS)
_OWN_NAMES = frozenset(_OWN)
_ABSENT = (None,) * len(_OWN)
_NOWHERE = (-1,) * len(_OWN)

_RECURRENT = (
    "input",
    "hx",
    "weights",
    "has_biases",
    "num_layers",
    "dropout",
    "training",
    "bidirectional",
    "batch_first",
)

ARGUMENTS: dict[str, tuple[str, ...]] = {
    **{f"conv{n}d": _CONV for n in (1, 2, 3)},
    **{f"conv_transpose{n}d": _DECONV for n in (1, 2, 3)},
    "linear": ("input", "weight", "bias"),
    "batch_norm": ("input", *_STATISTICS, *_AFFINE, "training", *_TAIL),
    "instance_norm": ("input", *_STATISTICS, *_AFFINE, "use_input_stats", *_TAIL),
    "native_batch_norm": ("input", *_AFFINE, *_STATISTICS, "training", *_TAIL),
    "native_instance_norm": ("input", *_AFFINE, *_STATISTICS, "training", *_TAIL),
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
    **dict.fromkeys(("lstm", "gru", "rnn_tanh", "rnn_relu"), _RECURRENT),
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
    "permute": ("input", "dims"),
    "transpose": ("input", "dim0", "dim1"),
    "swapaxes": ("input", "dim0", "dim1"),
    "add": ("input", "other", "alpha"),
    "embedding": ("input", "weight"),
    "interpolate": ("input", "size", "scale_factor", "mode", "align_corners"),
}

_KINDS: dict[Kind, str] = {
    "linear": "linear",
    "norm": "batch_norm instance_norm native_batch_norm native_instance_norm"
    " layer_norm rms_norm group_norm normalize local_response_norm",
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
    "detach contiguous to cpu cuda float double half bfloat16 type type_as clone data"
    " alias positive expand_as view_as deepcopy".split()
)
"""Functions that may leave shape, type and values alone: then they are no layer."""

_FIRST_ONLY = frozenset({"to", "type_as", "expand_as", "view_as", "reshape_as"})
"""Functions that take only shape or type from their second argument."""

_SHAPE_ONLY = frozenset(
    "zeros_like ones_like empty_like full_like rand_like randn_like randint_like"
    " new_zeros new_ones new_empty new_full new_empty_strided new_tensor".split()
)
"""Functions that take only shape and type from their argument."""

_MORE_READING = frozenset(
    "sub rsub div pow neg abs exp log sqrt rsqrt matmul bmm mm addmm einsum mean sum"
    " prod max min amax amin argmax argmin topk std var norm where eq ne lt le gt ge"
    " logical_not any all maximum minimum cumsum interpolate upsample grid_sample"
    " tolist embedding_bag weight_norm triu tril".split()
)
"""Functions without a kind of their own that write into no argument."""

_READING = _MORE_READING | MOVES - {"data", "deepcopy"}

SPLITS = frozenset(("chunk split unbind tensor_split split_with_sizes").split())
"""Functions whose every piece is shown as a layer of its own."""

ESCAPES = frozenset({"numpy", "array", "tolist", "dlpack"})
"""Functions that hand the values to code outside torch."""

FROM_OUTSIDE = frozenset({"tensor", "as_tensor", "asarray", "from_numpy"})
"""Functions that make tensors of what is no tensor."""

_REORDERED = frozenset({"batch_norm", "instance_norm"})
"""Functions whose arguments torch itself takes in another order than Python."""

UPDATING = {"batch_norm": "training", "instance_norm": "use_input_stats"}
"""Functions that write into statistics, their second and third argument, if told so;
torch does not count these writes."""

_QUESTIONS = frozenset(
    "size dim __len__ __bool__ __int__ __float__ __complex__ __index__ item stride"
    " numel nelement is_contiguous ndimension storage_offset is_floating_point"
    " is_complex element_size get_device has_names requires_grad_".split()
)
"""Functions that return no tensor, or nothing new."""

_VIEWS_BY_PROPERTY = frozenset({"T", "mT", "H", "mH", "data", "real", "imag"})

CHOOSING = frozenset({"relu", "relu6", "hardtanh"})
"""Functions that round nothing: in place or not, they give the same to the bit."""

_IN_PLACE = frozenset(
    f"__i{name}__"
    for name in "add sub mul div truediv floordiv mod pow and or xor lshift rshift"
    " matmul".split()
) | {"__setitem__", "__set__"}


class Word(NamedTuple):
    """What a function's name says.

    Attributes
    ----------
    name
        Plain name: ``add`` for ``add_``, ``+`` and ``+=``.
    silent
        It computes nothing that could be a layer.
    writes
        It writes into its first argument.
    reads
        It is known to write into no argument, unless told to, and to hand none to
        somebody who might.
    counting
        How many of its tensors give it values, not only shape or type: none, the
        first, or (2) all.
    plain
        It reads, all its tensors give it values, and it is always a layer of its own.
    """

    name: str
    silent: bool
    writes: bool
    reads: bool
    counting: int
    plain: bool


@lru_cache(maxsize=1024)
def word(function: Callable[..., Any]) -> Word:
    """Return what a torch function's name says."""
    name = str(getattr(function, "__name__", type(function).__name__))
    name = name.partition(".")[0]  # "relu.default" of torch.ops
    if name in ("__get__", "__set__"):
        return _word(name, getattr(function.__self__, "__name__", ""))  # type: ignore[attr-defined]
    native = name in _REORDERED and function.__module__ != "torch.nn.functional"
    foreign = getattr(function, "namespace", "aten") != "aten"
    return _word(name, "native" if native else "foreign" if foreign else "")


@lru_cache(maxsize=1024)
def _word(raw: str, of: str) -> Word:
    """Return what a name says.

    Parameters
    ----------
    of
        The property; or "native" without Python, "foreign" when not torch's own.
    """
    silent = raw in _QUESTIONS
    writes = raw in _IN_PLACE or (raw.endswith("_") and not raw.endswith("__"))
    if raw in ("__get__", "__set__"):
        silent = of not in (_VIEWS_BY_PROPERTY if raw == "__get__" else {"data"})
        raw = of
    name = raw.strip("_") if raw.startswith("__") else raw.rstrip("_")
    if name.startswith("_") and name.lstrip("_") in KIND_OF:
        name = name.lstrip("_")
    name = f"native_{name}" if of == "native" else ALIASES.get(name, name)
    reads = not (writes or of == "foreign") and (
        name in _READING or name in _SHAPE_ONLY or kind_of(name) != "other"
    )
    counting = 0 if name in _SHAPE_ONLY else 1 if name in _FIRST_ONLY else 2
    plain = reads and counting == 2 and name not in MOVES | SPLITS | ESCAPES
    return Word(name, silent, writes, reads, counting, plain)


@lru_cache(maxsize=1024)
def kind_of(name: str) -> Kind:
    """Return the family of a function by its plain name."""
    if name.startswith("conv_transpose"):
        return "conv_transpose"
    if name in ("conv1d", "conv2d", "conv3d", "convolution"):
        return "conv"
    if "_pool" in name and "unpool" not in name:
        return "pool"
    return KIND_OF.get(name, "other")


def bind(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments by name, as far as the vocabulary knows them."""
    known = ARGUMENTS.get(name, ("input",))
    if known is _RECURRENT and len(args) > 3 and not isinstance(args[3], bool):
        args = (args[0], *args[2:])  # a packed sequence brings its batch sizes
    bound = dict(zip(known, args, strict=False))
    if name == "permute" and len(args) > 2:  # x.permute(0, 2, 1)
        bound["dims"] = tuple(args[1:])
    return bound | dict(kwargs)


@lru_cache(maxsize=1024)
def _places(name: str) -> tuple[int, ...]:
    known = ARGUMENTS.get(name, ())
    return tuple(known.index(n) if n in known else -1 for n in _OWN)


def tensors_of(
    name: str, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[Any, ...]:
    """Return weight, bias, running mean and variance of a call; None where absent."""
    places, n = _places(name), len(args)
    if places == _NOWHERE and (not kwargs or _OWN_NAMES.isdisjoint(kwargs)):
        return _ABSENT
    found = tuple([args[at] if 0 <= at < n else None for at in places])
    if _OWN_NAMES.isdisjoint(kwargs):
        return found
    return tuple([kwargs.get(key, f) for key, f in zip(_OWN, found, strict=True)])

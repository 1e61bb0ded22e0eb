"""What a checkpoint says of its network beside the weights: facts and class names."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from cnnviz.nets.pickles import Inert
from cnnviz.nets.soundness import is_read

_MOST_FACTS = 8
_LONGEST = 60
_TOLD = ("arch", "architecture", "model_name", "model", "name", "encoder", "dataset")
"""Texts worth telling; any number is."""
_SETTINGS = ("args", "hyper_parameters", "hparams", "config", "cfg", "opt", "meta")
"""Keys under which a training script keeps how it was called."""
_LABELS = (
    *("classes", "class_names", "labels", "label_names", "categories", "names"),
    *("idx_to_class", "id2label", "class_to_idx", "label2id"),
)
_MOST_LABELS = 100_000
_NUMBERS = frozenset("f8 f4 f2 i8 i4 i2 i1 u8 u4 u2 u1 b1".split())


def facts(beside: Iterable[Mapping[Any, Any]]) -> tuple[str, ...]:
    """Return the numbers and names a checkpoint has beside its weights, in words.

    Parameters
    ----------
    beside
        The mappings around the weights, the outermost first.

    Returns
    -------
    tuple of str
        ``("epoch 7", "best_acc 0.8125")``, at most eight.
    """
    told: dict[str, str] = {}
    for mapping in beside:
        for key, value in mapping.items():
            said = _said(key, value)
            if said:
                told.setdefault(key, said)
        for settings in _settings(mapping):
            for key in _TOLD:
                said = _said(key, settings.get(key))
                if said:
                    told.setdefault(key, said)
    return tuple(f"{key} {said}" for key, said in told.items())[:_MOST_FACTS]


def class_names(beside: Iterable[Mapping[Any, Any]]) -> tuple[str, ...] | None:
    """Return the names of the classes, where a checkpoint has them.

    Under the usual keys, as a list, as ``{index: name}`` or ``{name: index}``, or as
    JSON of these.
    """
    for mapping in beside:
        for place in (mapping, *_settings(mapping)):
            for key in _LABELS:
                found = _names(place.get(key))
                if found:
                    return found
    return None


def number(value: Any) -> int | float | None:
    """Return a number that stands alone: Python's, NumPy's, or a tensor of one.

    NumPy's scalars come as what stands for them, and are decoded from their bytes.
    """
    from torch import Tensor

    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value
    if isinstance(value, Tensor):
        real = value.ndim == 0 and value.dtype.is_floating_point
        return float(value) if real and is_read(value.dtype) else None
    if isinstance(value, Inert) and value.path.endswith(".multiarray.scalar"):
        return _numpy_number(*value.args)
    return None


def _numpy_number(kind: Any = None, data: Any = None, *_: Any) -> float | None:
    dtype = kind.args[0] if isinstance(kind, Inert) and kind.args else None
    if not isinstance(dtype, str) or dtype not in _NUMBERS:
        return None
    if not isinstance(data, bytes):
        return None
    big = isinstance(kind.state, tuple) and kind.state[1:2] == (">",)
    found = np.dtype(dtype).newbyteorder(">" if big else "<")
    return np.frombuffer(data, found)[0].item() if len(data) == found.itemsize else None


def _said(key: Any, value: Any) -> str | None:
    if not isinstance(key, str) or not key.isprintable() or len(key) > _LONGEST:
        return None
    found = number(value)
    if found is not None:
        whole = isinstance(found, int) or (math.isfinite(found) and found == int(found))
        if whole and abs(found) < 1e15:
            return str(int(found))
        try:
            return f"{found:.4g}"
        except OverflowError:  # a whole number of hundreds of digits
            return None
    if key in _TOLD and isinstance(value, str):
        return value if value.isprintable() and 0 < len(value) <= _LONGEST else None
    return None


def _settings(mapping: Mapping[Any, Any]) -> Iterator[Mapping[Any, Any]]:
    for key in _SETTINGS:
        found = mapping.get(key)
        if isinstance(found, Inert):
            found = found.state
        if isinstance(found, Mapping):
            yield found


def _names(value: Any) -> tuple[str, ...] | None:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    if isinstance(value, Mapping):
        value = _in_order(value)
    if not isinstance(value, list | tuple) or not 1 < len(value) <= _MOST_LABELS:
        return None
    return tuple(value) if all(isinstance(name, str) for name in value) else None


def _in_order(mapping: Mapping[Any, Any]) -> list[Any] | None:
    """Return the names of ``{index: name}`` or ``{name: index}`` by their index."""
    pairs = list(mapping.items())
    if all(isinstance(value, int) for _, value in pairs):
        pairs = [(index, name) for name, index in pairs]
    if not all(isinstance(index, int | str) for index, _ in pairs):
        return None
    try:
        by_index = {int(index): name for index, name in pairs}
    except ValueError:
        return None
    wanted = range(len(pairs))
    return [by_index[i] for i in wanted] if set(by_index) == set(wanted) else None

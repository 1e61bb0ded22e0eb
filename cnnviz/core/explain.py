"""Where a value came from: the terms of its sum, and the sum itself.

Everything is computed anew in float64 from what the layer was really given, so that
the difference to the recorded value tells whether both are right.
"""

from __future__ import annotations

import math

import numpy as np

from cnnviz.core.explain_asked import Asked, Found, Rule, ask, no_terms
from cnnviz.core.explain_norms import norm, softmax
from cnnviz.core.explain_places import (
    added,
    chosen,
    copied,
    function,
    gated,
    multiplied,
)
from cnnviz.core.explain_pools import average_as_convolution, pool, reduction
from cnnviz.core.explain_resize import resized
from cnnviz.core.explain_sums import conv, conv_transpose, linear
from cnnviz.core.explain_zero import why_strange, why_zero
from cnnviz.core.explanation import Explanation, Subtotals, Terms
from cnnviz.core.layers import Unit
from cnnviz.core.trace import Trace

__all__ = ["Explanation", "Subtotals", "Terms", "average_as_convolution", "explain"]

_RULES: dict[str, tuple[Rule, ...]] = {
    "conv": (conv,),
    "conv_transpose": (conv_transpose,),
    "linear": (linear,),
    "norm": (norm,),
    "activation": (function, gated),
    "pool": (pool, reduction),
    "dropout": (copied,),
    "flatten": (copied,),
    "reshape": (copied,),
    "concat": (copied,),
    "pad": (copied,),
    "add": (added,),
    "mul": (multiplied,),
    "softmax": (softmax,),
    "recurrent": (),
    "attention": (),
    "other": (
        reduction,
        function,
        added,
        multiplied,
        chosen,
        resized,
        copied,
    ),
}
"""By kind, in the order they are tried; the first that fits answers."""


def explain(trace: Trace, layer: str, channel: int, unit: Unit) -> Explanation:
    """Return the sum behind one value of a layer.

    Parameters
    ----------
    layer
        Name of a layer that ran.
    channel
        Which map; the index itself for a vector.
    unit
        ``(y, x)``, ``(t,)`` or ``()``, 0-based.

    Returns
    -------
    Explanation
        With rule ``"not taken apart"`` and no terms for layers without a rule, such as
        recurrent ones.

    Raises
    ------
    KeyError
        No such layer ran.
    InputError
        The layer has no such channel or unit, or was not kept in memory.
    """
    asked = ask(trace, layer, channel, unit)
    with np.errstate(all="ignore"):
        found = _answer(asked)
        return _explained(asked, found)


def _answer(asked: Asked) -> Found | None:
    """Return the first answer of the rules of the layer's kind."""
    arrays = [asked.layer.output, *(each for each in asked.inputs if each is not None)]
    if any(each.dtype.kind == "c" for each in arrays):
        return None
    answers = (rule(asked) for rule in _RULES[asked.layer.kind])
    return next((each for each in answers if each is not None), None)


def _explained(asked: Asked, found: Found | None) -> Explanation:
    """Put an answer and what all explanations share into one."""
    inputs = asked.layer.inputs
    total = residual = None
    if found is None:
        names = ", ".join(dict.fromkeys(inputs)) or "nothing"
        words = f"not taken apart: computed from {names}"
        found = Found("not taken apart", no_terms(asked), math.nan, words)
    else:
        total = found.total
        residual = _difference(total, asked.shown)
    terms, subtotals = _grouped(found)
    return Explanation(
        layer=asked.layer.name,
        channel=asked.channel,
        unit=asked.unit,
        rule=found.rule,
        terms=terms,
        subtotals=subtotals,
        bias=found.bias,
        total=total,
        shown=asked.shown,
        residual=residual,
        words=found.words,
        inputs=inputs,
        extents=tuple(asked.extent(source) for source in range(len(inputs))),
        window=found.window,
        grouped=found.grouped,
        details=found.details,
        why_zero=why_zero(asked, found),
        why_strange=why_strange(asked, found),
        note=_overwritten(asked),
    )


def _difference(total: float, shown: float) -> float:
    if total == shown or (math.isnan(total) and math.isnan(shown)):
        return 0.0
    gap = abs(total - shown)
    return math.inf if math.isnan(gap) else gap


def _grouped(found: Found) -> tuple[Terms, Subtotals]:
    """Add up the terms of every map: by input and channel, or as the rule says."""
    terms = found.terms
    channel = terms.channel if found.groups is None else found.groups
    span = int(channel.max(initial=0)) + 1
    keys, group = np.unique((terms.source + 1) * span + channel, return_inverse=True)
    source, channels = np.divmod(keys, span)
    n = len(keys)
    subtotals = Subtotals(
        source - 1,
        channels,
        np.bincount(group, minlength=n),
        np.asarray(np.bincount(group, terms.product, n), np.float64),
        np.asarray(np.bincount(group, np.abs(terms.product), n), np.float64),
    )
    fields = {name: getattr(terms, name) for name in Terms.__slots__}
    return Terms(**{**fields, "group": group.astype(np.intp)}), subtotals


def _overwritten(asked: Asked) -> str | None:
    """Say which input was changed in place between its making and its use."""
    changed = []
    for source, name in enumerate(asked.layer.inputs):
        held = asked.inputs[source]
        if held is None or name not in asked.trace:
            continue
        made = asked.trace[name].output
        if not asked.trace[name].kept:
            continue
        if np.may_share_memory(held, made) and held.shape == made.shape:
            continue
        if held.shape != made.shape or not np.array_equal(
            held, made, equal_nan=held.dtype.kind == "f"
        ):
            changed.append(name)
    if not changed:
        return None
    names = " and ".join(dict.fromkeys(changed))
    return f"{names} was overwritten before it was read: x is what was really read"

"""Names of weight-normed tensors, which differ from one version of torch to the next.

``torch.nn.utils.weight_norm`` saves ``weight_g`` and ``weight_v``,
``torch.nn.utils.parametrizations.weight_norm`` the same two as
``parametrizations.weight.original0`` and ``original1``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def spelled(state: Mapping[str, Tensor], wanted: Collection[str]) -> dict[str, Tensor]:
    """Return a state dict under the names a network has for weight-normed tensors.

    Both spellings go into both; where the network has a plain weight, the pair's
    effective weight is computed. A plain weight is never split into a pair.

    Parameters
    ----------
    state
        Tensors by name.
    wanted
        The network's names.
    """
    spelling = dict(state)
    for name in wanted:
        if name not in state:
            _bring(name, spelling)
    return spelling


def _bring(name: str, state: dict[str, Tensor]) -> None:
    """Put under a name what is there under weight norm's other names, in place."""
    owner, _, last = name.rpartition(".")
    parametrized, _, weight = owner.rpartition("parametrizations.")
    if "parametrizations." in owner and last in ("original0", "original1"):
        mark = "_g" if last == "original0" else "_v"
        _move(f"{parametrized}{weight}{mark}", name, state)
    elif last.endswith(("_g", "_v")):
        part = "original0" if last.endswith("_g") else "original1"
        dot = "." if owner else ""
        _move(f"{owner}{dot}parametrizations.{last[:-2]}.{part}", name, state)
    else:
        dot = "." if owner else ""
        for pair in (
            (f"{name}_g", f"{name}_v"),
            tuple(f"{owner}{dot}parametrizations.{last}.original{i}" for i in (0, 1)),
        ):
            if all(key in state for key in pair) and _is_pair(
                *(state[key] for key in pair)
            ):
                g, v = (state.pop(key) for key in pair)
                state[name] = effective(g, v)


def _move(source: str, target: str, state: dict[str, Tensor]) -> None:
    if source in state:
        state[target] = state.pop(source)


def _is_pair(g: Tensor, v: Tensor) -> bool:
    """Tell whether magnitudes fit directions: one axis's length, 1 on the others."""
    if g.numel() == 1:
        return True
    return g.ndim == v.ndim and all(
        a in (1, b) for a, b in zip(g.shape, v.shape, strict=True)
    )


def effective(g: Tensor, v: Tensor) -> Tensor:
    """Return the weight that weight norm makes of magnitudes and directions.

    ``w = g · v / ‖v‖``, the norm taken over all axes on which ``g`` has length 1
    (Salimans and Kingma 2016, equation 2).

    Parameters
    ----------
    g
        Magnitudes, ``(O, 1, …)``; one number when there is one norm for all.
    v
        Directions, in the shape of the weight.
    """
    g, v = g.float(), v.float()
    axes = [i for i in range(v.ndim) if g.numel() == 1 or g.shape[i] == 1]
    return g * v / v.square().sum(axes, keepdim=True).sqrt()

"""Weights fitted to a network: all of them and no others, or it is said which."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cnnviz.core.errors import ModelError
from cnnviz.core.tensors import Misfit
from cnnviz.nets.compare import Shapes, compare, fits
from cnnviz.nets.spelling import spelled

if TYPE_CHECKING:
    from torch import Tensor, nn

_COUNTER = "num_batches_tracked"
"""Of batch normalisation: files older than torch 0.4.1 have none; training only."""


def shapes_of(module: nn.Module) -> dict[str, tuple[int, ...]]:
    """Return the tensors a network has, by name."""
    return {name: tuple(value.shape) for name, value in _tensors(module).items()}


def misfit(
    network: nn.Module | Shapes, state: Mapping[str, Tensor], name: str
) -> Misfit | None:
    """Compare a state dict with a network, without loading it.

    Weights under weight norm's other names count as fitting, see ``spelled``; the
    batch counters of batch normalisation may be missing.

    Parameters
    ----------
    network
        The network, or the shapes of its tensors by name.
    state
        Tensors by name, on any device, ``meta`` as well.
    name
        What to call the network.

    Returns
    -------
    Misfit or None
        None when everything fits.
    """
    wanted = network if isinstance(network, Mapping) else shapes_of(network)
    return _compare(wanted, spelled(state, wanted), name)


def fit(
    module: nn.Module,
    state: Mapping[str, Tensor],
    path: Path,
    name: str,
    partial: bool = False,
) -> tuple[str, ...]:
    """Give a network the weights of a file.

    Everything is widened or narrowed to float32.

    Parameters
    ----------
    module
        The network. Built without memory (``nets.drawing.unmade``), it takes the
        file's tensors as they are, without a copy.
    state
        Names and tensors, see ``nets.prefixes.readings``.
    path, name
        What to call file and network in an error.
    partial
        Load only what fits. The module must then have weights of its own.

    Returns
    -------
    tuple of str
        Tensors that the file did not give and that stayed as they were, in the
        module's order; ``()`` unless ``partial``.

    Raises
    ------
    ModelError
        Weights are missing, left over, of another shape or no real numbers; the
        message counts and names them. With ``partial``: nothing fits at all.
    """
    own = _tensors(module)
    wanted = {key: tuple(value.shape) for key, value in own.items()}
    given = spelled(state, wanted)
    difference = _compare(wanted, given, name)
    _check_numbers(own, given, path)
    stayed: tuple[str, ...] = ()
    if difference is not None and partial:
        if not difference.fitting:
            raise ModelError(f"nothing in {path} fits {misfit_words(difference)}")
        fitting = {k: v for k, v in given.items() if wanted.get(k) == tuple(v.shape)}
        stayed = tuple(k for k in own if k not in fitting and not k.endswith(_COUNTER))
        given = {**own, **fitting}
    current = difference is None or partial
    if current:
        given = {k: given.get(k, _zero(v)) for k, v in own.items()}
    _load(module, given, current, path, difference, name)
    module.float()
    return stayed


def misfit_words(difference: Misfit) -> str:
    """Say how file and network differ, with counts and names.

    Returns
    -------
    str
        ``"resnet18: 2 missing (fc.weight, fc.bias); 1 of another shape (conv1.weight
        is 64×1×7×7, wanted 64×3×7×7)"``.
    """
    other = [
        f"{x.name} is {_size(x.found)}, wanted {_size(x.wanted)}"
        for x in difference.reshaped
    ]
    groups = (
        ("missing", difference.missing),
        ("unexpected", difference.unexpected),
        ("of another shape", other),
    )
    said = [
        f"{len(names):,} {what} ({', '.join(names[:3])}{', …' if names[3:] else ''})"
        for what, names in groups
        if names
    ]
    return f"{difference.network}: {'; '.join(said)}"


def _tensors(module: nn.Module) -> dict[str, Tensor]:
    """Return a network's tensors by name, without other things it may save."""
    from torch import Tensor

    return {k: v for k, v in module.state_dict().items() if isinstance(v, Tensor)}


def _compare(wanted: Shapes, given: Mapping[str, Tensor], name: str) -> Misfit | None:
    shapes = {key: tuple(value.shape) for key, value in given.items()}
    needed = {
        key: shape
        for key, shape in wanted.items()
        if key in shapes or not key.endswith(_COUNTER)
    }
    difference = compare(name, needed, shapes)
    return None if fits(difference) else difference


def _check_numbers(
    own: Mapping[str, Tensor], given: Mapping[str, Tensor], path: Path
) -> None:
    """Refuse whole or complex numbers where a network has real ones."""
    for name, value in given.items():
        if name in own and own[name].is_floating_point() > value.is_floating_point():
            kind = str(value.dtype).removeprefix("torch.")
            raise ModelError(
                f"{path}: {name} holds {kind} numbers, floating-point ones were wanted"
            )


def _zero(like: Tensor) -> Tensor:
    import torch

    return torch.zeros(like.shape, dtype=like.dtype)


def _load(
    module: nn.Module,
    given: Mapping[str, Tensor],
    current: bool,
    path: Path,
    difference: Misfit | None,
    name: str,
) -> None:
    """Load strictly; the network's own rules for older files decide what fits.

    Names that are today's are said to be: some modules rewrite any others.
    """
    state = OrderedDict(given)
    saved = module.state_dict()
    if current:
        state |= {k: v for k, v in saved.items() if k not in state}
        state._metadata = saved._metadata  # type: ignore[attr-defined] # noqa: SLF001
    unmade = any(value.is_meta for value in _tensors(module).values())
    try:
        # copied where it can be: tensors that share their values go on sharing them
        module.load_state_dict(state, assign=unmade)
    except (RuntimeError, ValueError, KeyError) as error:
        how = misfit_words(difference) if difference else f"{name}: {error}"
        raise ModelError(f"{path} does not fit {how}") from error


def _size(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) or "one number"

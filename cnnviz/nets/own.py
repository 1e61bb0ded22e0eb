"""Networks of the person's own: weights files, with or without the code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnviz.core.errors import MisfitError, ModelError, UnknownNetworkError
from cnnviz.core.models import NOTHING_SAID, FileSpec, InputChoices
from cnnviz.core.progress import Check
from cnnviz.core.tensors import Misfit
from cnnviz.nets.catalog import find
from cnnviz.nets.checkpoint import Checkpoint, read_checkpoint, tensors_of
from cnnviz.nets.class_names import class_names
from cnnviz.nets.network import Network
from cnnviz.nets.plans import Plan
from cnnviz.nets.prefixes import Reading, readings
from cnnviz.nets.readied import readied, unwrapped
from cnnviz.nets.recognise import Match, NoMatch, known_as, recognise
from cnnviz.nets.said import agreed
from cnnviz.nets.wants import wants_of_known, wants_of_unknown
from cnnviz.nets.weights import fit, misfit, misfit_words, shapes_of

if TYPE_CHECKING:
    from torch import nn

_SEED = 0
"""Of what a file leaves random."""


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """A network and what its files say of it.

    Attributes
    ----------
    plan
        The known network that it is, or is built like.
    weights, trained
        As in ``Network``.
    """

    module: nn.Module
    weights: str
    trained: bool
    plan: Plan | None = None
    notes: tuple[str, ...] = ()
    choices: InputChoices = NOTHING_SAID
    labels: tuple[str, ...] | None = None


def open_files(spec: FileSpec, check: Check) -> Network:
    """Build a network from files.

    Its weights are fitted exactly; if one tensor is missing, left over or of another
    shape, nothing is loaded unless ``spec.partial`` asks for what fits, and what stays
    random is then named.

    Raises
    ------
    UnknownNetworkError
        The weights are sound, but belong to no known network.
    MisfitError
        They do not fit the network that was asked for.
    ModelError
        A file cannot be used; the message names it.
    Cancelled
        Raised by ``check``.
    """
    checkpoint = (
        read_checkpoint(spec.weights_file, check) if spec.weights_file else None
    )
    if spec.code_file is not None:
        found = _from_code(spec, spec.code_file, checkpoint, check)
    elif checkpoint is None:
        raise ModelError("a network of files needs weights, or code that builds it")
    elif checkpoint.module is not None and not spec.architecture:
        words = f"weights of {checkpoint.path.name}"
        found = _Found(checkpoint.module, words, True)
    else:
        found = _recognised(spec, checkpoint, check)
    module, changes = readied(found.module)
    said = agreed(spec.choices, found.choices)
    plan = found.plan or alike(module)
    wanted = (
        wants_of_known(plan, said) if plan else wants_of_unknown(module, said, check)
    )
    of_file = checkpoint.labels if checkpoint is not None else None
    stated = [(path.name, found.labels) for path in spec.paths[:1]]
    stated += [(path.name, of_file) for path in spec.paths[-1:]]
    labels, named = class_names(
        wanted.classes,
        said.labels,
        stated,
        spec.paths[::-1],
        imagenet=plan is not None and plan.perhaps_imagenet,
    )
    notes = *(checkpoint.notes if checkpoint else ()), *found.notes, *changes
    return Network(
        module,
        spec.name,
        wanted.wants[0],
        labels,
        found.weights,
        found.trained,
        notes=(*notes, *wanted.notes, *named),
        more=wanted.wants[1:],
        taken=wanted.taken,
    )


def _recognised(spec: FileSpec, checkpoint: Checkpoint, check: Check) -> _Found:
    """Build the known network that a file's tensors are of.

    Raises
    ------
    UnknownNetworkError, MisfitError
        There is none, or they are not of the one that was asked for.
    """
    from cnnviz.nets.drawing import unmade

    path = checkpoint.path
    only = find(spec.architecture) if spec.architecture else None
    nearest: tuple[Reading, NoMatch] | None = None
    for reading in readings(checkpoint.state):
        check(0, 0, f"recognising {path.name}")
        shapes = {name: tuple(v.shape) for name, v in reading.state.items()}
        answer = recognise(shapes, only)
        if isinstance(answer, Match):
            module = unmade(answer.plan.make).eval()
            fit(module, answer.adapted(reading.state), path, answer.plan.entry.title)
            notes = (
                *_note(reading),
                *answer.notes,
                *_transformed(module, answer, path),
            )
            words = f"weights of {path.name}"
            return _Found(module, words, True, answer.plan, notes)
        if nearest is None or _fitting(answer) > _fitting(nearest[1]):
            nearest = reading, answer
    assert nearest is not None
    reading, miss = nearest
    if only is None:
        raise UnknownNetworkError(
            f"{path.name}: {miss.sentence}",
            tensors_of(checkpoint, check),
            miss.nearest,
            checkpoint.notes,
        )
    assert miss.nearest is not None
    assert miss.plan is not None
    assert miss.names is not None
    if not spec.partial:
        raise _misfitting(path, miss.nearest)
    from cnnviz.nets.drawing import fresh

    module = fresh(miss.plan.make, _SEED).eval()
    state = {new: reading.state[old] for old, new in miss.names.items()}
    words = _load_part(module, state, path, miss.plan.entry.title)
    notes = (*_note(reading), f"built as {miss.plan.words}")
    return _Found(module, words, False, miss.plan, notes)


def _from_code(
    spec: FileSpec, code: Path, checkpoint: Checkpoint | None, check: Check
) -> _Found:
    """Run the code that builds a network, and give it its weights.

    Raises
    ------
    MisfitError
        The weights are of another network.
    """
    from cnnviz.nets.code import run_builder

    built = run_builder(code, spec.builder, spec.digest, check)
    module = unwrapped(built.module)
    notes = list(built.notes)
    trained = False
    name = f"{code.name}:{spec.builder}" if spec.builder else code.name
    if checkpoint is None:
        words = f"weights as {code.name} makes them: random, unless it loads some"
    else:
        path = checkpoint.path
        module.eval()  # how code leaves any new network, which says nothing
        reading, difference = _best(module, checkpoint, name)
        notes += _note(reading)
        if difference is None:
            fit(module, reading.state, path, name)
            words, trained = f"weights of {path.name}", True
        elif spec.partial:
            words = _load_part(module, reading.state, path, name)
        else:
            raise _misfitting(path, difference)
    return _Found(
        module, words, trained, None, tuple(notes), built.choices, built.labels
    )


def _best(
    module: nn.Module, checkpoint: Checkpoint, name: str
) -> tuple[Reading, Misfit | None]:
    """Return the reading of a file that fits, else the one that fits most."""
    missed: list[tuple[Reading, Misfit]] = []
    for reading in readings(checkpoint.state):
        difference = misfit(module, reading.state, name)
        if difference is None:
            return reading, None
        missed.append((reading, difference))
    return max(missed, key=lambda pair: pair[1].fitting)


def _load_part(
    module: nn.Module, state: Mapping[str, Any], path: Path, name: str
) -> str:
    """Load what fits; say how much, and what stayed random."""
    stayed = fit(module, state, path, name, partial=True)
    total = sum(not key.endswith("num_batches_tracked") for key in shapes_of(module))
    some = ", ".join(stayed[:4]) + ", …" * (len(stayed) > 4)
    return f"{total - len(stayed)} of {total} tensors of {path.name}; {some} random"


def _misfitting(path: Path, difference: Misfit) -> MisfitError:
    return MisfitError(
        f"{path.name} does not fit {misfit_words(difference)}", difference
    )


def _fitting(answer: NoMatch) -> int:
    return answer.nearest.fitting if answer.nearest is not None else -1


def _note(reading: Reading) -> tuple[str, ...]:
    return (reading.note,) if reading.note else ()


def _transformed(module: Any, match: Match, path: Path) -> tuple[str, ...]:
    """Tell GoogLeNet and Inception whether to scale their input once more.

    torchvision's own files belong to networks that do.
    """
    if not hasattr(module, "transform_input"):
        return ()
    module.transform_input = path.name == match.plan.entry.file
    if module.transform_input:
        return ()
    words = (
        "a file cannot tell whether its network scaled the input once more "
        "(transform_input); it is taken not to"
    )
    return (words,)


def alike(module: nn.Module) -> Plan | None:
    """Return the known network that has a module's tensors."""
    found = known_as(shapes_of(module))
    return found.plan if found is not None else None

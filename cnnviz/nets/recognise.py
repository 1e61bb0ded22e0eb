"""Which known network a weights file belongs to, told by names and shapes alone."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from cnnviz.core.tensors import Misfit
from cnnviz.nets.catalog import Entry
from cnnviz.nets.compare import Shapes, compare, fits
from cnnviz.nets.plans import Plan, planned
from cnnviz.nets.signatures import (
    Signature,
    counted,
    matters,
    signatures,
    todays_name,
)

T = TypeVar("T")

_BUILT_FOR_NEAREST = 5
"""Networks compared tensor by tensor when none fits: those most alike by name."""
_CLOSE = 0.25
"""Share of a file's tensors that fit a network which is called close."""
_HEAD_TENSORS = 2
"""Weight and bias of the class layer, which may go by another name."""


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """A network that a file's tensors fit exactly.

    Attributes
    ----------
    plan
        Builds it.
    names
        For each tensor of the file that it takes, the network's own name.
    notes
        What it was recognised as, and what is taken for granted.
    """

    plan: Plan
    names: Mapping[str, str]
    notes: tuple[str, ...] = ()

    def adapted(self, state: Mapping[str, T]) -> OrderedDict[str, T]:
        """Return a file's tensors under the network's own names."""
        return OrderedDict((new, state[old]) for old, new in self.names.items())


@dataclass(frozen=True, slots=True, eq=False)
class NoMatch:
    """No known network fits.

    Attributes
    ----------
    sentence
        Says so, and which came closest.
    nearest
        How the file differs from that one, which it calls by its name in the
        catalogue; None when hardly a tensor fits any.
    plan
        Builds it.
    names
        As in ``Match``, of that one.
    """

    sentence: str
    nearest: Misfit | None = None
    plan: Plan | None = None
    names: Mapping[str, str] | None = None


def recognise(shapes: Shapes, only: Entry | None = None) -> Match | NoMatch:
    """Find the network that has tensors of just these names and shapes.

    The number of classes, the channels of the input and the size of a Vision
    Transformer's picture are read from the tensors. No two networks of the catalogue
    have the same names and shapes. A class layer that was put into a
    ``Sequential`` of its own, or stands in its place, is found as well; batch norm's
    counters and the extra heads used in training may be missing.

    Parameters
    ----------
    shapes
        Of every tensor by name, without a prefix that all names had.
    only
        The one network it can be; None for any of the catalogue.
    """
    known = [s for s in signatures() if only is None or s.name == only.name]
    names = counted(shapes)
    alike = {s.name: _likeness(s, names) for s in known}
    likely = [s for s in known if alike[s.name][1] <= _HEAD_TENSORS]
    if not likely:
        known = [s for s in known if alike[s.name][0] or only]
        known.sort(key=lambda s: (-alike[s.name][0], alike[s.name][1]))
        likely = known[:_BUILT_FOR_NEAREST]
    missed = []
    for one in sorted(likely, key=lambda s: alike[s.name][1]):
        found = _compared(one, shapes)
        if isinstance(found, Match):
            return found
        missed.append(found)
    nearest = min(missed, key=_distance, default=NoMatch(""))
    fitting = nearest.nearest.fitting if nearest.nearest is not None else 0
    if only is None and not fitting:
        count = len(shapes)
        words = f"none of its {count} tensors is" if count != 1 else "its tensor is not"
        return NoMatch(f"{words} one of a known network")
    if only is None and fitting < _CLOSE * names.total():
        return NoMatch(f"no known network is close to {_tensors(len(shapes))}")
    return nearest


def known_as(shapes: Shapes) -> Match | None:
    """Return the network that fits exactly, without seeking which came closest."""
    names = counted(shapes)
    for one in signatures():
        if _likeness(one, names)[1] <= _HEAD_TENSORS:
            found = _compared(one, shapes)
            if isinstance(found, Match):
                return found
    return None


def _likeness(one: Signature, names: Counter[str]) -> tuple[int, int]:
    """Count tensors whose modules are named alike, and those beyond them."""
    alike = (one.modules & names).total()
    return alike, max(one.modules.total(), names.total()) - alike


def _distance(found: NoMatch) -> tuple[int, int]:
    """Order networks: most tensors alike first, then fewest of any other kind."""
    near = found.nearest
    assert near is not None
    return -near.fitting, len(near.missing) + len(near.unexpected) + len(near.reshaped)


def _compared(one: Signature, shapes: Shapes) -> Match | NoMatch:
    """Build one network as the tensors would have it, and compare each of them."""
    from cnnviz.nets.drawing import unmade

    own = {todays_name(key): key for key in shapes if matters(key)}
    moved = _moved_head(one.head, own, shapes)
    for new, old in moved.items():
        own[new] = own.pop(old)
    found = {new: shapes[old] for new, old in own.items()}
    plan = planned(one, found)
    built = unmade(plan.make).state_dict()
    wanted = {key: tuple(v.shape) for key, v in built.items() if matters(key)}
    misfit = compare(plan.entry.name, wanted, found)
    names = {old: new for new, old in own.items()}
    if not fits(misfit):
        words = _nearest_words(misfit, plan, len(shapes))
        return NoMatch(words, misfit, plan, names)
    counters = {key: todays_name(key) for key in shapes if not matters(key)}
    names |= {old: new for old, new in counters.items() if new in built}
    return Match(plan, names, _notes(plan, moved, len(names) < len(shapes)))


def _moved_head(head: str, own: Mapping[str, str], shapes: Shapes) -> dict[str, str]:
    """Find the class layer where it has another name: network's name to file's.

    ``fc = Sequential(Dropout(), Linear(512, 7))`` names it ``fc.1``, and
    ``classifier = Linear(1280, 7)`` names ``classifier`` what was ``classifier.1``.
    """
    if f"{head}.weight" in own:
        return {}
    above = head.rpartition(".")[0]
    places = [
        key.removesuffix(".weight")
        for key, name in own.items()
        if key.endswith(".weight")
        and (key.startswith(f"{head}.") or key == f"{above}.weight")
        and len(shapes[name]) > 1
    ]
    if len(places) != 1:
        return {}
    (place,) = places
    return {
        f"{head}.{part}": f"{place}.{part}"
        for part in ("weight", "bias")
        if f"{place}.{part}" in own
    }


def _notes(plan: Plan, moved: Iterable[str], left_out: bool) -> tuple[str, ...]:
    """Say what was recognised and what is taken for granted."""
    notes = [f"recognised as {plan.words}"]
    if any(moved):
        notes.append(
            "the class layer has another name in the file; what stood beside it has no "
            "tensors and is taken to be dropout"
        )
    if left_out:
        notes.append("extra heads that are used in training only were left out")
    return tuple(notes)


def _tensors(count: int) -> str:
    return f"these {count} tensors" if count != 1 else "this one tensor"


def _nearest_words(misfit: Misfit, plan: Plan, total: int) -> str:
    """Say that no network fits, and count how the nearest differs."""
    counts = (
        (len(misfit.missing), "missing"),
        (len(misfit.unexpected), "unexpected"),
        (len(misfit.reshaped), "of another shape"),
    )
    differs = ", ".join(f"{count} {what}" for count, what in counts if count)
    return (
        f"no known network has just {_tensors(total)}; {plan.entry.title} comes "
        f"closest: {misfit.fitting} fit, {differs}"
    )

"""Words that training puts before the names of a network's tensors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from torch import Tensor

T = TypeVar("T")

WRAPPERS = ("module", "model", "_orig_mod", "backbone", "net", "network")
"""What networks are wrapped in: DataParallel, Lightning, torch.compile and habit."""


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A state dict with some prefix removed.

    Attributes
    ----------
    prefix
        What was removed, with its dots; ``""`` for nothing.
    state
        The same tensors under what is left of their names.
    inside
        The prefix stood within names, or only before some of them.
    """

    prefix: str
    state: Mapping[str, Tensor]
    inside: bool = False

    @property
    def note(self) -> str:
        """Say what was removed; ``""`` for nothing."""
        if not self.prefix:
            return ""
        where = "inside names" if self.inside else "before every name"
        return f"“{self.prefix}” {where} removed"


def readings(state: Mapping[str, Tensor]) -> Iterator[Reading]:
    """Return a state dict with less and less before its names.

    A prefix goes only from the head of names and only when all have it, one word at
    a time, whatever the word: ``net.encoder.0.weight`` is read as it is, as
    ``encoder.0.weight`` and as ``0.weight``. ``_orig_mod`` of ``torch.compile`` and
    ``module`` of ``DataParallel`` also go from within names (``features.module.0``),
    and from those names that have it when others have not, if no two names become
    one by it. No tensor is ever left out.

    Yields
    ------
    Reading
        From the least to the most removed; the first is the state dict itself.
    """
    seen: set[frozenset[str]] = set()
    variants = [("", dict(state))]
    for word in ("_orig_mod", "module"):
        shorter = _without(word, state)
        if shorter is not None:
            variants.append((f"{word}.", shorter))
    if len(variants) == 3:
        both = _without("module", variants[1][1])
        if both is not None:
            variants.append(("_orig_mod.module.", both))
    for inner, names in variants:
        removed = ""
        current: dict[str, Tensor] | None = names
        while current is not None:
            key = frozenset(current)
            if key not in seen:
                seen.add(key)
                yield Reading(removed + inner, current, bool(inner))
            word = common_word(current)
            if word:
                removed += f"{word}."
            current = _beheaded(current) if word else None


def common_word(state: Mapping[str, object]) -> str:
    """Return the first word of all names when they share it and go on after it."""
    words = {name.partition(".")[0] if "." in name else "" for name in state}
    return words.pop() if len(words) == 1 else ""


def wrapping(state: Mapping[str, object]) -> str:
    """Return the wrapping words that all names begin with: ``"module.model."``."""
    removed = ""
    rest: Mapping[str, object] = state
    while (word := common_word(rest)) in WRAPPERS:
        removed += f"{word}."
        rest = _beheaded(rest)
    return removed


def _beheaded(state: Mapping[str, T]) -> dict[str, T]:
    return {name.partition(".")[2]: value for name, value in state.items()}


def _without(word: str, state: Mapping[str, Tensor]) -> dict[str, Tensor] | None:
    """Return names without a word wherever it stands; None when nothing changes."""
    shorter = {
        ".".join(part for part in name.split(".") if part != word): value
        for name, value in state.items()
    }
    if len(shorter) < len(state) or shorter.keys() == state.keys() or "" in shorter:
        return None
    return shorter

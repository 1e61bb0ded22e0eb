"""What the program knows: one request, one trace, one selection, one look.

Only the store's methods change it, and every change is announced once, with the state
before and after. The functions here are pure and hold all the rules.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Literal, TypeAlias

from PySide6.QtCore import QObject, Signal

from cnnviz.core.geometry import carry, field_size, locate
from cnnviz.core.layers import Unit
from cnnviz.core.look import Look
from cnnviz.core.models import Model
from cnnviz.core.selection import Selection, resolve, resolve_tensor
from cnnviz.core.stages import Stage, stage_of
from cnnviz.core.tensors import TensorList
from cnnviz.core.trace import Request, Source, Trace


class Same(Enum):
    """Says "leave it as it is" where None has a meaning of its own."""

    SAME = "same"


SAME = Same.SAME
Place: TypeAlias = tuple[str, Unit]


@dataclass(frozen=True, slots=True)
class State:
    """Everything the panels may know.

    Attributes
    ----------
    request
        What the person wants to see.
    trace
        What is shown; None before the first answer, and while there are ``tensors``.
    tensors
        What is shown of a weights file whose network is not known, or None.
    selection
        Always exists in ``trace``, or in ``tensors``: a name and a kernel.
    anchor
        The layer and unit that the person picked. The selection's unit is carried
        from here, so that walking through the layers and back loses nothing.
    look
        Choices of presentation.
    status
        ``"busy"`` while ``request`` waits for its answer.
    """

    request: Request
    trace: Trace | None = None
    tensors: TensorList | None = None
    selection: Selection = field(default_factory=Selection)
    anchor: Place | None = None
    look: Look = field(default_factory=Look)
    status: Literal["idle", "busy"] = "idle"


def choose(
    state: State,
    layer: str | Same = SAME,
    channel: int | Same | None = SAME,
    unit: Unit | Same | None = SAME,
) -> State:
    """Return the state after a person's choice. Pure.

    Parameters
    ----------
    layer
        A layer of the trace; the wish is void when it is none, as when a panel
        still showed the trace before. The place is kept.
    channel
        Clamped to the layer; None for all.
    unit
        A position in the chosen layer's maps, clamped; None for the whole map.
    """
    trace, now = state.trace, state.selection
    name = now.layer if layer is SAME else layer
    if state.tensors is not None:
        wish = Selection(name, now.channel if channel is SAME else channel)
        void = state.tensors.position(name) < 0
        selection = now if void else resolve_tensor(wish, state.tensors)
        return replace(state, selection=selection)
    if trace is None or name is None or name not in trace:
        return state
    anchor = state.anchor
    if unit is SAME:
        place = None if anchor is None else carry(trace, *anchor, name)
    else:
        place = unit
    selection = resolve(
        Selection(name, now.channel if channel is SAME else channel, place), trace
    )
    no_place = selection.unit == () and anchor is not None  # a neuron has none to tell
    if unit is not SAME and not no_place:
        anchor = None if selection.unit is None else (name, selection.unit)
    return replace(state, selection=selection, anchor=anchor)


def receive(state: State, trace: Trace) -> State:
    """Return the state in which a new trace is shown. Pure.

    The layer stays if it ran, else its counterpart in the first stage is taken;
    channel and place are kept as far as they exist.
    """
    old, now = state.trace, state.selection
    if state.tensors is not None:
        now = Selection()
    layer = now.layer
    if layer is not None and layer not in trace and old is not None:
        layer = _counterpart(layer, old.stages, trace.stages)
    anchor = state.anchor
    if anchor is not None:
        assert old is not None
        anchor = _move(anchor, old, trace, layer)
    selection = resolve(replace(now, layer=layer, unit=None), trace)
    fresh = replace(
        state, trace=trace, tensors=None, selection=selection, anchor=anchor
    )
    return replace(choose(fresh), status="idle")


def receive_tensors(state: State, found: TensorList) -> State:
    """Return the state in which a weights file is shown by itself. Pure.

    Of the same file written anew the tensor and the kernel are kept.
    """
    wish = Selection() if state.tensors is None else state.selection
    return replace(
        state,
        request=found.request,
        trace=None,
        tensors=found,
        selection=resolve_tensor(wish, found),
        anchor=None,
        status="idle",
    )


def _counterpart(layer: str, old: tuple[Stage, ...], new: tuple[Stage, ...]) -> str:
    """Name the layer of the first new stage that has the layer's part in its own."""
    stage = stage_of(layer, old)
    if stage is None or not new:
        return layer
    first = new[0]
    if layer in stage.pools and first.pools:
        return first.pools[0]
    if layer == stage.activation and first.activation is not None:
        return first.activation
    return first.head


def _move(anchor: Place, old: Trace, new: Trace, layer: str | None) -> Place | None:
    """Express a place of the old trace in the new one, by its place in the picture."""
    name, unit = anchor
    if name in new and new[name].spatial == old[name].spatial:
        return anchor
    centre = _centre(old, name, unit)
    before, after = (trace.sample.values[0].shape[1:] for trace in (old, new))
    if layer is None or layer not in new or len(centre) != len(after):
        return None
    position = [
        (at + 0.5) * now / then - 0.5
        for at, now, then in zip(centre, after, before, strict=True)
    ]
    found = locate(new, layer, position)
    return None if found is None else (layer, found)


def _centre(trace: Trace, layer: str, unit: Unit) -> tuple[float, ...]:
    """Return the centre of a unit's receptive field, ``()`` if it tells no place."""
    field = field_size(trace, layer)
    steps = [
        (start, jump)
        for start, jump in zip(field.start, field.jump, strict=True)
        if start is not None and jump is not None
    ]
    if len(steps) != len(unit):
        return ()
    return tuple(
        start + at * jump for at, (start, jump) in zip(unit, steps, strict=True)
    )


class Store(QObject):
    """Holds the state and announces its changes.

    Parameters
    ----------
    request
        What to show first. It is not asked for until `reload` is called.
    parent
        Qt's owner.

    Signals
    -------
    changed(old: State, new: State)
        After every change; never with equal states.
    requestChanged(request: Request)
        The request is to be run; ``status`` is ``"busy"`` already.
    """

    changed = Signal(object, object)
    requestChanged = Signal(object)

    def __init__(self, request: Request, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state = State(request)

    @property
    def state(self) -> State:
        """The present state."""
        return self._state

    def set_model(self, model: Model) -> None:
        """Ask for another network on the same source."""
        self._ask(replace(self._state.request, model=model))

    def set_source(self, source: Source) -> None:
        """Ask for another source through the same network."""
        self._ask(replace(self._state.request, source=source))

    def set_request(self, request: Request) -> None:
        """Ask for another network on another source."""
        self._ask(request)

    def reload(self) -> None:
        """Ask for the present request again, for instance because a file changed."""
        self._become(replace(self._state, status="busy"))
        self.requestChanged.emit(self._state.request)

    def withdraw(self) -> None:
        """Give up the request that was refused or cancelled; what is shown stays."""
        shown = self._state.trace or self._state.tensors
        request = self._state.request
        if shown is not None and shown.request is not None:
            request = shown.request
        self._become(replace(self._state, request=request, status="idle"))

    def set_trace(self, trace: Trace) -> None:
        """Show the answer to the request. See `receive`."""
        self._become(receive(self._state, trace))

    def set_tensors(self, found: TensorList) -> None:
        """Show a weights file by itself. See `receive_tensors`."""
        self._become(receive_tensors(self._state, found))

    def set_look(self, look: Look) -> None:
        """Change how things are shown."""
        self._become(replace(self._state, look=look))

    def select(
        self,
        layer: str | Same = SAME,
        channel: int | Same | None = SAME,
        unit: Unit | Same | None = SAME,
    ) -> None:
        """Change what is selected. See `choose`."""
        self._become(choose(self._state, layer, channel, unit))

    def _ask(self, request: Request) -> None:
        if request == self._state.request and self._answered_or_busy():
            return
        self._become(replace(self._state, request=request, status="busy"))
        self.requestChanged.emit(request)

    def _answered_or_busy(self) -> bool:
        shown = self._state.trace or self._state.tensors
        return self._state.status == "busy" or (
            shown is not None and shown.request == self._state.request
        )

    def _become(self, new: State) -> None:
        old, self._state = self._state, new
        if old != new:
            self.changed.emit(old, new)

"""``cnnviz.show``: the window on a module and a sample of the running program.

Nothing here imports Qt or torch before it is known that a window can be opened.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnviz.app.face import source_of
from cnnviz.core.errors import CnnvizError, InputError
from cnnviz.core.models import ImageWant, InputChoices, SeriesWant
from cnnviz.core.trace import ArraySource, Source

if TYPE_CHECKING:
    from torch import nn

    from cnnviz.app.view import View
    from cnnviz.nets.network import Network


class LoopError(CnnvizError):
    """There is nothing that could keep a window alive."""


def show(
    model: Network | nn.Module,
    sample: Any,
    *,
    labels: Sequence[str] | None = None,
    want: ImageWant | SeriesWant | InputChoices | None = None,
    title: str = "",
) -> View:
    """Open the window on a network and a sample that live in this program.

    The network's tensors are copied when this is called; training it further changes
    nothing on show. Calling again with the same title updates the window of that title
    and keeps layer, channel and place; what changed in the weights is marked.

    In IPython and Jupyter this returns as soon as the network is on show; Qt's loop is
    started beside the notebook's, as by ``%gui qt``, and keeps the window alive while
    no cell runs. Inside a running Qt program it returns at once. In a plain script it
    returns when the window is closed.

    Parameters
    ----------
    model
        Any ``torch.nn.Module``, or what `open_model` returned. It is left as found.
    sample
        A picture: a file, a Pillow image, or uint8 as ``(H, W)``, ``(H, W, 3)`` or
        ``(3, H, W)``; it is resized and normalised as ``want`` says. A CSV file. Or
        numbers, which are fed as they are: an array or tensor without batch axis or
        with one of 1, such as ``(C, H, W)`` or ``(V, T)``; a DataFrame with a column
        for each variable; a tuple of arrays for a network with several inputs; what
        `open_sample` returned.
    labels
        Class names for the scores.
    want
        The input the network takes, or what of it is known; the rest is found out or
        guessed, which the window says. Without it, the window of a network that was
        shown on numbers refuses other pictures: their mean and std are not known.
    title
        What to call the network; each title has a window of its own.

    Returns
    -------
    View
        The window: ``trace`` is what it shows, ``close()`` closes it.

    Raises
    ------
    CnnvizError
        There is no display, this is not the main thread, or IPython cannot start
        Qt's loop.
    InputError, ModelError
        The sample or the network cannot be used.
    """
    _require_main_thread()
    from cnnviz.app import screen

    if not screen.has_display(os.environ):
        raise screen.ScreenError(
            "a window needs a display, but neither DISPLAY nor WAYLAND_DISPLAY is set, "
            "as on a remote server; cnnviz.trace(model, sample) works without one"
        )
    screen.require_window(os.environ)
    if sys.platform == "win32":
        import torch  # noqa: F401 - there, torch must be loaded before Qt
    screen.require_sound_qt()
    network, source = ready(model, sample, labels, want, title)

    from cnnviz.app.view import open_view

    return open_view(network, source, title, _beside_ipython())


def ready(
    model: Network | nn.Module,
    sample: Any,
    labels: Sequence[str] | None = None,
    want: ImageWant | SeriesWant | InputChoices | None = None,
    title: str = "",
) -> tuple[Network, Source]:
    """Return a network that changes no more, and the source of its sample.

    Raises
    ------
    InputError, ModelError
        One of them cannot be used.
    """
    from cnnviz.inputs.arrays import source_of_value
    from cnnviz.nets.live import (
        first_convolution,
        live_network,
        require_channels,
        snapshot,
    )
    from cnnviz.nets.network import Network, module_of

    whole = model if isinstance(model, Network) else None
    module = module_of(model)
    if whole is not None and want is None:
        want = whole.want
    known = None if isinstance(want, InputChoices) else want
    source: Source
    if isinstance(sample, str | PathLike):
        source = _file(Path(sample))
    else:
        source = source_of_value(sample, *first_convolution(module), known)
    if whole is not None and not isinstance(want, InputChoices):
        network = replace(
            whole,
            module=snapshot(module),
            name=title or whole.name,
            want=want,
            labels=whole.labels if labels is None else tuple(labels),
        )
    else:
        if want is None and not isinstance(source, ArraySource):
            want = InputChoices()  # a picture has to be prepared somehow
        network = live_network(module, title, want, labels)
    if isinstance(source, ArraySource):
        require_channels(network.module, source.sample.values)
    return network, source


def _file(path: Path) -> Source:
    """Return the source of a file.

    Raises
    ------
    InputError
        There is none.
    """
    if not path.exists():
        raise InputError(f"{path}: there is no such file")
    return source_of(path)


def _require_main_thread() -> None:
    if threading.current_thread() is not threading.main_thread():
        raise LoopError(
            "a window can only be opened from the main thread, and this is "
            f"{threading.current_thread().name}; call cnnviz.show there"
        )


def _beside_ipython() -> bool:
    """Start Qt's loop in IPython or Jupyter, if this runs there.

    Returns
    -------
    bool
        Whether it runs there, so that nobody has to wait for the window.

    Raises
    ------
    LoopError
        It cannot be started.
    """
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    if shell is None:
        return False
    try:
        shell.enable_gui("qt")
    except (ImportError, ValueError, RuntimeError, NotImplementedError) as error:
        raise LoopError(
            f"the window needs Qt's loop, which IPython could not start ({error}); run "
            "%gui qt in a cell of its own, in a fresh session, and call show again"
        ) from error
    return True

"""What is said of networks of files: known, unknown, misfitting, refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject

from cnnviz.app.families import undated
from cnnviz.app.misfits import Unopened, show_misfit
from cnnviz.app.own_networks import OwnNetworks
from cnnviz.app.window import Window
from cnnviz.core.models import FileSpec, Model
from cnnviz.core.tensors import TensorList
from cnnviz.core.trace import Trace
from cnnviz.pictures.tensor_words import misfit_lines
from cnnviz.session.store import Store

Offer = tuple[str, Callable[[], object]]


class OwnAnswers(QObject):
    """Says in the notice bar what came of opening files, and what could be done.

    Parameters
    ----------
    store
        What is on show.
    window
        Its notice bar.
    own
        Does what is offered.
    """

    def __init__(self, store: Store, window: Window, own: OwnNetworks) -> None:
        super().__init__(window)
        self._store, self._window, self._own = store, window, own
        self._told: Model | None = None
        self._alone: Path | None = None

    def shown(self, trace: Trace) -> None:
        """Remember what came on show; say once what is known about its files."""
        spec = trace.request.model if trace.request is not None else None
        told, self._told = self._told, None if spec is None else undated(spec)
        self._window.layers.header.setToolTip("\n".join(trace.about))
        if not isinstance(spec, FileSpec):
            return
        if spec.weights_file is not None:
            self._alone = None
        self._window.settings.network_opened(spec)
        if told == self._told or self._window.notice.text():
            return
        lines = [*trace.about] if trace.trained else [trace.weights, *trace.about]
        offers: list[Offer] = []
        code, alone = spec.code_file, self._alone
        if code is not None and spec.weights_file is None:
            if alone is not None:
                words, use = self.tr("Use {0}").format(alone.name), spec.builder
                offers.append(
                    (words, lambda: self._own.bring(alone, code, builder=use))
                )
            offers.append((self.tr("Weights…"), lambda: self._own.ask_weights(spec)))
        if any(line.startswith("guessed") for line in trace.about):
            offers.append((self.tr("Input…"), self._own.input.ask))
        if lines:
            self._say(f"{spec.name}: {' · '.join(lines)}", offers, warning=spec.partial)

    def unknown(self, found: TensorList) -> None:
        """Show a weights file by itself, and say how it could be more than that."""
        spec, before = found.request.model, self._store.state.trace
        assert isinstance(spec, FileSpec)
        weights = spec.weights_file
        assert weights is not None
        self._store.set_tensors(found)
        self._told, self._alone = None, weights
        self._window.settings.network_opened(spec)
        offers: list[Offer] = []
        present = before.request.model if before and before.request else None
        if isinstance(present, FileSpec) and (code := present.code_file) is not None:
            words = self.tr("Use these weights with {0}").format(code.name)
            use = present.builder
            offers.append((words, lambda: self._own.bring(weights, code, builder=use)))
        offers.append((self.tr("Open its code…"), lambda: self._own.ask_code(weights)))
        near = found.nearest
        if near is not None and 2 * near.fitting >= len(found.tensors):
            part = replace(spec, architecture=near.network, partial=True)
            offers.append((self.tr("Load what fits"), lambda: self._own.show(part)))
        self._say(found.sentence, offers, warning=True, details=misfit_lines(near))

    def refused(self, found: Unopened) -> None:
        """Say why a network is not shown, and what could be done about it."""
        spec = found.request.model
        assert isinstance(spec, FileSpec)
        if spec.code_file is not None:
            from cnnviz.nets.code_facts import builders_of

            facts = builders_of(spec.code_file)
            if not facts.reason and facts.digest != spec.digest:
                self._own.offer_again(spec, facts)
                return
        sentence, misfit = found.sentence, found.misfit
        offers: list[Offer] = []
        shown = self._store.state.trace or self._store.state.tensors
        now = shown.request.model if shown is not None and shown.request else None
        if now is not None and undated(now) == undated(spec):
            sentence += self.tr("; shown is what the files held before")
        if misfit is not None:
            part = replace(spec, partial=True)
            if misfit.fitting and not spec.partial:
                offers.append((self.tr("Load what fits"), lambda: self._own.show(part)))
            title = self.tr("{0} and {1}").format(spec.paths[-1].name, misfit.network)
            offers.append(
                (
                    self.tr("Details…"),
                    lambda: show_misfit(self._window, title, misfit),
                )
            )
        self._say(sentence, offers, warning=True)

    def _say(
        self, text: str, offers: list[Offer], *, warning: bool, details: str = ""
    ) -> None:
        """Show a sentence with the first two of the things that could be done."""
        first, then = offers[0] if offers else ("", None)
        self._window.notice.show_notice(
            text,
            warning=warning,
            action=first,
            then=then,
            other=offers[1] if len(offers) > 1 else None,
            details=details,
        )

"""Networks of the person's own: weights files, alone or with their code."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from cnnviz.app.families import Families
from cnnviz.app.kinds import CODE, WEIGHTS, is_code
from cnnviz.app.own_input import OwnInput
from cnnviz.app.trust import Trust
from cnnviz.app.window import Window
from cnnviz.core.models import FileSpec, InputChoices
from cnnviz.core.trace import Request, Source
from cnnviz.session.store import Store

if TYPE_CHECKING:
    from cnnviz.app.trust_dialog import TrustDialog
    from cnnviz.nets.code_facts import CodeFacts


class OwnNetworks(QObject):
    """Opens networks of files; what is code runs only after a yes to it.

    Parameters
    ----------
    store
        Gets the requests.
    window
        Where files and consent are asked for.
    families
        Finds a source that a network can take.
    """

    def __init__(self, store: Store, window: Window, families: Families) -> None:
        super().__init__(window)
        self._store, self._window, self._families = store, window, families
        self.trust = Trust(window.settings)
        self.input = OwnInput(store, window, self.show)
        self._question: TrustDialog | None = None

    def bring(
        self,
        weights: Path | None,
        code: Path | None = None,
        source: Source | None = None,
        builder: str = "",
    ) -> None:
        """Show a network of these files, by default on the present source.

        Parameters
        ----------
        builder
            What in the code builds it; ``""`` for the one that is plainly meant.
        """
        if code is None:
            self.show(FileSpec(weights), source)
            return
        facts = _facts(code)
        if facts.reason:
            self._window.tell(facts.reason, warning=True)
            return
        if builder not in facts.builders:
            builder = ""
        meant = builder or (facts.builders[0] if facts.plain else "")

        def run(name: str) -> None:
            spec = FileSpec(weights, code, name, facts.digest, beside=facts.read_with)
            self.show(spec, source)

        if meant and self.trust.has(facts.digest):
            run(meant)
        else:
            self._ask(facts, run, builder)

    def _ask(self, facts: CodeFacts, run: Callable[[str], None], builder: str) -> None:
        """Ask whether code may run; a question still open is taken back."""
        from cnnviz.app.trust_dialog import ask

        if self._question is not None:
            self._question.reject()

        def agreed(name: str) -> None:
            self.trust.grant(facts.digest, facts.path)
            run(name)

        def refused() -> None:
            words = self.tr("{0} was not run.").format(facts.path.name)
            self._window.tell(words)

        self._question = ask(self._window, facts, agreed, builder)
        self._question.rejected.connect(refused)
        self._question.finished.connect(self._forget_question)

    def _forget_question(self) -> None:
        self._question = None

    def show(self, spec: FileSpec, source: Source | None = None) -> None:
        """Ask for a network of files as they are now, with what is known of its input.

        Without a source, on the present one. Whether its code may run is asked before
        the worker is given it; see ``may_run``.
        """
        known = self._window.settings.input_choices(spec.paths[0])
        spec = replace(spec, choices=known or InputChoices()).stamped()
        now = self._store.state.request
        if source is not None:
            request = Request(spec, source)
        else:
            request = self._families.with_model(now, spec)
        if request == now:
            self._store.reload()
        else:
            self._store.set_request(request)

    def again(self, spec: FileSpec) -> None:
        """Show a network that was opened before, as its files are now."""
        if spec.code_file is None:
            self.show(spec)
        else:
            self.bring(spec.weights_file, spec.code_file, builder=spec.builder)

    def fresh(self, request: Request) -> Request | None:
        """Return a request for the files as they are now.

        None when their code may not run, as it was changed or the yes to it taken back:
        the person is told.
        """
        spec = request.model
        if not isinstance(spec, FileSpec):
            return request
        if spec.code_file is not None:
            facts = _facts(spec.code_file)
            if facts.reason:
                self._window.tell(facts.reason, warning=True)
                return None
            if not self.trust.has(facts.digest):
                self.offer_again(spec, facts)
                return None
            spec = replace(spec, digest=facts.digest, beside=facts.read_with)
        return replace(request, model=spec.stamped())

    def may_run(self, request: Request) -> bool:
        """Tell whether the code of a network, if it has any, was agreed to.

        If it was not, the person is told.
        """
        spec = request.model
        if not isinstance(spec, FileSpec) or spec.code_file is None:
            return True
        return self.trust.has(spec.digest) or self.fresh(request) is not None

    def offer_again(self, spec: FileSpec, facts: CodeFacts) -> None:
        """Say that code, for what became of it or of the yes, has to be agreed to anew.

        Parameters
        ----------
        facts
            The code as it is now.
        """
        if facts.digest == spec.digest:
            what = self.tr("Your yes to {0} was taken back.")
        elif facts.beside:
            what = self.tr("{0}, or what it imports, was changed.")
        else:
            what = self.tr("{0} was changed.")
        words = f"{what} {self.tr('It does not run before you say yes to it.')}"
        self._window.notice.show_notice(
            words.format(facts.path.name),
            action=self.tr("Run again…"),
            then=lambda: self.again(spec),
        )

    # -- asking for files --------------------------------------------------------------

    def ask_path(self) -> None:
        """Ask for a network: weights, code, or both; whatever their names."""
        settings = self._window.settings
        names, _ = QFileDialog.getOpenFileNames(
            self._window,
            self.tr("Open network"),
            settings.network_folder,
            _filter(self.tr("Weights and Python files"), WEIGHTS | CODE),
        )
        if names:
            settings.network_folder = str(Path(names[0]).parent)
            self.take(map(Path, names))

    def take(self, paths: Iterable[Path]) -> None:
        """Show the network of files that were chosen as one."""
        several = list(paths)
        code = next(filter(is_code, several), None)
        weights = next((path for path in several if not is_code(path)), None)
        self.bring(weights, code)

    def ask_code(self, weights: Path) -> None:
        """Ask for the code that weights belong to."""
        name, _ = QFileDialog.getOpenFileName(
            self._window,
            self.tr("Code of the network of {0}").format(weights.name),
            str(weights.parent),
            _filter(self.tr("Python files"), CODE),
        )
        if name:
            self.bring(weights, Path(name))

    def ask_weights(self, spec: FileSpec) -> None:
        """Ask for the weights of a network that code builds."""
        assert spec.code_file is not None
        name, _ = QFileDialog.getOpenFileName(
            self._window,
            self.tr("Weights for {0}").format(spec.code_file.name),
            str(spec.code_file.parent),
            _filter(self.tr("Weights"), WEIGHTS),
        )
        if name:
            self.bring(Path(name), spec.code_file, builder=spec.builder)

    def show_trusted(self) -> None:
        """Show which code may run, so that a yes can be taken back."""
        from cnnviz.app.trust_dialog import TrustedFiles

        TrustedFiles(self._window, self.trust).open()


def _facts(code: Path) -> CodeFacts:
    """Read what stands in code."""
    from cnnviz.nets.code_facts import builders_of

    return builders_of(code)


def _filter(words: str, endings: Iterable[str]) -> str:
    """Write a file dialog's filter."""
    return f"{words} ({' '.join(f'*{e}' for e in sorted(endings))});;All files (*)"

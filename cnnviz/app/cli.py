"""The command line: opens the window, or prints without one.

Nothing here imports Qt or torch before it is known that they are needed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import cnnviz
from cnnviz.core.errors import CnnvizError, InputError, UnknownNetworkError
from cnnviz.core.models import NOTHING_SAID, InputChoices

if TYPE_CHECKING:
    from cnnviz.app.wanted import Wanted

COMMANDS = """\
commands:
  cnnviz layers MODEL [FILE]   print the table of a network's layers
  cnnviz models                print the networks that can be opened

Drop a picture, a CSV or a network of your own on the window, or paste a picture or
a CSV with Ctrl+V.
"""


@dataclass(frozen=True, slots=True)
class Options:
    """What the window was asked for.

    Attributes
    ----------
    file
        Picture, table or network to open; None for a bundled sample.
    model
        Name of the catalogue, a weights file, or ``model.py:build``; None for the
        network that suits the file.
    weights
        A weights file for the model, or by itself.
    trust
        Code may run without asking.
    choices
        What was said about the input of a network of files.
    screenshot
        Write the window to this file and end.
    size
        ``(width, height)`` of the window in pixels.
    theme
        ``"light"`` or ``"dark"``; None follows the system.
    """

    file: Path | None = None
    model: str | None = None
    weights: Path | None = None
    trust: bool = False
    choices: InputChoices = NOTHING_SAID
    screenshot: Path | None = None
    size: tuple[int, int] | None = None
    theme: str | None = None

    def network(self) -> Wanted:
        """Sort out which network and which sample were meant.

        Raises
        ------
        ModelError
            They make no sense together, or there is no such network.
        """
        from cnnviz.app.wanted import wanted

        return wanted(self.file, self.model, self.weights, self.choices)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def main(arguments: Sequence[str]) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments
        Without the program's name.

    Returns
    -------
    int
        0; 1 when something was refused, with one line on stderr; 130 after Ctrl+C.

    Raises
    ------
    SystemExit
        With 2 for arguments that make no sense, with 0 after ``--help``.
    """
    _never_fail_to_print()
    command: Callable[[Sequence[str]], int] = _window
    if arguments and arguments[0] in _COMMANDS:
        command, arguments = _COMMANDS[arguments[0]], arguments[1:]
    try:
        code = command(arguments)
        sys.stdout.flush()
    except CnnvizError as error:
        print(f"cnnviz: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def _never_fail_to_print() -> None:
    """Replace what the terminal's encoding lacks."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _add_network(parser: argparse.ArgumentParser) -> None:
    """Add what concerns a network of the person's own."""
    group = parser.add_argument_group("a network of your own")
    group.add_argument(
        "--weights", type=Path, metavar="W.pt", help="weights file for the network"
    )
    group.add_argument(
        "--trust", action="store_true", help="run the code in model.py without asking"
    )
    for name, read, example, help_ in (
        ("--input-size", "size", "HxW", "pixels of the picture it takes"),
        ("--mean", "mean", "A,B,C", "subtracted from each channel"),
        ("--std", "std", "A,B,C", "each channel is divided by it"),
        ("--length", "length", "N", "steps of the series it takes"),
        ("--rate", "rate", "HZ", "steps a second"),
        ("--labels", "labels", "FILE", "names of the classes"),
    ):
        group.add_argument(
            name, dest=read, type=_typed(read), metavar=example, help=help_
        )


def _typed(what: str) -> Callable[[str], Any]:
    """Return what reads an option, see ``app.typed``."""

    def read(text: str) -> Any:
        from cnnviz.app import typed

        try:
            return getattr(typed, what)(text)
        except InputError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return read


def _choices(options: argparse.Namespace) -> InputChoices:
    """Take what was said about the input out of the options."""
    said = vars(options)
    names = ("size", "mean", "std", "length", "rate", "labels")
    return InputChoices(**{name: said.pop(name) for name in names})


def _window(arguments: Sequence[str]) -> int:
    parser = _Parser(
        prog="cnnviz",
        description=cnnviz.__doc__,
        epilog=COMMANDS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "file", nargs="?", type=Path, help="picture, CSV or network to open"
    )
    parser.add_argument(
        "--model",
        metavar="NAME",
        help="network; see 'cnnviz models'; or a weights file, or model.py:build",
    )
    parser.add_argument(
        "--screenshot",
        type=_typed("png"),
        metavar="OUT.png",
        help="save the window and end",
    )
    parser.add_argument(
        "--size",
        dest="window_size",
        type=_typed("window_size"),
        metavar="1280x800",
        help="size of the window",
    )
    parser.add_argument("--theme", choices=("light", "dark"), help="else the system's")
    parser.add_argument(
        "--version", action="version", version=f"cnnviz {cnnviz.__version__}"
    )
    _add_network(parser)
    found = parser.parse_intermixed_args(arguments)
    choices = _choices(found)
    size = vars(found).pop("window_size")
    options = Options(**vars(found), size=size, choices=choices)

    from cnnviz.app.loading import uncollected

    with uncollected():  # until the window is painted
        return _open(options)


def _open(options: Options) -> int:
    """Open the window once it is known that there can be one."""
    options.network()  # refused before Qt is loaded
    from cnnviz.app.screen import has_display, require_sound_qt, require_window

    if options.screenshot is not None and not has_display(os.environ):
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    require_window(os.environ)
    if sys.platform == "win32":
        import torch  # noqa: F401 - there, torch must be loaded before Qt
    require_sound_qt()
    from cnnviz.app.main import run

    return run(options)


def _layers(arguments: Sequence[str]) -> int:
    parser = _Parser(
        prog="cnnviz layers",
        description="Print the layers of a network that ran on a picture or a CSV.",
    )
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="see 'cnnviz models'; or a weights file, or model.py:build",
    )
    parser.add_argument(
        "file", metavar="FILE", nargs="?", type=Path, help="else a bundled sample"
    )
    parser.add_argument("--json", action="store_true", help="for other programs")
    _add_network(parser)
    options = parser.parse_intermixed_args(arguments)

    from cnnviz.app import tables
    from cnnviz.app.face import trace_file
    from cnnviz.app.wanted import wanted

    network = wanted(None, options.model, options.weights, _choices(options))
    model = network.model(options.trust)
    try:
        with redirect_stdout(sys.stderr):  # a network of one's own may print anything
            trace = trace_file(model, options.file)
    except UnknownNetworkError as error:
        raise CnnvizError(
            f"{error}; with its code: cnnviz layers model.py:build --weights "
            f"{network.weights}"
        ) from error
    if options.json:
        print(json.dumps(tables.layers_as_json(trace), indent=2, ensure_ascii=False))
    else:
        print(tables.layers_table(trace, tables.Paper.of(sys.stdout, os.environ)))
    if trace.error is not None:
        print(f"cnnviz: {trace.error}", file=sys.stderr)
        return 1
    return 0


def _models(arguments: Sequence[str]) -> int:
    parser = _Parser(
        prog="cnnviz models", description="Print the networks that can be opened."
    )
    parser.add_argument("--json", action="store_true", help="for other programs")
    options = parser.parse_args(arguments)

    from cnnviz.app import tables

    models = cnnviz.models()
    if options.json:
        print(json.dumps(tables.models_as_json(models), indent=2, ensure_ascii=False))
    else:
        print(tables.models_table(models, tables.Paper.of(sys.stdout, os.environ)))
    return 0


_COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "layers": _layers,
    "models": _models,
}

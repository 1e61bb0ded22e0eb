"""What a pickle asks for, listed without unpickling it, and what may stand for it.

A pickle names functions and classes, and unpickling calls them. Here a file is opened
only when all it names is on a list; even then ``torch.load`` with ``weights_only=True``
reads it, and the names it does not know itself stand for ``Inert``, which keeps what
it is given and does nothing.
"""

from __future__ import annotations

import pickletools
import sys
import warnings
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

_TENSORS = frozenset(
    """
    _codecs.encode builtins.complex builtins.set
    collections.Counter collections.OrderedDict torch.Size torch.Tensor torch.device
    torch.nn.parameter.Parameter torch._tensor._rebuild_from_type_v2
    torch._utils._rebuild_parameter torch._utils._rebuild_parameter_with_state
    torch._utils._rebuild_tensor torch._utils._rebuild_tensor_v2
    torch._utils._rebuild_tensor_v3
    torch.storage.UntypedStorage torch.storage.TypedStorage
    """.split()
)
"""Of what ``torch.load`` allows by itself, what plain tensors need."""

_DATA = frozenset(
    """
    argparse.Namespace types.SimpleNamespace
    builtins.bool builtins.bytearray builtins.bytes builtins.dict builtins.float
    builtins.frozenset builtins.int builtins.list builtins.range builtins.slice
    builtins.str builtins.tuple
    datetime.date datetime.datetime datetime.time datetime.timedelta datetime.timezone
    numpy.dtype numpy.ndarray
    numpy._core.multiarray.scalar numpy._core.multiarray._reconstruct
    numpy.core.multiarray.scalar numpy.core.multiarray._reconstruct
    pathlib.Path pathlib.PosixPath pathlib.WindowsPath pathlib.PurePath
    pathlib.PurePosixPath pathlib.PureWindowsPath
    pathlib._local.PosixPath pathlib._local.WindowsPath
    """.split()
)
"""Plain data that training scripts put beside weights."""

ACTIVATIONS = frozenset(
    ("torch.nn.functional.relu", "torch.nn.functional.gelu", "torch._C._nn.gelu")
)
"""Functions that modules of ``torch.nn`` keep: those of the transformer layers."""

_WORDS = {
    "torch._utils._rebuild_qtensor": "quantized tensors: dequantize them",
    "torch._utils._rebuild_sparse_tensor": "sparse tensors: save them dense",
    "torch._utils._rebuild_nested_tensor": "nested tensors, which no layer here has",
    "torch._utils._rebuild_meta_tensor_no_storage": "tensors of the meta device, which "
    "have no values",
    "torch._utils._rebuild_wrapper_subclass": "tensors of a class of their own: save "
    "them as plain ones",
}
"""Tensors that are not read."""
_STEPS_AT_ONCE = 10_000


class Inert:
    """What stands for anything a file names: it keeps what it is given."""

    path = ""
    args: tuple[Any, ...]
    state: Any

    def __new__(cls, *args: Any) -> Inert:
        """Keep what the object was to be made of."""
        made = super().__new__(cls)
        made.args = args
        made.state = None
        return made

    def __setstate__(self, state: Any) -> None:
        """Keep what the object was to be filled with."""
        self.state = state


def _plain_dict(*_: Any) -> dict[Any, Any]:
    """Stand for ``collections.defaultdict``, whose entries follow."""
    return {}


def _go_on(_: int) -> None:
    """Let a pickle be looked through to its end."""


def names_in(
    stream: IO[bytes], pickles: int = 1, passed: Callable[[int], None] = _go_on
) -> frozenset[str]:
    """Return the dotted names of all a pickle would fetch, executing nothing.

    Parameters
    ----------
    stream
        At the beginning of the first pickle; left behind the last.
    pickles
        How many follow one another.
    passed
        Called before every ten thousandth step of each pickle with how many came
        before it; ends the reading by raising.

    Raises
    ------
    ValueError
        It is no pickle, or ends too early.
    """
    names: set[str] = set()
    said: list[str] = []
    with warnings.catch_warnings(action="ignore"):  # of odd escapes in names
        for _ in range(pickles):
            for i, (op, argument, _) in enumerate(pickletools.genops(stream)):
                if i % _STEPS_AT_ONCE == 0:
                    passed(i)
                if op.name in ("GLOBAL", "INST"):
                    names.add(_today(*str(argument).split(" ", 1)))
                elif op.name == "STACK_GLOBAL":
                    names.add(".".join(said))
                elif op.name.startswith("EXT"):
                    names.add(f"extension {argument}")
                elif isinstance(argument, str):
                    said = [*said[-1:], argument]
    return frozenset(names)


def blocked(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names that are not on any list, sorted."""
    return tuple(sorted(name for name in names if not _is_listed(name)))


def why_blocked(name: str) -> str | None:
    """Say what kind of tensors a name stands for; None when it is for no tensor."""
    return _WORDS.get(name)


def standing_in(names: Iterable[str]) -> AbstractContextManager[None]:
    """Let ``torch.load`` take an ``Inert`` for each name it does not know itself.

    Parameters
    ----------
    names
        None of them ``blocked``.
    """
    from torch.serialization import safe_globals

    stands: list[Any] = []
    for name in names:
        if name == "collections.defaultdict":
            stands.append((_plain_dict, name))
        elif name in _DATA or name in ACTIVATIONS or module_class(name):
            stands.append((type("Inert", (Inert,), {"path": name}), name))
    return safe_globals(stands)


def bare(tree: Any) -> Any:
    """Take away what hangs on tensors and tables, in the place of a method perhaps.

    Parameters
    ----------
    tree
        Mappings, lists, tensors, numbers and ``Inert``.

    Returns
    -------
    object
        The same.
    """
    from torch import Tensor

    waiting, seen = [tree], set[int]()
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, Inert):
            waiting += one.args, one.state
        elif isinstance(one, list | tuple):
            waiting += one
        elif isinstance(one, Tensor | dict):
            getattr(one, "__dict__", {}).clear()
            waiting += one.values() if isinstance(one, dict) else ()
    return tree


def module_class(name: str) -> type[nn.Module] | None:
    """Return the class of ``torch.nn.modules`` of that dotted name, if it is one."""
    from torch import nn

    if name == "torch.nn.parallel.data_parallel.DataParallel":
        return nn.DataParallel
    file, _, last = name.rpartition(".")
    if not file.startswith("torch.nn.modules.") or file.endswith(".lazy"):
        return None
    found = getattr(sys.modules.get(file), last, None)
    if not (isinstance(found, type) and issubclass(found, nn.Module)):
        return None
    return found if f"{found.__module__}.{found.__qualname__}" == name else None


def _is_listed(name: str) -> bool:
    import torch

    if name in _TENSORS or name in _DATA or name in ACTIVATIONS:
        return True
    if name == "collections.defaultdict":
        return True
    owner, _, last = name.rpartition(".")
    if owner in ("torch", "torch.cuda"):
        found = getattr(torch, last, None)
        return last.endswith("Storage") or isinstance(found, torch.dtype)
    return module_class(name) is not None


def _today(module: str, name: str) -> str:
    """Return a dotted name as Python 3 has it."""
    from torch._utils import IMPORT_MAPPING, NAME_MAPPING

    if (module, name) in NAME_MAPPING:
        return ".".join(NAME_MAPPING[module, name])
    return f"{IMPORT_MAPPING.get(module, module)}.{name}"

"""See what a convolutional network computes, layer by layer."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnnviz.app.face import models, open_model, open_sample, trace
    from cnnviz.app.show import show
    from cnnviz.core.models import ImageWant, InputChoices, SeriesWant

__version__ = "0.1.0"
__all__ = [
    "ImageWant",
    "InputChoices",
    "SeriesWant",
    "__version__",
    "models",
    "open_model",
    "open_sample",
    "show",
    "trace",
]
_HOMES = {
    **dict.fromkeys(("models", "open_model", "open_sample", "trace"), "app.face"),
    **dict.fromkeys(("ImageWant", "InputChoices", "SeriesWant"), "core.models"),
    "show": "app.show",
}


def __getattr__(name: str) -> object:
    """Fetch a public name when it is first used; Qt and torch stay out till then.

    Raises
    ------
    AttributeError
        There is no public name like that.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """List the public names too."""
    return sorted({*globals(), *__all__})

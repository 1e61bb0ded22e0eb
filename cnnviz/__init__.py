"""See what a convolutional network computes, layer by layer."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnnviz.app.face import models, open_model, open_sample, trace

__version__ = "0.1.0"
__all__ = ["__version__", "models", "open_model", "open_sample", "trace"]


def __getattr__(name: str) -> object:
    """Fetch a public function when it is first used; Qt and torch stay out till then.

    Raises
    ------
    AttributeError
        There is no public function of that name.
    """
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from cnnviz.app import face

    return getattr(face, name)


def __dir__() -> list[str]:
    """List the public functions too."""
    return sorted({*globals(), *__all__})

"""Where the files that come with the program are."""

from pathlib import Path


def resource(relative: str) -> Path:
    """Return the path of a bundled file or folder, such as ``"samples/harbour.png"``.

    An installed wheel keeps them in ``cnnviz/_resources``, a checkout in
    ``resources/`` beside the package.

    Raises
    ------
    FileNotFoundError
        The installation is incomplete.
    """
    package = Path(__file__).resolve().parents[1]
    for root in (package / "_resources", package.parent / "resources"):
        if (root / relative).exists():
            return root / relative
    raise FileNotFoundError(f"bundled file {relative!r} is missing; reinstall cnnviz")

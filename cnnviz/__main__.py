"""The command ``cnnviz``."""

import os
import sys
from collections.abc import Sequence
from typing import NoReturn


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code: 0, 1 (refused), 2 (misused)."""
    # Counts only before torch is loaded: its threads must not spin while they wait,
    # or a second busy process slows every layer down thirtyfold.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from cnnviz.app import cli

    return cli.main(sys.argv[1:] if arguments is None else arguments)


def program() -> NoReturn:
    """Be the command: run the command line and end the process."""
    code = main()
    from cnnviz.app.leaving import leave

    leave(code)


if __name__ == "__main__":
    program()

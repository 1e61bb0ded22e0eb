"""What tests of networks share."""

import textwrap

import pytest


@pytest.fixture
def write(tmp_path):
    """Write a text file, its indentation taken away, and return its path."""

    def to(name, source):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(source), encoding="utf-8")
        return path

    return to

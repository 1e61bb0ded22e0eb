"""Code runs as a person agreed to it: the file, and what it imports from its folder."""

import hashlib
import py_compile

import pytest
from agreed import NET, run
from torch import nn

from cnnviz.core.errors import Cancelled, ModelError
from cnnviz.core.progress import no_check
from cnnviz.nets.code import builders_of, run_builder


@pytest.fixture
def marking(write, tmp_path):
    mark = tmp_path / "it ran"
    path = write("model.py", f"open({str(mark)!r}, 'w').close()\n{NET}")
    return path, mark


def test_what_was_agreed_to_runs(marking):
    path, mark = marking
    assert isinstance(run(path, "Net").module, nn.Sequential)
    assert mark.exists()


def test_nothing_runs_without_a_yes(marking):
    path, mark = marking
    with pytest.raises(ModelError, match="nobody has said yes"):
        run_builder(path, "Net", "", no_check)
    assert not mark.exists()


def test_another_content_does_not_run(marking):
    path, mark = marking
    digest = builders_of(path).digest
    path.write_text(path.read_text() + "# one word more\n")
    with pytest.raises(ModelError, match=r"model\.py has changed since you said"):
        run_builder(path, "Net", digest, no_check)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("statement", "file"),
    [
        ("import helper", "helper.py"),
        ("from . import helper", "helper.py"),
        ("from .helper import x", "helper.py"),
        ("import parts.deep.head", "parts/__init__.py"),
        ("import parts.deep.head", "parts/deep/head.py"),
        ("from parts.deep import head", "parts/deep/head.py"),
        ("from parts import *", "parts/star.py"),
        ("import outer", "helper.py"),
        ("import outer", "parts/deep/head.py"),
        ("import parts.up", "parts/star.py"),
        ("import parts.deep.up", "parts/star.py"),
        ("import bare.inside", "bare/inside.py"),
        ("import compiled", "compiled.pyc"),
    ],
)
def test_another_content_of_what_it_imports_does_not_run(
    write, tmp_path, statement, file
):
    """However it is imported, by the file or by what that imports."""
    mark = tmp_path / "it ran"
    for name, source in {
        "helper.py": "x = 1",
        "outer.py": "import helper\nfrom parts.deep.head import y",
        "parts/__init__.py": "__all__ = ['star']",
        "parts/star.py": "",
        "parts/up.py": "from . import star",
        "parts/deep/__init__.py": "",
        "parts/deep/head.py": "y = 2",
        "parts/deep/up.py": "from .. import star",
        "bare/inside.py": "",
    }.items():
        write(name, source)
    source = write("compiled.py", "")
    py_compile.compile(str(source), source.with_suffix(".pyc"))
    source.unlink()
    path = write("model.py", f"{statement}\n{NET}")
    digest = builders_of(path).digest
    assert run_builder(path, "Net", digest, no_check).title == "Net"
    changed = tmp_path / file
    harm = write("harm.py", f"x = y = 3\nopen({str(mark)!r}, 'w').close()\n")
    if file.endswith(".pyc"):
        py_compile.compile(str(harm), changed)
    else:
        harm.replace(changed)
    with pytest.raises(ModelError, match=rf"imports \(.*{changed.name}.*\) has ch"):
        run_builder(path, "Net", digest, no_check)
    assert not mark.exists()
    run(path, "Net")
    assert mark.exists(), "it is one that runs with it"


@pytest.mark.parametrize("name", ["helper.py", "helper/__init__.py"])
def test_a_file_that_takes_an_imports_place_does_not_run(write, tmp_path, name):
    mark = tmp_path / "it ran"
    path = write("model.py", f"try:\n    import helper\nexcept ImportError: ...\n{NET}")
    digest = builders_of(path).digest
    run_builder(path, "Net", digest, no_check)
    write(name, f"open({str(mark)!r}, 'w').close()")
    with pytest.raises(ModelError, match="has changed since"):
        run_builder(path, "Net", digest, no_check)
    assert not mark.exists()


def test_contents_that_changed_places_are_another_content(write):
    path = write("model.py", f"import a, b\n{NET}")
    write("a.py", "x = 1"), write("b.py", "x = 2")
    digest = builders_of(path).digest
    write("a.py", "x = 2"), write("b.py", "x = 1")
    assert builders_of(path).digest != digest


def test_what_it_does_not_import_may_change(write):
    path = write("model.py", f"import a\n{NET}")
    write("a.py", "x = 1"), write("other.py", "x = 1")
    digest = builders_of(path).digest
    write("other.py", "x = 2")
    assert run_builder(path, "Net", digest, no_check).title == "Net"


def test_cancelled_before_it_begins(marking):
    path, mark = marking

    def check(done, expected, what):
        raise Cancelled

    with pytest.raises(Cancelled):
        run(path, "Net", check)
    assert not mark.exists()


def test_the_very_bytes_run_that_were_hashed(write, tmp_path):
    """Changing the file while it runs changes nothing of what runs."""
    path = write(
        "model.py",
        NET + "from pathlib import Path\nPath(__file__).write_text('nonsense(')\n"
        "def build(): return Net(7)\n",
    )
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    built = run_builder(path, "build", digest, no_check)
    assert built.module[0].out_channels == 7
    assert path.read_text() == "nonsense("

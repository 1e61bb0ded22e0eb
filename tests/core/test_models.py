"""Networks of files, and what tells one state of the files from another."""

from pathlib import Path

import pytest

from cnnviz.core.models import FileSpec, InputChoices

FILES = ("model.py", "w.pt", "parts/head.py", "chosen.txt", "classes.txt")


@pytest.fixture
def spec(tmp_path):
    (tmp_path / "parts").mkdir()
    for name in FILES:
        (tmp_path / name).write_text("as it was")
    code, weights, head, labels, _ = (tmp_path / name for name in FILES)
    said = InputChoices(labels=labels)
    return FileSpec(weights, code, choices=said, beside=(head,)).stamped()


def test_files_that_stay_are_the_same_network(spec, tmp_path):
    assert spec.stamped() == spec
    (tmp_path / "other.py").write_text("of nobody")
    assert spec.stamped() == spec
    assert {path for path, *_ in spec.stamp} == {tmp_path / name for name in FILES}


@pytest.mark.parametrize("name", FILES)
def test_each_file_that_is_written_anew_or_gone_makes_another(spec, tmp_path, name):
    (tmp_path / name).write_text("as it is now")
    changed = spec.stamped()
    assert changed != spec
    (tmp_path / name).unlink()
    assert changed.stamped() not in (changed, spec)


@pytest.mark.parametrize("name", ["labels.txt", "w.labels.json", "model.names"])
def test_labels_that_come_before_those_there_were_make_another(spec, tmp_path, name):
    (tmp_path / name).write_text("ant")
    assert spec.stamped() != spec


@pytest.mark.parametrize("name", ["", "w" * 253, "w" * 1000])
def test_names_beside_which_nothing_can_lie(name):
    path = Path(name)
    assert [one for one, *_ in FileSpec(path).stamped().stamp] == [path]

"""Names of classes from files, in every form they come in."""

import json
from pathlib import Path

import pytest

from cnnviz.core.errors import InputError
from cnnviz.core.label_files import labels_beside
from cnnviz.nets.class_names import class_names
from cnnviz.nets.labels import read_labels

PETS = ("cat", "dog", "guinea pig")


@pytest.fixture
def written(tmp_path):
    def write(content, name="labels.txt"):
        path = tmp_path / name
        data = content if isinstance(content, bytes) else content.encode()
        path.write_bytes(data)
        return path

    return write


@pytest.mark.parametrize(
    "content",
    [
        "cat\ndog\nguinea pig\n",
        "cat\r\ndog\r\nguinea pig",
        "\n".join(PETS) + "\n\n\n",
        "0 cat\n1 dog\n2 guinea pig\n",
        "1: cat\n2: dog\n3: guinea pig\n",
        "2,guinea pig\n0,cat\n1,dog\n",
        "id,name\n0,cat\n1,dog\n2,guinea pig\n",
        'class,index\n"guinea pig",2\n"cat",0\n"dog",1\n',
        "cat;0\ndog;1\nguinea pig;2\n",
        "n02123045 cat\nn02084071 dog\nn02364673 guinea pig",
        json.dumps(PETS),
        json.dumps({"0": "cat", "2": "guinea pig", "1": "dog"}),
        json.dumps({"guinea pig": 2, "cat": 0, "dog": 1}),
        json.dumps({str(i): [f"n0000000{i}", name] for i, name in enumerate(PETS)}),
        json.dumps([{"id": i, "name": name} for i, name in enumerate(PETS)]),
        json.dumps({"labels": PETS, "epoch": 3}),
        json.dumps({"id2label": dict(enumerate(PETS)), "size": 4}),
        json.dumps({"class_to_idx": {"cat": 0, "dog": 1, "guinea pig": 2}}),
        "\n".join(PETS).encode("utf-8-sig"),
        "\n".join(PETS).encode("utf-16"),
    ],
)
def test_every_form_gives_the_same_names(written, content):
    assert read_labels(written(content)) == PETS


@pytest.mark.parametrize(
    "lines",
    [
        ("class 0", "class 1"),
        ("3 of clubs", "ace of spades"),
        ("0", "1", "2"),
        ("a, b", "c, d"),
        ("größe", "日本"),
    ],
)
def test_names_that_only_look_numbered_stay_as_they_are(written, lines):
    assert read_labels(written("\n".join(lines))) == lines


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is empty"),
        (b" \n \n", "it is empty"),
        (b"cat\n\ndog", "line 2: expected a name"),
        ("größe\n".encode("latin-1"), "UTF-8"),
        (b"\x89PNG\r\n\x1a\n\xff", "UTF-8"),
        (b"cat\0dog", "expected text"),
        (b"{", "no valid JSON"),
        (b"[" * 100_000, "no valid JSON"),
        (b'{"0": "cat", "2": "dog"}', "1 is not there"),
        (b'{"cat": 0, "dog": 0}', "twice"),
        (b'{"weight": "0.5"}', "'weight'"),
        (b'["cat", null]', "None"),
        (b"x" * 8_000_001, "more than 8 MB"),
    ],
)
def test_what_holds_no_names_is_refused_in_words(written, content, words):
    with pytest.raises(InputError, match=words) as caught:
        read_labels(written(content))
    assert "labels.txt" in str(caught.value)


def test_a_file_that_is_none(tmp_path):
    with pytest.raises(InputError, match=r"cannot read labels\.txt"):
        read_labels(tmp_path / "labels.txt")


def test_labels_of_the_same_name_come_before_common_ones(written, tmp_path):
    weights = tmp_path / "pets.pt"
    assert labels_beside(weights) is None
    common = written("a", "classes.txt")
    assert labels_beside(weights) == common
    own = written("[]", "pets.labels.json")
    assert labels_beside(weights) == own


# which of several


def test_chosen_names_come_before_stated_ones_and_those_beside(written, tmp_path):
    chosen = written("x\ny", "mine.txt")
    written("p\nq")
    stated, files = [("code", ("a", "b"))], [tmp_path / "w.pt"]
    names, notes = class_names(2, chosen, stated, files, imagenet=False)
    assert names == ("x", "y")
    assert notes == ("names of the classes: mine.txt",)
    assert class_names(2, None, stated, files, False)[0] == ("a", "b")
    assert class_names(2, None, [("code", None)], files, False)[0] == ("p", "q")


def test_names_of_another_number_are_not_used_and_this_is_said(written, tmp_path):
    written("p\nq")
    names, notes = class_names(
        3, None, [("w.pt", ("a",))], [tmp_path / "w.pt"], imagenet=False
    )
    assert names is None
    assert [note.split(":")[0] for note in notes] == ["w.pt", "labels.txt"]
    assert all("gives 3 scores; they are not used" in note for note in notes)


def test_a_file_is_looked_at_once(written, tmp_path, monkeypatch):
    """Though code and weights both lie beside it, and it is named in another way."""
    written("p\nq")
    monkeypatch.chdir(tmp_path)
    files = [tmp_path / "w.pt", tmp_path / "m.py", Path("m.py")]
    assert len(class_names(3, None, [], files, imagenet=False)[1]) == 1
    chosen = Path("labels.txt")
    assert len(class_names(3, chosen, [], files, imagenet=False)[1]) == 1


def test_nothing_is_said_of_names_where_no_classes_are_known(written, tmp_path):
    written("p\nq")
    files = [tmp_path / "w.pt"]
    assert class_names(None, None, [], files, imagenet=False) == (("p", "q"), ())


def test_a_bad_file_is_said_and_the_next_names_are_taken(written, tmp_path):
    bad = written(b"\xff\xfe\xff", "bad.txt")
    written("p\nq")
    names, notes = class_names(2, bad, [], [tmp_path / "w.pt"], imagenet=False)
    assert names == ("p", "q")
    assert "bad.txt" in notes[0]


def test_imagenets_names_are_only_a_guess(written, tmp_path):
    names, notes = class_names(1000, None, [], [tmp_path / "w.pt"], imagenet=True)
    assert (names[0], names[999]) == ("tench", "toilet tissue")
    assert "a guess" in notes[-1]
    other = written("\n".join(map(str, range(1000))))
    names, notes = class_names(1000, None, [], [tmp_path / "w.pt"], imagenet=True)
    assert names[0] == "0"
    assert other.name in notes[-1]

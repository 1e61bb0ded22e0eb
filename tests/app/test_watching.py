"""Files on show that are written anew: newest weights, same place, what changed."""

import textwrap

import numpy as np
import pytest
import torch
from own import (
    PLAIN,
    bring,
    built,
    buttons,
    filled,
    plain_scores,
    press,
    question,
    save,
    say_yes,
    scores,
    small_picture,
)
from person import draw_picture
from PySide6.QtCore import Qt
from torchvision.models import squeezenet1_1

from cnnviz.app import file_watch

ROLE = Qt.ItemDataRole


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """Nobody waits for calm as long as a person's disk may need."""
    monkeypatch.setattr(file_watch, "_CALM", 20)


@pytest.fixture
def training(opened, code, weights, tmp_path):
    """The window with a network that is being trained."""
    bring(opened, code, weights, small_picture(tmp_path / "small.png"))
    assert opened.trace.title == "model.py:build + w.pt"
    return opened


def write_anew(path, module):
    """As a careful training run does: beside it, then in its place."""
    beside = save(path.with_suffix(".tmp"), module)
    beside.replace(path)


def until_shown(person, module):
    """Wait until the window shows what a network gives now."""
    with torch.no_grad():
        wanted = plain_scores(person, module)
    person.until(
        lambda: (
            person.store.state.status == "idle"
            and person.trace is not None
            and np.allclose(scores(person), wanted, rtol=1e-4, atol=1e-6)
        )
    )


def marked(person):
    """Layers with the dot, and what their tooltips say of it."""
    model = person.window.layers.model
    found = {}
    for row in range(model.rowCount()):
        lines = model.index(row, 0).data(ROLE.ToolTipRole).split("\n")
        changed = [line for line in lines if line.startswith("weights changed")]
        if changed:
            found[lines[0]] = changed[0]
    return found


def test_the_newest_weights_at_the_same_place(training, weights):
    training.store.select(layer="2", channel=3, unit=(4, 1))
    before = training.selection
    other = filled(built())
    with torch.no_grad():
        other[0].weight *= 1.25
        other[0].bias *= 1.25
        other[5].bias += 1
    write_anew(weights, other)
    until_shown(training, other)
    assert training.selection == before
    training.until(lambda: training.said != "")
    head = other[5]
    size = torch.cat([head.weight.flatten(), head.bias - 1]).norm().item()
    share = 100 * 2**0.5 / size
    most, words = ("5", share) if share > 25 else ("0", 25)
    assert training.said == (
        f"w.pt was written anew: 2 of 3 layers' weights changed, most {most} "
        f"({words:.0f} %)."
    )
    said = marked(training)
    assert set(said) == {"0", "5"}
    assert said["0"] == "weights changed by 25 %"


def test_the_mark_stays_with_another_picture_and_goes_with_the_next_change(
    training, weights, tmp_path
):
    other = filled(built())
    with torch.no_grad():
        other[0].weight[0] += 1
    write_anew(weights, other)
    training.until(lambda: set(marked(training)) == {"0"})
    training.show_picture(small_picture(tmp_path / "second.png", seed=4))
    assert set(marked(training)) == {"0"}
    write_anew(weights, other)
    training.until(lambda: "the same as before" in training.said)
    assert marked(training) == {}
    training.show_model("alexnet")
    assert marked(training) == {}


def test_again_and_again(training, weights):
    """Twenty checkpoints of a training run; the last one is shown in the end."""
    for seed in range(20):
        other = filled(built(), seed)
        write = write_anew if seed % 2 else save
        write(weights, other)
        if seed % 5 == 0:
            until_shown(training, other)
    until_shown(training, other)
    training.until(lambda: "w.pt was written anew" in training.said)


def test_in_pieces(training, weights):
    """Nothing is refused while the file grows."""
    refused = []
    training.window.notice.shown.connect(lambda _: refused.append(training.said))
    other = filled(built(), 7)
    whole = save(weights.with_name("other.pt"), other).read_bytes()
    half = len(whole) // 2
    files = training.controller.watching._files
    with weights.open("wb") as stream:
        for piece in (whole[:half], whole[half : half + 10], whole[half + 10 :]):
            looks = files._looks
            stream.write(piece)
            stream.flush()
            training.until(lambda looks=looks: files._looks != looks)
    until_shown(training, other)
    assert not [words for words in refused if "incomplete" in words]


def test_a_file_that_is_broken_now(training, weights):
    before = training.trace
    weights.write_bytes(weights.read_bytes()[:-100])
    training.until(lambda: "incomplete" in training.said)
    training.wait()
    assert "w.pt" in training.said
    assert "shown is what the files held before" in training.said
    assert training.trace is before
    other = filled(built(), 5)
    write_anew(weights, other)
    until_shown(training, other)
    training.until(lambda: "was written anew" in training.said)


def test_a_file_that_does_not_fit_any_more(training, weights):
    before = training.trace
    source = PLAIN.replace("nn.Linear(4, 2)", "nn.Linear(4, 6)")
    write_anew(weights, filled(built(source)))
    training.until(lambda: "Load what fits" in buttons(training))
    training.wait()
    assert training.trace is before
    assert "5.weight" in training.said


def test_a_file_that_is_gone(training, weights):
    before = training.trace
    weights.unlink()
    training.until(lambda: "w.pt: gone, or empty" in training.said)
    assert training.trace is before
    training.do("reload")
    training.wait()
    assert "w.pt" in training.said
    assert training.trace is before
    other = filled(built(), 6)
    save(weights, other)
    until_shown(training, other)


def test_code_that_was_changed_runs_after_another_yes_only(training, code, tmp_path):
    mark = tmp_path / "it ran"
    before = training.trace
    source = f"open({str(mark)!r}, 'w').close()\n" + code.read_text()
    changed = PLAIN.replace("nn.ReLU()", "nn.Tanh()")
    code.write_text(source.replace("nn.ReLU()", "nn.Tanh()"))
    training.until(lambda: "model.py was changed" in training.said)
    assert training.trace is before
    assert buttons(training) == ["Run again…"]
    training.do("reload")
    assert "model.py was changed" in training.said
    assert question(training) is None
    press(training, "Run again…")
    assert "it ran" in question(training).code.toPlainText()
    question(training).cancel.click()
    assert not mark.exists()
    training.do("reload")
    press(training, "Run again…")
    say_yes(training)
    assert mark.exists()
    until_shown(training, filled(built(changed)))


def test_weights_written_while_the_code_is_another_one(training, code, weights):
    before = training.trace
    code.write_text(code.read_text() + "\n# changed\n")
    training.until(lambda: "model.py was changed" in training.said)
    training.window.notice.dismiss()
    write_anew(weights, filled(built(), 9))
    training.until(lambda: "model.py was changed" in training.said)
    assert training.trace is before


def test_code_that_is_as_it_was_agreed_to_before(training, code):
    text = code.read_text()
    code.write_text(text + "\n# changed\n")
    training.until(lambda: "model.py was changed" in training.said)
    code.write_text(text)
    training.until(lambda: "model.py was written anew" in training.said)
    assert question(training) is None
    assert "the same as before" in training.said


HELPED = "import helper\n" + textwrap.dedent(PLAIN).replace(
    "nn.ReLU()", "helper.activation"
)
HELPER = "from torch import nn\nactivation = nn.{}()\n"


@pytest.mark.parametrize("by_hand", [True, False])
def test_a_module_that_the_code_imports(opened, code, weights, tmp_path, by_hand):
    """It is as the code itself: seen, and run after another yes only."""
    helper = tmp_path / "helper.py"
    helper.write_text(HELPER.format("ReLU"))
    code.write_text(HELPED)
    picture = small_picture(tmp_path / "small.png")
    bring(opened, code, weights, picture)
    until_shown(opened, filled(built()))
    before, mark = opened.trace, tmp_path / "it ran"
    if by_hand:
        opened.controller.watching._files.stop()
    harm = f"open({str(mark)!r}, 'w').close()\n"
    helper.write_text(harm + HELPER.format("Tanh"))
    if by_hand:
        opened.do("reload")
    opened.until(lambda: "model.py, or what it imports, was changed" in opened.said)
    assert opened.trace is before
    assert not mark.exists()
    press(opened, "Run again…")
    say_yes(opened)
    assert mark.exists()
    changed = PLAIN.replace("nn.ReLU()", "nn.Tanh()")
    until_shown(opened, filled(built(changed)))
    opened.until(lambda: "helper.py was written anew" in opened.said)


@pytest.mark.parametrize("by_hand", [True, False])
@pytest.mark.parametrize(
    ("name", "declared"),
    [("labels.txt", ""), ("w.labels.txt", ""), ("mine.txt", "LABELS = 'mine.txt'\n")],
)
def test_names_of_the_classes(opened, code, weights, tmp_path, name, declared, by_hand):
    labels = tmp_path / name
    labels.write_text("ant\nbee\n")
    code.write_text(declared + code.read_text())
    bring(opened, code, weights, small_picture(tmp_path / "small.png"))
    assert opened.trace.labels == ("ant", "bee")
    if by_hand:
        opened.controller.watching._files.stop()
    labels.write_text("cat\nantelope\n")
    if by_hand:
        opened.do("reload")
    opened.until(lambda: opened.trace.labels == ("cat", "antelope"))
    opened.until(lambda: f"{name} was written anew" in opened.said)


def test_names_of_the_classes_that_were_not_there_before(opened, known, tmp_path):
    bring(opened, known)
    assert opened.trace.labels is None
    names = tuple("abcdefg")
    (tmp_path / "classes.txt").write_text("\n".join(names))
    opened.do("reload")
    opened.wait()
    assert opened.trace.labels == names


def test_another_number_of_classes(opened, known, tmp_path):
    (tmp_path / "labels.txt").write_text("\n".join("abcdefg"))
    bring(opened, known)
    assert opened.trace.labels == tuple("abcdefg")
    write_anew(known, squeezenet1_1(num_classes=5))
    opened.until(lambda: "it has 5 classes now, 7 before" in opened.said)
    assert "s7.pth was written anew" in opened.said
    assert "and the 7 names are not used" in opened.said
    assert len(opened.trace.scores) == 5


def test_weights_by_themselves(opened, weights):
    """Also of a network that nobody knows; the tensor stays chosen."""
    bring(opened, weights)
    opened.store.select(layer="5.weight", channel=1)
    other = filled(built(), 3)
    write_anew(weights, other)
    wanted = other[5].weight.detach().numpy()

    def shown():
        found = opened.store.state.tensors
        at = found.position("5.weight")
        return np.array_equal(found.tensors[at].values, wanted)

    opened.until(shown)
    assert opened.selection[:2] == ("5.weight", 1)


def test_a_picture(opened, tmp_path):
    path = draw_picture(tmp_path / "edited.png", seed=1)
    opened.show_picture(path)
    opened.store.select(layer="features.3", channel=7, unit=(5, 6))
    before, selection = opened.trace, opened.selection
    draw_picture(path, seed=2)
    opened.until(lambda: opened.trace is not before)
    opened.wait()
    assert opened.selection == selection
    assert "edited.png was written anew" in (opened.window.remark())
    assert not np.array_equal(opened.trace.sample.shown, before.sample.shown)


def test_a_picture_that_was_only_lent(opened, tmp_path):
    path = draw_picture(tmp_path / "lent.png", seed=1)
    opened.show_picture(path)
    path.unlink()
    said = opened.window.remark
    opened.until(lambda: "lent.png: gone, or empty" in said())
    assert opened.said == ""


def test_what_was_left_is_not_watched(training, weights):
    training.show_model("alexnet")
    before = training.trace
    write_anew(weights, filled(built(), 4))
    (training.trace.request.source.path).touch()
    training.until(lambda: training.trace is not before)
    assert training.trace.title == "alexnet"


def test_closing_while_a_file_is_watched(training, weights):
    write_anew(weights, filled(built(), 4))
    training.window.close()
    assert not training.controller.watching._runner._thread.is_alive()

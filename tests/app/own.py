"""Networks of a person's own, as files that a test writes, and how they are opened."""

import textwrap

import numpy as np
import torch
from person import files
from PIL import Image
from PySide6.QtWidgets import QPushButton

from cnnviz.app.trust_dialog import TrustDialog

PLAIN = """
    import torch
    from torch import nn

    INPUT_SIZE = 8, 8

    def build():
        torch.manual_seed(3)
        return nn.Sequential(
            nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2),
        )
"""


def write_code(path, source=PLAIN):
    """Write a Python file; the source may be indented."""
    path.write_text(textwrap.dedent(source), encoding="utf-8")
    return path


def built(source=PLAIN, name="build"):
    """The same network in plain torch, in eval mode."""
    space = {}
    exec(textwrap.dedent(source), space)
    return space[name]().eval()


def filled(module, seed=1):
    """Give a module other weights, all buffers included, and return it."""
    dice = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for tensor in module.state_dict().values():
            if tensor.is_floating_point():
                tensor.copy_(torch.rand(tensor.shape, generator=dice) - 0.4)
        for key, tensor in module.state_dict().items():
            if key.endswith("running_var"):
                tensor.abs_().add_(0.5)
    return module.eval()


def save(path, module, rename=lambda key: key, **more):
    """Save a state dict under other names, by itself or beside other things."""
    state = {rename(key): value for key, value in module.state_dict().items()}
    torch.save({"state_dict": state, **more} if more else state, path)
    return path


def small_picture(path, seed=0, size=(8, 8)):
    """A few pixels of noise, ``(width, height)``."""
    dice = np.random.default_rng(seed)
    Image.fromarray(dice.integers(0, 256, (*size[::-1], 3), np.uint8)).save(path)
    return path


def press(person, words):
    """Press a button of the notice bar."""
    (button,) = (
        b for b in person.window.notice.findChildren(QPushButton)
        if b.isVisible() and b.text().startswith(words)
    )  # fmt: skip
    button.click()


def buttons(person):
    """What the notice bar offers."""
    found = person.window.notice.findChildren(QPushButton)
    return [b.text() for b in found if b.isVisible()]


def question(person):
    """The dialog that asks whether code may run; None while there is none."""
    return person.window.findChild(TrustDialog)


def say_yes(person):
    """Press the button that lets the file run, and wait for what it gives."""
    question(person).run.click()
    person.wait()


def bring(person, *paths):
    """Drop files; code that is asked about may run."""
    assert person.drop(files(*paths))
    if question(person) is not None:
        say_yes(person)
    person.wait()


def scores(person):
    """The last layer's values."""
    return person.trace.layers[-1].output


def plain_scores(person, module):
    """What torch gives for the same input."""
    with torch.no_grad():
        values = [torch.from_numpy(v.copy())[None] for v in person.trace.sample.values]
        return module(*values)[0].numpy()


def assert_refused(person, before, *words):
    """A sentence of these words says why; what was on show still is."""
    assert person.trace is before
    assert person.store.state.status == "idle"
    assert "\n" not in person.said
    assert "Traceback" not in person.said
    for word in words:
        assert word in person.said

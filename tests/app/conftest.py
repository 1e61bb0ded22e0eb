"""The real window on the real bundled network, opened and closed again."""

from pathlib import Path

import pytest
import torch
import torchvision
from motion import motion, write
from own import built, filled, save, write_code
from person import Person, draw_picture
from PySide6.QtWidgets import QApplication, QFileDialog

from cnnviz.app.main import first_request, run_request
from cnnviz.app.settings import Settings
from cnnviz.core.models import ModelSpec
from cnnviz.core.trace import ImageSource, Request


@pytest.fixture
def picture(tmp_path):
    return draw_picture(tmp_path / "first.png")


@pytest.fixture
def settings(tmp_path):
    return Settings(tmp_path / "settings.ini", "dark")


@pytest.fixture
def open_window(qtbot, settings, picture):
    """Open windows; they are closed and undressed with the test in any case."""
    app, made = QApplication.instance(), []
    palette, sheet = app.palette(), app.styleSheet()

    def make(
        model="alexnet", path=picture, settings=settings, execute=run_request, **more
    ):
        request = Request(ModelSpec(model), ImageSource(Path(path)))
        made.append(Person(qtbot, request, settings, execute, **more))
        return made[-1]

    yield make
    for one in made:
        one.close()
    app.setStyleSheet(sheet)
    app.setPalette(palette)


@pytest.fixture
def opened(open_window):
    """The window with its first answer on show."""
    one = open_window()
    one.wait()
    return one


@pytest.fixture
def readings(tmp_path):
    """Six variables over time, as many as the networks of series want."""
    return write(tmp_path / "readings.csv", motion())


@pytest.fixture
def start(qtbot, settings):
    """Open windows as the command line does; they are closed with the test."""
    made = []

    def make(path=None, model=None):
        made.append(Person(qtbot, first_request(path, model), settings))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def series(start, readings):
    """The window as ``cnnviz readings.csv`` opens it."""
    one = start(readings)
    one.wait()
    return one


@pytest.fixture
def code(tmp_path):
    return write_code(tmp_path / "model.py")


@pytest.fixture
def weights(tmp_path):
    return save(tmp_path / "w.pt", filled(built()))


@pytest.fixture
def known(tmp_path):
    """Weights of a network of the catalogue with seven classes."""
    torch.manual_seed(0)
    module = torchvision.models.squeezenet1_1(num_classes=7)
    return save(tmp_path / "s7.pth", module, "module.{}".format, epoch=7)


@pytest.fixture
def chosen(monkeypatch):
    """What the person chooses in file dialogs, and which were opened."""
    answer = {"paths": [], "asked": []}

    def one(_parent, title, folder, *_more):
        answer["asked"].append((title, folder))
        return (str(answer["paths"][0]) if answer["paths"] else ""), ""

    def many(_parent, title, folder, *_more):
        answer["asked"].append((title, folder))
        return [str(path) for path in answer["paths"]], ""

    monkeypatch.setattr(QFileDialog, "getOpenFileName", one)
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", many)
    return answer


@pytest.fixture
def trained():
    return filled(built())

"""A yes to code: taken back, and said for one start of the program."""

from own import (
    PLAIN,
    bring,
    built,
    filled,
    press,
    question,
    save,
    say_yes,
    small_picture,
)
from person import files

from cnnviz.app.face import model_of
from cnnviz.app.main import _open_own
from cnnviz.app.trust import Trust
from cnnviz.app.trust_dialog import TrustedFiles
from cnnviz.app.wanted import Wanted
from cnnviz.core.models import InputChoices


def take_back_every_yes(person):
    person.do("trustedFiles")
    (sheet,) = person.window.findChildren(TrustedFiles)
    sheet.revoke_all.click()
    sheet.reject()


def test_a_yes_is_taken_back(opened, code, weights, tmp_path):
    """Whatever would run it next, also of the network on show."""
    mark = tmp_path / "it ran"
    code.write_text(f"open({str(mark)!r}, 'w').close()\n" + code.read_text())
    bring(opened, code, weights, small_picture(tmp_path / "small.png"))
    mark.unlink()
    before, said = opened.trace, "Your yes to model.py was taken back."
    take_back_every_yes(opened)

    def assert_it_waits():
        opened.until(lambda: said in opened.said)
        assert opened.store.state.status == "idle"
        assert opened.trace is before
        assert not mark.exists()
        opened.window.notice.dismiss()

    opened.do("reload")
    assert_it_waits()
    shown = opened.store.state.request
    opened.drop(files(small_picture(tmp_path / "other.png")))
    assert_it_waits()
    assert opened.store.state.request == shown
    save(weights, filled(built(), 9))
    assert_it_waits()
    opened.controller.own.input._keep(
        opened.store.state.request.model, InputChoices(size=(9, 9))
    )
    assert_it_waits()
    opened.drop(files(code))
    question(opened).reject()
    assert not mark.exists()
    opened.do("reload")
    press(opened, "Run again…")
    say_yes(opened)
    assert mark.exists()
    assert opened.trace is not before


def test_a_yes_is_taken_back_before_what_fits_is_loaded(opened, code, tmp_path):
    other = filled(built(PLAIN.replace("nn.Linear(4, 2)", "nn.Linear(4, 5)")))
    bring(opened, code, save(tmp_path / "five.pt", other))
    before = opened.trace
    take_back_every_yes(opened)
    press(opened, "Load what fits")
    assert "Your yes to model.py was taken back." in opened.said
    assert opened.store.state.status == "idle"
    assert opened.trace is before


def test_a_yes_for_one_start(opened, code, weights, settings):
    """As ``--trust`` gives it: read again while it lasts, and never kept."""
    model = model_of(weights, code, trust=True)
    wanted = Wanted(weights=weights, code=code, builder="build")
    _open_own(opened.controller, wanted, model)
    opened.wait()
    assert opened.trace.title == "model.py:build + w.pt"
    assert not Trust(settings).has(model.digest)
    before = opened.trace
    opened.do("reload")
    opened.wait()
    assert opened.trace is not before
    save(weights, filled(built(), 9))
    opened.until(lambda: "w.pt was written anew" in opened.said)
    take_back_every_yes(opened)
    opened.do("reload")
    assert "was taken back" in opened.said

import gc

import numpy as np
import pytest

from cnnviz.pictures.kept import Kept


def frozen(size=8):
    array = np.arange(float(size))
    array.flags.writeable = False
    return array


class Asked:
    """Counts how often an answer had to be found."""

    def __init__(self, answer="found"):
        self.times, self.answer = 0, answer

    def __call__(self):
        self.times += 1
        return self.answer


@pytest.fixture
def kept():
    return Kept(3)


def test_an_answer_is_found_once(kept):
    array, ask = frozen(), Asked()
    assert [kept.get(array, "q", ask) for _ in range(3)] == ["found"] * 3
    assert ask.times == 1


def test_the_same_memory_seen_anew_is_the_same_array(kept):
    array, ask = frozen(), Asked()
    for _ in range(3):
        kept.get(np.moveaxis(array.reshape(2, 4), 1, 0), "q", ask)
    assert ask.times == 1
    kept.get(array.reshape(2, 4), "q", ask)
    kept.get(array[1:], "q", ask)
    assert ask.times == 3


def test_questions_are_told_apart(kept):
    array = frozen()
    assert kept.get(array, ("a", 1), Asked(1)) == 1
    assert kept.get(array, ("a", 2), Asked(2)) == 2
    assert kept.get(array, ("a", 1), Asked(3)) == 1


def test_nothing_is_kept_of_what_may_change(kept):
    array, ask = np.zeros(3), Asked()
    kept.get(array, "q", ask)
    kept.get(array, "q", ask)
    assert (ask.times, len(kept)) == (2, 0)


def test_answers_go_with_their_array(kept):
    array = frozen()
    kept.get(array[2:], "q", Asked())
    kept.get(array, "q", Asked())
    assert len(kept) == 2
    del array
    gc.collect()
    assert len(kept) == 0
    assert kept._weight == 0


def test_the_one_not_asked_for_longest_is_given_up(kept):
    arrays, asks = [frozen() for _ in range(4)], [Asked(i) for i in range(4)]
    for i in (0, 1, 2, 0, 3):
        kept.get(arrays[i], "q", asks[i])
    for i in (0, 2, 3):
        kept.get(arrays[i], "q", asks[i])
    assert [ask.times for ask in asks] == [1, 1, 1, 1]
    kept.get(arrays[1], "q", asks[1])
    assert asks[1].times == 2


def test_heavy_answers_push_others_out_unless_they_are_too_heavy_to_be_kept():
    kept = Kept(10, len)
    array = frozen()
    for size in (4, 4, 3):
        kept.get(array, size, lambda size=size: "x" * size)
    assert (len(kept), kept._weight) == (2, 7)
    assert kept.get(array, "huge", lambda: "x" * 11) == "x" * 11
    assert (len(kept), kept._weight) == (2, 7)


def test_an_answer_that_fails_is_not_kept(kept):
    array = frozen()
    with pytest.raises(ZeroDivisionError):
        kept.get(array, "q", lambda: 1 // 0)
    assert kept.get(array, "q", Asked()) == "found"

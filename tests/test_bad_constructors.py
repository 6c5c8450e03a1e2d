"""Every public class of lib refuses bad arguments in words: none raw, none silent.

As test_bad_input.py has it for functions. What is right to accept stands in ACCEPTED,
with the reason.
"""

from collections import Counter
from fnmatch import fnmatch

import bad_constructors
import bad_input
import pytest

from lib import expect

ACCEPTED = {  # class, argument, way to spoil it: why it is no mistake
    (
        "*",
        "commitment",
        "infinite",
    ): "a formula has a limit, or says inf or nan",
    ("*", "restart", "infinite"): "so here",
    ("*", "scale", "infinite"): "and here",
    ("*LinearGaussian", "weight", "infinite"): "and here",
    ("live.learner.*", "*", "infinite"): "and here",
    ("*LinearGaussian", "noise", "one dimension *"): "noise for each of any shape",
    ("*", "num_classes", "0"): "a network without a classifier",
    ("*", "q_rank", "0"): "queries are not compressed",
    ("*", "shared", "0"): "no expert is shared",
    ("*", "max_length", "0"): "no place is learnt",
    ("*coder", "attention", "0"): "attention at no size",
    ("*coder", "multipliers", "three"): "any number of levels",
    ("*TridentBlock", "dilations", "three"): "any number of branches",
    ("*Level", "then", "empty"): "a last level",
    ("live.*", "value", "a number"): "a truth value, as in Python",
    ("live.*", "steps", "0"): "asked at the start",
    ("live.guess.*", "shows", "empty"): "nothing is shown before",
    **{
        ("live.*", key, how): "any words, or none; `on` and `of` meet the picture later"
        for key in ("label", "named", "of", "on", "unit")
        for how in ("nonsense", "empty")
    },
    ("live.*", "question", "nonsense"): "any words",
    ("*Player", "turns", "*"): "the loop refuses it, with the player's name",
}
CLASSES = bad_constructors.classes()


def reasons(name, key, how):
    """The patterns of ACCEPTED that it fits."""
    place = (name, key, how)
    return [p for p in ACCEPTED if all(map(fnmatch, place, p))]


def test_every_public_class_has_good_arguments():
    tried = set(bad_constructors.GOOD) | bad_constructors.NOT_TRIED
    assert set(CLASSES) == tried
    assert len(CLASSES) > 50 and len([*bad_constructors.cases()]) > 800


@pytest.fixture(scope="module")
def outcomes():
    """What came of each spoilt argument."""
    found = {}
    for name, key, how, bad in bad_constructors.cases():
        given = bad_constructors.GOOD[name] | {key: bad}
        found[name, key, how] = bad_input.outcome(CLASSES[name], given, how)
    return found


@pytest.mark.parametrize("name", bad_constructors.GOOD)
def test_what_is_spoilt_is_refused_in_words(name, outcomes):
    CLASSES[name](**bad_constructors.GOOD[name])
    for (of, key, how), (came, said) in outcomes.items():
        if of == name and not (came == "silent" and reasons(name, key, how)):
            assert came in ("words", "through"), f"{name}({key}: {how}): {came} {said}"


def test_each_reason_is_needed(outcomes):
    met = Counter()
    for place, (came, _) in outcomes.items():
        if came == "silent":
            met.update(reasons(*place))
    assert set(met) == set(ACCEPTED)


def test_a_decorated_class_stays_a_class():
    @expect.annotated
    class Counted:
        def __init__(self, n: int) -> None:
            self.n = n

    assert isinstance(Counted(2), Counted) and Counted(2).n == 2
    with pytest.raises(TypeError, match="n is a float, 2.5; expected a whole number"):
        Counted(2.5)

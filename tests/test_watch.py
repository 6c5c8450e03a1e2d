"""Answers under watch: they get copies, and call no specification."""

import pytest
import torch

from lib import check
from lib.check import Wrong, graded
from lib.check.watch import Watched

NAN = float("nan")


def said(function, *inputs, **named):
    with pytest.raises(Wrong) as wrong:
        Watched(function)(*inputs, **named)
    return str(wrong.value)


def test_what_is_written_into_has_its_name():
    x = torch.tensor([1.0, NAN])
    words = "your function writes into {}: work on a copy".format
    assert said(lambda n, x: x.mul_(n), 2, x) == words("x")
    assert said(lambda *all: all[1].mul_(2), 2, x) == words("input 1")
    assert said(lambda x: x.mul_(2), x=x) == words("x")
    assert said(torch.Tensor.mul_, x, 2) == words("input 0")
    assert said(lambda maps: maps[0][0].add_(1), [(x, 3)]) == words("maps")
    assert said(lambda maps: maps.pop(), [x, x]) == words("maps")
    assert said(lambda c: c.update(n=3), {"n": 2}) == words("c")
    assert said(lambda x: setattr(x, "data", x[:1]), x) == words("x")
    leaf = torch.ones(2, requires_grad=True)
    assert said(lambda w: w.data.mul_(2), leaf) == words("w")


def test_a_write_of_another_kind_has_its_name_too():
    kinds = [3, "a", None, torch.ones(2), [1], {"n": 1}]
    for old in kinds[:2] + kinds[3:]:
        for new in kinds:
            if type(new) is not type(old):
                words = said(lambda x, new=new: x.__setitem__(0, new), [old])
                assert words == "your function writes into x: work on a copy"


def test_what_is_not_written_into_passes_and_what_comes_is_a_copy():
    x, leaf = torch.tensor([1.0, NAN]), torch.ones(2, requires_grad=True)
    assert Watched(lambda x, n: (x * n)[0])(x, n=2) == 2
    assert Watched(lambda x: x)(x) is not x
    assert Watched(lambda x: x)(leaf) is leaf
    codes = torch.ones(2).to(torch.float8_e4m3fn)
    assert Watched(lambda c, a, b: c.dtype)(codes, [x], {"leaf": leaf}) == codes.dtype


class Notebook(dict):
    """A namespace with a check, as a notebook has one."""

    def __init__(self, text):
        super().__init__(check=check, torch=torch)
        exec("def loop(x, n=2):\n    return x * n", self)
        exec(text, self)

    def run(self, text):
        exec(text, self)


CHECK = """
with check.exercise("double", given=loop):
    check.same(double(torch.ones(3)), loop(torch.ones(3)))
"""
GRADE = "def grade(seed):\n    return dict(x=double(torch.ones(3)), want=loop(seed))"
REFUSED = "your answer calls the function that is given as its specification"


@pytest.mark.parametrize(
    "answer",
    [
        "double = loop",
        "def double(x):\n    return loop(x)",
        "from functools import partial\ndouble = partial(loop, n=2)",
        "kept = [loop]\ndouble = lambda x: kept[0](x)",
    ],
)
def test_a_specification_refuses_to_answer(answer):
    names = Notebook(answer)
    with pytest.raises(Wrong, match=REFUSED):
        names.run(CHECK)
    names.run(GRADE)
    with pytest.raises(Wrong, match=REFUSED):
        graded(names["grade"], "double", names["loop"])(3)
    assert names["loop"](2) == 4


def test_names_are_as_before_when_all_is_done():
    names = Notebook("def double(x):\n    return x + x")
    double = names["double"]
    names.run(CHECK)
    names.run(GRADE)
    assert graded(names["grade"], "double", names["loop"])(3)["want"] == 6
    assert names["double"] is double
    with pytest.raises(Wrong, match="writes into x"):
        names.run("def double(x):\n    return x.add_(x)\n" + CHECK)
    assert not isinstance(names["double"], Watched)


ROOM = """
with check.exercise("double"):
    factor, half = 2, 3
    def outside(x):
        return x * factor
    check.same(double(4, outside), 8.0)
"""


@pytest.mark.parametrize(
    ("answer", "passes"),
    [
        ("def double(x, f):\n    return f(x)", True),
        ("def double(x, f):\n    return x * factor", False),
        (
            "def half(x):\n    return x / 2\ndef double(x, f):\n    return half(16)",
            True,
        ),
    ],
)
def test_an_answer_sees_its_own_names_and_not_those_of_the_check(answer, passes):
    names = Notebook(answer)
    before = dict(names)
    for _ in range(2):  # what the first run made is no help to the second
        try:
            names.run(ROOM)
        except NameError as error:
            assert not passes and "factor" in str(error)
        else:
            assert passes
    assert names == before

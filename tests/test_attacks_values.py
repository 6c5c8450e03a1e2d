"""Values that lie earn nothing; honest ones, however they were found, earn all."""

from dataclasses import replace

import numpy as np
import pytest
from grading_little import (
    BOX,
    HONEST,
    book,
    expected,
    grade,
    judged,
    points,
    source,
)

from course.exercises import parse
from course.grading import marks, values

pytestmark = pytest.mark.slow

# Each is the body of an answer to the first exercise, `double(x)`; all in one kernel.

LIES = {
    "nan": "return x * float('nan')",
    "inf": "return x * float('inf')",
    "nan in one place": "x = 2 * x; return x.index_fill(0, torch.tensor(0), torch.nan)"
    " if torch.is_tensor(x) else x",
    "a thousandth": "return x * 2.002 if torch.is_tensor(x) else 2 * x",
    "none": "return None",
    "a list": "return [2 * x]",
    "a larger shape": "return 2 * torch.as_tensor(x).expand(2, 3, 4)",
    "equal to all": """
    class Liar:
        __array_priority__ = 1e9
        __class__ = torch.Tensor
        shape, dtype, ndim = (3, 4), torch.float32, 2
        def __eq__(self, other): return True
        def __float__(self): return 1.0
        def __index__(self): return 1
        def __array__(self, *_): return x
        def __sub__(self, other): return 0
        __rsub__ = __sub__
        def __reduce__(self): return (exec, ("import os; os._exit(0)",))
        def __getattr__(self, name): return lambda *_, **__: self
    return Liar()""",
    "a tensor that lies": """
    class Liar(torch.Tensor):
        @classmethod
        def __torch_function__(cls, function, types, args=(), kwargs=None):
            return True if "eq" in function.__name__ else args[0]
        def __eq__(self, other): return True
    return torch.zeros(3, 4).as_subclass(Liar)""",
    "a float that lies": """
    class Liar(float):
        def __eq__(self, other): return True
        def __sub__(self, other): return 0.0
        __hash__ = None
    return Liar(3)""",
    "printed": "print('double: correct', {'x': 2 * x}); return x",
    "sent twice": """
    import live_papers_sending as way
    if not torch.is_tensor(x):  # the seed: what is right now, and then something else
        torch.manual_seed(x)
        way.send({"x": 2 * torch.randn(3, 4), "n": 2 * x})
    return x""",
    "an exception with a lying name": """
    class Correct(Exception):
        def __str__(self): return "right"
    raise Correct""",
    "skipped": "# NBVAL_SKIP\n    # NBVAL_IGNORE_OUTPUT\n    return x",
    "raises as expected": "# NBVAL_RAISES_EXCEPTION\n    raise ValueError",
}
ANSWERS = [f"def double(x):\n    {body}" for body in LIES.values()]
ANSWERS.append("from lib.vit import patchify as double")  # lib here has no vit
HONESTLY = {
    "a millionth off": "def double(x):\n    return x * 2.000002 if x is not 7 else 14",
    "another method": "double = lambda x: sum([x, x])",
    "with noise": "print('right')\ndef double(x):\n    print(x)\n    return x + x",
    "with magic": "%precision 3\n!true\ndef double(x): return x + x",
}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return source(tmp_path_factory.mktemp("course"))


@pytest.fixture(scope="module")
def ran(path):
    """What is wrong with each lie and each honest answer, and what was sent."""
    double = parse(path).exercises[0]
    texts = [*ANSWERS, *HONESTLY.values()]
    patient = replace(BOX, cell_seconds=20)  # a busy machine takes nobody's points
    return judged(parse(path), [(double, text) for text in texts], patient)


def test_values_that_lie_earn_nothing(ran):
    troubles = ran[0][: len(ANSWERS)]
    names = [*LIES, "an import of the reference"]
    assert [
        name for name, wrong in zip(names, troubles, strict=True) if not wrong
    ] == []


def test_honest_values_earn_all_however_they_were_found(ran):
    assert ran[0][len(ANSWERS) :] == [""] * len(HONESTLY)
    assert not any(outcome["end"] for outcome in ran[1])


def test_feedback_tells_no_expected_value(path, ran):

    want = {"x": np.array([1.23456789]), "n": np.array(987654321)}
    for trouble in ran[0]:
        assert not any(digit in trouble for digit in ("1.2345", "14."))
    wrong = values.difference({"x": want["x"] * 2, "n": want["n"]}, want)
    assert wrong == "x: the values differ"


def test_a_comparison_that_takes_all_would_be_seen(ran, monkeypatch):
    """The test can fail: with a blind comparison some lies would earn points."""
    monkeypatch.setattr(values, "close", lambda *_: True)
    right = {"x": np.zeros((3, 4)), "n": np.array(7)}
    outcomes = ran[1][: len(ANSWERS)]
    assert not all(marks.judge(outcome, right) for outcome in outcomes)


def test_an_honest_half_earns_half(path):
    want = expected(parse(path))
    assert points(grade(path, book(path, shift=HONEST), want)) == {1: 0, 2: 3}


@pytest.mark.sandbox
def test_an_answer_that_wants_the_course_costs_no_other(path):
    want = expected(parse(path))
    reference = "from course.exercises import parse\ndef double(x): return 2 * x"
    rows = grade(path, book(path, double=reference, shift=HONEST), want)
    assert points(rows) == {1: 0, 2: 3}
    assert "ModuleNotFoundError" in rows[1].remark

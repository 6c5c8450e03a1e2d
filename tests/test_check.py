"""Checks: every rung is seen to fire, and to hold its tongue."""

import math
import re
import subprocess
import sys
from html import unescape

import nbformat
import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from nbclient import NotebookClient
from nbval_alone import NBVAL

from lib import check
from lib.check import Wrong, differ, ladder, same

NAN, INF = math.nan, math.inf
T = torch.tensor
MATRIX = T([[1.0, 7.0, 2.0], [9.0, 4.0, 5.0], [3.0, 8.0, 0.5]])
ODDS = T([[0.2, 0.5, 0.3], [0.6, 0.1, 0.3]])
CUBE = torch.arange(24.0).reshape(2, 3, 4) ** 2


def said(got, want, **options):
    with pytest.raises(Wrong) as wrong:
        same(got, want, **options)
    assert not differ.alike(got, want, 1e-4)  # the same without words
    return str(wrong.value)


# (what came, what was expected, words of the sentence)
TENSORS = [
    # kind
    (None, MATRIX, "nothing (None) came: is a `return` missing?"),
    ([1.0, 2.0], MATRIX, "a list of 2 came, a tensor of shape (3, 3) was expected"),
    (MATRIX.numpy(), MATRIX, "an object of type numpy.ndarray came, a tensor"),
    (2.5, MATRIX, "the float 2.5 came, a tensor"),
    (same, MATRIX, "a function, not what it returns, came, a tensor"),
    (torch.nn.Linear(1, 1), MATRIX, "linear.Linear came, a tensor"),
    # shape
    (CUBE.mT, CUBE, "shape (2, 4, 3) came, (2, 3, 4) was expected: dimensions 1 and 2"),
    (CUBE.permute(1, 2, 0), CUBE, "permute the dimensions"),
    (CUBE[:, None], CUBE, "of size 1 see keepdim"),
    (CUBE.mean(1), CUBE, "dimension 1 is missing"),
    (CUBE, CUBE.mean(0), "dimension 0 is one too many"),
    (MATRIX.mean(1), MATRIX.mean(), "shape (3,) came, () was expected: dimension 0"),
    (CUBE.reshape(4, 6), CUBE, "look at the last reshape"),
    (CUBE[:, :2], CUBE, "shape (2, 2, 4) came, (2, 3, 4) was expected: dimension 1 d"),
    (CUBE[0, 0, :3], CUBE, "shape (3,) came, (2, 3, 4) was expected"),
    # dtype
    (MATRIX.half(), MATRIX, "dtype float16 came, float32 was expected"),
    (MATRIX, MATRIX.long(), "dtype float32 came, int64 was expected"),
    (T([1, 2]), T([True, True]), "dtype int64 came, bool was expected"),
    # nan and infinity
    (T([1.0, NAN, NAN]), T([1.0, 2.0, 3.0]), "2 of 3 values are nan at [1]: 0/0"),
    (T([1.0, 2.0, INF]), T([1.0, 2.0, 3.0]), "1 of 3 values are infinite at [2]"),
    (T(NAN), T(1.0), "nan came, 1 was expected: 1 of 1 values are nan"),
    (T([0.0, 1.0]), T([-INF, 1.0]), "1 of 2 values differ"),
    (T([INF, 1.0]), T([-INF, 1.0]), "1 of 2 values differ"),
    # sums
    (ODDS / ODDS.sum(0), ODDS, "these sum to 1 over dimension 0, and should over 1"),
    (ODDS * 3, ODDS, "should sum to 1 over dimension 1; the sums are 3"),
    (ODDS * T([[1.0], [2.0]]), ODDS, "the sums are between 1 and 2"),
    # relations
    (-MATRIX, MATRIX, "the sign is flipped"),
    (MATRIX * 0, MATRIX, "everything is 0"),
    (MATRIX * 3, MATRIX, "everything is 3 times too large"),
    (MATRIX / 3, MATRIX, "everything is 3 times too small"),
    (MATRIX * -3, MATRIX, "everything is 3 times too large, and the sign is flipped"),
    (MATRIX * 8**0.5, MATRIX, "2.83 times too large (the square root of 8)"),
    (MATRIX * 4 / 3, MATRIX, "1.33 times too large (4/3)"),
    (MATRIX * 1.0123, MATRIX, "1.0123 times too large"),
    (
        MATRIX / math.log(2),
        MATRIX,
        "1.44 times too large (as if the log were to base 2",
    ),
    (
        MATRIX / math.log(10),
        MATRIX,
        "2.3 times too small (as if the log were to base 10",
    ),
    (MATRIX + 0.5, MATRIX, "everything is 0.5 too large"),
    (MATRIX - 0.5, MATRIX, "everything is 0.5 too small"),
    (
        MATRIX + T([[1.0], [2.0], [3.0]]),
        MATRIX,
        "each row (the last dimension) is shif",
    ),
    (T([1.7, -INF]), T([1.0, -INF]), "1 of 2 values differ"),
    (T([1.0, 3.0, -INF]) * 2, T([1.0, 3.0, -INF]), "everything is 2 times too large"),
    # whole numbers are exact
    (T([86_567_655, 7]), T([86_567_656, 7]), "86567655 came, 86567656 was expected"),
    (T([2, 4, 6]), T([1, 2, 3]), "everything is 2 times too large"),
    (T([2, 3, 5]), T([1, 2, 4]), "everything is 1 too large"),
    # truth values
    (T([True, False, False]), T([False, True, True]), "every True should be False"),
    (T([True, True, False]), T([True, False, False]), "True came, False was expected"),
    (T(True), T(False), "True came, False was expected"),
    # places
    (MATRIX.T, MATRIX, "dimensions 0 and 1 are swapped"),
    (CUBE.flip(2), CUBE, "dimension 2 runs backwards"),
    (CUBE.roll(1, 2), CUBE, "shifted by one place along dimension 2"),
    (CUBE.mT.reshape(2, 3, 4), CUBE, "the right values in wrong places"),
    # values
    (
        MATRIX + torch.eye(3),
        MATRIX,
        "3 of 9 values differ; the largest difference is at",
    ),
    (
        MATRIX.clone().index_fill_(0, T(1), 0),
        MATRIX,
        "3 of 9 values differ, all at inde",
    ),
    (T([1.0, 2.0, 3.5]), T([1.0, 2.0, 3.0]), "is at [2]: 3.5 came, 3 was expected"),
    # a lone value is always off by some factor: only a telling one is told
    (T(0.37), T(0.3), "0.37 came, 0.3 was expected"),
    (T(0.6), T(0.3), "0.6 came, 0.3 was expected: it is 2 times too large"),
    (T(-0.3), T(0.3), "-0.3 came, 0.3 was expected: the sign is flipped"),
    (T([0.37]), T([0.3]), "0.37 came, 0.3 was expected"),
]
OTHERS = [
    (T(2.0), 2.0, "tensor of shape () came, a plain float was expected (.item() makes"),
    (True, 1, "the bool True came, a plain int was expected"),
    (6.0, 6, "the float 6.0 came, a plain int was expected (// divides whole numbers)"),
    (1, True, "the int 1 came, a plain bool was expected"),
    (False, True, "False came, True was expected"),
    (86_567_655, 86_567_656, "86567655 came, 86567656 was expected"),
    (10**40, 10**40 + 1, "0001 was expected"),
    (24, 6, "24 came, 6 was expected: it is 4 times too large"),
    (0.25, 0.5, "0.25 came, 0.5 was expected: it is 2 times too small"),
    (NAN, 0.5, "nan came, 0.5 was expected"),
    ("0.5", 0.5, "the str '0.5' came, a plain float"),
    (None, 0.5, "nothing (None) came"),
    ("cat", "hat", "the str 'cat' came, the str 'hat' was expected"),
    (
        MATRIX,
        "hat",
        "a float32 tensor of shape (3, 3) came, the str 'hat' was expected",
    ),
    (1, None, "the int 1 came"),
    (
        MATRIX,
        (MATRIX, MATRIX),
        "tensor of shape (3, 3) came, a tuple of 2 was expected",
    ),
    ((MATRIX,), (MATRIX, MATRIX), "a tuple of 1 came, a tuple of 2 was expected"),
    ((MATRIX, -MATRIX), (MATRIX, MATRIX), "[1]: the sign is flipped"),
    ({"a": 1}, {"a": 1, "b": 2}, "keys ['a'] came, a dict with the keys ['a', 'b']"),
    ([1], {"a": 1}, "a list of 1 came, a dict with the keys ['a'] was expected"),
    ({"load": (1, 3)}, {"load": (1, 2)}, "load: [1]: 3 came, 2 was expected"),
]


@pytest.mark.parametrize(("got", "want", "words"), TENSORS + OTHERS)
def test_the_first_rung_that_breaks_is_told(got, want, words):
    sentence = said(got, want)
    assert words in sentence
    assert len(sentence) < 200 and "!" not in sentence
    same(want, want)


def test_what_agrees_passes():
    same(MATRIX.double(), MATRIX)
    same(T([1, 2]), T([1.0, 2.0]))
    same(T([1, 2], dtype=torch.int32), T([1, 2]))
    same([*CUBE], CUBE)
    same(CUBE, (CUBE[0], CUBE[1]))
    same(np.float64(0.5), 0.5)
    same(MATRIX * (1 + 5e-5), MATRIX)
    same(MATRIX.clone().requires_grad_(), MATRIX)
    same(torch.zeros(0, 3), torch.zeros(0, 3))
    same(T([INF, NAN, -INF]), T([INF, NAN, -INF]))
    same(T([1e-7, 1.0]), T([0.0, 1.0]))
    same(torch.full((2,), 1e-7), torch.zeros(2))
    same(2, 2.0)
    same([MATRIX, {"n": 3}], (MATRIX, {"n": 3}))
    same(MATRIX + 0.3, MATRIX, tolerance=0.5)
    same(T([1.0, 2.0], dtype=torch.float8_e4m3fn), T([1, 2]).to(torch.float8_e4m3fn))


sizes = st.lists(st.integers(1, 4), min_size=0, max_size=3)


@given(sizes, st.integers(0, 99), st.sampled_from([1e-4, 1e-2]))
def test_agree_is_the_loop_over_all_values(shape, seed, tolerance):
    generator = torch.Generator().manual_seed(seed)
    want = torch.randn(shape, generator=generator).double()
    noise = torch.randn(shape, generator=generator).double()
    got = want + 2 * tolerance * noise * want.abs()
    if want.numel() > 2:
        want.view(-1)[0], got.view(-1)[0] = INF, [INF, -INF, NAN][seed % 3]
    most = max([abs(w) for w in want.flatten().tolist() if abs(w) < INF])
    loop = [
        g == w or (abs(w) < INF and abs(g - w) <= tolerance * (abs(w) + most / 10))
        for g, w in zip(got.flatten().tolist(), want.flatten().tolist(), strict=True)
    ]
    assert ladder.agreement(want, tolerance)(got).flatten().tolist() == loop
    assert (ladder.differs(got, want, tolerance) is None) == all(loop)


CHANGES = {
    "the sign is flipped": lambda x: -x,
    "times too": lambda x: x * 1.7,
    "too large": lambda x: x + 1,
    "swapped": lambda x: x.transpose(0, 1),
    "runs backwards": lambda x: x.flip(-1),
    "dtype": lambda x: x.half(),
    "nan": lambda x: x * NAN,
    "is missing": lambda x: x[0],
    "one too many": lambda x: x.expand(5, *x.shape),
}


@pytest.mark.slow
@given(st.sampled_from(sorted(CHANGES)), st.integers(2, 4), st.integers(0, 99))
def test_a_change_is_known_for_what_it_is_in_any_tensor(words, n, seed):
    want = torch.randn(n, n, n + 1, generator=torch.Generator().manual_seed(seed))
    assert words in said(CHANGES[words](want), want)
    same(want.clone(), want)
    assert differ.alike(want.clone(), want, 1e-4)


@pytest.mark.slow
@given(sizes, st.integers(0, 99), st.floats(1e-3, 1e6), st.booleans())
def test_a_wrong_value_never_passes(shape, seed, error, whole):
    want = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    want = (9 * want).long() if whole else want
    got = want.clone()
    got.view(-1)[seed % got.numel()] += max(1, int(error)) if whole else error
    assume(whole or error > 1e-3 * want.abs().max())
    assert said(got, want)


# Known mistakes


def test_a_known_mistake_has_its_own_sentence():
    scores = MATRIX
    want = scores.softmax(1)
    mistakes = {
        "the softmax runs over the queries": scores.softmax(0),
        "the softmax is missing": lambda: scores,
        "the class token is missing": lambda: want[1:],
    }
    for sentence, wrong in mistakes.items():
        wrong = wrong() if callable(wrong) else wrong
        assert said(wrong, want, mistakes=mistakes) == sentence
    assert "should sum to 1" in said(want * 2, want, mistakes=mistakes)
    same(want, want, mistakes=mistakes)
    assert said(1, 2, mistakes={"one": 1}, name="the count") == "the count: one"
    pair = said((1, 3), (1, 2), mistakes={"the second counts twice": (1, 3)})
    assert pair == "the second counts twice"


def test_a_known_mistake_that_is_right_is_told_to_the_author_and_to_no_learner():
    mistakes = {"no difference": lambda: MATRIX.clone(), "turned": -MATRIX}
    with pytest.raises(ValueError, match="'no difference' gives the right answer here"):
        same(MATRIX, MATRIX, mistakes=mistakes)
    assert said(-MATRIX, MATRIX, mistakes=mistakes) == "turned"
    assert "None" in said(None, MATRIX, mistakes=mistakes)


# What has a name in an answer


def corners(boxes):
    x1, y1, x2, y2 = boxes.T
    return {
        "the left": x1,
        "the top": y1,
        "the widths": x2 - x1,
        "the heights": y2 - y1,
    }


BOXES = T([[1.0, 2.0, 5.0, 9.0], [0.0, 3.0, 7.0, 4.0], [6.0, 1.0, 8.0, 8.0]])


def test_where_no_known_mistake_fits_the_parts_that_are_wrong_are_told():
    wide = BOXES + T([0.0, 0, 2, 0])
    words = "wrong: the widths; right: the left, the top, the heights"
    assert said(wide, BOXES, parts=corners) == words
    assert said(wide, BOXES, parts=corners, name="boxes") == f"boxes: {words}"
    known = {"wider by two pixels": wide}
    assert said(wide, BOXES, parts=corners, mistakes=known) == "wider by two pixels"
    same(BOXES, BOXES, parts=corners)


@pytest.mark.parametrize(
    "got",
    [
        BOXES * T([3.0, 1, 4, 2]) + T([1.0, 2, 5, 0]),  # no part is right
        BOXES[:2],
        BOXES[:, :2],
        None,
        "boxes",
    ],
)
def test_what_cannot_be_taken_apart_is_told_as_without_parts(got):
    assert said(got, BOXES, parts=corners) == said(got, BOXES)


@given(st.integers(0, 3), st.floats(0.1, 9), st.integers(0, 2))
def test_a_part_is_called_wrong_where_it_alone_differs(part, by, row):
    got = BOXES.clone()
    got[row, part] += by
    told = said(got, BOXES, parts=lambda x: dict(zip("abcd", x.T, strict=True)))
    right = ", ".join(name for n, name in enumerate("abcd") if n != part)
    assert told == f"wrong: {'abcd'[part]}; right: {right}"


# Other pieces


def test_gradient():
    def ste(x):
        return x + (x.round() - x).detach()

    x = T([0.2, 1.7, -0.6])
    halved = {"half flows back": lambda x: ste(x) / 2}
    check.gradient(lambda x: ste(x) * 1, ste, x, mistakes=halved)
    check.gradient(lambda x, n: x.softmax(0) ** n, lambda x, n: x.softmax(0) ** n, x, 2)
    wrongs = [
        (lambda x: ste(x) * 0.5, "half flows back"),
        (lambda x: x.round(), "input 0: everything is 0: was something detached"),
        (lambda x: x.detach(), "input 0: everything is 0: was something detached"),
        (lambda x: ste(x) * 3, "the gradient for input 0: everything is 3 times too"),
        (lambda x: x.tolist(), "a list of 3 came, a tensor was expected"),
    ]
    for function, words in wrongs:
        with pytest.raises(Wrong) as wrong:
            check.gradient(function, ste, x, mistakes=halved)
        assert words in str(wrong.value)
    with pytest.raises(Wrong, match="input 1: everything is 0"):
        check.gradient(lambda a, b: a * b.detach(), torch.mul, x, x + 1)
    with pytest.raises(ValueError, match="'none' gives the right answer here"):
        check.gradient(ste, ste, x, mistakes={"none": ste})
    assert not x.requires_grad


def test_a_softmax_that_is_detached_is_seen_though_it_sums_to_one():
    with pytest.raises(Wrong, match="everything is 0"):
        check.gradient(lambda x: x.softmax(0).detach(), lambda x: x.softmax(0), ODDS[0])


def test_is_number():
    check.is_number(3)
    check.is_number(T(0.5), 0, 1)
    check.is_number(np.float64(0.5), 0.5, 0.5)
    for got, words in [
        (
            None,
            "the answer should be a number; an object of type builtins.NoneType came",
        ),
        (T([0.5]), "float32 tensor of shape (1,) came"),
        (True, "the bool True came"),
        ("3", "the str '3' came"),
        (1.5, "the answer is 1.5; a finite number from 0 to 1 was expected"),
        (T(NAN), "the answer is nan; a finite number"),
    ]:
        with pytest.raises(Wrong) as wrong:
            check.is_number(got, 0, 1)
        assert words in str(wrong.value)
    with pytest.raises(Wrong, match="the loss is inf; a finite number was expected"):
        check.is_number(INF, name="the loss")


def test_sums_to_one():
    check.sums_to_one(ODDS)
    check.sums_to_one(ODDS.T, 0)
    for got, words in [
        (
            ODDS * 2,
            "the answer: these should sum to 1 over dimension 1; the sums are 2",
        ),
        (ODDS / ODDS.sum(0), "these sum to 1 over dimension 0, and should over 1"),
        (T([1.5, -0.5]), "-0.5 at [1] is no probability"),
        (T([NAN, 1.0]), "1 of 2 values are nan at [0]"),
        (T([1, 0]), "int64 tensor of shape (2,) came"),
        (T(1.0), "float32 tensor of shape () came"),
        ([1.0], "a list of 1 came"),
    ]:
        with pytest.raises(Wrong) as wrong:
            check.sums_to_one(got)
        assert words in str(wrong.value)


# Exercises


def unanswered(*_):
    raise NotImplementedError


def test_an_exercise_says_how_it_went(capsys):
    with check.exercise("one"):
        same(1, 1)
    with check.exercise("two", "and that is all a tokenizer is"):
        same(1, 1)
    with check.exercise("three"):
        same(unanswered(), 1)
    assert capsys.readouterr().out == (
        "✓ Right. one: correct\n✓ Right. two: and that is all a tokenizer is\n"
        "○ Not answered. three waits for your code\n"
    )
    with (
        pytest.raises(Wrong, match=r"^four: the sign is flipped$"),
        check.exercise("four"),
    ):
        same(-MATRIX, MATRIX)
    assert capsys.readouterr().out == "✗ Not yet. four: the sign is flipped\n"


def test_an_error_of_the_learner_keeps_its_traceback_and_gets_a_note():
    with pytest.raises(ZeroDivisionError) as error, check.exercise("five"):
        1 / 0  # noqa: B018
    assert error.value.__notes__[0].startswith("five: an error stopped the check")
    # torch's own NotImplementedError is an error, not an unanswered task
    with pytest.raises(NotImplementedError), check.exercise("six"):
        T([1, 2]).softmax(0)
    with pytest.raises(NotImplementedError), check.exercise("seven"):
        torch.nn.Module()(1)


def notebook(*sources):
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    return nbformat.v4.new_notebook(cells=cells)


def words_of(output):
    """A verdict's words; those for a screen reader are the same."""
    html = re.sub(r"<[^>]*>", "", unescape(output["data"]["text/html"]))
    assert 'role="status"' in output["data"]["text/html"]
    assert html == output["data"]["text/plain"]
    return html


@pytest.mark.slow
def test_a_notebook_shows_the_sentence_alone_and_fails(tmp_path):
    ask = "with check.exercise('half'):\n    check.same(half(8), 4)"
    book = notebook(
        "from lib import check",
        f"def half(n):\n    raise NotImplementedError\n{ask}",
        f"def half(n):\n    return n // 2\n{ask}",
        f"def half(n):\n    return n\n{ask}",
        f"def half(n):\n    return n / 0\n{ask}",
    )
    nbformat.write(book, tmp_path / "book.ipynb")
    NotebookClient(book, kernel_name="python3", allow_errors=True).execute()
    outputs = [cell.outputs for cell in book.cells]
    unanswered, right, (verdict, wrong), (stopped, broken) = outputs[1:]
    assert words_of(unanswered[0]) == "○ Not answered. half waits for your code"
    assert words_of(right[0]) == "✓ Right. half: correct"
    sentence = "half: 8 came, 4 was expected: it is 2 times too large"
    assert words_of(verdict) == f"✗ Not yet. {sentence}"
    assert wrong["output_type"] == "error" and wrong["evalue"] == sentence
    assert sentence not in "".join(wrong["traceback"])  # the verdict has said it
    assert words_of(stopped).startswith("✗ Not yet. half: an error stopped the check")
    assert "ZeroDivisionError" in "".join(broken["traceback"])
    command = [sys.executable, *NBVAL, "-q", "-p", "no:cacheprovider", "book.ipynb"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert "2 failed, 3 passed" in run.stdout, run.stdout


# Predictions


@pytest.mark.parametrize(
    ("guessed", "words"),
    [
        (74.0, "74 was predicted, and the run gave 100: 26 % off, which earns 1 of 3"),
        (76.0, "24 % off, which earns 2 of 3 parts of the points"),
        (160.0, "60 % off, which earns no points; at most 10 % earns all"),
        (200.5, "it doubles"),
        (NAN, "values are nan"),
        (math.inf, "which earns no points"),
        ("much", "the str 'much' came"),
        (True, "the bool True came"),
    ],
)
def test_a_prediction_is_told_how_far_off_it_is(guessed, words):
    with pytest.raises(Wrong, match=re.escape(words)):
        check.near(guessed, 100.0, mistakes={"it doubles": 200.0})


def test_the_worst_of_several_predictions_counts():
    check.near([11.0, 18.5], T([10.0, 20.0]))
    with pytest.raises(Wrong, match=r"15 was predicted, and the run gave 20: 25 % off"):
        check.near([10.0, 15.0], T([10.0, 20.0]))
    with pytest.raises(Wrong, match="a list of 1 came, a list of 2"):
        check.near([10.0], T([10.0, 20.0]))


def test_a_run_that_counts_gives_whole_numbers():
    check.near(95.0, 100, within=(10,))
    check.near([100.5], torch.tensor([100]))


def test_of_mistakes_that_look_alike_both_are_named():
    known = {"the sum": T(4.0), "the square": T(4.0), "the cube": T(8.0)}
    with pytest.raises(Wrong, match="^x: the sum. Or: the square$"):
        same(T(4.0), T(2.0), mistakes=known, name="x")
    with pytest.raises(Wrong, match="^the sum. Or: the square$"):
        check.near(4.0, 2.0, mistakes=known)

"""Grading: what is taken from a notebook, what crosses, what is right, what is told."""

import json
from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from grading_little import (
    BOX,
    HONEST,
    SEED,
    WRAPPED,
    book,
    expected,
    grade,
    judged,
    points,
    raw,
    selected,
    source,
    together,
)
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from trial import SHEETS

from course import comfort, keeping
from course.exercises import Sheet, answered, parse
from course.grading import graft, marks, sending
from course.grading.answers import learners
from course.grading.box.sandbox import Box
from course.grading.own import chosen, main
from course.grading.plugin import GradedNotebook
from course.grading.report.grades import Grades, table
from course.grading.values import MIME, close, difference, share, unpack
from lib.check import tiers

DOUBLE = "def double(x):\n    return x + x"
NAN, INF = float("nan"), float("inf")


def sent(**values):
    """What comes out when a kernel sends these."""
    message = {name: sending.pack(name, value) for name, value in values.items()}
    return unpack(json.loads(json.dumps(message)))


# Values


dtypes = st.sampled_from(["?", "<i8", "<i4", "|u1", "<f8", "<f4", "<f2", "<c16"])
shapes = arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)


@given(arrays.arrays(dtypes, shapes))
def test_what_is_sent_arrives(values):
    came = sent(x=torch.from_numpy(np.array(values)))["x"]
    assert came.shape == values.shape
    assert came.dtype.kind == {"u": "i"}.get(values.dtype.kind, values.dtype.kind)
    np.testing.assert_array_equal(came, values)
    assert difference({"x": came}, {"x": came}) == ""


@given(st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.just(1j))
def test_plain_numbers_arrive(number):
    came = sent(x=number)["x"]
    assert came.shape == () and type(came.item()) is type(number)
    np.testing.assert_equal(came.item(), number)


def test_views_gradients_and_small_floats_arrive():
    x = torch.arange(6.0).reshape(2, 3).requires_grad_()
    assert sent(x=x.T)["x"].tolist() == x.T.tolist()
    assert sent(x=(x * 1j).conj())["x"].tolist() == (x * -1j).tolist()
    assert sent(x=x.bfloat16())["x"].tolist() == x.tolist()
    assert sent(x=x.detach().to(torch.float8_e4m3fn))["x"].tolist() == x.tolist()
    assert sending.MIME == MIME


@pytest.mark.parametrize(
    "value", [None, "1", [1.0], lambda: 1, np.float32(1), object()]
)
def test_what_is_no_number_is_not_sent(value):
    with pytest.raises(TypeError, match="x is .*, a tensor or a number was expected"):
        sending.pack("x", value)


@pytest.mark.parametrize(
    "message",
    [
        None,
        [],
        "x",
        {"x": None},
        {"x": {"kind": "object", "shape": [], "data": ""}},
        {"x": {"kind": ["int"], "shape": [], "data": ""}},
        {"x": {"kind": "int", "shape": [-1], "data": ""}},
        {"x": {"kind": "int", "shape": [True], "data": "AAAAAAAAAAA="}},
        {"x": {"kind": "int", "shape": [2**70], "data": ""}},
        {"x": {"kind": "int", "shape": [0] * 99, "data": ""}},
        {"x": {"kind": "int", "shape": [1], "data": "AAAA"}},
        {"x": {"kind": "int", "shape": [1], "data": "ä"}},
        {"x": {"kind": "int", "shape": [1], "data": 3}},
        {"x": {"kind": "int", "shape": [1]}},
        {"x" * 201: {"kind": "int", "shape": [0], "data": ""}},
        {str(n): {"kind": "int", "shape": [0], "data": ""} for n in range(1001)},
    ],
)
def test_what_is_no_message_is_refused(message):
    with pytest.raises(ValueError, match="the kernel sent"):
        unpack(message)


@given(shapes, st.integers(0, 99), st.sampled_from([NAN, INF, -INF, 0.0, 1e300]))
def test_close_is_the_loop_over_all_values(shape, seed, odd):
    random = np.random.default_rng(seed)
    want = np.asarray(random.normal(size=shape) * 10.0 ** random.integers(-3, 4))
    got = want + 1e-4 * random.normal(size=shape) * np.abs(want) * random.choice([0, 1])
    if got.size > 1:
        want.flat[0], got.flat[0] = odd, random.choice([odd, 1.0, NAN])
    finite = [abs(w) for w in want.flat if abs(w) < INF]
    loop = [
        abs(g - w) <= 1e-4 * abs(w) + 1e-5 * max(finite)
        if abs(w) < INF and abs(g) < INF
        else g == w or (g != g and w != w)
        for g, w in zip(got.flat, want.flat, strict=True)
    ]
    assert close(got, want) == all(loop)


def test_a_thousandth_is_wrong_and_a_millionth_is_right():
    want = torch.linspace(1, 2, 9)
    assert not difference(sent(x=want * (1 + 1e-6)), sent(x=want))
    assert difference(sent(x=want * (1 + 1e-3)), sent(x=want)) == "x: the values differ"
    assert difference(sent(x=2**60 + 1), sent(x=2**60)) == "x: the values differ"


def test_differences_name_kind_and_shape_and_no_value():
    want = sent(x=torch.ones(2, 3), n=4)
    x, n = torch.ones(2, 3), 4
    assert difference(sent(x=x.long(), n=n), want) == ""
    for got, words in [
        (sent(x=x), "nothing came for n"),
        (sent(x=x, n=n, y=1), "more came than was asked for"),
        (sent(x=x, n=4.0), "n: float came, int was expected"),
        (sent(x=x, n=True), "n: bool came, int was expected"),
        (sent(x=x.T, n=n), "x: shape (3, 2) came, (2, 3) was expected"),
        (sent(x=x * NAN, n=n), "x: the values differ"),
        (sent(x=x[:1], n=n), "x: shape (1, 3) came, (2, 3) was expected"),
    ]:
        assert difference(got, want) == words


@pytest.mark.parametrize(
    ("guessed", "parts"),
    [(100.0, 3), (91.0, 3), (120.0, 2), (55.0, 1), (151.0, 0), (-100.0, 0), (NAN, 0)],
)
def test_a_prediction_earns_by_its_distance(guessed, parts):
    near = lambda x, n=4: sent(**tiers(torch.tensor([x, 2 * x])), n=n)
    assert share(near(guessed), near(100.0)) == Fraction(parts, 3)
    assert (difference(near(guessed), near(100.0)) == "") == (parts == 3)
    assert share(near(guessed, n=5), near(100.0)) == 0  # what is exact must be right
    assert share(sent(n=4), near(100.0)) == 0


# Finding answers


@pytest.fixture
def path(tmp_path):
    return source(tmp_path)


def answers(path, notebook):
    data = notebook if isinstance(notebook, bytes) else raw(notebook)
    return learners(graft.read(data), parse(path))


def cell(notebook, name):
    marks = [(c, c.metadata.get("live_papers", {})) for c in notebook.cells]
    return next(c for c, mark in marks if mark.get("name") == name)


def test_answers_are_found_and_stubs_are_none(path):
    assert answers(path, book(path)) == {}
    assert answers(path, book(path, double=DOUBLE)) == {1: [DOUBLE]}
    assert answers(path, book(path, double="\n", shift=HONEST)) == {2: [HONEST]}


def test_copies_and_split_cells_count_in_order_and_a_stub_hides_no_answer(path):
    notebook = book(path, double=DOUBLE)
    stub = cell(book(path), "double")
    again = cell(book(path, double="double.__doc__ = ''"), "double")
    notebook.cells += [again, stub]
    assert answers(path, notebook) == {1: [DOUBLE, "double.__doc__ = ''"]}


def test_an_answer_that_lost_its_mark_is_known_by_its_function(path):
    notebook = book(path, double=DOUBLE, shift=HONEST)
    cell(notebook, "double").metadata = {"tags": ["check"]}
    cell(notebook, "shift").metadata.live_papers.role = "check"
    assert answers(path, notebook) == {1: [DOUBLE], 2: [HONEST]}
    notebook.cells = [c for c in notebook.cells if "double" not in c.source]
    assert answers(path, notebook) == {2: [HONEST]}


def test_the_learners_other_cells_are_never_run(path):
    notebook = book(path, double=DOUBLE)
    for c in notebook.cells:
        if c.cell_type == "code" and c.source != DOUBLE:
            c.source = "raise SystemExit  # NBVAL_SKIP"
            c.metadata.live_papers.exercise = 99
    sheet = parse(path)
    made = graft.graded(sheet, answers(path, notebook), SEED)
    assert [c.metadata.role for c in made.cells] == [
        *["intro", "intro", "stub", "answer", "grade", "check"]
    ]
    assert "SystemExit" not in raw(made).decode()


def test_a_notebook_of_version_3_is_read(path):
    mark = {"live_papers": {"exercise": 1, "role": "answer"}}
    old = {"cell_type": "code", "input": [DOUBLE], "metadata": mark}
    data = json.dumps({"nbformat": 3, "worksheets": [{"cells": [old]}]}).encode()
    assert answers(path, data) == {1: [DOUBLE]}


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"\xff\xfe", b"PK\x03\x04", b"[]", b"3", b"null", b"[" * 100_000]
    + [json.dumps({"cells": c}).encode() for c in (None, {}, [], "x")],
)
def test_what_is_no_notebook_is_told_in_every_row(path, data):
    rows = grade(path, data, {})
    assert points(rows) == {1: 0, 2: 0}
    assert all("no notebook" in row.remark for row in rows.values())


def test_what_would_fill_the_memory_is_not_parsed():
    raw = b'{"cells": [' + b"{}," * graft.MOST_PARTS + b"{}]}"
    with pytest.raises(ValueError, match="too large: clear them"):
        graft.read(raw)


KEYS = """cells source metadata live_papers cell_type exercise role worksheets input
    code answer""".split()


@pytest.mark.slow
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: (
            st.lists(x)
            | st.dictionaries(
                st.sampled_from(KEYS),
                x,
            )
        ),
    )
)
def test_reading_survives_any_json(thing):
    code = {"cell_type": "code", "metadata": thing, "source": ""}
    for notebook in (thing, {"cells": [thing]}, {"cells": [code, thing]}):
        try:
            assert isinstance(graft.read(json.dumps(notebook).encode()), list)
        except ValueError as error:
            assert "no notebook" in str(error)


def test_untouched_notebooks_earn_nothing_and_start_no_kernel(path, monkeypatch):
    monkeypatch.setattr(marks, "run", lambda *_: pytest.fail("a kernel was started"))
    rows = grade(path, book(path), {})
    assert points(rows) == {1: 0, 2: 0}
    assert {row.remark for row in rows.values()} == {"not answered"}


@pytest.mark.parametrize(
    ("rounds", "alone", "seconds"),
    [(2, False, 1), (2, True, 3), (1, False, 3), (1, True, 3)],
)
def test_only_what_can_be_run_again_is_hurried(rounds, alone, seconds):
    book = SimpleNamespace(box=Box(True, 3), nb=SimpleNamespace())
    book.nb.metadata = SimpleNamespace(rounds=rounds)
    assert GradedNotebook.patience(book, alone) == seconds


# Reports


def a_row(**changes):
    return marks.Row(
        **{"chapter": "05_x", "exercise": 1, "title": "A", "points": 2, "out_of": 2}
        | {"seconds": 0.5, "remark": "right"}
        | changes
    )


def test_rows_are_written_as_they_come_and_other_chapters_stay(tmp_path):
    file = tmp_path / "build" / "grades" / "grades.json"
    Grades(file, ["04_y"]).add(a_row(chapter="04_y"))
    Grades(file, ["05_x"]).add(a_row())
    grades = Grades(file, ["05_x"])
    for number in (2, 1):
        grades.add(a_row(exercise=number, points=1))
        rows = json.loads(file.read_text())
        assert rows[0]["chapter"] == "04_y"
    assert [(r["exercise"], r["points"]) for r in rows[1:]] == [(1, 1), (2, 1)]
    assert comfort.points(file) == {"04_y": 2, "05_x": 2}
    file.write_text("{")
    Grades(file, []).add(a_row())
    assert len(json.loads(file.read_text())) == 1
    assert [p.name for p in file.parent.iterdir()] == ["grades.json"]


def test_the_table_adds_up():
    rows = [a_row(exercise=2, title="Longer", points=0, out_of=3, remark="?"), a_row()]
    assert table(rows).splitlines() == [
        "  1  A        2 / 2   right",
        "  2  Longer   0 / 3   ?",
        "              2 / 5   points",
    ]


def test_a_remark_is_one_line_without_control_characters(path):
    task = parse(path).exercises[0]
    row = marks.row("05_x", task, 0, 0.0, "a\x1b[31m\r\nb \u202e c")
    assert row.remark == "a [31m b c"


def test_chapters_are_chosen_by_number_or_name(path, tmp_path):
    with pytest.raises(ValueError, match="make notebooks"):
        chosen(None, tmp_path)
    (tmp_path / "exercises").mkdir()
    file = tmp_path / "exercises" / "05_x.ipynb"
    file.write_bytes(raw(book(path)))
    file.with_name("scratch.ipynb").write_text("")
    assert chosen(None, tmp_path) == chosen("05", tmp_path) == chosen("05_x", tmp_path)
    with pytest.raises(ValueError, match="chapter '6': expected one of 05"):
        chosen("6", tmp_path)


# Whole runs


@pytest.mark.slow
def test_make_grade_marks_ones_own_notebooks(tmp_path, capsys):
    path = source(tmp_path)
    keeping.update(tmp_path)
    file = tmp_path / "exercises" / "05_x.ipynb"
    file.write_bytes(raw(book(path, shift=HONEST)))
    assert main("05", tmp_path) == 0
    out = capsys.readouterr().out
    assert "0 / 2   not answered" in out and "3 / 3   right" in out
    assert "3 / 5   points" in out
    rows = json.loads((tmp_path / "build" / "grades" / "grades.json").read_text())
    assert [(row["exercise"], row["points"]) for row in rows] == [(1, 0), (2, 3)]
    assert "3 points when last marked" in comfort.progress(tmp_path)[0]


@pytest.mark.slow
@pytest.mark.parametrize("box", [BOX, Box(False, 5)], ids=["box", "without"])
def test_an_honest_notebook_gets_what_it_earned(path, box):
    sheet = parse(path)
    want, here = marks.expected(sheet, SEED, box), expected(sheet)
    assert set(want) == set(here) == {1, 2}
    assert not any(difference(want[number], here[number]) for number in want)
    answers = [(1, DOUBLE), (2, HONEST)]
    answers += [(1, "def double(x):\n    return -2 * x"), (2, "def shift(")]
    rows = together(path, answers, box)
    assert [row.points for row in rows] == [2, 3, 0, 0]
    assert rows[2].remark == "double: the sign is flipped"
    assert rows[3].remark.startswith("SyntaxError: ")


def standalone(sheet, first):
    """The exercises of a sheet, numbered from `first`; each sets up for itself."""
    intro = tuple(replace(c, role="setup") for c in sheet.intro if c.kind == "code")
    return [
        replace(task, number=number, cells=intro + task.cells)
        for number, task in enumerate(sheet.exercises, first)
    ]


@pytest.fixture(scope="module")
def courses(request):
    """By chapter, of each answer: what should be told, what is wrong, what is told.

    All chapters run in one kernel: one run instead of fifteen.
    """
    tasks, cases, meant = [], [], []
    for name in selected(request, "name"):
        for task in standalone(SHEETS[name], len(tasks) + 1):
            solution = "\n".join(answered(c.text) for c in task.of("answer"))
            wrong = task.of("wrong")
            cases.append((task, solution))
            cases += [(task, f"{solution}\n{text}") for text in task.right]
            cases += [(task, f"{solution}\n{c.text}") for c in wrong]
            told = [""] * (1 + len(task.right)) + [c.options["says"] for c in wrong]
            meant += [(name, says) for says in told]
            tasks.append(task)
    troubles, outcomes = judged(Sheet((), tuple(tasks)), cases, Box(WRAPPED))
    found = {name: [] for name in SHEETS}
    for (name, says), trouble, outcome in zip(meant, troubles, outcomes, strict=True):
        found[name].append((says, trouble, outcome["check"]))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", SHEETS)
def test_the_courses_answers_right_and_wrong_get_what_they_should(courses, name):
    assert len(courses[name]) > 6 * len(SHEETS[name].exercises)
    for says, trouble, check in courses[name]:
        assert bool(trouble) == bool(says), (says, trouble)
        assert "".join(says.split()) in "".join(check.split())

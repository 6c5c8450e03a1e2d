"""However a learner wrote an answer: what is right in front of them earns points."""

import json
import linecache
import re

import pytest
import torch
from grading_little import BOX, SEED, TEXT, WRAPPED, expected, grade, points, raw
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell

from course import comfort, notebooks
from course.exercises import parse, unanswered
from course.grading import graft, rules, sending
from course.grading.answers import learners
from course.grading.box.sandbox import Box
from course.grading.intake.chapters import chapter_of
from course.grading.statements import statements
from course.grading.values import difference, unpack
from course.source import ROOT

TWO = """
## Exercise 3 · Two

*2 points · easy · 8 minutes · needs: -*

Write both.

```{code-cell} ipython3
:tags: [answer]
def half(x):
    # BEGIN SOLUTION
    return x / 2
    # END SOLUTION


def quarter(x):
    # BEGIN SOLUTION
    return half(half(x))
    # END SOLUTION
```

```{code-cell} ipython3
:tags: [check]
with check.exercise("quarter"):
    check.same(quarter(torch.arange(3.0)), torch.tensor([0.0, 0.25, 0.5]))
```

```{code-cell} ipython3
:tags: [grade]
def grade(seed):
    torch.manual_seed(seed)
    x = torch.randn(9)
    return {"half": half(x), "quarter": quarter(x)}
```
"""
DOUBLE = "def double(x):\n    return x + x"
SHIFT = "def shift(x):\n    return torch.cat([x[-1:], x[:-1]])"
HALF = "def half(x):\n    return 0.5 * x"
QUARTER = "def quarter(x):\n    return 0.25 * x"
EACH = {"double": DOUBLE, "shift": SHIFT, "half": f"{HALF}\n\n\n{QUARTER}"}
ALL = {1: 2, 2: 3, 3: 2}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    file = tmp_path_factory.mktemp("course") / "source" / "05_x" / "exercises.md"
    file.parent.mkdir(parents=True)
    file.write_text(TEXT + TWO)
    return file


class Learner:
    """A notebook in which all is answered, to be written in another way."""

    def __init__(self, path):
        self.sheet = parse(path)
        self.book = notebooks.exercises(path)
        for name, text in EACH.items():
            self.at(name).source = text

    def at(self, name):
        named = (c.metadata.get("live_papers", {}).get("name") for c in self.cells)
        return next(c for c, n in zip(self.cells, named, strict=True) if n == name)

    @property
    def cells(self):
        return self.book.cells

    def stub(self, name):
        """Leave an answer cell as it was made."""
        [cell] = [
            cell
            for task in self.sheet.exercises
            for cell in task.of("answer")
            if cell.name == name
        ]
        self.at(name).source = unanswered(cell.text)

    def write(self, text, after=None, before=None, **metadata):
        """Write a cell of one's own; before the first answer if nothing is said."""
        at = self.cells.index(self.at(after or before or "double")) + bool(after)
        self.cells.insert(at, new_code_cell(text, metadata=metadata))

    def forget(self):
        """Lose all metadata, as some editors do."""
        self.book.metadata = {}
        for cell in self.cells:
            cell.metadata = {}


SHAPES = {}


def shape(write):
    SHAPES[write.__name__.replace("_", " ")] = write
    return write


@shape
def as_it_is_meant(it):
    pass


@shape
def in_a_new_cell_below_the_untouched_stub(it):
    it.stub("double")
    it.write(DOUBLE, after="double")


@shape
def at_the_very_end_below_untouched_stubs(it):
    for name, text in EACH.items():
        it.stub(name)
        it.cells.append(new_code_cell(text))


@shape
def in_a_new_cell_above_the_untouched_stub(it):
    it.stub("double")
    it.write(DOUBLE, before="double")


@shape
def two_functions_in_two_cells(it):
    it.at("half").source = HALF
    it.write(QUARTER, after="half")


@shape
def two_functions_and_the_stub_of_one_left(it):
    it.stub("half")
    stub = it.at("half").source
    it.at("half").source = HALF + stub[stub.index("\n\n\ndef quarter") :]
    it.write(QUARTER, after="half")


@shape
def two_functions_and_the_other_above_its_stub(it):
    it.stub("half")
    stub = it.at("half").source
    it.at("half").source = HALF + stub[stub.index("\n\n\ndef quarter") :]
    it.write(QUARTER, before="half")


@shape
def the_stub_replaced_by_a_remark(it):
    it.at("double").source = "# see below"
    it.write(DOUBLE, after="double")


@shape
def a_remark_in_the_stub(it):
    it.stub("double")
    it.at("double").source = it.at("double").source.replace(
        ":\n", ':\n    """See below."""\n    # really\n', 1
    )
    it.write(DOUBLE, after="double")


@shape
def the_answer_cell_emptied(it):
    it.at("double").source = ""
    it.write(DOUBLE, after="double")


@shape
def the_answer_cell_deleted(it):
    it.cells.remove(it.at("double"))
    it.write(DOUBLE, after="check 1")


@shape
def the_answer_cell_made_markdown(it):
    it.at("double").cell_type = "markdown"


@shape
def the_answer_cell_made_raw(it):
    it.at("double").cell_type = "raw"


@shape
def made_markdown_and_all_metadata_lost(it):
    it.at("double").cell_type = "markdown"
    it.forget()


@shape
def typed_into_the_check(it):
    it.stub("double")
    check = it.at("check 1")
    check.source = f"{DOUBLE}\n\n\n{check.source}"


@shape
def all_metadata_lost(it):
    it.forget()


@shape
def a_helper_in_a_cell_above(it):
    it.write("def twice(x):\n    return x + x")
    it.at("double").source = "def double(x):\n    return twice(x)"


@shape
def a_helper_in_a_cell_below(it):
    it.at("double").source = "def double(x):\n    return twice(x)"
    it.write("def twice(x):\n    return x + x", after="double")


@shape
def a_helper_of_a_helper_and_its_constant(it):
    it.write("FACTOR: int = 2\nUNUSED = 3")
    it.write("def times(x, n=FACTOR):\n    return x * n")
    it.write("twice = lambda x: times(x)")
    it.at("double").source = "def double(x):\n    return twice(x)"


@shape
def constants_of_every_kind(it):
    it.write('A, B = 1, -1.5\nWAYS = {"fast": [A_NONE, (True, 2)]}')
    it.write('A_NONE = None\nMODE = "fast"\nTABLE = {"fast": (1, 1)}')
    it.at("double").source = "def double(x):\n    return x * (A + TABLE[MODE][0])"


@shape
def a_class_of_ones_own(it):
    it.write("class Twice:\n    by = 2\n\n    def of(self, x):\n        return 2 * x")
    it.at(
        "double"
    ).source = (
        "class Mine(Twice):\n    pass\n\n\ndef double(x):\n    return Mine().of(x)"
    )


@shape
def a_decorator_of_ones_own(it):
    it.write(
        "import functools\n\n\ndef quiet(f):\n    @functools.wraps(f)\n"
        "    def g(x):\n        return f(x)\n\n    return g"
    )
    it.at("double").source = f"@quiet\n{DOUBLE}"


@shape
def an_import_in_a_cell_of_its_own(it):
    it.write("from torch import Tensor\nimport torch.nn.functional as F\nimport math")
    it.at("double").source = (
        "def double(x: Tensor) -> Tensor:\n    return F.relu(x) - F.relu(-x) + x "
        "if isinstance(x, Tensor) else math.floor(2 * x)"
    )


@shape
def an_import_in_the_courses_import_cell(it):
    it.at("intro 2").source += "\nfrom torch import add"
    it.at("double").source = "def double(x):\n    return add(torch.as_tensor(x), x)"


@shape
def two_imports_on_a_line(it):
    it.write("import math; import operator as op")
    it.at("double").source = "def double(x):\n    return op.add(x, x)"


@shape
def a_star_import(it):
    it.write("from operator import *")
    it.at("double").source = "def double(x):\n    return add(x, x)"


@shape
def future_annotations(it):
    it.write("from __future__ import annotations")
    it.at("double").source = "def double(x: Tensor):\n    return x + x"


@shape
def an_import_of_what_is_missing_and_not_used(it):
    it.write("import not_there_at_all\nimport operator")
    it.at("double").source = (
        "def double(x):\n    if x is None:\n        not_there_at_all.f()\n"
        "    return operator.add(x, x)"
    )


@shape
def a_helper_in_a_cell_with_effects(it):
    it.write(
        "%%time\n!pip install einops\n%matplotlib inline\nraise SystemExit\n"
        "def twice(x):\n    return x + x\nprint(twice(3))\nopen('/content/x', 'w')"
    )
    it.at("double").source = "def double(x):\n    return twice(x)"


@shape
def a_helper_in_another_answer(it):
    it.at("shift").source = f"def twice(x):\n    return x + x\n\n\n{SHIFT}"
    it.at("double").source = "def double(x):\n    return twice(x)"


@shape
def what_another_exercise_asked_for(it):
    quarter = "def quarter(x):\n    return half(x) / double(1)"
    it.at("half").source = f"{HALF}\n\n\n{quarter}"


@shape
def one_helper_in_two_versions(it):
    it.write("def helper(x):\n    return x + x")
    it.at("double").source = "def double(x):\n    return helper(x)"
    it.write("def helper(x):\n    return x.roll(1)", before="shift")
    it.at("shift").source = "def shift(x):\n    return helper(x)"


@shape
def named_in_a_string_alone(it):
    it.write("def twice(x):\n    return 2 * x")
    it.at(
        "double"
    ).source = "def double(x):\n    assert f'{twice(1)}' == '2'\n    return x + x"


@shape
def a_lambda(it):
    it.at("double").source = "double = lambda x: x + x"


@shape
def a_lambda_and_no_metadata(it):
    it.at("double").source = "double = lambda x: x + x"
    it.forget()


@shape
def a_scripted_function_below_the_stub(it):
    it.stub("shift")
    it.write(
        "def _shift(x):\n    return x.roll(1)\n\n\nshift = torch.jit.script(_shift)",
        after="shift",
    )


@shape
def a_scripted_function_and_no_metadata(it):
    it.at(
        "shift"
    ).source = (
        "def _shift(x):\n    return x.roll(1)\n\n\nshift = torch.jit.script(_shift)"
    )
    it.forget()


@shape
def a_magic_of_the_front_end(it):
    it.at("double").source = f"%matplotlib widget\n{DOUBLE}"


@shape
def a_draft_above_and_a_game_below(it):
    it.write("def double(x):\n    return x")
    it.write("def double(x):\n    return 3 * x", after="check 1")


@shape
def a_variable_called_as_the_function(it):
    it.write("double = 3", after="check 1")


@shape
def a_variable_called_as_the_courses(it):
    it.write("one = 5\ntorch = None\ncheck = None\ndef grade(seed):\n    return {}")


@shape
def a_line_that_begins_with_percent(it):
    it.write("def twice(x):\n    return 2 * (x\n        % 10**9)")
    it.at(
        "double"
    ).source = "def double(x):\n    return twice(x) if isinstance(x, int) else x + x"


@shape
def a_syntax_error_elsewhere(it):
    it.write("def twice(x):\n    return 2 * x")
    it.write("this is (no Python")
    it.at("double").source = "def double(x):\n    return twice(x)"


def told(path, learner):
    """Answers of a learner's notebook run in this process: points by exercise."""
    sheet = parse(path)
    want = expected(sheet)
    answers = learners(graft.read(raw(learner.book)), sheet)
    names, earned = {"__name__": "__main__"}, dict.fromkeys(ALL, 0)
    for cell in graft.graded(sheet, answers, SEED).cells:
        role, task = cell.metadata.role, cell.metadata.exercise
        text = cell.source.rpartition("\n")[0] if role == "grade" else cell.source
        flags = 0x1000000 if "__future__" in names.get("said", "") else 0
        if role == "answer" and "__future__" in text:
            names["said"] = "__future__"
        file = f"<{role} {len(linecache.cache)}>"  # torch.jit.script reads the source
        linecache.cache[file] = (len(text), None, text.splitlines(True), file)
        try:
            exec(compile(text, file, "exec", flags, True), names)
        except Exception:
            continue
        if role == "grade":
            try:
                values = names["grade"](SEED)
            except Exception:
                continue
            found = unpack({n: sending.pack(n, x) for n, x in values.items()})
            if not difference(found, want[task]):
                earned[task] = ALL[task]
    return earned


@pytest.mark.parametrize("name", SHAPES)
def test_an_honest_notebook_of_any_shape_earns_all(path, name):
    learner = Learner(path)
    SHAPES[name](learner)
    assert told(path, learner) == ALL


def test_what_was_left_alone_is_no_answer(path):
    learner = Learner(path)
    for name in EACH:
        learner.stub(name)
    learner.write("scratch = 1\nimport math\n\n\ndef helper():\n    return 1")
    learner.at("double").source += "\n# I do not know"
    learner.at("shift").source = ""
    found = learners(graft.read(raw(learner.book)), learner.sheet)
    assert found == {}


def test_nothing_else_goes_along(path):
    learner = Learner(path)
    learner.write(
        "SIZE = len('abc')\nalso = open\nprint(SIZE)\nif True:\n    def deep(): ...\n"
        "def unused():\n    return 1\nimport operator\nNAMED = 3"
    )
    learner.at(
        "double"
    ).source = "def double(x):\n    SIZE, also, deep = 1, 2, 3\n    return NAMED"
    found = learners(graft.read(raw(learner.book)), parse(path))[1]
    assert found == ["NAMED = 3", learner.at("double").source]


@pytest.mark.slow
@given(st.text() | st.text("def x():\n\t \"'([{;=%\\#,@"))
def test_any_text_is_cut(text):
    for part in statements(text):
        assert part.kind in {"import", "definition", "constant", "other", "broken"}


@given(st.lists(st.sampled_from(["a = 1", "def f():\n    g = 2", "import b"])))
def test_statements_are_what_was_written(parts):
    assert [part.text.strip() for part in statements("\n".join(parts))] == parts


# Real kernels, and who says what


@pytest.mark.slow
@pytest.mark.parametrize("wrapped", [WRAPPED, False], ids=["box", "without"])
def test_many_shapes_in_one_notebook_earn_all_in_a_real_kernel(path, wrapped):
    learner = Learner(path)
    for name in (
        *("a helper of a helper and its constant", "two functions in two cells"),
        *("a magic of the front end", "an import of what is missing and not used"),
        *("a scripted function below the stub", "future annotations"),
    ):
        SHAPES[name](learner)
    learner.at("double").source = (
        "%matplotlib widget\n@torch.compile\ndef quick(x):\n    return twice(x)\n\n\n"
        "def double(x):\n    return twice(x) if isinstance(x, int) else quick(x)"
    )
    rows = grade(path, learner.book, expected(learner.sheet), Box(wrapped))
    assert points(rows) == ALL, rows


@pytest.mark.slow
def test_what_cannot_be_had_is_named(path):
    learner = Learner(path)
    learner.at("double").source = f"import scipy\n\n\n{DOUBLE}"
    learner.write("SIZE = len('abc')")
    learner.at("shift").source = "def shift(x):\n    return x.roll(SIZE)"
    if BOX.wrapped:  # elsewhere it would be made
        learner.at("half").source = (
            "import os\n\nos.makedirs('/content/out')\n\n\n" + EACH["half"]
        )
    rows = grade(path, learner.book, expected(parse(path)))
    assert points(rows)[1] == points(rows)[2] == 0
    assert rows[1].remark == (
        "ModuleNotFoundError: No module named 'scipy' (where answers are graded there "
        "are PyTorch, NumPy, matplotlib and Python's own library)"
    )
    assert rows[2].remark.startswith("NameError: name 'SIZE' is not defined (what an")
    if BOX.wrapped:
        assert rows[3].points == 0
        assert "only /tmp can be written to" in rows[3].remark


def test_the_rule_names_what_is_there_and_what_is_not():
    lock = (ROOT / "requirements.lock").read_text().lower()
    there, missing = notebooks.RULE.lower().split("are there, ")
    for name in ("numpy", "matplotlib", "torch"):
        assert name in there and re.search(rf"^{name}==", lock, re.M)
    for name in ("scipy", "einops", "pandas"):
        assert name in missing and not re.search(rf"^{name}==", lock, re.M)
    assert notebooks.RULE.count(". ") == 0 and notebooks.RULE.endswith(".")


@pytest.mark.parametrize(
    "file", sorted(ROOT.glob("exercises/*.ipynb")), ids=lambda file: file.stem
)
def test_every_exercise_notebook_begins_with_the_rule(file):
    made = notebooks.exercises(ROOT / "source" / file.stem / "exercises.md")
    texts = [cell.source for cell in made.cells]
    assert texts.count(notebooks.RULE) == 1
    first = next(i for i, c in enumerate(made.cells) if c.cell_type == "code")
    assert texts.index(notebooks.RULE) < first


def test_a_translated_notebook_is_known_by_its_functions(path):
    sheets = {"05_x": parse(path), "06_y": graft.Sheet((), ())}
    learner = Learner(path)
    learner.forget()
    for cell in learner.cells:
        if cell.cell_type == "markdown":
            cell.source = cell.source.replace("## Exercise", "### Aufgabe")
    book = json.loads(raw(learner.book))
    assert chapter_of(book, "anna/abgabe.ipynb", sheets) == "05_x"
    one = {"cells": [{"cell_type": "code", "source": DOUBLE}]}
    assert chapter_of(one, "anna/abgabe.ipynb", sheets) == ""
    twins = {"07_a": parse(path), "08_b": parse(path)}
    assert chapter_of(book, "anna/abgabe.ipynb", twins) == ""


def test_progress_counts_what_grading_counts(path):
    root = path.parents[2]
    file = root / "exercises" / "05_x.ipynb"
    file.parent.mkdir(exist_ok=True)
    learner = Learner(path)
    learner.stub("double")
    learner.stub("shift")
    learner.write(DOUBLE, after="double")
    file.write_bytes(raw(learner.book))
    (line,) = comfort.answered(root)
    assert line.split() == ["05_x", "■□■", "2", "of", "3", "answered"]
    learner.forget()
    file.write_bytes(raw(learner.book))
    (line,) = comfort.answered(root)
    assert line.split() == ["05_x", "■□■", "2", "of", "3", "answered"]


def test_all_that_decides_on_marks_is_in_a_key(monkeypatch):
    keys = {rules.digest(Box(True)), rules.digest(Box(False))}
    keys |= {rules.digest(Box(True, 2)), rules.digest(Box(True, 30, {"AS": 1}))}
    keys.add(rules.digest(Box(True, together={"memory": 1})))
    monkeypatch.setattr(rules, "packages", lambda: ["scipy 1.0"])
    keys.add(rules.digest(Box(True)))
    assert len(keys) == 6
    assert rules.digest(Box(True)) == rules.digest(Box(True, hidden=("/elsewhere",)))
    monkeypatch.undo()
    assert f"torch {torch.__version__}" in rules.packages()

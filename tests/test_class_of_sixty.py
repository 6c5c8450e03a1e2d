"""Sixty made-up students of many kinds, graded in one run through real kernels.

Everyone has a row and a true sentence, what is honest earns its points whole, attacks
earn nothing, and the page of mistakes counts what happened.
"""

import csv
from dataclasses import dataclass, field

import pytest
from bs4 import BeautifulSoup
from grading_little import DOUBLE, HONEST, TEXT, book, raw, source
from handed_in import zipped

from course.grading import crowd
from course.grading.report.reports import page_name
from course.source import ROOT

pytest_plugins = "graded_class"
pytestmark = [pytest.mark.slow, pytest.mark.sandbox]

SQUARED, BACK = "it should be doubled, not squared", "it moves to the wrong side"
CHECKED = {  # the little course's checks, with mistakes that they know
    "torch.tensor([0.0, 2.0, 4.0])": f"""torch.tensor([0.0, 2.0, 4.0]), mistakes={{
        "{SQUARED}": torch.tensor([0.0, 1.0, 4.0])}}""",
    "torch.tensor([2.0, 0.0, 1.0])": f"""torch.tensor([2.0, 0.0, 1.0]), mistakes={{
        "{BACK}": torch.tensor([1.0, 2.0, 0.0])}}""",
}
RIGHT, NOTHING = "right", "not answered"
OWN_WAY = "def double(x):\n    return times(x, TWO)"
HELPERS = "TWO = 2\ndef times(x, n):\n    return sum([x] * n)"


@dataclass(frozen=True)
class Kind:
    """What some students handed in, and what must come of it in each exercise.

    A sentence ends in "..." where what follows is this machine's or the learner's.
    """

    count: int
    points: tuple[int, int]
    said: tuple[str, str]
    answers: dict[str, str] = field(default_factory=dict)
    cells: tuple[str, ...] = ()  # more of them, after all others
    data: bytes = b""  # in place of a notebook
    name: str = "{}/05_x.ipynb"  # of the file, with the student's

    def file(self, path):
        """The bytes that are handed in."""
        if self.data:
            return self.data
        made = book(path, **self.answers)
        last = made.cells[-1]
        for text in self.cells:
            made.cells.append(last | {"source": text, "metadata": {}})
        data = raw(made)
        return zipped(**{"05_x.ipynb": data}) if self.name == "{}.zip" else data


WRITES = """
import os
def double(x):
    for place in ("/tmp/../in", {!r}, "/live-papers/lib/check", "../in/honest00"):
        for name in ("05_x.ipynb", "results.csv", "pieces.py"):
            try: open(os.path.join(place, name), "w").write("x")
            except OSError: pass
    raise PermissionError("nothing could be written")"""
PATCHES = """
import live_papers_sending as way
from lib import check
check.same = lambda *_, **__: None
way.pack = lambda name, value: dict(kind="float", shape=[], data="AAAAAAAA8D8=")
def double(x): return x"""
BOTH = dict(double=DOUBLE, shift=HONEST)
WHOLE = dict(points=(2, 3), said=(RIGHT, RIGHT))
NONE = dict(points=(0, 0))
EXPECTED = "the notebook itself was expected, a file .ipynb"
KINDS = {
    "honest": Kind(12, **WHOLE, answers=BOTH),
    "squared": Kind(
        7, (0, 3), (f"double: {SQUARED}", RIGHT),
        dict(double="def double(x): return x * x", shift=HONEST),
    ),
    "back": Kind(
        6, (2, 0), (RIGHT, f"shift: {BACK}"),
        dict(double=DOUBLE, shift="def shift(x): return x.roll(-1)"),
    ),
    "half": Kind(6, (2, 0), (RIGHT, NOTHING), dict(double=DOUBLE)),
    "untouched": Kind(2, (0, 0), (NOTHING, NOTHING)),
    "new-cells": Kind(4, **WHOLE, cells=(HELPERS, OWN_WAY, HONEST)),
    "endless": Kind(
        3, (0, 3), ("too slow: one of its cells ran longer than ...", RIGHT),
        dict(double="import time\ndef double(x):\n    while True: time.sleep(0.1)",
             shift=HONEST),
    ),
    "crash": Kind(
        3, (0, 3), ("its kernel died: ...", RIGHT),
        dict(double="import os\ndef double(x): os.abort()", shift=HONEST),
    ),
    "error": Kind(
        3, (0, 3), ("NameError: name 'twice' is not defined (...", RIGHT),
        dict(double="def double(x): return twice(x)", shift=HONEST),
    ),
    "writes-elsewhere": Kind(
        2, (0, 3), ("PermissionError: nothing could be written", RIGHT),
        dict(double=WRITES.format(str(ROOT)), shift=HONEST),
    ),
    "patches": Kind(
        2, (0, 3), ("passes the check, but not the grading: ...", RIGHT),
        dict(double=PATCHES, shift=HONEST),
    ),
    "moodle": Kind(
        2, **WHOLE, answers=BOTH,
        name="{}_123_assignsubmission_file_/Übung (2).ipynb",
    ),
    "canvas": Kind(2, **WHOLE, answers=BOTH, name="{}_LATE_42_67890_my_5-1.ipynb"),
    "blackboard": Kind(
        1, **WHOLE, answers=BOTH,
        name="{}_attempt_2026-11-30-10-20-30_05_x.ipynb",
    ),
    "archive": Kind(1, **WHOLE, answers=BOTH, name="{}.zip"),
    "pdf": Kind(
        1, **NONE, said=(f"a PDF came; {EXPECTED}",) * 2, data=b"%PDF-1.7\n...",
    ),
    "picture": Kind(
        1, **NONE, said=(f"a picture came; {EXPECTED}",) * 2,
        data=b"\x89PNG\r\n", name="{}/05_x.png",
    ),
    "script": Kind(
        1, **NONE, said=(f"a Python script came; {EXPECTED}",) * 2,
        data=DOUBLE.encode(), name="{}/05_x.py",
    ),
    "cut-short": Kind(
        1, **NONE, said=("the notebook's file is damaged: save it once more, ...",) * 2,
        data=b'{"cells": [',
    ),
}  # fmt: skip
STUDENTS = {f"{kind}{k:02}": it for kind, it in KINDS.items() for k in range(it.count)}
MISTAKES = {  # of each exercise: how many met which sentence
    "1": {
        f"double: {SQUARED}": 7,
        "too slow": 3,
        "its kernel died": 3,
        "stopped by NameError": 3,
        "stopped by PermissionError": 2,
        "passes the check, but not the grading": 2,
        NOTHING: 2,
        RIGHT: 34,
    },
    "2": {f"shift: {BACK}": 6, NOTHING: 8, RIGHT: 42},
}


@pytest.fixture(scope="module")
def report(tmp_path_factory, once):
    """The reports of the class; what was handed in stays beside them."""
    root = tmp_path_factory.mktemp("course")
    path = source(root)
    text = TEXT
    for plain, knowing in CHECKED.items():
        text = text.replace(plain, knowing)
    path.write_text(text)
    for name, kind in STUDENTS.items():
        file = root / "in" / kind.name.format(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(kind.file(path))
    before = {p: p.read_bytes() for p in (root / "in").rglob("*") if p.is_file()}
    assert crowd.main(root / "in", root / "out", jobs=2, root=root, seconds=9) == 0
    after = {p: p.read_bytes() for p in (root / "in").rglob("*") if p.is_file()}
    assert after == before and len(before) == 60
    assert len(once) == 11  # the solutions, and ten kinds of answers
    return root / "out"


def table(file):
    with open(file, newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_earns_what_is_honest_and_is_told_the_truth(report, kind):
    rows = table(report / "results.csv")
    for name in (name for name, it in STUDENTS.items() if it is KINDS[kind]):
        mine = [row for row in rows if row["student"] == name]
        assert [row["exercise"] for row in mine] == ["1", "2"], name
        assert tuple(int(row["points"]) for row in mine) == KINDS[kind].points, mine
        for row, said in zip(mine, KINDS[kind].said, strict=True):
            start = said.removesuffix("...")
            assert row["remark"].startswith(start), (row["remark"], said)
            assert said != start or row["remark"] == said
        page = (report / "feedback" / page_name(name)).read_text()
        assert f"{sum(KINDS[kind].points)} of 5 points" in page


def test_nobody_is_left_out_and_nobody_is_there_twice(report):
    rows = table(report / "results.csv")
    assert {row["student"] for row in rows} == STUDENTS.keys() and len(rows) == 120
    assert len(list((report / "feedback").iterdir())) == 60
    assert table(report / "left_out.csv") == []
    sums = table(report / "gradebooks" / "canvas-sums.csv")[1:]
    points = {row["Student"]: int(row["Live Papers"]) for row in sums}
    assert points == {name: sum(it.points) for name, it in STUDENTS.items()}


def test_the_page_of_mistakes_counts_what_happened_and_names_nobody(report):
    handed_in = sum(it.count for it in KINDS.values() if not it.data)
    found = table(report / "mistakes.csv")
    for exercise, sentences in MISTAKES.items():
        mine = [row for row in found if row["exercise"] == exercise]
        counts = {row["sentence"]: int(row["students"]) for row in mine}
        assert counts == sentences and sum(counts.values()) == handed_in == 56
        assert {row["of"] for row in mine} == {"56"}
    soup = BeautifulSoup((report / "mistakes.html").read_text(), "html.parser")
    worst = [row.text for row in soup.select("table")[0].select("tbody tr")]
    assert len(worst) == 5 and f"6 of 56: shift: {BACK}" in worst[0]
    assert "18 points" in worst[0] and f"7 of 56: double: {SQUARED}" in worst[1]
    assert not [name for name in STUDENTS if name in soup.text]

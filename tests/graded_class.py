"""A class of three students without kernels, and kernels that run nothing twice."""

import json
import threading
from collections import defaultdict

import pytest
from grading_little import with_students

from course.grading import graft, marks, workers
from course.grading.answers import learners
from course.grading.box import sandbox
from course.grading.run import run


@pytest.fixture
def course(tmp_path):
    """A course of one tiny chapter, and a folder of three students."""
    return with_students(tmp_path)


@pytest.fixture
def quick(monkeypatch):
    """Grading without kernels: 1 point for each answered exercise; counts calls."""
    graded = []

    def grade(task, data, want):
        answers = learners(graft.read(data), workers.checked(task))
        graded.append(data)
        return [
            marks.Row("05_x", n, f"T{n}", int(n in answers), 2, 0.5, "x").as_dict()
            for n in (1, 2)
        ]

    monkeypatch.setattr(workers, "grade", grade)
    monkeypatch.setattr(workers, "expected", lambda task: {})
    monkeypatch.setattr(sandbox, "works", lambda: True)
    return graded


@pytest.fixture(scope="module")
def once():
    """Notebooks that were grafted to the same cells are run once: each takes a box."""
    locks, outcomes = defaultdict(threading.Lock), {}

    def run_once(made, box, right=None):
        cells = [(cell.source, cell.metadata) for cell in made.cells]
        key = json.dumps([right is None, cells])
        with locks[key]:
            if key not in outcomes:
                outcomes[key] = list(run(made, box, right))
        return outcomes[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(marks, "run", run_once)
        yield outcomes

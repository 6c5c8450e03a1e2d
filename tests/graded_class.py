"""A class of three students, for the tests of what happens around kernels."""

import pytest
from grading_little import with_students

from course.grading import graft, marks, workers
from course.grading.answers import learners
from course.grading.box import sandbox


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

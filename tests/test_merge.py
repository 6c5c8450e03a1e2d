"""Merging a learner's exercises into a changed source: no word of theirs is lost."""

import json

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from little import answer, load, make, own, save, sheet, source_of, texts, where

from course import keeping, notebooks
from course.merge import is_answer, merge


@pytest.fixture
def root(tmp_path):
    return make(tmp_path)


def test_answers_survive_a_changed_source_and_a_copy_is_kept(root):
    book = load(root, "exercises")
    answer(book, "beta", "def beta(x):\n    return x + 0").execution_count = 7
    save(root, book, "exercises")
    before = (root / "exercises" / "05_x.ipynb").read_bytes()
    source_of(root, "exercises").write_text(sheet("Alpha", "Beta", prose="Do it well."))
    line = next(line for line in keeping.update(root) if "merged" in line)
    merged = load(root, "exercises")
    assert "return x + 0" in merged.cells[where(merged, "def beta")].source
    assert merged.cells[where(merged, "def beta")].execution_count == 7
    assert sum("Do it well." in text for text in texts(merged)) == 2
    assert not [text for text in texts(merged) if "Do it." in text]
    (copy,) = (root / "build" / "kept").glob("*.ipynb")
    assert copy.name in line
    assert copy.read_bytes() == before
    assert keeping.update(root) == []  # and a second call has nothing to do


def test_answers_follow_their_exercise_to_a_new_number(root):
    book = load(root, "exercises")
    answer(book, "beta", "def beta(x):\n    return 2 - x")
    save(root, book, "exercises")
    source_of(root, "exercises").write_text(sheet("Beta", "Gamma", "Alpha"))
    keeping.update(root)
    merged = load(root, "exercises")
    cell = merged.cells[where(merged, "return 2 - x")]
    assert cell.metadata["live_papers"]["exercise"] == 1
    assert cell.metadata["live_papers"]["role"] == "answer"
    assert where(merged, "return 2 - x") < where(merged, "Exercise 2 · Gamma")


def test_a_new_title_keeps_the_answer_by_its_number_and_name(root):
    book = load(root, "exercises")
    answer(book, "beta", "def beta(x):\n    return 2 - x")
    save(root, book, "exercises")
    text = sheet("Alpha", "Beta").replace("· Beta", "· A better title")
    source_of(root, "exercises").write_text(text)
    keeping.update(root)
    merged = load(root, "exercises")
    cell = merged.cells[where(merged, "return 2 - x")]
    assert cell.metadata["live_papers"]["exercise"] == 2
    assert sum("def beta" in text for text in texts(merged)) == 1


def test_the_answer_to_a_removed_exercise_stays_as_a_cell_of_ones_own(root):
    book = load(root, "exercises")
    answer(book, "beta", "def beta(x):\n    return 2 - x")
    save(root, book, "exercises")
    source_of(root, "exercises").write_text(sheet("Alpha", "Gamma"))
    keeping.update(root)
    merged = load(root, "exercises")
    assert "live_papers" not in merged.cells[where(merged, "return 2 - x")].metadata
    assert (
        "raise NotImplementedError" in merged.cells[where(merged, "def gamma")].source
    )


def test_own_cells_and_edited_tasks_stay_beside_their_neighbours(root):
    book = load(root, "exercises")
    at = where(book, "def alpha")
    book.cells[at - 1].source += "\n\nMy note."
    book.cells.insert(at + 1, own("scratch = 1"))
    book.cells.insert(0, own("first = 1"))
    save(root, book, "exercises")
    source_of(root, "exercises").write_text(sheet("Gamma", "Alpha", "Beta"))
    keeping.update(root)
    merged = load(root, "exercises")
    assert texts(merged)[0] == "first = 1"
    assert where(merged, "scratch = 1") == where(merged, "def alpha") + 1
    assert where(merged, "My note.") == where(merged, "Exercise 2 · Alpha") + 1
    assert len({cell.id for cell in merged.cells}) == len(merged.cells)


TITLES = ["Alpha", "Beta", "Gamma", "Delta"]
MOVES = st.tuples(
    st.sampled_from(["edit", "insert", "delete", "copy", "move"]),
    st.integers(0, 40),
    st.integers(0, 40),
)


@pytest.mark.slow
@given(
    st.lists(st.sampled_from(TITLES), unique=True, min_size=1),
    st.lists(st.sampled_from(TITLES), unique=True, min_size=1),
    st.lists(MOVES, max_size=12),
)
def test_whatever_a_learner_does_no_word_is_lost(
    tmp_path_factory, before, after, moves
):
    folder = tmp_path_factory.getbasetemp() / "source" / "05_x"
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "exercises.md"
    source.write_text(sheet(*before))
    old = json_copy(notebooks.exercises(source))
    written = play(old.cells, moves)
    source.write_text(sheet(*after))
    fresh = notebooks.exercises(source)
    merged = merge(old, json_copy(fresh))

    nbformat.validate(merged)
    ids, wanted = ([cell.id for cell in book.cells] for book in (merged, fresh))
    assert len(set(ids)) == len(ids)
    assert [name for name in ids if name in wanted] == wanted  # all there, in order
    assert all(mark in "\n".join(texts(merged)) for mark in written)
    for title in set(before) & set(after):  # an answer stands in its own place
        name = title.lower()
        answers = [
            t
            for cell, t in zip(old.cells, texts(old), strict=True)
            if is_answer(cell) and cell.metadata["live_papers"]["name"] == name
        ]
        place = next(
            c for c in fresh.cells if c.metadata["live_papers"]["name"] == name
        )
        there = merged.cells[ids.index(place.id)].source
        assert there == (answers[0] if answers else place.source)
    again = merge(json_copy(merged), json_copy(fresh))
    assert texts(again) == texts(merged)


def json_copy(book):
    """A notebook as it comes back from its file."""
    return nbformat.reads(notebooks.as_text(book), as_version=4)


def play(cells, moves):
    """Do to cells what a learner might; give the marks that must not be lost."""
    written = set()
    for number, (move, i, j) in enumerate(moves):
        if not cells:
            break
        i, j = i % len(cells), j % len(cells)
        mark = f"# mark {number}."
        if move == "edit":
            cells[i].source += "\n" + mark
        elif move == "insert":
            cells.insert(i, own(mark))
        elif move == "delete":
            cells.pop(i)
        elif move == "copy":
            copy = json.loads(json.dumps(cells[i])) | {"id": f"copy-{number}"}
            cells.insert(j, nbformat.from_dict(copy))
        else:
            cells.insert(j, cells.pop(i))
    for cell in cells:
        written |= {line for line in cell.source.split("\n") if "# mark" in line}
    return written

"""The folder of a report: nothing is lost in it, and what goes wrong is a sentence."""

import errno
import io
import os
import sys
from functools import partial

import pytest
from grading_little import book, go, raw, results

from course.__main__ import main as commands
from course.exercises import parse
from course.grading import crowd, marks, own, rules, run
from course.grading.box import sandbox
from course.grading.report import ledger
from course.grading.report.shelf import NAMES, Shelf
from course.source import ROOT

pytest_plugins = "graded_class"


# Nothing is deleted or overwritten that the run did not write


@pytest.mark.parametrize("name", NAMES)
def test_another_ones_file_is_neither_overwritten_nor_graded_beside(
    course, quick, name
):
    theirs = course / "out" / name
    theirs.parent.mkdir(parents=True, exist_ok=True)
    theirs.write_text("my own list")
    with pytest.raises(ValueError, match=f"{name} is there, and this program did not"):
        go(course)
    assert theirs.read_text() == "my own list" and not quick


def test_a_new_folder_is_for_the_teacher_alone(course, quick):
    go(course)
    assert not (course / "out").stat().st_mode & 0o077


def test_a_page_of_the_teachers_stays_where_a_students_page_goes(course, quick):
    go(course)
    pages = course / "out" / "feedback"
    (pages / "index.html").write_text("my own page")
    (carl,) = pages.glob("carl-*.html")
    (course / "in" / "carl" / "work.ipynb").unlink()
    (course / "in" / "carl").rmdir()
    go(course)
    assert (pages / "index.html").read_text() == "my own page" and not carl.exists()


def test_what_a_teacher_changed_is_set_aside_before_it_is_written_anew(course, quick):
    go(course)
    table = course / "out" / "results.csv"
    mine = table.read_text() + "a note\n"
    for number in (1, 2):
        table.write_text(mine)
        go(course)
        assert table.with_name(f"results.csv.changed-{number}").read_text() == mine
        assert "a note" not in table.read_text()
    (ben,) = (course / "out" / "feedback").glob("ben-*.html")
    ben.write_text("a word by hand")
    shutil_in = course / "in" / "ben"
    (shutil_in / "work.ipynb").rename(course / "kept.ipynb")
    shutil_in.rmdir()
    go(course)
    assert ben.read_text() == "a word by hand"


def test_a_file_is_known_as_ours_even_if_a_kill_came_right_after(tmp_path):
    Shelf(tmp_path).put("a.csv", "one")
    with (tmp_path / ".written.jsonl").open("ab") as list_:
        list_.write(b'["b.cs')
    again = Shelf(tmp_path)
    again.put("a.csv", "two")
    assert (tmp_path / "a.csv").read_text() == "two"
    assert sorted(p.name for p in tmp_path.iterdir()) == [".written.jsonl", "a.csv"]


def test_a_link_in_the_place_of_a_report_is_not_written_through(tmp_path):
    mine = tmp_path / "mine.txt"
    mine.write_text("mine")
    shelf = Shelf(tmp_path)
    shelf.put("a.csv", "one")
    (tmp_path / "a.csv").unlink()
    (tmp_path / "a.csv").symlink_to(mine)
    with pytest.raises(ValueError, match=r"a\.csv is there"):
        shelf.put("a.csv", "two")
    assert mine.read_text() == "mine"


def test_a_second_class_is_kept_out_and_a_class_that_moved_is_not(course, quick):
    go(course)
    before = results(course)
    (course / "other" / "dora").mkdir(parents=True)
    (course / "other" / "dora" / "work.ipynb").write_bytes(b"{}")
    with pytest.raises(
        ValueError, match="has the reports of .*in: name another folder"
    ):
        crowd.main(course / "other", course / "out", root=course / "course")
    assert results(course) == before
    (course / "in").rename(course / "moved")
    crowd.main(course / "moved", course / "out", root=course / "course")
    assert len(quick) == 3


# What decides on a mark is in its key


def test_a_run_with_more_time_grades_again(course, quick):
    go(course, seconds=2)
    go(course, seconds=2)
    assert len(quick) == 3
    go(course, seconds=30)
    assert len(quick) == 6


def test_a_rule_is_another_if_a_limit_the_code_or_torch_is(monkeypatch):
    box = sandbox.Box(True)
    found = {rules.digest(box), rules.digest(sandbox.Box(True, limits={"AS": 1}))}
    found |= {rules.digest(sandbox.Box(False)), rules.digest(sandbox.Box(True, 31))}
    elsewhere = sandbox.Box(True, hidden=("/another/place",))
    assert len(found) == 4 and rules.digest(elsewhere) in found
    monkeypatch.setattr(rules, "code", lambda _: b"other")
    found.add(rules.digest(box))
    monkeypatch.setattr(rules, "packages", lambda: ["torch 9"])
    assert rules.digest(box) not in found and len(found) == 5


def test_all_code_of_grading_decides_but_what_only_reads_and_reports():
    files = [file for pattern in rules.PATTERNS for file in ROOT.glob(pattern)]
    names = {f"{file.parent.name}/{file.stem}" for file in files}
    assert names >= rules.NO_PART and not any(n.startswith("report/") for n in names)
    decide = {f"grading/{name}" for name in ("graft", "marks", "values", "plugin")}
    assert names - rules.NO_PART >= decide | {"intake/kinds", "box/watch", "lib/vit"}


# What goes wrong is a sentence


@pytest.mark.parametrize(
    "damage",
    [
        b"\xff\xfe\n",
        b"[]\n",
        b'{"path": "anna/work.ipynb", "key": "1"}\n',
        b'{"path": 3, "key": 1, "chapter": [], "sandbox": 0, "rows": 9}\n',
        b'{"path": "p", "key": "", "chapter": "", "sandbox": true, "rows": [{}]}\n',
        b"[" * 100_000 + b"\n",
    ],
)
def test_a_damaged_ledger_is_passed_over_and_told(course, quick, capsys, damage):
    go(course)
    file = course / "out" / "ledger.jsonl"
    file.write_bytes(damage + file.read_bytes())
    assert go(course) == 0 and len(quick) == 3
    assert "1 damaged lines of" in capsys.readouterr().out


def test_a_row_that_is_no_row_is_damage():
    row = dict(chapter="c", title="t", remark="r", exercise=1, points=1, out_of=1)
    assert ledger.fits(row | {"seconds": 1.5}, ledger.ROW)
    assert not ledger.fits(row | {"seconds": "1"}, ledger.ROW)
    assert not ledger.fits(row, ledger.ROW)


@pytest.mark.parametrize("place", ["out", "in"])
def test_a_full_or_read_only_disk_is_told(course, quick, monkeypatch, place):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ValueError, match="out: No space left on device"):
        go(course)
    with pytest.raises(ValueError, match="/proc/report: "):
        crowd.main(
            course / "in", course.__class__("/proc/report"), root=course / "course"
        )


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("--seconds=inf", "--seconds inf: more than 0"),
        ("--out=/dev/null/x", "/dev/null/x: Not a directory"),
    ],
)
def test_an_option_that_cannot_work_is_told(course, quick, capsys, option, told):
    assert commands(["grade", str(course / "in"), option]) == 1
    assert told in capsys.readouterr().err


def test_a_notebook_that_went_away_meanwhile_is_told(
    course, quick, monkeypatch, capsys
):
    def gone(_, path):
        raise ValueError("it cannot be read: No such file or directory")

    monkeypatch.setattr(crowd, "read", gone)
    assert go(course) == 1 and not quick
    assert "ben/work.ipynb: not graded: it cannot be read" in capsys.readouterr().out


def test_a_run_that_sends_no_sense_costs_its_own_rows_and_no_more(course, monkeypatch):
    """A value's name of millions of signs makes a line longer than is read."""
    echo = [sys.executable, "-c", "import os, sys; os.write(int(sys.argv[1]), b'{\\n')"]
    monkeypatch.setattr(run, "command", lambda _, speak: [*echo, str(speak)])
    sheet = parse(course / "course/source/05_x/exercises.md")
    data = (course / "in" / "anna" / "work.ipynb").read_bytes()
    want = {1: {}, 2: {}}
    rows = list(marks.rows("05_x", sheet, data, want, 1, sandbox.Box(False)))
    assert [row.points for row in rows] == [0, 0]
    assert all("its run broke off" in row.remark for row in rows)


def test_a_folder_or_a_closed_file_among_ones_own_exercises_is_told(
    tmp_path, course, monkeypatch
):
    books = course / "course" / "exercises"
    books.mkdir()
    (books / "05_x.ipynb").mkdir()
    with pytest.raises(ValueError, match="no exercises yet"):
        own.chosen(None, course / "course")
    (books / "05_x.ipynb").rmdir()
    path = course / "course/source/05_x/exercises.md"
    (books / "05_x.ipynb").write_bytes(raw(book(path)))
    monkeypatch.setattr(own.Path, "read_bytes", lambda _: os.stat("/proc/none"))
    with pytest.raises(ValueError, match=r"05_x\.ipynb cannot be read: No such file"):
        list(own.grade(books / "05_x.ipynb", course / "course", sandbox.Box(True)))


def test_points_that_cannot_be_kept_are_told(course, monkeypatch):
    books = course / "course" / "exercises"
    books.mkdir()
    path = course / "course/source/05_x/exercises.md"
    (books / "05_x.ipynb").write_bytes(raw(book(path)))
    (course / "course" / "build").write_text("a file in the place of a folder")
    monkeypatch.setattr(own.marks, "expected", lambda *_: {})
    with pytest.raises(ValueError, match=r"grades\.json cannot be written: "):
        own.main(root=course / "course")


def test_names_beyond_a_locale_stop_nothing(course, quick, monkeypatch):
    """A name of Moodle's, on a screen that knows only ASCII."""
    folder = course / "in" / "Zoë Ångström_7_assignsubmission_file_"
    folder.mkdir()
    for name in ("05_x.ipynb", "Lösung.txt"):
        (folder / name).write_bytes((course / "in/anna/work.ipynb").read_bytes())
    screen = io.TextIOWrapper(io.BytesIO(), "ascii")
    monkeypatch.setattr(sys, "stdout", screen)
    little = partial(crowd.main, root=course / "course")
    monkeypatch.setattr(crowd, "main", little)
    given = [str(course / "in"), "--out", str(course / "out")]
    assert commands(["grade", *given]) == 0
    screen.flush()
    assert b"L\\xf6sung.txt" in screen.buffer.getvalue()
    assert "Zoë Ångström" in {row["student"] for row in results(course)["rows"]}

"""One who hands in stops no class: each fault is a row or a sentence."""

import csv
import functools
import io
import json
import os
import resource
import shutil
import subprocess
import sys
import zipfile

import ordinary
import pytest
from grading_little import DOUBLE, book, go, raw, results

from course.__main__ import main as commands
from course.grading import crowd, workers
from course.grading.intake import first_look, kinds
from course.source import ROOT

pytest_plugins = "graded_class"


def remarks(course, student):
    rows = results(course)["rows"]
    return {row["remark"] for row in rows if row["student"] == student}


def left_out(course):
    text = (course / "out" / "left_out.csv").read_text()
    return list(csv.DictReader(io.StringIO(text)))


def zipped(names, data):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, data)
    return out.getvalue()


@pytest.fixture
def home():
    with ordinary.folder() as place:
        yield place


@pytest.fixture
def answered(course):
    return raw(book(course / "course/source/05_x/exercises.md", double=DOUBLE))


# What was handed in


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "depth"), [("d", 1200), ("d", 61), ("d" * 250, 20), ("\udcff" * 90, 50)]
)
def test_a_deep_folder_is_a_row(course, quick, name, depth):
    place = os.open(course / "in", os.O_RDONLY)
    for folder in ["deep", *[os.fsencode(name)] * depth]:
        os.mkdir(folder, dir_fd=place)
        inner = os.open(folder, os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = inner
    os.close(os.open("05_x.ipynb", os.O_CREAT | os.O_WRONLY, dir_fd=place))
    os.close(place)
    try:
        assert go(course) == 0 and len(quick) == 3
        (remark,) = remarks(course, "deep")
        assert "60 folders deep, or under very long names" in remark
    finally:
        os.system(f"rm -rf '{course}/in/deep'")


@pytest.mark.parametrize("kind", ["link", "pipe", "closed", "nonsense"])
def test_a_platforms_list_that_a_student_handed_in_is_no_list(course, quick, kind):
    file = course / "in" / "submission_metadata.yml"
    if kind == "link":
        file.symlink_to("/etc/shadow")
    elif kind == "pipe":
        os.mkfifo(file)
    else:
        file.write_bytes(b"\xff:submitters:\n- :name: anna\nsubmission_1:\n")
        file.chmod(0 if kind == "closed" else 0o644)
    assert go(course) == 0 and len(quick) == 3
    assert {"anna", "ben", "carl"} < {r["student"] for r in results(course)["rows"]}


@pytest.mark.slow
def test_a_thousand_notebooks_of_one_student_are_five(course, quick, answered):
    names = [f"{k}/05_x.ipynb" for k in range(1000)]
    (course / "in" / "many.zip").write_bytes(zipped(names, answered))
    assert go(course) == 0 and len(quick) == 3 + 5
    whys = {row["why"] for row in left_out(course) if row["student"] == "many"}
    assert len(whys) == 2 and "its student handed in over 100 files" in whys
    assert "its student handed in over 5 notebooks of this chapter" in whys


@pytest.mark.slow
def test_a_thousand_files_of_one_student_that_are_none_are_a_hundred_rows(
    course, quick
):
    (course / "in" / "many").mkdir()
    for k in range(1000):
        (course / "in" / "many" / f"{k}.ipynb").symlink_to("/dev/zero")
    assert go(course) == 0 and len(quick) == 3
    rows = [r for r in results(course)["rows"] if r["file"].startswith("many/")]
    assert len(rows) == 100


def test_the_last_of_very_many_attempts_is_still_looked_at(course, quick, answered):
    for k in range(1000, 1120):
        name = f"musteranna_42_{k}_05_x.ipynb"
        (course / "in" / name).write_bytes(answered if k == 1119 else b"{}")
    for name in ("anna", "ben", "carl"):
        (course / "in" / name / "work.ipynb").unlink()
        (course / "in" / name).rmdir()
    assert go(course) == 0 and len(quick) == 1
    assert results(course)["points"] == 1


@pytest.mark.slow
def test_what_is_closed_to_the_teacher_is_told(course, home):
    """Root may read all, so an ordinary user takes these in."""
    shutil.move(course / "in", home / "in")
    shutil.move(course / "course", home / "project")
    (home / "in" / "anna").chmod(0)
    (home / "in" / "ben").chmod(0o444)
    (home / "in" / "carl" / "work.ipynb").chmod(0)
    code = """
import json, sys
from pathlib import Path
from course.exercises import parse
from course.grading.intake.first_look import Intake
sheet = parse(Path("project/source/05_x/exercises.md"))
taken = Intake(Path("in"), {"05_x": sheet}, {"05_x": b""})
rows = {taken.students[p]: e["rows"][0]["remark"] for p, e in taken.begun.items()}
print(json.dumps(rows))
"""

    ran = ordinary.run(home, "-c", f"import os; os.chdir({str(home)!r})\n{code}")
    assert ran.returncode == 0, ran.stderr
    closed = "it cannot be read: Permission denied"
    assert ran.stdout.strip() == str(
        dict.fromkeys(("anna", "ben", "carl"), closed)
    ).replace("'", '"')


# A fault of ours


def broken(*_):
    raise RecursionError("too deep")


@pytest.mark.parametrize("place", [(kinds, "notebook"), (first_look, "chapter_of")])
def test_a_fault_while_a_notebook_is_looked_at_is_its_row(
    course, quick, monkeypatch, place
):
    was = getattr(*place)
    marked = (course / "in" / "anna" / "work.ipynb").read_bytes()

    def once(*given):
        if "anna/work.ipynb" in given:
            broken()
        return was(*given)

    monkeypatch.setattr(*place, once)
    assert go(course) == 0 and marked not in quick and len(quick) == 2
    assert remarks(course, "anna") == {"it could not be read: RecursionError: too deep"}
    assert remarks(course, "ben") == {"x"}


def test_a_fault_while_a_notebook_is_graded_is_its_rows(course, quick, monkeypatch):
    was = workers.grade
    answered = (course / "in" / "anna" / "work.ipynb").read_bytes()
    monkeypatch.setattr(
        workers, "grade", lambda t, d, w: broken() if d == answered else was(t, d, w)
    )
    assert go(course) == 1 and len(quick) == 2
    why = "not graded: RecursionError: too deep; the same command tries it again"
    assert remarks(course, "anna") == {why}
    rows = [r for r in results(course)["rows"] if r["student"] == "anna"]
    assert [(r["exercise"], r["points"], r["out_of"]) for r in rows] == [
        *[(1, 0, 2), (2, 0, 3)]
    ]
    (page,) = (course / "out" / "feedback").glob("anna-*.html")
    assert why in page.read_text()
    monkeypatch.setattr(workers, "grade", was)
    assert go(course) == 0 and len(quick) == 3
    assert remarks(course, "anna") == {"x"}


def test_a_chapter_whose_solutions_fail_here_is_told_in_rows(
    course, quick, monkeypatch, capsys
):
    def expected(task):
        raise RuntimeError("the solution of exercise 2 fails: slow")

    monkeypatch.setattr(workers, "expected", expected)
    assert go(course) == 1 and not quick
    for name in ("anna", "ben", "carl"):
        (remark,) = remarks(course, name)
        assert remark.startswith("not graded: the solution of exercise 2 fails: slow")
    assert "Traceback" not in capsys.readouterr().out


# What the teacher has, and a program meets


FAULTS = {
    "ledger.jsonl": "a folder",
    ".written.jsonl": "a folder",
    ".class": "a folder",
    ".lock": "a folder",
    "feedback": "a file",
    "gradebooks": "a file",
}


@pytest.mark.parametrize(("name", "kind"), FAULTS.items())
def test_what_lies_in_the_way_of_a_report_is_told(course, quick, capsys, name, kind):
    there = course / "out" / name
    there.parent.mkdir()
    if kind == "a folder":
        there.mkdir()
    else:
        there.write_text("mine")
    assert graded(course) == 1
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert name in line


def graded(course, *options):
    """Grade the little class as the command does."""
    with pytest.MonkeyPatch.context() as patch:
        little = functools.partial(crowd.main, root=course / "course")
        patch.setattr(crowd, "main", little)
        places = [str(course / "in"), "--out", str(course / "out")]
        return commands(["grade", *places, *options])


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("--seconds=1e300", "--seconds 1e+300: at most 86,400 was expected"),
        ("--seconds=86401", "--seconds 86401: at most 86,400 was expected"),
        ("--jobs=1000000", "--jobs 1000000: at most 1,000 was expected"),
        ("--scheduler=nonsense://x", "no Dask scheduler answers at nonsense://x: "),
        ("--scheduler=127.0.0.1:x", "no Dask scheduler answers at 127.0.0.1:x: "),
    ],
)
def test_an_option_beyond_all_bounds_is_told(course, quick, capsys, option, told):
    assert graded(course, option) == 1 and not quick
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"PK\x05\x06" + b"\0" * 18])
def test_a_class_in_a_damaged_archive_is_told(course, quick, capsys, data):
    (course / "class.zip").write_bytes(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            crowd, "main", functools.partial(crowd.main, root=course / "course")
        )
        places = [str(course / "class.zip"), "--out", str(course / "out")]
        assert commands(["grade", *places]) == 1
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


@pytest.mark.parametrize("most", [1, 100, 1000])
def test_a_disk_that_is_full_at_any_place_is_told(course, quick, capsys, most):
    """A limit on the size of files fails as a full disk does, in the middle of one."""
    was = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, was[1]))
    try:
        code = graded(course)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, was)
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert code == 1 and "File too large" in line and str(course / "out") in line
    assert graded(course) == 0  # and afterwards nothing is lost or damaged
    assert results(course)["points"] == 3
    assert "damaged" not in capsys.readouterr().out


@pytest.mark.slow
def test_a_report_that_may_not_be_written_or_read_is_told(course, home):
    """Root may do all, so an ordinary user is refused."""
    for name in ("in", "course"):
        shutil.move(course / name, home / name.replace("course", "project"))
    for name in ("shut", "closed", "ledger"):
        (home / name).mkdir()
    (home / "ledger" / "ledger.jsonl").write_text("")
    (home / "ledger" / "ledger.jsonl").chmod(0)
    (home / "shut").chmod(0o555)
    (home / "closed").chmod(0)
    code = f"""
import os; os.chdir({str(home)!r})
from pathlib import Path
from course.grading import crowd
from course.grading.box import sandbox
sandbox.works = lambda: True
for source, out in (("in", "shut"), ("in", "ledger"), ("in", "closed/x"),
                    ("closed", "out")):
    try: crowd.main(Path(source), Path(out), root=Path("project"))
    except ValueError as error: print(error)
"""
    ran = ordinary.run(home, "-c", code)
    lines = ran.stdout.splitlines()
    assert ran.returncode == 0 and len(lines) == 4, (ran.stdout, ran.stderr[-500:])
    assert all("Permission denied" in line for line in lines)


@pytest.mark.slow
def test_an_ascii_locale_stops_no_grading(course):
    """A whole process: what is set there cannot be set within one."""
    (course / "in" / "Zoë").mkdir()
    (course / "in" / "Zoë" / "Übung.ipynb").write_bytes(b"{")
    (course / "in" / "Zoë" / "Bücher.txt").touch()  # left out, and named on the screen
    (course / "in" / "anna" / "work.ipynb").write_bytes(b"{")
    for name in ("ben", "carl"):
        (course / "in" / name / "work.ipynb").unlink()
    (course / "in").rename(course / "Abgaben-ä")
    code = """
import sys
from functools import partial
from pathlib import Path
from course.__main__ import main
from course.grading import crowd
from course.grading.box import sandbox
sandbox.works = lambda: True
crowd.main = partial(crowd.main, root=Path("course"))
sys.exit(main(["grade", sys.argv[1], "--out", sys.argv[2]]))
"""
    posix = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    path = {"PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "-c", code, "Abgaben-ä", "Bericht-ü"],
        **{"cwd": course, "env": os.environ | posix | path, "capture_output": True},
    )
    assert ran.returncode == 0, ran.stderr
    rows = json.loads((course / "Bericht-ü" / "results.json").read_text())["rows"]
    assert "Zoë" in {row["student"] for row in rows}

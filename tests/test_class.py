"""Grading a class: who and what is recognised, resumed, summed up and reported."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest
from grading_little import DOUBLE, book, go, raw, results, source, with_students

from course.__main__ import main as commands
from course.exercises import parse
from course.grading import crowd, graft, run, workers
from course.grading.box import sandbox
from course.grading.intake.attempts import students
from course.grading.intake.chapters import chapter_of
from course.grading.intake.downloads import handed
from course.grading.intake.submissions import find
from course.grading.report import ledger, reports
from course.source import ROOT

pytest_plugins = "graded_class"


# Whose and what


def test_students_are_known_by_where_their_files_lie():
    chapters = {
        "anna/05_vit.ipynb": "05_vit",
        "anna/06_fpn.ipynb": "06_fpn",
        "ben_05_vit.ipynb": "05_vit",
        "05_vit-carl.ipynb": "05_vit",
        "dora.ipynb": "06_fpn",
        "week1/eva.ipynb": "05_vit",
        "week1/finn.ipynb": "05_vit",
        "05_vit.ipynb": "05_vit",
    }
    assert list(students(chapters, handed(chapters)).values()) == [
        *("anna", "anna", "ben", "carl", "dora"),
        *("week1/eva", "week1/finn", "05_vit"),
    ]


def test_notebooks_are_found_and_what_is_none_only_where_nothing_else_came(tmp_path):
    for name in [
        *("anna/a.ipynb", "anna/notes.txt", "anna/.ipynb_checkpoints/a.ipynb"),
        *("ben.IPYNB", "carl.zip", "__MACOSX/x.ipynb", "._ben.ipynb", ".dots.ipynb"),
    ]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = find(tmp_path)
    assert found.graded == [".dots.ipynb", "anna/a.ipynb", "ben.IPYNB", "carl.zip"]
    assert list(found.left_out) == ["anna/notes.txt"]


def test_a_chapter_is_known_by_metadata_titles_or_path(tmp_path):
    path = source(tmp_path)
    sheets = {"05_x": parse(path), "06_y": graft.Sheet((), ())}
    made = json.loads(raw(book(path)))
    assert chapter_of(made, "a.ipynb", sheets) == "05_x"
    made["metadata"]["live_papers"]["source"] = "../../etc/passwd"
    assert chapter_of(made, "a.ipynb", sheets) == "05_x"
    made["metadata"] = {"live_papers": {"titles": 3, "source": ["x"]}}
    assert chapter_of(made, "a.ipynb", sheets) == "05_x"
    assert chapter_of(None, "anna/06_y.ipynb", sheets) == "06_y"
    assert chapter_of({"cells": [None, {"source": 3}]}, "a.ipynb", sheets) == ""


# A run


def test_sums_are_what_the_rows_say_in_every_report(course, quick):
    assert go(course) == 0
    found = results(course)
    assert found["points"] == sum(row["points"] for row in found["rows"]) == 3
    suite = ElementTree.parse(course / "out" / "junit.xml").getroot()
    assert int(suite.get("tests")) == len(found["rows"]) == 6
    assert int(suite.get("failures")) == len(suite.findall("testcase/failure")) == 6
    assert float(suite.get("time")) == sum(row["seconds"] for row in found["rows"])
    head, *lines = (course / "out" / "results.csv").read_text().splitlines()
    assert head.startswith("student,chapter,exercise,points,seconds,remark,")
    assert sum(int(line.split(",")[3]) for line in lines) == 3
    (anna,) = (course / "out" / "feedback").glob("anna-*.html")
    assert "2 of 4 points" in anna.read_text() and "ben" not in anna.read_text()


def test_every_run_has_seeds_of_its_own(course, quick):
    """An answer that was computed beforehand is for other random numbers."""
    given = (course / "in", course / "out", course / "course", sandbox.Box(True))
    (course / "out").mkdir()
    seeds = {crowd.Run(*given).tasks["05_x"].seed for _ in range(3)}
    assert len(seeds) == 3


def test_a_second_run_grades_only_what_is_new(course, quick):
    go(course)
    assert len(quick) == 3
    go(course)
    assert len(quick) == 3
    answered = raw(book(course / "course/source/05_x/exercises.md", double=DOUBLE))
    (course / "in" / "carl" / "work.ipynb").write_bytes(answered)
    shutil.rmtree(course / "in" / "ben")
    go(course)
    assert len(quick) == 4
    assert {row["student"] for row in results(course)["rows"]} == {"anna", "carl"}
    assert len(list((course / "out" / "feedback").iterdir())) == 2
    text = course / "course/source/05_x/exercises.md"
    text.write_text(text.read_text().replace("Do it.", "Do it well."))
    workers.sheet.cache_clear()
    go(course)
    assert len(quick) == 6


def test_each_notebook_is_written_down_before_the_next_is_done(
    course, quick, monkeypatch
):
    seen, count = [], workers.grade

    def grade(*given):
        file = course / "out" / "ledger.jsonl"
        lines = file.read_text().splitlines() if file.exists() else []
        seen.append((len(lines), len(results(course)["rows"]) if lines else 0))
        return count(*given)

    monkeypatch.setattr(workers, "grade", grade)
    go(course)
    assert seen == [(0, 0), (1, 2), (2, 4)]


def test_an_interrupted_run_says_so_and_goes_on(course, quick, monkeypatch):
    count = workers.grade

    def interrupted(*given):
        if len(quick) == 1:
            raise KeyboardInterrupt
        return count(*given)

    monkeypatch.setattr(workers, "grade", interrupted)
    assert go(course) == 130
    assert len(results(course)["rows"]) == 2
    monkeypatch.setattr(workers, "grade", count)
    assert go(course) == 0
    assert len(quick) == 3 and len(results(course)["rows"]) == 6


def test_what_could_not_be_graded_is_named_and_tried_again(
    course, quick, monkeypatch, capsys
):
    count = workers.grade
    monkeypatch.setattr(workers, "grade", lambda *_: 1 / 0)
    assert go(course) == 1
    assert "anna/work.ipynb: not graded: ZeroDivisionError" in capsys.readouterr().out
    monkeypatch.setattr(workers, "grade", count)
    assert go(course) == 0 and len(quick) == 3


def entry_of(path):
    return {"path": path, "key": "1", "chapter": "", "sandbox": True, "rows": []}


def test_a_ledger_that_was_cut_short_loses_its_last_line_only(tmp_path):
    book = ledger.Ledger(tmp_path / "l")
    for path in ("a", "b\udcff"):
        book.add(entry_of(path))
    whole = (tmp_path / "l").read_bytes()
    (tmp_path / "l").write_bytes(b"damaged\n" + whole + whole[:20])
    again = ledger.Ledger(tmp_path / "l")
    assert again.knows("a", "1") and again.knows("b\udcff", "1")
    assert not again.knows("a", "2")
    again.add(entry_of("c"))
    assert ledger.Ledger(tmp_path / "l").knows("c", "1")


def test_strangers_are_refused_without_a_box_and_unsafe_is_said_everywhere(
    course, quick, monkeypatch
):
    monkeypatch.setattr(sandbox, "works", lambda: False)
    with pytest.raises(ValueError, match="bubblewrap does not work here"):
        go(course)
    assert not quick and not (course / "out").exists()
    go(course, unsafe=True)
    for name in ("results.csv", "results.json", "junit.xml"):
        assert "graded without a sandbox" in (course / "out" / name).read_text()
    for page in (course / "out" / "feedback").iterdir():
        assert "Graded without a sandbox" in page.read_text()
    monkeypatch.setattr(sandbox, "works", lambda: True)
    go(course)  # and what was graded so is graded again
    assert len(quick) == 6
    assert "without a sandbox" not in (course / "out" / "results.csv").read_text()


def test_mistakes_of_the_teacher_are_told(course, quick):
    with pytest.raises(ValueError, match="no folder"):
        crowd.main(course / "nowhere", course / "out", root=course / "course")
    with pytest.raises(ValueError, match="among the submissions"):
        crowd.main(course / "in", course / "in" / "out", root=course / "course")
    (course / "empty").mkdir()
    with pytest.raises(ValueError, match="no notebooks"):
        crowd.main(course / "empty", course / "out", root=course / "course")


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("--jobs=0", "--jobs 0: at least 1"),
        ("--seconds=-1", "--seconds -1: more than 0"),
        ("--seconds=nan", "--seconds nan: more than 0"),
        (f"--out={__file__}", "a folder was expected, not a file"),
    ],
)
def test_an_option_that_cannot_be_meant_is_told(course, capsys, option, told):
    assert commands(["grade", str(course / "in"), option]) == 1
    assert told in capsys.readouterr().err


def test_where_nothing_forks_grading_says_what_does(monkeypatch, capsys):
    monkeypatch.delattr(os, "fork")
    assert commands(["grade"]) == 1
    assert "use WSL" in capsys.readouterr().err


def test_a_cell_of_a_spreadsheet_is_no_formula():
    assert [reports.harmless(x) for x in ("=1", " @x", "-1", -1, "a=1")] == [
        *("'=1", "' @x", "'-1", -1, "a=1")
    ]


@pytest.fixture(scope="module")
def graded_here(tmp_path_factory):
    """The results of a run of two jobs that was killed, and of one that went on.

    Also whether the second found all that the first had graded, and graded nothing.
    """
    course = with_students(tmp_path_factory.mktemp("killed"))
    slow = "import time\ndef double(x):\n    time.sleep(500)"
    path = course / "course/source/05_x/exercises.md"
    (course / "in" / "zoe.ipynb").write_bytes(raw(book(path, double=slow)))
    code = (
        "import sys; from pathlib import Path; from course.grading import crowd;"
        "crowd.main(*map(Path, sys.argv[1:3]), 2, root=Path(sys.argv[3]), seconds=600)"
    )
    where = [str(course / name) for name in ("in", "out", "course")]
    process = subprocess.Popen(
        [sys.executable, "-c", code, *where], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    file, end = course / "out" / "ledger.jsonl", time.monotonic() + 300
    while not (file.exists() and file.read_bytes().count(b"\n") == 3):
        assert time.monotonic() < end and process.poll() is None
        time.sleep(0.2)
    while len(inside := below(process.pid)) < 5:  # pytest, bubblewrap, nursery, kernel
        assert time.monotonic() < end
        time.sleep(0.2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    while left := [pid for pid in inside if Path("/proc", str(pid)).exists()]:
        assert time.monotonic() < end, left
        time.sleep(0.2)
    (course / "in" / "zoe.ipynb").unlink()
    before = file.read_bytes()
    assert go(course, seconds=600) == 0 and file.read_bytes() == before
    return results(course)


@pytest.mark.slow
@pytest.mark.sandbox
def test_a_kill_leaves_nothing_running_and_the_next_run_goes_on(graded_here):
    earned = {r["student"]: 0 for r in graded_here["rows"]}
    for row in graded_here["rows"]:
        earned[row["student"]] += row["points"]
    assert earned == {"anna": 5, "ben": 3, "carl": 0}


def below(process):
    """The processes that a process started, and those that they started."""
    table = subprocess.run(["ps", "-eo", "pid,ppid"], capture_output=True, text=True)
    pairs = [tuple(map(int, x.split())) for x in table.stdout.splitlines()[1:]]
    found = {process}
    while more := {pid for pid, parent in pairs if parent in found} - found:
        found |= more
    return found - {process}


@pytest.mark.slow
@pytest.mark.sandbox
def test_a_dask_cluster_grades_as_this_machine_does(course, graded_here):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None
    ) as cluster:
        assert go(course, scheduler=cluster.scheduler_address) == 0
    on_cluster = results(course)
    for row in on_cluster["rows"] + graded_here["rows"]:
        row["seconds"] = 0
    assert on_cluster["points"] == 8
    assert on_cluster == graded_here


def test_a_worker_with_other_exercises_is_refused(course):
    box = sandbox.Box(True)
    task = workers.Task(str(course / "course"), "05_x", "other", 1, box)
    with pytest.raises(RuntimeError, match="another text of 05_x"):
        workers.expected(task)


def test_a_stopped_run_ends_its_processes(monkeypatch):
    killed = []

    class Process:
        def kill(self):
            killed.append(self)

    monkeypatch.setattr(run, "running", {Process()})
    run.stop()
    assert len(killed) == 1 and run.stopped.is_set()
    run.stopped.clear()

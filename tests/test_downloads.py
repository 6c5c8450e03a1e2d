"""What platforms hand out: one student is one student, and the last attempt counts.

The names are those of Canvas's content_zipper.rb, Moodle's mod/assign, Blackboard's and
Brightspace's downloads, Gradescope's exports, `gh classroom clone student-repos`,
nbgrader's exchange and otter's `export`.
"""

import pytest
from handed_in import counts, handed_in, little, taken_in, zipped

from course.grading.intake import attempts
from course.grading.intake.downloads import Person, time_of

MOODLE = "assignsubmission_file_"
TIMES = ("2026-11-30-10-20-30", "2026-12-01-09-00-00")
GRADESCOPE = b"""---
submission_1:
  :submitters:
  - :name: Anna Muster
    :sid: '100'
    :email: anna@example.org
  :created_at: 2026-11-30 10:20:30 Z
  :results:
    :name: not a person
submission_2:
  :submitters:
  - :name: Ben Okri
    :sid: '200'
    :email: ben@example.org
  - :name: Carla Ruiz
    :sid: '201'
    :email: carla@example.org
"""
DOWNLOADS = {
    "Moodle, folders": (
        [
            f"Anna Muster_123_{MOODLE}/05_x.ipynb",
            "Ben O_124_assignsubmission_file/a.ipynb",
        ],
        ["Anna Muster", "Ben O"],
    ),
    "Moodle, flat": (
        [f"Anna Muster_123_{MOODLE}05_x.ipynb", f"Ben O_124_{MOODLE}05_x.ipynb"],
        ["Anna Muster", "Ben O"],
    ),
    "Moodle, namesakes": (
        [f"Anna Muster_123_{MOODLE}/05_x.ipynb", f"Anna Muster_9_{MOODLE}/05_x.ipynb"],
        ["Anna Muster (123)", "Anna Muster (9)"],
    ),
    "Moodle, two assignments, whose numbers differ": (
        [
            f"hw5/Anna Muster_123_{MOODLE}/05_x.ipynb",
            f"hw6/Anna Muster_9_{MOODLE}/x.pdf",
        ],
        ["Anna Muster"],
    ),
    "Canvas": (
        [
            "doejane_12345_678910_05_x.ipynb",
            "doejane_LATE_12345_678990_05_x-1.ipynb",
            "roe_77_678911_my_12_file.ipynb",
        ],
        ["doejane", "roe"],
    ),
    "Canvas, without names": (
        ["anon_aB3x9_678910_05_x.ipynb", "LATE_anon_Zq1_678911_05_x.ipynb"],
        ["anon_Zq1", "anon_aB3x9"],
    ),
    "Blackboard": (
        [
            *(f"HW 5_anna_attempt_{time}_05_x.ipynb" for time in TIMES),
            f"HW 5_j_doe_attempt_{TIMES[0]}_05_x.ipynb",
            f"HW 5_j_roe_poging_{TIMES[0]}_05_x.ipynb",
        ],
        ["anna", "j_doe", "j_roe"],
    ),
    "Brightspace": (
        [
            "12345-678 - Anna-Maria Doe - Nov 30, 2026 1020 AM/05_x.ipynb",
            "12345-678 - Anna-Maria Doe - Dec 1, 2026 0930 PM/05_x.ipynb",
            "12346-678 - Ben O- Nov 30, 2026 1020 AM - 05_x.ipynb",
        ],
        ["Anna-Maria Doe", "Ben O"],
    ),
    "GitHub Classroom": (
        [
            "hw5-submissions/hw5-annam/exercises/05_x.ipynb",
            "hw5-submissions/hw5-ben-o/exercises/05_x.ipynb",
            "hw6-submissions/hw6-annam/README.ipynb",
        ],
        ["annam", "ben-o"],
    ),
    "nbgrader's folders": (
        ["submitted/anna/05_x/05_x.ipynb", "submitted/ben/05_x/05_x.ipynb"],
        ["anna", "ben"],
    ),
    "nbgrader's exchange": (
        [
            "anna+05_x+2026-11-30 10:20:30.123456 UTC/05_x.ipynb",
            "anna+05_x+2026-12-01 10:20:30.123456 UTC+aZ9/05_x.ipynb",
            "ben+05_x+2026-11-30 10:20:30.123456 UTC/05_x.ipynb",
        ],
        ["anna", "ben"],
    ),
    "a class one folder too deep": (
        ["HW 5/anna/05_x.ipynb", "HW 5/ben/week 3/05_x.ipynb"],
        ["anna", "ben"],
    ),
    "a browser's copies": (
        [
            "anna/05_x.ipynb",
            "anna/05_x (1).ipynb",
            "ben_05_x.ipynb",
            "ben_05_x (2).ipynb",
        ],
        ["anna", "ben"],
    ),
}


@pytest.mark.parametrize("name", DOWNLOADS)
def test_one_student_is_one_student(tmp_path, name):
    files, students = DOWNLOADS[name]
    found = counts(handed_in(tmp_path, *files))
    assert sorted(found) == sorted(students)


@pytest.mark.parametrize("name", DOWNLOADS)
def test_a_whole_download_is_read_as_the_archive_it_came_as(tmp_path, name):
    files, students = DOWNLOADS[name]
    archive = zipped(**dict.fromkeys(files, little()[1]))
    beside = handed_in(tmp_path, others={"download.zip": archive})
    alone = taken_in(tmp_path / "download.zip")
    assert sorted(counts(alone)) == sorted(students)
    if name != "a browser's copies":  # in a folder this might be one student's archive
        assert sorted(counts(beside)) == sorted(students)
    assert all(
        entry["chapter"] for entry in alone.begun.values() if "rows" not in entry
    )


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("Canvas", "doejane_LATE_12345_678990_05_x-1.ipynb"),
        ("Blackboard", f"HW 5_anna_attempt_{TIMES[1]}_05_x.ipynb"),
        ("Brightspace", "12345-678 - Anna-Maria Doe - Dec 1, 2026 0930 PM/05_x.ipynb"),
        (
            "nbgrader's exchange",
            "anna+05_x+2026-12-01 10:20:30.123456 UTC+aZ9/05_x.ipynb",
        ),
        ("a browser's copies", "anna/05_x (1).ipynb"),
    ],
)
def test_the_last_attempt_counts_unless_told_otherwise(tmp_path, name, last):
    files, _ = DOWNLOADS[name]
    intake = handed_in(tmp_path, *files)
    assert last in intake.paths
    left = [path for path, why in intake.left_out.items() if "earlier attempt" in why]
    assert left and last not in left and not set(left) & set(intake.paths)
    first = taken_in(tmp_path, "first")
    assert last not in first.paths and set(left) <= set(first.paths)
    assert set(taken_in(tmp_path, "best").paths) == set(files)


def test_the_attempt_that_earned_more_counts_if_the_best_is_asked_for(tmp_path):
    files = DOWNLOADS["Blackboard"][0]
    intake = handed_in(tmp_path, *files, how="best")
    earned = {path: 3 - number for number, path in enumerate(files)}
    entries = {
        path: entry | {"rows": [{"points": earned[path]}]}
        for path, entry in intake.begun.items()
    }
    told, less = intake.told(entries)
    assert [entry["path"] for entry in told] == sorted(set(files) - {files[1]})
    assert less == {files[1]: attempts.LESS}


def test_a_damaged_last_attempt_takes_no_honest_ones_place(tmp_path):
    first, last = (f"HW_anna_attempt_{time}_05_x.ipynb" for time in TIMES)
    intake = handed_in(tmp_path, first, others={last: b"{"})
    assert intake.paths == [first] and "cannot be read" in intake.left_out[last]


def test_receipts_are_no_ones_unless_nothing_else_came(tmp_path):
    receipts = {
        f"HW_anna_attempt_{TIMES[0]}.txt": b"Name: Anna",
        f"HW_ben_attempt_{TIMES[0]}.txt": b"Name: Ben",
    }
    intake = handed_in(
        tmp_path, f"HW_anna_attempt_{TIMES[0]}_05_x.ipynb", others=receipts
    )
    assert list(counts(intake)) == ["anna", "ben"]
    (row,) = intake.begun[f"HW_ben_attempt_{TIMES[0]}.txt"]["rows"]
    assert "a text came" in row["remark"]
    assert list(intake.left_out) == [f"HW_anna_attempt_{TIMES[0]}.txt"]


def test_moodles_text_field_and_brightspaces_index_are_told_apart(tmp_path):
    text = "Ben_124_assignsubmission_onlinetext_/onlinetext.html"
    intake = handed_in(
        tmp_path, f"Anna_123_{MOODLE}/05_x.ipynb", others={text: b"<p>here</p>"}
    )
    assert "typed into Moodle" in intake.begun[text]["rows"][0]["remark"]
    folder = tmp_path / "d2l"
    folder.mkdir()
    intake = handed_in(
        folder, DOWNLOADS["Brightspace"][0][0], others={"index.html": b"<"}
    )
    assert list(counts(intake)) == ["Anna-Maria Doe"]
    assert intake.left_out == {"index.html": "a platform wrote it"}


@pytest.mark.parametrize("above", ["", "assignment_9_export/"])
def test_gradescope_says_whose_a_submission_is_and_a_group_is_one(tmp_path, above):
    intake = handed_in(
        tmp_path,
        *(f"{above}submission_{k}/05_x.ipynb" for k in (1, 2, 3)),
        others={f"{above}submission_metadata.yml": GRADESCOPE},
    )
    whose = intake.found.whose
    assert list(counts(intake)) == [
        *("Anna Muster", "Ben Okri & Carla Ruiz", "submission_3")
    ]
    assert whose[f"{above}submission_1/05_x.ipynb"].people == (
        Person("Anna Muster", "100", "anna@example.org"),
    )
    assert len(whose[f"{above}submission_2/05_x.ipynb"].people) == 2


def test_otters_archives_are_opened_and_their_times_tell_attempts_apart(tmp_path):
    notebook = little()[1]
    whole = zipped(**{"05_x.ipynb": notebook, ".OTTER_LOG": b"x", "05_x.pdf": b"%PDF"})
    names = [f"05_x_2026_11_{day}T10_20_30_123456.zip" for day in (29, 30)]
    others = {f"anna/{name}": whole for name in names} | {f"ben_{names[0]}": whole}
    intake = handed_in(tmp_path, others=others)
    assert counts(intake) == {
        "anna": [f"anna/{names[1]}/05_x.ipynb"],
        "ben": [f"ben_{names[0]}/05_x.ipynb"],
    }


def test_what_a_student_packed_names_no_one_else(tmp_path):
    forged = zipped(**{f"Ben_124_{MOODLE}/05_x.ipynb": little()[1]})
    listing = GRADESCOPE.replace(b"Anna Muster", b"Ben")
    fake = zipped(
        **{"submission_1/05_x.ipynb": little()[1], "submission_metadata.yml": listing}
    )
    intake = handed_in(
        tmp_path,
        f"carl/Ben_124_{MOODLE}/05_x.ipynb",
        "ben/05_x.ipynb",
        others={"anna.zip": forged, "dora.zip": fake},
    )
    assert sorted(counts(intake)) == ["anna", "ben", "carl", "dora"]


@pytest.mark.parametrize(
    ("files", "student"),
    [
        ([f"Anna_123_{MOODLE}Ben_124_{MOODLE}05_x.ipynb"], "Anna"),
        ([f"Anna_123_{MOODLE}/Ben_124_{MOODLE}/05_x.ipynb"], "Anna"),
        ([f"anna/Ben_124_{MOODLE}/06.ipynb", "anna/05_x.ipynb"], "anna"),
        (["anna_12_3456_x/roe_77_678911_y.ipynb"], "anna"),
    ],
)
def test_a_name_within_a_students_name_is_not_believed(tmp_path, files, student):
    whose = handed_in(tmp_path, *files).found.whose
    assert {it.student for it in whose.values()} == {student}


def test_two_files_of_one_attempt_stay_one_students(tmp_path):
    files = [f"Anna_1_{MOODLE}/{name}.ipynb" for name in ("05_x", "05_x final")]
    intake = handed_in(tmp_path, *files)
    assert counts(intake) == {"Anna": sorted(files)}
    entries = {
        path: entry | {"rows": [{"points": 2}]} for path, entry in intake.begun.items()
    }
    told, less = intake.told(entries)
    assert len(told) == len(less) == 1


def test_times_of_platforms_sort():
    said = ["2026-11-30-10-20-30", "Nov 30, 2026 1030 PM", "Dec 1, 2026 0930 AM"]
    times = [time_of(text) for text in said]
    assert times == sorted(times) and all(times) and time_of("an hour ago") == ""

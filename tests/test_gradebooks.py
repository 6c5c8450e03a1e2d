"""What gradebooks read: sums and points by chapter, by each platform's own columns."""

import csv
import io

import pytest
from handed_in import handed_in
from test_downloads import DOWNLOADS, GRADESCOPE

from course.grading.report import gradebooks

CHAPTERS = {"05_x": 5, "06_y": 7}


def entry(student, people, platform, chapter, points):
    row = {"points": points, "out_of": CHAPTERS[chapter]}
    return {
        "student": student,
        "people": people,
        "platform": platform,
        "chapter": chapter,
        "rows": [row],
    }


def table(entries, name):
    text = gradebooks.files(entries)[f"gradebooks/{name}.csv"]
    return list(csv.DictReader(io.StringIO(text)))


def graded(tmp_path, files, **more):
    """Entries of a class, in which the first file earns 1 point, the next 2, and on."""
    intake = handed_in(tmp_path, *files, **more)
    entries = {
        path: begun | {"rows": [{"points": k, "out_of": 5}]}
        for k, (path, begun) in enumerate(sorted(intake.begun.items()), 1)
    }
    return intake.told(entries)[0]


def test_canvas_knows_students_by_its_numbers(tmp_path):
    entries = graded(tmp_path, DOWNLOADS["Canvas"][0])
    possible, doe, roe = table(entries, "canvas-sums")
    header = gradebooks.files(entries)["gradebooks/canvas-sums.csv"].split("\n")[0]
    assert header == "Student,ID,SIS User ID,SIS Login ID,Section,Live Papers"
    assert possible["Student"].strip() == "Points Possible"
    assert possible["Live Papers"] == "5"
    assert (doe["Student"], doe["ID"], doe["Live Papers"]) == ("doejane", "12345", "1")
    assert (roe["ID"], roe["Live Papers"], roe["SIS Login ID"]) == ("77", "2", "")


def test_canvas_gets_a_column_a_chapter_and_no_zero_for_what_never_came(tmp_path):
    (tmp_path / "class").mkdir()
    anna = graded(tmp_path / "class", ["anna/05_x.ipynb"])[0]["people"]
    entries = [entry("anna", anna, "", c, p) for c, p in (("05_x", 4), ("06_y", 3))]
    ben = tuple(type(anna[0])(name) for name in ("ben",))
    entries.append(entry("ben", ben, "", "06_y", 7))
    possible, first, second = table(entries, "canvas-chapters")
    columns = ["Live Papers 05_x", "Live Papers 06_y"]
    assert [possible[c] for c in columns] == ["5", "7"]
    assert [first[c] for c in columns] == ["4", "3"]
    assert [second[c] for c in columns] == ["", "7"]
    assert first["SIS Login ID"] == "anna" and first["ID"] == ""
    assert [row["Live Papers"] for row in table(entries, "canvas-sums")] == [
        *("12", "7", "7")
    ]


def test_moodle_gets_a_line_for_each_number_that_it_gave(tmp_path):
    entries = graded(
        tmp_path, DOWNLOADS["Moodle, two assignments, whose numbers differ"][0]
    )
    (row,) = table(entries, "moodle")
    assert row["Identifier"] == "Participant 123" and row["Full name"] == "Anna Muster"
    assert row["Grade"] == "1" and row["Maximum grade"] == "5"
    assert row["Last modified (grade)"] == "" and row["Live Papers 05_x"] == "1"
    person = entries[0]["people"][0]
    other = (type(person)(person.name, "9"),)
    entries.append(entry("Anna Muster", other, "Moodle", "06_y", 6))
    rows = table(entries, "moodle")
    assert {row["Identifier"]: row["Grade"] for row in rows} == {
        "Participant 123": "1",
        "Participant 9": "6",
    }
    assert [row["Live Papers"] for row in table(entries, "canvas-sums")[1:]] == ["7"]


def test_gradescopes_columns_and_everyone_of_a_group(tmp_path):
    entries = graded(
        tmp_path,
        ["submission_1/05_x.ipynb", "submission_2/05_x.ipynb"],
        others={"submission_metadata.yml": GRADESCOPE},
    )
    rows = table(entries, "gradescope")
    assert [(r["First Name"], r["Last Name"], r["SID"]) for r in rows] == [
        ("Anna", "Muster", "100"),
        ("Ben", "Okri", "200"),
        ("Carla", "Ruiz", "201"),
    ]
    assert [row["05_x (5 pts)"] for row in rows] == ["1", "2", "2"]
    assert rows[0]["Email"] == "anna@example.org" and rows[0]["Max Points"] == "5"


@pytest.mark.parametrize("name", sorted(gradebooks.files([])))
def test_a_class_without_points_makes_empty_files_and_no_formulas(tmp_path, name):
    assert gradebooks.files([])[name].count("\n") <= 2
    entries = graded(tmp_path, ["=cmd()/05_x.ipynb"])
    text = gradebooks.files(entries)[name]
    assert "'=cmd()" in text and "\n=cmd()" not in text and ",=cmd()" not in text

"""The syllabus: what it names is there, and its hours are those of the exercises."""

import re

import pytest

from course.exercises import parse
from course.naming import number
from course.site import syllabus
from course.source import ROOT

TEXT = (ROOT / "source" / "teaching" / "course.md").read_text("utf8")
WEEKS = [syllabus.week(row) for row in syllabus.ROW.finditer(TEXT)]
SOURCES = {number(p.parent.name): p.parent for p in ROOT.glob("source/*/chapter.md")}
PARTS = len(SOURCES)


def test_there_are_fourteen_weeks_and_seven_and_every_part_has_one():
    numbers = [int(n) for n in re.findall(r"^\| (\d+) \|", TEXT, flags=re.M)]
    assert sorted({*numbers[:PARTS]}) == [*range(1, 15)]
    assert numbers[PARTS:] == [*range(1, 8)]
    assert [week.part for week in WEEKS[:PARTS]] == sorted(SOURCES)


@pytest.mark.parametrize("at", range(len(WEEKS)))
def test_what_a_week_names_is_there(at):
    week = WEEKS[at]
    chapter = (SOURCES[week.part] / "chapter.md").read_text("utf8")
    parts = re.split(r"^## (.+)$", chapter, flags=re.M)
    asking = {
        title
        for title, text in zip(parts[1::2], parts[2::2], strict=True)
        if "guess=" in text
    }
    assert len(week.sections) >= 2 and set(week.sections) <= asking
    sheet = parse(SOURCES[week.part] / "exercises.md")
    assert len(week.exercises) >= 2
    assert set(week.exercises) <= {task.title for task in sheet.exercises}


def test_hours_are_added_up_where_the_page_is_built():
    sheets = {p.name: parse(p / "exercises.md") for p in SOURCES.values()}
    text = syllabus.filled(TEXT, sheets)
    assert "{" not in text
    minutes = [int(row[0].split("|")[-2]) for row in syllabus.ROW.finditer(text)]
    tasks = {
        (number(n), t.title): t.minutes for n, s in sheets.items() for t in s.exercises
    }
    want = [sum(tasks[week.part, title] for title in week.exercises) for week in WEEKS]
    assert minutes == want and min(want) > 15
    hours = [int(n) for n in re.findall(r"about (\d+) hours", text)]
    assert hours == [round(sum(want[:PARTS]) / 60), round(sum(want[PARTS:]) / 60)]

"""The page of mistakes: counted, sorted by what they cost, and without a name."""

import pytest
from bs4 import BeautifulSoup
from handed_in import little

from course.grading import ends
from course.grading.box.sandbox import Box
from course.grading.report import mistakes

SLOW = ends.told("slow", Box(True))


def entry(*remarks, damaged=False):
    """One student's notebook: a remark for each exercise, of 2 and 3 points."""
    rows = [
        {"chapter": "05_x", "exercise": k, "title": title, "remark": remark}
        | {"points": out_of * (remark == "right"), "out_of": out_of}
        for (k, title, out_of), remark in zip(
            [(1, "Double", 2), (2, "Shift", 3)], remarks, strict=True
        )
    ]
    return {"rows": rows, "damaged": damaged, "student": "Anna"}


def found(*entries):
    return mistakes.exercises(entries, {"05_x": little()[0]})


def test_each_sentence_is_counted_with_what_it_cost():
    first, second = found(
        entry("double: the sign is flipped", "right"),
        entry("double: the sign is flipped", "not answered"),
        entry("right", "not answered"),
        entry("not answered", SLOW),
    )
    assert (first.handed_in, first.right, first.unanswered) == (4, 1, 1)
    assert first.sentences == [("double: the sign is flipped", 2)]
    assert first.cost == {"double: the sign is flipped": 4}
    assert (second.right, second.unanswered) == (1, 2)
    assert second.sentences == [("too slow", 1)] and second.cost == {"too slow": 3}


def test_numbers_do_not_tell_sentences_apart():
    (first, _) = found(
        *(
            entry(f"x: shape ({k}, 4) came, (3, 4) was expected", "right")
            for k in (1, 22)
        )
    )
    assert first.sentences == [("x: shape (…, …) came, (…, …) was expected", 2)]


@pytest.mark.parametrize(
    "remark",
    [
        "NameError: name 'anna_muster' is not defined (a helper belongs elsewhere)",
        "ValueError: anna_muster@example.org",
        "double: anna_muster was here",
        "anna_muster",
    ],
)
def test_no_word_that_one_student_wrote_gets_onto_the_page(remark):
    exercises = found(entry(remark, remark), entry("right", "right"))
    whole = mistakes.page(exercises) + mistakes.as_table(exercises)
    assert "anna_muster" not in whole and "Anna" not in whole
    assert exercises[0].sentences[0][1] == 1 and exercises[0].cost.keys() == {
        text for text, _ in exercises[0].sentences
    }


def test_what_the_courses_own_checks_say_stands_there_from_the_first_student_on():
    sheet = little()[0]
    own = sheet.exercises[0].of("check")[0].text
    assert "double" in own
    (first, _) = found(entry("double", "right"))
    assert first.sentences == [("double", 1)]


def test_files_that_could_not_be_read_are_no_mistakes():
    assert found(entry("a PDF came", "a PDF came", damaged=True)) == []


def test_the_page_begins_with_what_cost_most_and_runs_nothing():
    many = [entry(f"double: wrong <b>{'x' * k}</b>", "right") for k in range(7)] * 2
    exercises = found(*many, *[entry("right", "died")] * 3)
    soup = BeautifulSoup(mistakes.page(exercises), "html.parser")
    assert [h.text for h in soup.select("h2")] == ["What cost most", "05_x"]
    worst, all_of_it = soup.select("table")
    assert len(worst.select("tbody tr")) == mistakes.COSTLIEST
    assert worst.select_one("tbody b").text == "9 points"
    bars = [span["style"] for span in all_of_it.select("td.bar span")]
    assert "width: 12%" in bars and "width: 82%" in bars
    assert not soup.select("script, img, link, td b b")
    assert "default-src 'none'" in str(soup.select_one("meta[http-equiv]"))
    empty = BeautifulSoup(mistakes.page([]), "html.parser")
    assert "Nobody has handed in" in empty.text

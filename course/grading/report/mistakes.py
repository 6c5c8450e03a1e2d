"""What the class got wrong: of each exercise, how many met which sentence.

No name is in it, and no word that only one student can have written: a sentence stands
there if the course's own checks say it, or if two students met it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from course.exercises import Sheet
from course.grading import ends
from course.grading.report import feedback
from course.grading.report.reports import as_csv

ERROR = re.compile(r"(\w*(?:Error|Exception|Warning|Interrupt|Exit))\b(?::|$)")
NUMBER = re.compile(r"[-+]?\d[\d.,e+-]*\d|\d")
FIXED = [*ends.ENDS.values(), "passes the check, but not the grading"]
ANOTHER = "something that no one else met"
COSTLIEST = 5


@dataclass
class Exercise:
    """How one exercise went: who handed it in, who was right, which sentences came."""

    chapter: str
    number: int
    title: str
    points: int
    handed_in: int
    right: int
    unanswered: int
    sentences: list[tuple[str, int]]  # with how many met each, the most first
    cost: dict[str, int]  # points lost to each sentence


def exercises(
    entries: Iterable[Mapping[str, Any]], sheets: Mapping[str, Sheet]
) -> list[Exercise]:
    """Count what came of each exercise, over everyone who handed in its chapter."""
    rows: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for entry in entries:
        for row in entry["rows"] if not entry["damaged"] else ():
            if row["chapter"] in sheets and row["exercise"]:
                rows.setdefault((row["chapter"], row["exercise"]), []).append(row)
    said = {chapter: words(sheet) for chapter, sheet in sheets.items()}
    return [one(group, said[chapter]) for (chapter, _), group in sorted(rows.items())]


def one(rows: list[dict[str, Any]], said: str) -> Exercise:
    """Count what came of one exercise; `said` is all that its checks may say."""
    wrong = [r for r in rows if r["points"] < r["out_of"]]
    tried = [(sentence(r["remark"], said), r) for r in wrong]
    tried = [(text, row) for text, row in tried if text != "not answered"]
    met = Counter(text for text, _ in tried)
    counts: Counter[str] = Counter()
    cost: Counter[str] = Counter()
    for text, row in tried:
        ours = is_ours(text, said) or text in map(sentence, FIXED)
        told = text if ours or met[text] > 1 or ERROR.search(text) else ANOTHER
        counts[told] += 1
        cost[told] += row["out_of"] - row["points"]
    first = rows[0]
    return Exercise(
        *(first["chapter"], first["exercise"], first["title"], first["out_of"]),
        handed_in=len(rows),
        right=len(rows) - len(wrong),
        unanswered=len(wrong) - len(tried),
        sentences=sorted(counts.items(), key=lambda item: (-item[1], item[0])),
        cost=dict(cost),
    )


def is_ours(text: str, said: str) -> bool:
    """Whether a sentence, after the name that it begins with, is the course's own."""
    return "".join((text.partition(": ")[2] or text).split()) in said


def sentence(remark: str, said: str = "") -> str:
    """Take out of a remark what differs from student to student."""
    if is_ours(remark, said):
        return remark
    for fixed in FIXED:
        start = re.split(r"[:{]", fixed)[0]
        if remark.startswith(start):
            return start.strip()
    if error := ERROR.match(remark):
        return f"stopped by {error[1]}"
    return NUMBER.sub("…", remark)


def words(sheet: Sheet) -> str:
    """Collect what the checks of a chapter say, without spaces."""
    cells = [cell.text for task in sheet.exercises for cell in task.of("check")]
    return "".join(re.sub(r'"\s*f?"', "", "\n".join(cells)).split())


def as_table(found: Iterable[Exercise]) -> str:
    """List as CSV how many met which sentence."""
    columns = ["chapter", "exercise", "title", "sentence", "students", "of", "points"]
    rows = []
    for it in found:
        key = {"chapter": it.chapter, "exercise": it.number, "title": it.title}
        for text, count in (("right", it.right), ("not answered", it.unanswered)):
            lost = it.unanswered * it.points if text == "not answered" else 0
            rows.append(
                key
                | {"sentence": text, "students": count}
                | {"of": it.handed_in, "points": lost}
            )
        for text, count in it.sentences:
            rows.append(
                key
                | {"sentence": text, "students": count}
                | {"of": it.handed_in, "points": it.cost[text]}
            )
    return as_csv(rows, columns)


def page(found: list[Exercise]) -> str:
    """Make a page: the sentences that cost most, then all exercises by chapter."""
    worst = sorted(
        (
            (it.cost[text], it, text, count)
            for it in found
            for text, count in it.sentences
        ),
        key=lambda item: (-item[0], item[1].chapter, item[1].number, item[2]),
    )
    parts = []
    if worst:
        lines = "".join(
            bar(count, it.handed_in, f"{lost} points", costly(it, text, count))
            for lost, it, text, count in worst[:COSTLIEST]
        )
        parts.append(f"<h2>What cost most</h2>\n{table('Lost', 'Mistake', lines)}")
    for chapter in dict.fromkeys(it.chapter for it in found):
        lines = "".join(map(of_one, (it for it in found if it.chapter == chapter)))
        body = table("Students", "Exercise", lines)
        parts.append(f"<h2>{escape(chapter)}</h2>\n{body}")
    return feedback.whole(
        "What the class got wrong",
        "Of each exercise: how many of those who handed in its chapter met which "
        "sentence. The rest was right or not answered.",
        "".join(parts) or "<p>Nobody has handed in an exercise yet.</p>",
        BARS,
        "No names are here, so the page can be shown in class. A sentence that only "
        "one student met stands here only where the course's own checks say it.",
    )


BARS = """
td.bar { width: 9rem; }
td.bar i { display: block; background: var(--rule); forced-color-adjust: none; }
td.bar span { display: block; height: .7em; background: var(--part); }
tr.right td.bar span { background: var(--full); }
tr.none td.bar span { background: var(--muted); }
tr.head td { padding-top: 1.2em; border-bottom: 0; font-weight: 600; }
@media (max-width: 32rem) { td.bar { width: 4rem; } }
"""


def costly(it: Exercise, text: str, count: int) -> str:
    """Say in a line how many met a sentence, and where."""
    return f"{count} of {it.handed_in}: {text} ({it.chapter} {it.number}, {it.title})"


def table(first: str, last: str, lines: str) -> str:
    """Make a table of bars."""
    head = f'<th scope="col">{first}</th><th></th><th scope="col">{last}</th>'
    return (
        f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>{lines}</tbody>\n</table>\n"
    )


def of_one(it: Exercise) -> str:
    """Make the lines of one exercise."""
    title = escape(f"{it.number} · {it.title}")
    lines = f'<tr class="head"><td></td><td></td><td>{title}</td></tr>\n'
    for text, count in it.sentences:
        lines += bar(count, it.handed_in, f"{count} of {it.handed_in}", text)
    if it.unanswered:
        share = f"{it.unanswered} of {it.handed_in}"
        lines += bar(it.unanswered, it.handed_in, share, "not answered", "none")
    share = f"{it.right} of {it.handed_in}"
    return lines + bar(it.right, it.handed_in, share, "right", "right")


def bar(count: int, of: int, number: str, text: str, kind: str = "wrong") -> str:
    """Make a line with a bar as long as the share of students."""
    width = 100 * count / of if of else 0
    return (
        f'<tr class="{kind}"><td class="number"><b>{escape(number)}</b></td>'
        f'<td class="bar"><i><span style="width: {width:.0f}%"></span></i></td>'
        f"<td>{escape(text)}</td></tr>\n"
    )

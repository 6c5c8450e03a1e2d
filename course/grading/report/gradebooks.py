"""Points as the gradebooks of learning platforms read them, a line for each student.

Canvas: a header that begins Student, ID, SIS User ID, SIS Login ID, Section, then a
column an assignment, and a line of the points that can be had (its gradebook importer).
Moodle: Identifier, Grade and Last modified (grade), which an assignment's grading
worksheet needs (assignfeedback_offline); further columns are passed over there.
Gradescope reads no points; its file has the columns of Gradescope's own export.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from course.grading.intake.submissions import shown
from course.grading.report.reports import as_csv

Points = dict[str, int]  # of each chapter
Row = dict[str, Any]


def files(entries: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Make the files for all platforms, by their names."""
    entries = list(entries)
    most: Points = {}
    for entry in entries:
        if entry["chapter"]:
            out_of = sum(row["out_of"] for row in entry["rows"])
            most[entry["chapter"]] = max(out_of, most.get(entry["chapter"], 0))
    most = dict(sorted(most.items()))
    return {
        "gradebooks/canvas-sums.csv": canvas(entries, most, sums=True),
        "gradebooks/canvas-chapters.csv": canvas(entries, most, sums=False),
        "gradebooks/moodle.csv": moodle(entries, most),
        "gradebooks/gradescope.csv": gradescope(entries, most),
    }


def people(
    entries: Iterable[Mapping[str, Any]], by: str = "name"
) -> Iterable[tuple[Mapping[str, Any], Any, Points]]:
    """Give everyone's entry, person and points; in a group all earn the same.

    With `by` a "number" someone with several of them, as in Moodle, has several lines.
    """
    found: dict[Any, tuple[Mapping[str, Any], Any, Points]] = {}
    for entry in entries:
        for person in entry["people"]:
            alone = len(entry["people"]) == 1
            name = entry["student"] if alone else person.name
            key = (name, person.number if by == "number" else "")
            _, _, points = found.setdefault(key, (entry, person, {}))
            if entry["chapter"]:
                earned = sum(row["points"] for row in entry["rows"])
                points[entry["chapter"]] = points.get(entry["chapter"], 0) + earned
    return [found[key] for key in sorted(found)]


def name_of(entry: Mapping[str, Any], person: Any) -> str:
    """Give the name that stands in reports, or a group's member's own."""
    return shown(entry["student"] if len(entry["people"]) == 1 else person.name)


def canvas(entries: list[Mapping[str, Any]], most: Points, sums: bool) -> str:
    """Make a file for Canvas: one new assignment for the sum, or one a chapter."""
    head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    titles = {"": "Live Papers"} if sums else {c: f"Live Papers {c}" for c in most}
    possible: Row = {"Student": "    Points Possible"}
    rows = [possible]
    for chapter, title in titles.items():
        possible[title] = sum(most.values()) if sums else most[chapter]
    for entry, person, points in people(entries):
        known = entry["platform"] == "Canvas"
        row: Row = {"Student": name_of(entry, person)}
        row |= {"ID": person.number} if known else {"SIS Login ID": row["Student"]}
        for chapter, title in titles.items():
            row[title] = sum(points.values()) if sums else points.get(chapter, "")
        rows.append(row)
    return as_csv(rows, [*head, *titles.values()])


def moodle(entries: list[Mapping[str, Any]], most: Points) -> str:
    """Make a grading worksheet for Moodle, with columns for its gradebook beside."""
    head = ["Identifier", "Full name", "Email address", "Grade", "Maximum grade"]
    rows = []
    for entry, person, points in people(entries, by="number"):
        known = entry["platform"] == "Moodle"
        row: Row = {
            "Identifier": f"Participant {person.number}" if known else "",
            "Full name": name_of(entry, person),
            "Email address": person.email,
            "Grade": sum(points.values()),
            "Maximum grade": sum(most[chapter] for chapter in points),
            "Last modified (grade)": "",  # so that newer grades stay
        }
        rows.append(row | {f"Live Papers {c}": points.get(c, "") for c in most})
    chapters = [f"Live Papers {chapter}" for chapter in most]
    return as_csv(rows, [*head, "Last modified (grade)", *chapters])


def gradescope(entries: list[Mapping[str, Any]], most: Points) -> str:
    """Make a file with the columns of Gradescope's export."""
    head = ["First Name", "Last Name", "SID", "Email", "Sections"]
    titles = {chapter: f"{chapter} ({most[chapter]} pts)" for chapter in most}
    rows = []
    for entry, person, points in people(entries):
        first, _, last = name_of(entry, person).rpartition(" ")
        row: Row = {
            "First Name": first or last,
            "Last Name": last if first else "",
            "SID": person.number,
            "Email": person.email,
            "Total Score": sum(points.values()),
            "Max Points": sum(most.values()),
            "Status": "Graded",
        }
        rows.append(row | {titles[c]: points.get(c, "") for c in most})
    return as_csv(
        rows, [*head, "Total Score", "Max Points", "Status", *titles.values()]
    )

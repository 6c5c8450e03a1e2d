"""Reports of a class: CSV, JSON, JUnit, and a page for each student.

All are made from the same entries of the ledger, each written in one step; whatever a
submission says in them is text and nothing else.
"""

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from xml.etree import ElementTree

from course.grading.intake.submissions import shown
from course.grading.report import feedback
from course.grading.report.shelf import Shelf

Entry = dict[str, Any]
COLUMNS = ["student", "chapter", "exercise", "points", "seconds", "remark"]
MORE = ["out_of", "title", "file", "sandbox"]
MANY = 20  # files left out for the same reason, and listed one by one
UNSAFE = "none: graded without a sandbox (--unsafe)"


def write(shelf: Shelf, entries: list[Entry], only: str | None = None) -> None:
    """Write all reports, or of the pages just the one that tells of the path `only`."""
    rows = flat(entries)
    shelf.put("results.csv", as_csv(rows, COLUMNS + MORE))
    whole = {"points": sum(row["points"] for row in rows), "rows": rows}
    shelf.put("results.json", json.dumps(whole, indent=1) + "\n")
    shelf.put("junit.xml", as_junit(rows))
    by_student: dict[str, list[Entry]] = {}
    for entry in entries:
        by_student.setdefault(entry["student"], []).append(entry)
    pages = {page_name(name): name for name in by_student}
    for page, name in pages.items():
        if only is None or any(entry["path"] == only for entry in by_student[name]):
            text = feedback.page(shown(name), by_student[name])
            shelf.put(f"feedback/{page}", text)
    # another file came, and students' names with it
    shelf.keep_only("feedback", set(pages))


def flat(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """List the rows of all entries, each with its student, file and sandbox."""
    rows = []
    for entry in entries:
        more = {
            "student": shown(entry["student"]),
            "file": shown(entry["path"]),
            "sandbox": "bubblewrap" if entry["sandbox"] else UNSAFE,
        }
        for row in entry["rows"]:
            every = row | more
            rows.append({name: every[name] for name in COLUMNS + MORE})
    return sorted(rows, key=lambda row: (row["student"], row["file"], row["exercise"]))


def left(left_out: Mapping[str, str], students: Mapping[str, str]) -> str:
    """List as CSV what was not graded, and why; a folder of many such files once."""
    groups: dict[tuple[str, str], list[str]] = {}
    for path, why in sorted(left_out.items()):
        groups.setdefault((students.get(path, ""), why), []).append(path)
    rows = []
    for (student, why), paths in groups.items():
        one_by_one = paths if len(paths) <= MANY else paths[:1]
        more = len(paths) - len(one_by_one)
        for path in one_by_one:
            name = shown(path) + (f", and {more:,} more" if more else "")
            rows.append({"student": shown(student), "file": name, "why": why})
    return as_csv(rows, ["student", "file", "why"])


def as_csv(rows: Iterable[Mapping[str, Any]], columns: list[str]) -> str:
    """Write rows as CSV, of which no spreadsheet takes a cell for a formula."""
    out = io.StringIO()
    table = csv.DictWriter(out, columns, lineterminator="\n")
    table.writeheader()
    for row in rows:
        table.writerow({name: harmless(value) for name, value in row.items()})
    return out.getvalue()


def harmless(value: Any) -> Any:
    """Put an apostrophe before text that a spreadsheet would run."""
    danger = isinstance(value, str) and value.lstrip()[:1] in ("=", "+", "-", "@")
    return f"'{value}" if danger else value


def as_junit(rows: list[dict[str, Any]]) -> str:
    """Write rows as JUnit: a test passes if it earned all its points."""
    suite = ElementTree.Element("testsuite", name="Live Papers")
    failures = 0
    for row in rows:
        name = f"{row['exercise']} {row['title']}".strip()
        test = ElementTree.SubElement(
            suite,
            "testcase",
            classname=f"{row['student']}.{row['chapter']}",
            name=name,
            time=f"{row['seconds']:.2f}",
        )
        test.set("file", row["file"])
        if row["points"] < row["out_of"] or not row["out_of"]:
            failures += 1
            ElementTree.SubElement(test, "failure", message=row["remark"])
        if row["sandbox"] == UNSAFE:
            ElementTree.SubElement(test, "system-out").text = f"sandbox: {UNSAFE}"
    suite.set("tests", str(len(rows)))
    suite.set("failures", str(failures))
    suite.set("time", f"{sum(row['seconds'] for row in rows):.2f}")
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, "unicode", xml_declaration=True) + "\n"


def page_name(student: str) -> str:
    """Name a student's page: plain letters, and a hash that tells names apart."""
    plain = re.sub(r"[^A-Za-z0-9_]+", "-", student).strip("-")[:40]
    mark = hashlib.sha256(student.encode("utf8", "surrogatepass")).hexdigest()[:8]
    return f"{plain}-{mark}.html".lstrip("-")


def summary(entries: list[Entry], left_out: Mapping[str, str]) -> str:
    """Say in a few lines what was graded, and what was not looked at."""
    rows = flat(entries)
    names = {row["student"] for row in rows}
    lines = [f"{len(entries)} files of {len(names)} students"]
    for chapter in sorted({row["chapter"] for row in rows}):
        of = [row for row in rows if row["chapter"] == chapter]
        files = len({row["file"] for row in of})
        points = sum(row["points"] for row in of)
        most = sum(row["out_of"] for row in of)
        lines.append(f"  {chapter or '(no chapter)':24} {files:4}  {points} of {most}")
    for why in sorted(set(left_out.values())):
        paths = sorted(path for path in left_out if left_out[path] == why)
        listed = ", ".join(map(shown, paths[:3])) + ", ..." * (len(paths) > 3)
        lines.append(f"left out, {len(paths)}: {why}: {listed}")
    return "\n".join(lines)

"""Reports of a class: CSV, JSON, JUnit, and a page for each student.

All are made from the same entries of the ledger, each written in one step; whatever a
submission says in them is text and nothing else.
"""

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from course.grading import feedback
from course.grading.submissions import shown, students

Entry = dict[str, Any]
COLUMNS = ["student", "chapter", "exercise", "points", "seconds", "remark"]
MORE = ["out_of", "title", "file", "sandbox"]
UNSAFE = "none: graded without a sandbox (--unsafe)"


def write(out: Path, entries: list[Entry], only: str | None = None) -> None:
    """Write all reports, or of the pages just the one that tells of the path `only`."""
    rows = flat(entries)
    put(out / "results.csv", as_csv(rows))
    whole = {"points": sum(row["points"] for row in rows), "rows": rows}
    put(out / "results.json", json.dumps(whole, indent=1) + "\n")
    put(out / "junit.xml", as_junit(rows))
    by_student: dict[str, list[Entry]] = {}
    names = students({entry["path"]: entry["chapter"] for entry in entries})
    for entry in entries:
        by_student.setdefault(names[entry["path"]], []).append(entry)
    pages = {page_name(name): name for name in by_student}
    for page, name in pages.items():
        if only is None or name == names[only]:
            put(out / "feedback" / page, feedback.page(shown(name), by_student[name]))
    for file in (out / "feedback").glob("*.html"):
        if file.name not in pages:  # another file came, and students' names with it
            file.unlink()


def flat(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """List the rows of all entries, each with its student, file and sandbox."""
    entries = list(entries)
    names = students({entry["path"]: entry["chapter"] for entry in entries})
    rows = []
    for entry in entries:
        path = entry["path"]
        more = {
            "student": shown(names[path]),
            "file": shown(path),
            "sandbox": "bubblewrap" if entry["sandbox"] else UNSAFE,
        }
        for row in entry["rows"]:
            every = row | more
            rows.append({name: every[name] for name in COLUMNS + MORE})
    return sorted(rows, key=lambda row: (row["student"], row["file"], row["exercise"]))


def as_csv(rows: list[dict[str, Any]]) -> str:
    """Write rows as CSV, of which no spreadsheet takes a cell for a formula."""
    out = io.StringIO()
    table = csv.DictWriter(out, COLUMNS + MORE, lineterminator="\n")
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


def put(file: Path, text: str) -> None:
    """Write a file in one step: a kill leaves the old one or the new."""
    data = text.encode("utf8")
    if file.exists() and file.read_bytes() == data:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.new")
    draft.write_bytes(data)
    draft.replace(file)


def summary(entries: list[Entry], left_out: list[str]) -> str:
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
    if left_out:
        listed = ", ".join(map(shown, left_out[:5]))
        more = ", ..." if len(left_out) > 5 else ""
        lines.append(f"left out, since they are no notebooks: {listed}{more}")
    return "\n".join(lines)

"""Who handed in what, by the list in a download from Gradescope.

The list is YAML of a fixed form, read line by line: a parser of all of YAML would do
more than is asked of it, for a file that a stranger may have packed.
"""

import re

from course.grading.intake.downloads import Person

LIST = "submission_metadata.yml"
FOLDER = re.compile(r"^(submission_\w+):\s*$")
FIELD = re.compile(r"^\s*(- )?:(name|sid|email): *(.*?)\s*$")


def people(raw: bytes, folder: str) -> dict[str, tuple[Person, ...]]:
    """Give the people of each submission, by the path of its folder."""
    found: dict[str, list[dict[str, str]]] = {}
    now: list[dict[str, str]] = []
    inside = False
    for line in raw.decode("utf8", "replace").splitlines():
        if folder_line := FOLDER.match(line):
            now = found.setdefault(folder_line[1], [])
        elif line.strip() in (":submitters:", ":results:", ":history:"):
            inside = line.strip() == ":submitters:"
        elif inside and (field := FIELD.match(line)):
            begins, name, value = field.groups()
            if begins or not now:
                now.append({})
            now[-1][name] = value.strip("'\"")
    where = "" if folder == "." else f"{folder}/"
    return {
        f"{where}{name}": tuple(
            Person(one.get("name", name), one.get("sid", ""), one.get("email", ""))
            for one in group
        )
        for name, group in found.items()
        if group
    }

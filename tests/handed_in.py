"""Folders and archives of a made-up class, for the tests of what is handed in."""

import io
import zipfile
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from grading_little import DOUBLE, book, raw, source

from course.exercises import parse
from course.grading.intake.first_look import Intake


@cache
def little():
    """The exercises of the little chapter, and a notebook that answers one of them."""
    with TemporaryDirectory() as folder:
        path = source(Path(folder))
        return parse(path), raw(book(path, double=DOUBLE))


def zipped(**files):
    """The bytes of an archive; names with a / are given as a dict."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def handed_in(folder, *files, **more):
    """Write notebooks, and other files with the bytes given; take them in."""
    notebook = little()[1]
    how = more.pop("how", "last")
    given = dict.fromkeys(files, notebook) | more.pop("others", {})
    for name, data in given.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return taken_in(folder, how)


def taken_in(folder, how="last"):
    return Intake(folder, {"05_x": little()[0]}, {"05_x": b"rules"}, how)


def counts(intake):
    """What counts, by student."""
    found = {}
    for path in intake.paths:
        found.setdefault(intake.students[path], []).append(path)
    return found

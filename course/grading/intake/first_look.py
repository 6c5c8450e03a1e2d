"""What a class handed in, looked at before anything is run: whose, which, and whether.

Each file gets the beginning of an entry; one that cannot be graded gets its rows too,
with a sentence why. Which of several attempts counts is decided here, as far as that
can be told before they are graded.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from course.exercises import Sheet
from course.grading.intake import attempts, kinds
from course.grading.intake.chapters import chapter_of
from course.grading.intake.submissions import find, read
from course.grading.marks import Row

MOST_FILES = 100  # of one student
UNKNOWN = "this is no exercise notebook of this course"
Entry = dict[str, Any]


class Intake:
    """The files of a class: `paths` are to be graded or told about, in this order.

    `rules` are hashes of what decides on marks besides the notebook, by chapter.
    """

    def __init__(
        self,
        folder: Path,
        sheets: Mapping[str, Sheet],
        rules: Mapping[str, bytes],
        how: str = "last",
    ) -> None:
        self.folder, self.sheets, self.rules, self.how = folder, sheets, rules, how
        self.found = find(folder)
        self.left_out = dict(self.found.left_out)
        self.damaged: set[str] = set()
        self.ours: dict[str, str] = {}
        self.begun = {path: self.look_at(path) for path in self.first(MOST_FILES)}
        self.choose()

    @property
    def paths(self) -> list[str]:
        """What is to be graded or told about."""
        return list(self.begun)

    def first(self, most: int) -> list[str]:
        """List what is looked at; of a student with very many files, the last ones."""
        found, whose = self.found.graded, self.found.whose
        by_student = defaultdict(list)
        for path in sorted(found, key=lambda p: whose[p].attempt, reverse=True):
            by_student[whose[path].student].append(path)
        out = {p for paths in by_student.values() for p in paths[most:]}
        self.left_out |= dict.fromkeys(out, f"its student handed in over {most} files")
        return [path for path in found if path not in out]

    def choose(self) -> None:
        """Leave out the course's own notebooks, and attempts that do not count."""
        whose = self.found.whose
        answered = {whose[p].student for p, e in self.begun.items() if e["chapter"]}
        out = {p: why for p, why in self.ours.items() if whose[p].student in answered}
        chapters = {p: e["chapter"] for p, e in self.begun.items() if p not in out}
        out |= attempts.superseded(chapters, whose, self.damaged, self.how)
        out |= attempts.too_many(chapters, whose, out)
        for path in out:
            del self.begun[path]
        self.left_out |= out
        chapters = {path: entry["chapter"] for path, entry in self.begun.items()}
        self.students = attempts.students(chapters, whose)

    def look_at(self, path: str) -> Entry:
        """Begin the entry of a file; it has rows already if there is nothing to run."""
        raw, chapter = b"", ""
        try:
            raw = read(self.folder, path)
            book, trouble = kinds.notebook(path, raw)
            if own := kinds.of_the_course(book):
                self.ours[path] = trouble = own
            else:
                chapter = chapter_of(book, path, self.sheets)
        except ValueError as error:
            trouble = str(error)
            chapter = chapter_of(None, path, self.sheets)
        except Exception as error:  # a fault of ours costs one file, and is told
            trouble = f"it could not be read: {type(error).__name__}: {error}"[:400]
        if trouble:
            self.damaged.add(path)
        parts = (raw, trouble.encode(), self.rules.get(chapter, b""))
        whole = hashlib.sha256(b"".join(hashlib.sha256(p).digest() for p in parts))
        entry: Entry = {"path": path, "key": whole.hexdigest(), "chapter": chapter}
        if trouble or not chapter:
            entry["rows"] = list(self.nothing(chapter, trouble))
        return entry

    def nothing(self, chapter: str, trouble: str) -> Iterable[dict[str, Any]]:
        """Make the rows of a file that earns nothing, with the reason in each."""
        tasks = self.sheets[chapter].exercises if chapter else ()
        for t in tasks:
            yield Row(chapter, t.number, t.title, 0, t.points, 0.0, trouble).as_dict()
        if not tasks:
            yield Row("", 0, "", 0, 0, 0.0, trouble or UNKNOWN).as_dict()

    def told(self, entries: Mapping[str, Entry]) -> tuple[list[Entry], dict[str, str]]:
        """Give what counts of what was graded, each with its people, and what does not.

        Of two files of one attempt, or of all attempts if the best counts, it is the
        one that earned more.
        """
        whose, known = self.found.whose, []
        order = sorted(self.begun, key=lambda path: (whose[path].attempt, path))
        ranks = {path: rank for rank, path in enumerate(order)}
        for path in self.begun:
            if path in entries:
                known.append(
                    entries[path]
                    | {"student": self.students[path], "order": ranks[path]}
                    | {"people": whose[path].people, "platform": whose[path].platform}
                    | {"damaged": path in self.damaged}
                )
        less = attempts.less(known)
        return [entry for entry in known if entry["path"] not in less], less

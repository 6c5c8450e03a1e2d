"""Grade what a class handed in: python -m course grade submissions/ --out report/."""

import secrets
import signal
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from tqdm import tqdm

from course import ROOT
from course.grading import rules, workers
from course.grading.box import sandbox
from course.grading.intake import archives
from course.grading.intake.first_look import Intake
from course.grading.intake.submissions import read, shown
from course.grading.report import gradebooks, mistakes, reports
from course.grading.report.ledger import Ledger
from course.grading.report.shelf import Shelf

REFUSED = (
    "bubblewrap does not work here, and without it the code in these notebooks would "
    "run as you, with your files and your network. Install it (python -m course doctor "
    "says how), or say --unsafe if you trust everyone who handed something in"
)


def main(
    folder: Path,
    out: Path,
    jobs: int = 1,
    scheduler: str | None = None,
    unsafe: bool = False,
    root: Path = ROOT,
    seconds: float = 30,
    attempts: str = "last",
) -> int:
    """Grade a folder of notebooks into a folder of reports; go on where a run ended.

    `folder` may be a zip archive, `seconds` are what one cell may take, `attempts` says
    which of several counts. Returns 0, 1 if some notebook could not be graded, 130 if
    the run was interrupted. ValueError says what is wrong with the folders.
    """
    if not folder.is_dir() and not (folder.is_file() and archives.is_one(folder.name)):
        raise ValueError(f"{folder} is no folder and no zip archive of notebooks")
    if out.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"the reports would lie among the submissions: {out}")
    place = folder if folder.is_dir() else folder.parent
    hidden = (str(root), str(place.resolve()), str(out.resolve()))
    box = sandbox.Box(sandbox.works(), seconds, hidden=hidden)
    if not box.wrapped and not unsafe:
        raise ValueError(REFUSED)
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)  # names and points
        with FileLock(out / ".lock", timeout=0):
            return Run(folder, out, root, box, attempts).grade(jobs, scheduler)
    except Timeout:
        raise ValueError(f"another run is writing to {out}") from None
    except OSError as error:
        where = error.filename or out
        raise ValueError(f"{where}: {error.strerror or error}") from None


@dataclass
class Run:
    """One run over a folder: what it knows of the chapters, and what it writes."""

    folder: Path
    out: Path
    root: Path
    box: sandbox.Box
    attempts: str = "last"

    def __post_init__(self) -> None:
        names = [p.parent.name for p in self.root.glob("source/*/exercises.md")]
        read_sheets = {name: workers.sheet(str(self.root), name) for name in names}
        sheets = {name: sheet for name, (sheet, _) in read_sheets.items()}
        self.tasks = {
            name: workers.Task(
                str(self.root), name, digest, secrets.randbelow(2**31), self.box
            )
            for name, (_, digest) in read_sheets.items()
        }
        decides = rules.digest(self.box)
        keys = {
            name: task.digest.encode() + decides for name, task in self.tasks.items()
        }
        self.want: dict[str, Future[dict[int, Any]]] = {}
        self.intake = Intake(self.folder, sheets, keys, self.attempts)
        self.shelf = Shelf(self.out)
        self.ledger = Ledger(self.out / "ledger.jsonl")
        self.failed: dict[str, dict[str, Any]] = {}  # as entries, told and not kept

    def grade(self, jobs: int, scheduler: str | None) -> int:
        """Grade what is not graded yet, and write reports all along."""
        if not self.intake.paths:
            raise ValueError(f"{self.folder} has no notebooks")
        self.shelf.claim(self.folder, self.ledger.entries, self.intake.paths)
        terminate = signal.signal(signal.SIGTERM, signal.default_int_handler)
        bar = tqdm(total=len(self.intake.paths), unit="notebook", disable=None)
        code = 0
        try:
            with bar, workers.workers(jobs, scheduler) as (executor, width):
                for path in self.graded(executor, width):
                    bar.update()
                    bar.set_postfix_str(shown(path)[-40:])
        except KeyboardInterrupt:
            print("interrupted: the same command goes on where this run ended")
            code = 130
        finally:
            signal.signal(signal.SIGTERM, terminate)
        print(self.report())
        for path, entry in self.failed.items():
            print(f"{shown(path)}: {entry['rows'][0]['remark']}")
        return code or int(bool(self.failed))

    def graded(self, executor: Executor, width: int) -> Iterator[str]:
        """Hand out notebooks, at most `width` at a time; give the path of each done."""
        waiting: dict[Future[Any], dict[str, Any]] = {}
        for path, begun in self.intake.begun.items():
            entry = begun | {"sandbox": self.box.wrapped}
            if self.ledger.knows(path, entry["key"]):
                yield path
            elif "rows" in entry:
                self.add(entry)
                yield path
            else:
                while len(waiting) >= width:
                    yield from self.collect(waiting)
                task = self.tasks[entry["chapter"]]
                try:
                    want = self.wanted(entry["chapter"], executor)
                    raw = read(self.folder, path)
                except Exception as error:  # it was there a moment ago, say
                    self.fail(entry, error)
                    yield path
                    continue
                waiting[executor.submit(workers.grade, task, raw, want)] = entry
        while waiting:
            yield from self.collect(waiting)

    def wanted(self, chapter: str, executor: Executor) -> dict[int, Any]:
        """Give the expected values of a chapter, computed when first needed."""
        if chapter not in self.want:
            task = self.tasks[chapter]
            self.want[chapter] = executor.submit(workers.expected, task)
        return self.want[chapter].result()

    def collect(self, waiting: dict[Future[Any], dict[str, Any]]) -> Iterator[str]:
        """Wait until at least one notebook is graded, and write down what came."""
        done, _ = wait(waiting, return_when=FIRST_COMPLETED)
        for future in done:
            entry = waiting.pop(future)
            try:
                entry["rows"] = future.result()
            except Exception as error:  # a worker was lost, say
                self.fail(entry, error)
            else:
                self.add(entry)
            yield entry["path"]

    def add(self, entry: dict[str, Any]) -> None:
        """Write down what a notebook earned."""
        self.ledger.add(entry)
        entries, _ = self.intake.told(self.known())
        reports.write(self.shelf, entries, entry["path"])

    def fail(self, entry: dict[str, Any], error: Exception) -> None:
        """Tell of a notebook that could not be graded; a later run tries it again."""
        plain = type(error) in (ValueError, RuntimeError)
        why = f"{error}" if plain else f"{type(error).__name__}: {error}"
        why = f"not graded: {shown(why)[:400]}; the same command tries it again"
        rows = list(self.intake.nothing(entry["chapter"], why))
        self.failed[entry["path"]] = entry | {"rows": rows}

    def known(self) -> dict[str, dict[str, Any]]:
        """Give the entries that reports tell of, by their paths."""
        return self.ledger.entries | self.failed

    def report(self) -> str:
        """Write all reports anew; give a summary."""
        entries, less = self.intake.told(self.known())
        left_out = self.intake.left_out | less
        reports.write(self.shelf, entries)
        whose = {path: it.student for path, it in self.intake.found.whose.items()}
        found = mistakes.exercises(entries, self.intake.sheets)
        more = {"mistakes.html": mistakes.page(found)}
        more |= {"mistakes.csv": mistakes.as_table(found)} | gradebooks.files(entries)
        for name, text in more.items():
            self.shelf.put(name, text)
        self.shelf.put("left_out.csv", reports.left(left_out, whose))
        damaged = self.ledger.damaged
        lost = f"\n{damaged} damaged lines of {self.ledger.file} were passed over"
        return reports.summary(entries, left_out) + lost * bool(damaged)

"""Grade what a class handed in: python -m course grade submissions/ --out report/."""

import hashlib
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
from course.grading import graft, reports, sandbox, workers
from course.grading.ledger import Ledger
from course.grading.marks import Row
from course.grading.submissions import chapter_of, find, read, shown

REFUSED = (
    "bubblewrap does not work here, and without it the code in these notebooks would "
    "run as you, with your files and your network. Install it (python -m course doctor "
    "says how), or say --unsafe if you trust everyone who handed something in"
)
UNKNOWN = "this is no exercise notebook of this course"


def main(
    folder: Path,
    out: Path,
    jobs: int = 1,
    scheduler: str | None = None,
    unsafe: bool = False,
    root: Path = ROOT,
    seconds: float = 30,
) -> int:
    """Grade a folder of notebooks into a folder of reports; go on where a run ended.

    `seconds` are what one cell may take. Returns 0, 1 if some notebook could not be
    graded, 130 if the run was interrupted.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder: one of notebooks was expected")
    if out.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"the reports would lie among the submissions: {out}")
    hidden = (str(root), str(folder.resolve()), str(out.resolve()))
    box = sandbox.Box(sandbox.works(), seconds, hidden=hidden)
    if not box.wrapped and not unsafe:
        raise ValueError(REFUSED)
    out.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(out / ".lock", timeout=0):
            return Run(folder, out, root, box).grade(jobs, scheduler)
    except Timeout:
        raise ValueError(f"another run is writing to {out}") from None


@dataclass
class Run:
    """One run over a folder: what it knows of the chapters, and what it writes."""

    folder: Path
    out: Path
    root: Path
    box: sandbox.Box

    def __post_init__(self) -> None:
        names = [p.parent.name for p in self.root.glob("source/*/exercises.md")]
        read_sheets = {name: workers.sheet(str(self.root), name) for name in names}
        self.sheets = {name: sheet for name, (sheet, _) in read_sheets.items()}
        self.tasks = {
            name: workers.Task(
                str(self.root), name, digest, secrets.randbelow(2**31), self.box
            )
            for name, (_, digest) in read_sheets.items()
        }
        self.want: dict[str, dict[int, Any]] = {}
        self.paths, self.left_out = find(self.folder)
        self.ledger = Ledger(self.out / "ledger.jsonl")
        self.failed: dict[str, str] = {}

    def grade(self, jobs: int, scheduler: str | None) -> int:
        """Grade what is not graded yet, and write reports all along."""
        if not self.paths:
            raise ValueError(f"{self.folder} has no notebooks")
        terminate = signal.signal(signal.SIGTERM, signal.default_int_handler)
        bar = tqdm(total=len(self.paths), unit="notebook", disable=None)
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
        self.report()
        print(reports.summary(self.entries(), self.left_out))
        for path, why in self.failed.items():
            print(f"not graded: {shown(path)}: {shown(why)}")
        return code or int(bool(self.failed))

    def graded(self, executor: Executor, width: int) -> Iterator[str]:
        """Hand out notebooks, at most `width` at a time; give the path of each done."""
        waiting: dict[Future[Any], dict[str, Any]] = {}
        for path in self.paths:
            entry, raw = self.look_at(path)
            if self.ledger.knows(path, entry["key"]):
                yield path
            elif raw is None:
                self.add(entry)
                yield path
            else:
                while len(waiting) >= width:
                    yield from self.collect(waiting)
                chapter = entry["chapter"]
                task, want = self.tasks[chapter], self.wanted(chapter, executor)
                waiting[executor.submit(workers.grade, task, raw, want)] = entry
        while waiting:
            yield from self.collect(waiting)
        self.report()

    def look_at(self, path: str) -> tuple[dict[str, Any], bytes | None]:
        """Begin a notebook's entry; give its bytes too, if there is what to run."""
        entry: dict[str, Any] = {"path": path, "sandbox": self.box.wrapped, "rows": []}
        trouble, raw, book = "", b"", None
        try:
            raw = read(self.folder, path)
            book = graft.load(raw)
        except ValueError as error:
            trouble = str(error)
        chapter = chapter_of(book, path, self.sheets)
        digest = self.tasks[chapter].digest if chapter else ""
        parts = (raw, trouble.encode(), digest.encode(), b"%d" % self.box.wrapped)
        whole = hashlib.sha256(b"".join(hashlib.sha256(p).digest() for p in parts))
        entry |= {"key": whole.hexdigest(), "chapter": chapter}
        if chapter and not trouble:
            return entry, raw
        tasks = self.sheets[chapter].exercises if chapter else []
        rows = [
            Row(chapter, t.number, t.title, 0, t.points, 0.0, trouble) for t in tasks
        ]
        nothing = Row(chapter, 0, "", 0, 0, 0.0, trouble or UNKNOWN)
        entry["rows"] = [row.as_dict() for row in rows or [nothing]]
        return entry, None

    def wanted(self, chapter: str, executor: Executor) -> dict[int, Any]:
        """Give the expected values of a chapter, computed when first needed."""
        if chapter not in self.want:
            task = self.tasks[chapter]
            self.want[chapter] = executor.submit(workers.expected, task).result()
        return self.want[chapter]

    def collect(self, waiting: dict[Future[Any], dict[str, Any]]) -> Iterator[str]:
        """Wait until at least one notebook is graded, and write down what came."""
        done, _ = wait(waiting, return_when=FIRST_COMPLETED)
        for future in done:
            entry = waiting.pop(future)
            try:
                entry["rows"] = future.result()
            except (
                Exception
            ) as error:  # a worker was lost, say: a later run tries again
                self.failed[entry["path"]] = f"{type(error).__name__}: {error}"
            else:
                self.add(entry)
            yield entry["path"]

    def add(self, entry: dict[str, Any]) -> None:
        """Write down what a notebook earned."""
        self.ledger.add(entry)
        reports.write(self.out, self.entries(), entry["path"])

    def entries(self) -> list[dict[str, Any]]:
        """List what is known of the files that are there now."""
        return [self.ledger.entries[p] for p in self.paths if p in self.ledger.entries]

    def report(self) -> None:
        """Write all reports anew."""
        reports.write(self.out, self.entries())

"""Run a graded notebook with nbval in a pytest of its own, and give what came of it.

An outcome is a dict: exercise; values, as the kernel sent them, or None; end, empty or
why it was given up, as ends.py says; said, the first error; check, the
sentence of the check; alone, whether no other answer had run in its kernel; seconds.
All of its words come from the learner's code.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from course import ROOT
from course.grading.box.sandbox import Box
from course.grading.box.watch import START_SECONDS

Outcome = dict[str, Any]
NOTHING = {"end": "", "said": "", "check": "", "values": None, "seconds": 0.0}
LONGEST = 64 * 2**20  # characters of one outcome: our plugin never sends more
running: set[subprocess.Popen[str]] = set()
stopped = threading.Event()


def stop() -> None:
    """End every run of this process at once; no other begins until it is cleared."""
    stopped.set()
    for process in list(running):
        process.kill()


def run(
    book: NotebookNode, box: Box, right: Callable[[Outcome], bool] | None = None
) -> Iterator[Outcome]:
    """Run a notebook that graft.py made; give the outcome of each exercise as it comes.

    One that is not `right`, in a kernel where another answer had run before, is run
    once more alone, and only then given: what one answer breaks costs no other its
    points. Exercises may be missing at the end, if the run itself broke.
    """
    many = too_many(book, box)
    for number in many:
        yield dict(NOTHING, exercise=number, end="cells", alone=True)
    book.cells = [cell for cell in book.cells if cell.metadata.exercise not in many]
    book.metadata |= {"box": asdict(box), "rounds": 1 if right is None else 2}
    place = "/tmp" if box.wrapped else None  # a socket's path must be short
    with tempfile.TemporaryDirectory(prefix="lp", dir=place) as folder:
        file = Path(folder) / "graded.ipynb"
        nbformat.write(book, file)
        Path(folder).chmod(0o711)  # a kernel of another user must reach its own folder
        listen, speak = os.pipe()
        process = subprocess.Popen(
            command(file, speak),
            cwd=folder,
            env=environment(folder),
            pass_fds=[speak],
            stdin=subprocess.PIPE,  # that it closes tells pytest of our death
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            text=True,
        )
        os.close(speak)
        longest = 2 * (box.book_seconds + START_SECONDS)  # the plugin's own end failed
        watchdog = threading.Timer(longest, process.kill)
        watchdog.start()
        running.add(process)
        if stopped.is_set():
            process.kill()
        left = {cell.metadata.exercise for cell in book.cells} - {0}
        again = []
        try:
            with os.fdopen(listen) as lines:
                while line := lines.readline(LONGEST):
                    try:
                        outcome = json.loads(line)
                    except (
                        ValueError
                    ):  # longer than a line may be: what follows is lost
                        break
                    if right is None or outcome["alone"] or right(outcome):
                        yield outcome
                    else:
                        again.append(outcome["exercise"])
                    if right and left == {outcome["exercise"]}:  # a round is over
                        with contextlib.suppress(OSError):
                            print(again, file=process.stdin, flush=True)
                    left.discard(outcome["exercise"])
        finally:
            running.discard(process)
            watchdog.cancel()
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                process.communicate(timeout=10)
            process.kill()
            process.wait()


def too_many(book: NotebookNode, box: Box) -> list[int]:
    """List the exercises whose answers have too many cells."""
    answers = [c.metadata.exercise for c in book.cells if c.metadata.role == "answer"]
    return [n for n, cells in Counter(answers).items() if cells > box.most_cells]


def command(file: Path, speak: int) -> list[str]:
    """Give the pytest command: our plugin beside nbval's, no configuration."""
    found = [sys.executable, "-m", "pytest", "-p", "course.grading.plugin"]
    found += ["-c", os.devnull, "--rootdir", str(file.parent), "-p", "no:cacheprovider"]
    found += ["-p", "nbval.plugin"]  # and no other that happens to be installed
    found += ["-p", "no:logging", f"--outcomes={speak}", "--capture=no"]
    return [*found, "-q", "--color=no", "--tb=no", str(file)]


def environment(folder: str) -> dict[str, str]:
    """Give pytest the grader's environment, with a place for temporary files."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    ours = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    alone = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return ours | alone | {"TMPDIR": folder, "PYTHONPATH": path}

"""Who grades: threads of this machine or the workers of a Dask cluster, all the same.

Either is an executor of concurrent.futures. What goes to a worker and comes back is
text, bytes and numbers; each notebook is run by processes of its own there.
"""

import contextlib
import functools
import hashlib
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course.comfort import EXTRA
from course.exercises import Sheet, parse
from course.grading import marks
from course.grading.box.sandbox import Box
from course.grading.run import stop, stopped
from course.grading.values import unpack


@dataclass(frozen=True)
class Task:
    """What is the same for all notebooks of a chapter: its text, a seed, the box."""

    root: str
    chapter: str
    digest: str  # of the exercises' text: every worker must have the same
    seed: int
    box: Box


@functools.cache
def sheet(root: str, chapter: str) -> tuple[Sheet, str]:
    """Read a chapter's exercises, and hash their text."""
    path = Path(root, "source", chapter, "exercises.md")
    return parse(path), hashlib.sha256(path.read_bytes()).hexdigest()


def expected(task: Task) -> dict[int, Any]:
    """Run the course's own answers; give the message of values of each exercise."""
    return marks.solved(checked(task), task.seed, task.box)


def grade(task: Task, raw: bytes, want: dict[int, Any]) -> list[dict[str, Any]]:
    """Grade a notebook's bytes; give its rows."""
    values = {number: unpack(message) for number, message in want.items()}
    rows = marks.rows(task.chapter, checked(task), raw, values, task.seed, task.box)
    found = [row.as_dict() for row in rows]
    if stopped.is_set():
        raise InterruptedError("grading was stopped")
    return sorted(found, key=lambda row: row["exercise"])


def checked(task: Task) -> Sheet:
    """Give the exercises; RuntimeError if this worker has another version of them."""
    found, digest = sheet(task.root, task.chapter)
    if digest != task.digest:
        raise RuntimeError(f"a worker has another text of {task.chapter}: update it")
    return found


@contextlib.contextmanager
def workers(jobs: int, scheduler: str | None) -> Iterator[tuple[Executor, int]]:
    """Give an executor, and how many notebooks to hand it at a time.

    Those of this machine are stopped in the middle of their work if the caller fails;
    a cluster ends what is in its hands. ValueError if there is no such cluster.
    """
    if scheduler is None:
        stopped.clear()
        pool = ThreadPoolExecutor(jobs)
        try:
            yield pool, jobs
        except BaseException:
            stop()
            raise
        finally:
            pool.shutdown(cancel_futures=True)
        return
    try:
        from distributed import Client
    except ImportError:
        raise ValueError(f"--scheduler needs Dask: {EXTRA('cluster')}") from None
    try:
        client = Client(scheduler, timeout=30)
    except (OSError, ValueError) as error:
        raise ValueError(f"no Dask scheduler answers at {scheduler}: {error}") from None
    with client, client.get_executor() as executor:
        threads = sum(client.nthreads().values())
        if not threads:
            raise ValueError(f"the Dask scheduler at {scheduler} has no workers")
        yield executor, threads

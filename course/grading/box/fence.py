"""Control groups: a bound on all the processes of a box together, where we may set one.

Limits of a single process do not stop a hundred of them. Linux bounds a group, where
its files can be written: by root, or where a group was handed to us.
"""

import contextlib
import itertools
import os
import time
from collections.abc import Iterator
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")
FILES = {  # what bounds what: version 1 and version 2 of the same
    "processes": ("pids.max",),
    "memory": ("memory.limit_in_bytes", "memory.max"),
}
ENTER = 'while [ "$1" != -- ]; do echo $$ >"$1"; shift; done; shift; exec "$@"'
counted = itertools.count()


@contextlib.contextmanager
def fence(most: dict[str, int]) -> Iterator[list[str]]:
    """Make groups with such bounds; give what stands before a command to be in them.

    `most` has `processes` and `memory` in bytes. Nothing is given, and nothing bound,
    where groups cannot be made.
    """
    made = [group for place in places() if (group := make(place, most))]
    files = [str(group / "cgroup.procs") for group in made]
    try:
        yield ["/bin/sh", "-c", ENTER, "sh", *files, "--"] if files else []
    finally:
        for group in made:
            remove(group)


def places() -> list[Path]:
    """List the groups that this process is in, as folders."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        _, kind, name = line.split(":", 2)
        if kind in ("", "pids", "memory"):  # the first is version 2
            found.append(GROUPS / kind / name.lstrip("/"))
    return found


def make(place: Path, most: dict[str, int]) -> Path | None:
    """Make a group in another, and set its bounds; None where that is not allowed."""
    for old in place.glob("live-papers-*"):  # a grader that was killed left it
        if not Path("/proc", old.name.split("-")[2]).exists():
            with contextlib.suppress(OSError):
                old.rmdir()
    group = place / f"live-papers-{os.getpid()}-{next(counted)}"
    bound = False
    try:
        group.mkdir()
        for name, value in most.items():
            for file in FILES[name]:
                if (group / file).exists():
                    (group / file).write_text(str(value))
                    bound = True
    except OSError:
        bound = False
    if not bound:
        with contextlib.suppress(OSError):
            group.rmdir()
    return group if bound else None


def remove(group: Path) -> None:
    """Remove a group once its processes have ended."""
    for _ in range(50):
        try:
            group.rmdir()
            return
        except OSError:
            time.sleep(0.02)

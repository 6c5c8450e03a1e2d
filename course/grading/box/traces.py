"""Runs inside a box: what one kernel left there is gone before the next begins.

Files are deleted, and a box whose settings have changed is used no more. Whatever else
outlives a process was denied (calls.py), or is looked for.
"""

import os
import resource
import time
from pathlib import Path
from typing import Any

PLACES = ("/tmp", "/dev/shm")  # all that can be written in a box
SHARED = ("/proc/sysvipc/shm", "/proc/sysvipc/sem", "/proc/sysvipc/msg")
SECONDS = 2


class Traces:
    """What a box was like at first, and how to make it like that again."""

    def __init__(self) -> None:
        self.folders = {path: ids for place in PLACES for path, ids in tree(place)}
        self.settings = settings()

    def wiped(self) -> bool:
        """Delete what was not there at first; False if the box is still another."""
        deadline = time.monotonic() + SECONDS
        try:
            done = all(self.empty(path, deadline) for path in self.folders)
            heads = [Path(file).read_text().count("\n") for file in SHARED]
        except OSError:
            return False
        return done and heads == [1, 1, 1] and settings() == self.settings

    def empty(self, place: str, deadline: float) -> bool:
        """Delete what is new in a folder, however deep; False if that takes too long.

        A new folder gives what it holds to the one above: no path grows long.
        """
        number, old = 0, self.folders[place]
        while entries := [e for e in os.scandir(place) if e.inode() not in old]:
            for entry in entries:
                if time.monotonic() > deadline:
                    return False
                if not entry.is_dir(follow_symlinks=False):
                    os.unlink(entry)
                    continue
                os.chmod(entry, 0o700)
                for inner in os.listdir(entry):
                    number += 1
                    os.rename(Path(entry, inner), Path(place, f"left-{number}"))
                os.rmdir(entry)
        return True


def tree(place: str) -> list[tuple[str, set[int]]]:
    """List a folder and those below it, each with the numbers of what is in it."""
    inner = list(os.scandir(place))
    found = [(place, {entry.inode() for entry in inner})]
    for entry in inner:
        if entry.is_dir(follow_symlinks=False) and not os.path.ismount(entry):
            found += tree(entry.path)
    return found


def settings() -> list[Any]:
    """List what another process of the same user could set for this one."""
    names = [name for name in dir(resource) if name.startswith("RLIMIT_")]
    limits = {name: resource.getrlimit(getattr(resource, name)) for name in names}
    cores = getattr(os, "sched_getaffinity", lambda _: None)(0)
    policy = getattr(os, "sched_getscheduler", lambda _: None)(0)
    return [limits, cores, policy, os.getpriority(os.PRIO_PROCESS, 0)]

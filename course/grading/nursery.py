"""The grader's side of a box: it starts inside.py there, and asks it for kernels."""

import contextlib
import json
import os
import subprocess
from pathlib import Path
from typing import Any

from course.grading.fence import fence
from course.grading.sandbox import Box


class Nursery:
    """A process in a box that begins one kernel after another, each as new.

    Its kernels' sockets lie in `folder`, which the box sees.
    """

    def __init__(self, box: Box, folder: Path, lib: Path) -> None:
        self.box, self.folder = box, folder
        self.number = 0
        self.said = b""
        self.fences = contextlib.ExitStack()
        before = self.fences.enter_context(fence(box.together if box.wrapped else {}))
        ours = os.environ | {"PYTHONPATH": str(lib), "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [*before, *box.command(folder, lib)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env={} if box.wrapped else ours,
        )
        assert self.process.stdin and self.process.stdout
        self.ask, self.answers = self.process.stdin, self.process.stdout
        os.set_blocking(self.answers.fileno(), False)

    def begin(self, connection: dict[str, Any]) -> None:
        """Begin the next kernel; the one before it ends."""
        self.number += 1
        with contextlib.suppress(OSError):  # it is dead, which is seen soon enough
            self.ask.write(json.dumps([self.number, connection]).encode() + b"\n")
            self.ask.flush()

    def is_alive(self) -> bool:
        """Whether the kernel that was begun last still runs."""
        with contextlib.suppress(BlockingIOError):
            self.said = (self.said + (self.answers.read(1000) or b""))[-1000:]
        gone = self.said.split(b"\n")[:-1]
        return self.process.poll() is None and str(self.number).encode() not in gone

    def end(self) -> None:
        """End the box and all that runs in it."""
        with contextlib.suppress(OSError):
            self.ask.close()  # outside a box, the nursery ends its kernel and itself
        if not self.box.wrapped:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(5)
        self.process.kill()
        self.process.wait()
        self.answers.close()
        self.fences.close()

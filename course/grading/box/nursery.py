"""The grader's side of a box: it starts inside.py there, and asks it for kernels."""

import contextlib
import os
import socket
import subprocess
from pathlib import Path

from course.grading.box.calls import filter_file
from course.grading.box.fence import fence
from course.grading.box.memory import Watch
from course.grading.box.sandbox import Box

ASK_SECONDS = 5


class Nursery:
    """A process in a box that begins one kernel after another, each as new.

    Without a box, kernels find themselves in `folder`.
    """

    begun = False

    def __init__(self, box: Box, folder: Path, lib: Path) -> None:
        self.box = box
        self.fences = contextlib.ExitStack()
        before = self.fences.enter_context(fence(box.together if box.wrapped else {}))
        ours = os.environ | {"PYTHONPATH": str(lib), "OMP_NUM_THREADS": "1"}
        self.ask, theirs = socket.socketpair()
        self.ask.settimeout(ASK_SECONDS)
        with theirs, filter_file() as files:
            self.process = subprocess.Popen(
                [*before, *box.command(lib, files)],
                stdin=theirs.fileno(),
                pass_fds=files,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=folder,
                env={} if box.wrapped else ours,
            )
        most = box.together["memory"] if box.wrapped else 0
        self.watch = Watch(self.process.pid, most, self.process.kill) if most else None

    def begin(self) -> socket.socket:
        """Begin the next kernel; the one before it ends. Gives our end of its wire."""
        self.begun = True
        ours, theirs = socket.socketpair()
        with theirs, contextlib.suppress(OSError):  # it is dead, and so is the wire
            socket.send_fds(self.ask, [b"k"], [theirs.fileno()])
        return ours

    def end(self) -> None:
        """End the box and all that runs in it."""
        self.ask.close()  # outside a box, the nursery ends its kernel and itself
        if not self.box.wrapped:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(5)
        self.process.kill()
        if self.watch:
            self.watch.end()
        self.process.wait()
        self.fences.close()

"""A kernel under watch: seen to die at once, stopped when slow or when it floods.

nbval's own notices a dead kernel only at its cell timeout, and reads what a cell prints
only after the cell has ended.
"""

import json
import time
from collections import deque
from typing import Any

from course.grading.box.nursery import Nursery
from course.grading.box.wire import Stopped, Wire

MOST_BYTES = 32 * 2**20  # that one cell may print or send
MOST_MESSAGES = 20_000
MOST_PARTS = 100_000  # lists, dicts and what is in them: each takes far more memory
START_SECONDS = 90  # until PyTorch is loaded


class WatchedKernel:
    """What nbval wants of a kernel, begun by a nursery; its waits raise Stopped."""

    def __init__(self, nursery: Nursery) -> None:
        first = not nursery.begun  # only then PyTorch has to be loaded
        patience = START_SECONDS if first else nursery.box.start_seconds
        self.wire = Wire(nursery.begin())
        self.number = 0
        self.begin()
        try:
            self.await_reply("0", patience)
        except BaseException:
            self.stop()
            raise

    def begin(self) -> None:
        """Forget what earlier cells sent: a new cell begins."""
        self.waiting: deque[dict[str, Any]] = deque()
        self.bytes = self.parts = self.messages = 0

    def execute_cell_input(self, code: str, allow_stdin: bool | None = None) -> str:
        """Have code run; give the number that its messages will have."""
        self.number += 1
        self.wire.send(self.number, code)
        return str(self.number)

    def await_reply(self, msg_id: str, timeout: float | None = None) -> None:
        """Wait until code has run, and take all its messages; Stopped if it does not.

        What it prints is counted and not kept: nobody reads it.
        """
        until = time.monotonic() + (START_SECONDS if timeout is None else timeout)
        while True:
            left = MOST_BYTES - self.bytes
            number, kind, data = self.wire.take(until, left)
            self.messages += 1
            self.bytes += len(data)
            if self.messages > MOST_MESSAGES:
                raise Stopped("flood")
            if number != self.number:
                continue
            if kind == "idle":
                self.keep("status", {"execution_state": "idle"})
                return
            if kind != "stream":
                self.keep(kind, self.read(data))

    def read(self, data: bytes) -> dict[str, Any]:
        """Read JSON that a stranger wrote, if it has not too many parts to be kept."""
        self.parts += sum(map(data.count, (b"[", b"{", b",")))
        if self.parts > MOST_PARTS:
            raise Stopped("flood")
        content = json.loads(data)
        if not isinstance(content, dict):
            raise Stopped("flood")
        return content

    def keep(self, kind: str, content: dict[str, Any]) -> None:
        """Keep a message as nbval reads it."""
        header = {"msg_id": str(self.number)}
        message = {"msg_type": kind, "content": content, "parent_header": header}
        self.waiting.append(message)

    def get_message(self, stream: str, timeout: float | None = None) -> dict[str, Any]:
        """Give the next message of code that has run."""
        if not self.waiting:
            raise Stopped("flood")
        return self.waiting.popleft()

    def await_idle(self, parent_id: str, timeout: float) -> None:
        """Pass over what else has come: all of it is there when code has run."""
        self.waiting.clear()

    def is_alive(self) -> bool:
        """Whether the kernel still runs."""
        return self.wire.is_open()

    def stop(self) -> None:
        """Leave the kernel, which ends it; the nursery ends what it started."""
        self.wire.close()

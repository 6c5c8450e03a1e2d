"""A kernel under watch: seen to die at once, stopped when slow or when it floods.

nbval's own notices a dead kernel only at its cell timeout, and reads what a cell prints
only after the cell has ended.
"""

import json
import os
import time
from collections import deque
from queue import Empty
from typing import Any

import zmq
from jupyter_client.manager import KernelManager
from nbval.kernel import RunningKernel

from course.grading.nursery import Nursery

MOST_BYTES = 32 * 2**20  # that one cell may print or send
MOST_MESSAGES = 20_000
START_SECONDS = 90


class Stopped(Exception):
    """A kernel had to be given up; `end` says why: died, slow or flood."""

    def __init__(self, end: str) -> None:
        super().__init__(end)
        self.end = end


class WatchedKernel(RunningKernel):
    """nbval's kernel, begun by a nursery; its waits raise Stopped."""

    def __init__(self, nursery: Nursery) -> None:
        context: zmq.Context = zmq.Context()
        context.setsockopt(zmq.MAXMSGSIZE, MOST_BYTES)
        self.nursery = nursery
        self.waiting: deque[dict[str, Any]] = deque()
        self.bytes = self.messages = 0
        number = str(nursery.number + 1)
        self.folder = nursery.folder / number
        self.folder.mkdir()
        self.folder.chmod(0o777)  # the kernel may be another user
        file = nursery.folder.with_name(f"{nursery.folder.name}-{number}.json")
        # Inside a box the network is unshared: sockets are files that both can see.
        wrapped = nursery.box.wrapped
        far = {"transport": "ipc", "ip": str(self.folder / "s")} if wrapped else {}
        self.km = KernelManager(context=context, connection_file=str(file), **far)
        self.km.write_connection_file()
        self.nursery.begin(json.loads(file.read_text()))
        self.kc = self.km.client()
        self.kc.start_channels()
        try:
            self.await_ready()
        except BaseException:
            self.stop()
            raise
        self.folder.chmod(0o555)

    def await_ready(self) -> None:
        """Wait until the kernel answers and its output is heard."""
        first = self.nursery.number == 1  # only then PyTorch has to be loaded
        end = time.monotonic() + (START_SECONDS if first else START_SECONDS / 3)
        while True:
            asked = self.kc.kernel_info()
            try:
                self.await_reply(asked, 2)
                self.await_idle(asked, 1)
                return
            except Stopped as stopped:
                if stopped.end == "died" or time.monotonic() > end:
                    raise

    def begin(self) -> None:
        """Forget what earlier cells sent: a new cell begins."""
        self.waiting.clear()
        self.bytes = self.messages = 0

    def await_reply(self, msg_id: str, timeout: float | None = None) -> None:
        """Wait until a cell has run; Stopped where that cannot be hoped for."""
        end = time.monotonic() + (timeout or START_SECONDS)
        while True:
            self.drain()
            self.look()
            if time.monotonic() > end:
                raise Stopped("slow")
            try:
                reply = self.kc.get_shell_msg(timeout=0.1)
            except Empty:
                continue
            if reply["parent_header"].get("msg_id") == msg_id:
                return

    def get_message(self, stream: str, timeout: float | None = None) -> dict[str, Any]:
        """Give the next message of the output channel, waiting ones first."""
        end = time.monotonic() + (timeout or START_SECONDS)
        while not self.waiting:
            self.drain(0.1)
            self.look()
            if not self.waiting and time.monotonic() > end:
                raise Stopped("flood")  # its end was lost: too large to be let through
        return self.waiting.popleft()

    def drain(self, patience: float = 0) -> None:
        """Take the messages that have come; a flood of them is Stopped."""
        for _ in range(1000):  # and then time is looked at again
            try:
                message = self.kc.get_iopub_msg(timeout=patience)
            except Empty:
                return
            patience = 0  # only the first is waited for
            self.waiting.append(message)
            self.messages += 1
            self.bytes += len(repr(message["content"]))
            if self.bytes > MOST_BYTES or self.messages > MOST_MESSAGES:
                raise Stopped("flood")

    def look(self) -> None:
        """Stop a kernel that has died, or that writes where only its sockets belong."""
        if not self.is_alive():
            raise Stopped("died")
        ours = {f"s-{n}" for n in range(1, 6)}
        if any(entry.name not in ours for entry in os.scandir(self.folder)):
            raise Stopped("flood")

    def is_alive(self) -> bool:
        """Whether the kernel still runs."""
        return self.nursery.is_alive()

    def stop(self) -> None:
        """Stop listening: the nursery ends the kernel when it begins another."""
        self.kc.stop_channels()
        self.km.context.destroy(linger=0)

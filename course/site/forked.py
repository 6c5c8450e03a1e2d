"""Kernels as forks of one process, which loads but once what all chapters load."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import LocalProvisioner

READY = Path(__file__).with_name("ready.py")
POSSIBLE = sys.platform == "linux"  # elsewhere what was loaded may not stand a fork


class Forks:
    """Begins kernels as forks of a process that is ready.

    spared: the seconds of one core that it loaded, and each kernel has not to.
    """

    spared = 0.0

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def fork(self, **said: Any) -> int:
        """Begin a kernel; gives the number of its process."""
        assert self.process.stdin
        assert self.process.stdout
        with contextlib.suppress(BrokenPipeError):  # told below
            print(json.dumps(said), file=self.process.stdin, flush=True)
        if not (line := self.process.stdout.readline()):
            raise RuntimeError(
                f"what begins kernels, {READY.name}, ended with {self.process.wait()}; "
                "it says above why, or was killed, for want of memory perhaps"
            )
        kernel, spared = line.split()
        self.spared = float(spared)
        return int(kernel)

    def manager(self) -> AsyncKernelManager:
        """What starts such a kernel for a notebook, and ends it."""
        manager = AsyncKernelManager(kernel_name="python3")
        spec = manager.kernel_spec
        manager.provisioner = Forked(kernel_spec=spec, parent=manager, forks=self)
        return manager


@contextlib.contextmanager
def forks(environment: dict[str, str]) -> Iterator[Forks]:
    """Have a process that is ready in this environment; its kernels end with it."""
    process = subprocess.Popen(
        [sys.executable, "-P", str(READY)],  # no module is looked for beside it
        env=os.environ | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for us, and we end it
    )
    try:
        yield Forks(process)
    finally:
        process.kill()
        process.communicate()


@dataclass(frozen=True)
class Process:
    """A kernel that is not this process's child, as far as its manager asks for it."""

    pid: int
    stdin = stdout = stderr = None

    def poll(self) -> int | None:
        """None while it runs; how it ended nobody knows."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return 0
        return None

    wait = poll

    def send_signal(self, signum: int) -> None:
        """Send it a signal, if it still runs."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signum)


class Forked(LocalProvisioner):
    """Has a kernel forked where Jupyter's own would start a program."""

    process: Any = None

    def __init__(self, forks: Forks, **traits: Any) -> None:
        super().__init__(**traits)
        self.forks = forks

    async def launch_kernel(self, cmd: list[str], **how: Any) -> KernelConnectionInfo:
        """Begin the kernel."""
        self.pid = self.pgid = self.forks.fork(
            arguments=cmd[cmd.index("ipykernel_launcher") + 1 :],
            folder=str(how["cwd"]),
            environment=how["env"],
        )
        self.process, self.cwd = Process(self.pid), how["cwd"]
        return self.connection_info

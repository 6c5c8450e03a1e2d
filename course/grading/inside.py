"""The nursery: in a box, a process that has PyTorch ready and forks kernels.

Called as `python inside.py LIMITS`, where LIMITS is JSON. A line on its standard input
is a kernel's number and connection, and begins it; the kernel before it ends. A line on
its standard output tells which kernel is gone. It imports nothing of the course: in a
box there is nothing else of it.
"""

import gc
import json
import os
import resource
import select
import signal
import sys
import tempfile
from typing import Any


def limit(name: str, most: int) -> None:
    """Set one limit of this process and all its children, where the system knows it."""
    which = getattr(resource, f"RLIMIT_{name}", None)
    if which is not None:
        try:
            resource.setrlimit(which, (most, most))
        except (ValueError, OSError):  # macOS refuses some; a lower one is set already
            print(f"no limit on {name} here", file=sys.stderr)


def main(limits: str) -> None:
    """Give up what a kernel may not have, get ready, and begin kernels when asked."""
    given = json.loads(limits)
    user = given.pop("user")
    for name, most in given.items():
        limit(name, most)
    if user:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
    gc.disable()  # it would look again and again at what stays
    import ipykernel.kernelapp
    import torch  # noqa: F401  what takes seconds, once for all kernels

    gc.freeze()
    gc.enable()

    number, kernel = 0, 0
    asked = b""
    while True:
        if select.select([0], [], [], 0.05 if kernel else None)[0]:
            came = os.read(0, 2**16)
            if not came:  # the grader is gone
                end(kernel)
                return
            *lines, asked = (asked + came).split(b"\n")
            for line in lines:
                end(kernel)
                number, connection = json.loads(line)
                kernel = os.fork()
                if not kernel:
                    become(connection, ipykernel.kernelapp.IPKernelApp)
        elif kernel and os.waitpid(kernel, os.WNOHANG)[0]:
            kernel = 0
            os.write(1, f"{number}\n".encode())


def end(kernel: int) -> None:
    """End a kernel; in a box, all else that it started too."""
    if kernel:
        os.kill(kernel, signal.SIGKILL)
        os.waitpid(kernel, 0)
    if os.getppid() == 1 and os.getpid() == 2:  # only a box numbers its processes so
        try:
            os.kill(-1, signal.SIGKILL)
        except ProcessLookupError:
            return


def become(connection: dict[str, object], app: Any) -> None:
    """Be a kernel, out of reach of the lines that nursery and grader exchange."""
    for line in (0, 1, 2):
        os.dup2(os.open(os.devnull, os.O_RDWR), line)
    place, file = tempfile.mkstemp(suffix=".json")
    os.write(place, json.dumps(connection).encode())
    os.close(place)
    spare = ["--HistoryManager.enabled=False", "--InteractiveShell.xmode=Minimal"]
    app.launch_instance(argv=["-f", file, *spare])
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""The nursery: in a box, a process that has PyTorch ready and forks kernels.

Called as `python inside.py LIMITS`, where LIMITS is JSON. Its standard input is a
socket: each byte on it brings one end of a wire, and begins a kernel there, after the
kernel before and all that it left are gone. It imports nothing of the course: in a box
there is nothing else of it.
"""

import contextlib
import ctypes
import gc
import json
import os
import resource
import signal
import socket
import sys
import time

DUMPABLE = 4  # of prctl: whether processes of the same user may look into this one


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
    asked = socket.socket(fileno=os.dup(0))
    gc.disable()  # it would look again and again at what stays
    import ipykernel.kernelapp  # noqa: F401
    import jupyter_client.blocking  # noqa: F401
    import live_papers_relay
    import live_papers_traces
    import torch  # noqa: F401  what takes seconds, once for all kernels

    gc.freeze()
    gc.enable()

    boxed = os.getppid() == 1 and os.getpid() == 2  # only a box numbers them so
    traces = live_papers_traces.Traces() if boxed else None
    kernel = 0
    while True:
        _, wires, *_ = socket.recv_fds(asked, 1, 1)
        if not end(kernel, boxed) or not wires:  # or the grader is gone
            return
        if traces and not traces.wiped():
            return  # a box that one kernel changed is for no other
        dumpable(False)
        kernel = os.fork()
        if not kernel:
            dumpable(True)
            os.setpgid(0, 0)
            asked.close()
            live_papers_relay.begin(socket.socket(fileno=wires[0]))
        os.close(wires[0])


def end(kernel: int, boxed: bool) -> bool:
    """End a kernel; in a box, all else that it started too. False if some of it stays.

    A kernel leads a group of processes: the relay, its own, and most that it starts.
    """
    if kernel:
        for kill in (os.killpg, os.kill):  # which group it is in is its own choice
            with contextlib.suppress(ProcessLookupError, PermissionError):
                kill(kernel, signal.SIGKILL)
        os.waitpid(kernel, 0)
    return not boxed or alone()


def alone() -> bool:
    """End all other processes of the box; False if some do not end."""
    for _ in range(1000):
        try:
            os.kill(-1, signal.SIGKILL)
        except ProcessLookupError:
            return True
        time.sleep(0.005)
    return False


def dumpable(may: bool) -> None:
    """Let others of this user look into this process or not, where Linux asks."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(DUMPABLE, int(may), 0, 0, 0)


if __name__ == "__main__":
    main(*sys.argv[1:])

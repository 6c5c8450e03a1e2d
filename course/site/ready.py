"""A process that has loaded what all chapters load, and forks into their kernels.

Run by its path: each line of its input, JSON, says how a kernel begins, and it answers
with the kernel's number and its own seconds of one core, which the kernel was spared.
It imports nothing of the course, and ends with its input; its kernels see that and end.
"""

import gc
import json
import os
import signal
import sys

import ipykernel.kernelapp
import torch._dynamo  # noqa: F401  an optimiser would load it

os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
import matplotlib.pyplot  # noqa: F401  as a kernel has it


def main() -> None:
    """Fork once for each line."""
    gc.freeze()  # what is here stays, in every kernel
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how a kernel ended
    for line in sys.stdin:
        ready = os.getpid()
        if kernel := os.fork():
            print(kernel, sum(os.times()[:4]), flush=True)
        else:
            begin(ready, **json.loads(line))


def begin(
    ready: int, arguments: list[str], folder: str, environment: dict[str, str]
) -> None:
    """Become a kernel, as one that was begun with these from a shell."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    paths = environment.get("PYTHONPATH", "")
    sys.path[:0] = [path for path in paths.split(os.pathsep) if path not in sys.path]
    parent = f"--IPKernelApp.parent_handle={ready}"
    ipykernel.kernelapp.launch_new_instance(argv=[*arguments, parent])
    os._exit(0)


if __name__ == "__main__":
    main()

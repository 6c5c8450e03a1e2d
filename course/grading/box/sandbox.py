"""The box that a learner's kernel runs in: bubblewrap, limits, and a small lib.

Inside there is Python, an own /tmp, and a copy of the few modules that an exercise
needs. There is no network, no home folder, no course, and no other process.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from course import ROOT
from course.grading.box.calls import filter_file

ALWAYS = ("__init__", "check", "expect")  # what any exercise's lib holds
HERE = Path(__file__).parent
INSIDE = ("box/relay", "sending", "box/traces")  # imported there, by other names
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache")
LIB = "/live-papers"  # where the copy for an exercise lies in a box
GB = 2**30


@dataclass(frozen=True)
class Box:
    """How kernels run: in bubblewrap or not, and the most that they may use.

    `limits` bind each process, `together` all of a box where that is possible.
    A notebook may run `cells` times as long as a cell; `most_cells` are of one answer.
    """

    wrapped: bool
    cell_seconds: float = 30
    start_seconds: float = 30  # until a kernel is ready, once PyTorch is loaded
    cells: float = 10
    most_cells: int = 50
    limits: dict[str, int] = field(
        default_factory=lambda: {
            "AS": 6 * GB,
            "CPU": 600,
            "FSIZE": GB // 8,
            "NPROC": 96,  # threads count too; binds everyone but root
            "NOFILE": 256,
            "CORE": 0,
        }
    )
    hidden: tuple[str, ...] = (str(ROOT),)  # if they lie where the system is
    together: dict[str, int] = field(
        default_factory=lambda: {"processes": 128, "memory": 4 * GB}
    )

    @property
    def book_seconds(self) -> float:
        """How long a whole notebook may run, the starts of its kernels included."""
        return self.cells * self.cell_seconds

    def command(self, lib: Path, files: list[int]) -> list[str]:
        """Give the command of a nursery of kernels, which inside.py is.

        `lib` has the modules that they may import, `files` a filter, if there is one.
        """
        user = 60_000 + os.getpid() % 5_000 if self.wrapped and is_root() else 0
        limits = self.limits if self.wrapped else {"CORE": 0}
        place = LIB if self.wrapped else str(lib)
        inside = [f"{place}/inside.py", json.dumps({"user": user} | limits)]
        before = wrap(lib, files, self.hidden) if self.wrapped else []
        return [*before, sys.executable, *inside]


def wrap(lib: Path, files: list[int], hidden: tuple[str, ...] = ()) -> list[str]:
    """Give bubblewrap's part of a command: what can be seen, written and reached.

    Nothing of the machine's own can be written, not even a socket: what a kernel says
    comes over a wire that its process was handed.

    Start it with an empty environment: its first process keeps that in /proc/1/environ.
    """
    program = shutil.which("bwrap") or "bwrap"  # its full path: it gets no PATH
    box = [program, "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    box += ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
    box += ["--unshare-cgroup-try", "--hostname", "box"]
    if is_root():  # real root becomes a user of its own, whom limits bind
        box += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        box += ["--unshare-user"]
    for path in SYSTEM:
        box += ["--ro-bind-try", path, path]
    for place in hidden:
        if any(Path(place).is_relative_to(path) for path in SYSTEM):
            box += ["--tmpfs", place]
    box += ["--proc", "/proc", "--dev", "/dev"]
    for place, size in (("/dev/shm", GB // 16), ("/tmp", GB // 4)):
        box += ["--size", str(size), "--perms", "1777", "--tmpfs", place]
    prefixes = [sys.base_prefix, os.path.realpath(sys.base_prefix), sys.prefix]
    for path in prefixes:  # after /tmp, for Python may lie in it
        for parent in reversed(Path(path).parents):
            box += ["--perms", "0755", "--dir", str(parent)]  # else not for others
        box += ["--ro-bind-try", path, path]
    for package in installed_copies():
        box += ["--tmpfs", str(package)]
    box += ["--ro-bind", str(lib), LIB]
    box += ["--remount-ro", "/dev", "--remount-ro", "/"]
    box += ["--clearenv", "--chdir", "/tmp"]
    for file in files:
        box += ["--seccomp", str(file)]
    for name, value in environment().items():
        box += ["--setenv", name, value]
    return box


def installed_copies() -> list[Path]:
    """Find what an install that is not editable left of this project: answers."""
    packages = Path(sysconfig.get_path("purelib"))
    return [packages / name for name in ("lib", "course") if (packages / name).is_dir()]


def environment() -> dict[str, str]:
    """Give the environment in a box; nothing of the grader's own is in it."""
    one = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    return dict.fromkeys(one, "1") | {
        "PATH": "/usr/bin:/bin",
        "HOME": "/tmp",
        "TMPDIR": "/tmp",
        "LANG": "C.UTF-8",
        "PYTHONPATH": LIB,
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def make_lib(folder: Path, needs: tuple[str, ...]) -> Path:
    """Copy into `folder` what runs in a box, and a small lib."""
    (folder / "lib").mkdir(parents=True)
    shutil.copy(HERE / "inside.py", folder)
    for name in INSIDE:
        shutil.copy(
            HERE.parent / f"{name}.py", folder / f"live_papers_{Path(name).name}.py"
        )
    for name in {*ALWAYS, *needs}:
        module = ROOT / "lib" / f"{name}.py"
        if module.exists():
            shutil.copy(module, folder / "lib")
        elif module.with_suffix("").is_dir():
            shutil.copytree(module.with_suffix(""), folder / "lib" / name)
        else:
            raise ValueError(f"an exercise needs {name}: lib has no such module")
    for path in [folder, *folder.rglob("*")]:  # the kernel may be another user
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def is_root() -> bool:
    """Whether this process has root's rights, which limits on processes do not bind."""
    return os.geteuid() == 0


def works() -> bool:
    """Whether bubblewrap is here and can really make such a box."""
    if shutil.which("bwrap") is None:
        return False
    with tempfile.TemporaryDirectory() as folder, filter_file() as files:
        command = [*wrap(Path(folder), files), sys.executable, "-c", "1"]
        given: dict[str, Any] = dict(pass_fds=files, env={}, capture_output=True)
        try:
            run = subprocess.run(command, timeout=60, **given)
        except (OSError, subprocess.TimeoutExpired):
            return False
        return run.returncode == 0

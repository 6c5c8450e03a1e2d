"""Set the course up in .venv, once: the standard library is all this needs.

python3 tools/setup.py       make .venv from requirements.lock (make lab, make test)
python tools/setup.py lock   remake requirements.lock from what .venv holds (make lock)

Written so that an old Python can read it far enough to say that it is too old.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / ".ready"
LOCK = ROOT / "requirements.lock"
NEEDS_PYTHON = (3, 11)
NEEDS_GB = 4
CUDA_GB = 12  # what PyTorch's CUDA build takes, pip's copies of its wheels included

LOCK_HEAD = """\
# Exact versions of everything that `make lab` and `make test` install.
# To remake: install what should change into a fresh .venv with its own pip
# (.venv/bin/python -m pip install NAME==VERSION), run `make test`, then `make lock`.
"""
UNPINNED = ("pip", "wheel", "triton", "nvidia-", "cuda-")  # torch pins its own parts
MARKERS = {
    "pexpect": 'sys_platform != "win32"',
    "ptyprocess": 'sys_platform != "win32"',
}
ELSEWHERE = ['appnope==0.1.4; sys_platform == "darwin"']  # not on this machine


def fail(sentence: str) -> None:
    """Stop with a sentence for the person at the keyboard, and no traceback."""
    sys.exit("\n" + sentence + "\n")


def check_python(version: tuple) -> None:
    """Stop unless this Python is new enough."""
    if tuple(version[:2]) < NEEDS_PYTHON:
        fail(
            f"Live Papers needs Python {NEEDS_PYTHON[0]}.{NEEDS_PYTHON[1]} or newer, "
            f"and {sys.executable} is {version[0]}.{version[1]}.\n"
            "If a newer one is installed, name it: make lab PYTHON=python3.12"
        )


def check_venv(has_ensurepip: bool) -> None:
    """Stop where Python came without the parts that make a virtual environment."""
    if not has_ensurepip:
        fail(
            f"{sys.executable} cannot make a virtual environment: ensurepip is missing."
            "\nOn Debian and Ubuntu: sudo apt install python3-venv"
        )


def check_disk(free: int, platform: str) -> None:
    """Stop when the disk is too full to finish, and warn when it might be."""
    gb = free / 1e9
    if gb < NEEDS_GB:
        fail(
            f"Setting up needs about {NEEDS_GB} GB of disk, and {ROOT} has {gb:.1f} GB."
            "\nMake room, or move the folder to a larger disk, and try again."
        )
    if platform == "linux" and gb < CUDA_GB:
        print(
            f"{gb:.0f} GB of disk are free. PyTorch's CUDA build, pip's choice on "
            f"Linux, can need {CUDA_GB}: the README names a smaller one."
        )


def fingerprint() -> str:
    """Hash what decides the content of .venv: lock, project, and where it stands."""
    parts = [LOCK.read_bytes(), (ROOT / "pyproject.toml").read_bytes(), bytes(ROOT)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def python() -> Path:
    """Name the Python inside .venv."""
    folder, name = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    return VENV / folder / name


def runs(*command: object) -> bool:
    """Whether a command succeeds; what it prints is for nobody."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    try:
        return subprocess.run([str(c) for c in command], **quiet).returncode == 0
    except OSError:
        return False


def pip(*arguments: str) -> None:
    """Run the environment's own pip, which reads the user's own pip settings."""
    command = [str(python()), "-m", "pip", "--disable-pip-version-check", *arguments]
    if subprocess.run(command, cwd=ROOT).returncode != 0:
        fail(
            "pip could not finish (its last lines say why). What is installed stays:\n"
            "the same make command goes on from here."
        )


def set_up() -> None:
    """Make or finish .venv; returns at once when it is ready."""
    check_python(sys.version_info)
    wanted = fingerprint()
    if STAMP.exists() and STAMP.read_text() == wanted:
        return
    check_venv(importlib.util.find_spec("ensurepip") is not None)
    if not runs(python(), "-m", "pip", "--version"):  # absent, or left half made
        check_disk(shutil.disk_usage(ROOT).free, sys.platform)
        print("Setting up .venv, once; on a fast line this takes two or three minutes.")
        new = [sys.executable, "-m", "venv", "--clear", str(VENV)]
        if subprocess.run(new).returncode != 0:
            fail("Python could not make .venv (the lines above say why).")
    again = ["--quiet"] if STAMP.exists() else []  # the first time there is much to see
    STAMP.unlink(missing_ok=True)
    pip("install", *again, "--no-compile", "--requirement", str(LOCK))
    pip("install", "--quiet", "--no-deps", "--no-build-isolation", "--editable", ".")
    runs(python(), "-m", "compileall", "-q", "-j", "0", VENV)  # pip uses one core only
    STAMP.write_text(wanted)
    print("Ready.")


def locked(freeze: str) -> str:
    """Turn the lines of `pip freeze --all` into the text of requirements.lock."""
    lines = set(ELSEWHERE)
    for line in freeze.splitlines():
        if "==" not in line or line.startswith(("#", "-")):
            continue  # comments, and the project itself
        name, version = line.strip().split("==")
        if name.lower().startswith(UNPINNED):
            continue
        version = version.split("+")[0]  # +cpu names a build of one machine
        marker = MARKERS.get(name.lower())
        lines.add(f"{name}=={version}" + (f"; {marker}" if marker else ""))
    return LOCK_HEAD + "\n".join(sorted(lines, key=str.lower)) + "\n"


def lock() -> None:
    """Write requirements.lock from the packages of .venv."""
    command = [str(python()), "-m", "pip", "freeze", "--all", "--exclude-editable"]
    LOCK.write_text(locked(subprocess.check_output(command, text=True)))
    STAMP.write_text(fingerprint())


if __name__ == "__main__":
    try:
        lock() if sys.argv[1:] == ["lock"] else set_up()
    except KeyboardInterrupt:
        fail("Interrupted. The same make command goes on from here.")

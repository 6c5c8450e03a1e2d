"""Make the environment in .venv, once, from requirements.lock."""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / ".ready"
LOCK = ROOT / "requirements.lock"
NEEDS_GB = 4
CUDA_GB = 12  # what PyTorch's CUDA build takes, pip's copies of its wheels included


def fail(sentence: str) -> NoReturn:
    """Stop with a sentence for the person at the keyboard, and no traceback."""
    sys.exit("\n" + sentence + "\n")


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
            "the same command goes on from here."
        )


def set_up() -> None:
    """Make or finish .venv; returns at once when it is ready."""
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

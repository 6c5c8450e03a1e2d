"""Ask git, and say in its own words what went wrong."""

import subprocess
from pathlib import Path


def run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run git in a folder, whatever comes of it; ValueError where there is no git."""
    command = ["git", "-C", str(root), *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True)
    except OSError as error:
        raise ValueError(f"git is needed, and cannot be run: {error}") from error


def git(root: Path, *arguments: str) -> str:
    """Run git and give what it prints; ValueError with its words where it fails."""
    done = run(root, *arguments)
    if done.returncode:
        raise ValueError(f"`git {arguments[0]}` failed:\n{said(done)}")
    return done.stdout.strip("\n")


def said(done: subprocess.CompletedProcess[str]) -> str:
    """All that git told a person."""
    return (done.stderr + done.stdout).strip()


def names(root: Path, command: str, *options: str) -> list[str]:
    """The paths that a command of git lists."""
    return [name for name in git(root, command, "-z", *options).split("\0") if name]


def has(root: Path, *arguments: str) -> bool:
    """Whether a command of git succeeds."""
    return run(root, *arguments).returncode == 0

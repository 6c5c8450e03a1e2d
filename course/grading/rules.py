"""What decides on a mark besides the notebook, as one hash: all of it is in a key."""

import functools
import hashlib
import json
import sys
from dataclasses import asdict
from importlib.metadata import distributions
from pathlib import Path

from course import ROOT
from course.grading.box.sandbox import Box

# What runs answers or judges them, and the modules of lib that answers may import.
PATTERNS = (
    *("course/exercises.py", "course/source.py", "course/grading/*.py"),
    *("course/grading/box/*.py", "course/grading/intake/*.py"),
    *("lib/*.py", "lib/*/*.py"),
)
NO_PART = {
    *("grading/crowd", "grading/own", "intake/attempts", "intake/downloads"),
    *("intake/first_look", "intake/gradescope"),
}


def digest(box: Box) -> bytes:
    """Hash the box with its limits, Python, all packages, and the code that grades."""
    decides = asdict(box)
    decides.pop("hidden")  # where things lie, not what they are
    said = json.dumps([decides, sys.version, packages()], sort_keys=True)
    return hashlib.sha256(said.encode() + code(ROOT)).digest()


def packages() -> list[str]:
    """List what is installed, all of which an answer may import."""
    return sorted(f"{found.name} {found.version}" for found in distributions())


@functools.cache
def code(root: Path) -> bytes:
    """Hash the code that grades."""
    whole = hashlib.sha256()
    for pattern in PATTERNS:
        for file in sorted(root.glob(pattern)):
            if f"{file.parent.name}/{file.stem}" not in NO_PART:
                whole.update(hashlib.sha256(file.read_bytes()).digest())
    return whole.digest()

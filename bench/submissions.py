"""Grades a made-up class: `python -m bench.submissions`; seconds a notebook, memory.

A quarter of the class is right, a quarter wrong, a quarter stopped half way, and a
quarter means harm. The same number gives the same class.
"""

import argparse
import json
import os
import random
import shutil
import threading
import time
from pathlib import Path

from course.exercises import Exercise, Sheet, answered, parse
from course.grading import crowd
from course.notebooks import exercises
from course.source import ROOT

HARM = {
    "exit": "import os\nos._exit(0)",
    "patch": "torch.allclose = torch.equal = torch.Tensor.__eq__ = lambda *_: True",
    "flood": "for _ in range(500):\n    print('x' * 2**20)",
    "loop": "while True:\n    pass",
    "fork": "import os\nfor _ in range(500):\n    os.fork()",
    "memory": "hoard = [bytearray(2**28) for _ in range(40)]",
    "look": "open('../solutions/05_vit.ipynb')",
    "import": "from lib.vit import *",
}


def solution(task: Exercise) -> str:
    """The course's answer."""
    return "\n".join(answered(cell.text) for cell in task.of("answer"))


def answers(sheet: Sheet, kind: str, chance: random.Random) -> dict[int, str]:
    """Answers of one student, by the exercises' numbers."""
    said = {}
    for task in sheet.exercises:
        if kind == "half" and task.number > len(sheet.exercises) // 2:
            continue
        other = ""
        if kind == "right" and chance.random() < 0.5:
            other = chance.choice(task.right or [""])
        if kind == "wrong":
            other = chance.choice([text for _, text in task.wrong])
        said[task.number] = f"{solution(task)}\n{other}"
    if kind == "hostile":
        number = chance.choice(list(said))
        said[number] = f"{HARM[chance.choice(list(HARM))]}\n{said[number]}"
    return said


def make(folder: Path, count: int, chapter: str) -> None:
    """Write the notebooks of a class, a folder for each student."""
    path = ROOT / "source" / chapter / "exercises.md"
    sheet, chance = parse(path), random.Random(5)
    for number in range(count):
        kind = ("right", "wrong", "half", "hostile")[number % 4]
        said, book = answers(sheet, kind, chance), exercises(path)
        for cell in book.cells:
            mark = cell.metadata.live_papers
            if mark.role == "answer":
                cell.source = said.pop(mark.exercise, cell.source)
        student = folder / f"{number:03}-{kind}"
        student.mkdir(parents=True)
        (student / "exercises.ipynb").write_text(json.dumps(book))


def tree_memory(of: int) -> int:
    """Bytes that a process and all below it hold; what they share counts once."""
    parents = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = Path("/proc", entry, "stat").read_text().rpartition(")")[2]
        except OSError:
            continue
        parents[int(entry)] = int(fields.split()[1])
    tree = {of}
    while more := {p for p, parent in parents.items() if parent in tree} - tree:
        tree |= more
    total = 0
    for process in tree:
        try:
            lines = Path("/proc", str(process), "smaps_rollup").read_text().split("\n")
        except OSError:
            continue
        total += sum(int(x.split()[1]) for x in lines if x.startswith("Pss:"))
    return 1024 * total


def main() -> None:
    """Make a class, grade it, and print what that took."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--count", type=int, default=200)
    given.add_argument("--jobs", type=int, default=2)
    given.add_argument("--chapter", default="05_vit")
    given.add_argument("--seconds", type=float, default=10)
    asked = given.parse_args()
    place = ROOT / "build" / "bench"
    shutil.rmtree(place, ignore_errors=True)
    make(place / "submissions", asked.count, asked.chapter)
    peak, done = 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(2):
            peak = max(peak, tree_memory(os.getpid()))

    watcher = threading.Thread(target=watch)
    watcher.start()
    start = time.monotonic()
    try:
        crowd.main(
            place / "submissions",
            place / "report",
            asked.jobs,
            seconds=asked.seconds,
        )
    finally:
        done.set()
        watcher.join()
    wall = time.monotonic() - start
    spent = sum(os.times()[:4])
    print(
        f"{wall / asked.count:.2f} s a notebook, {spent / asked.count:.2f} s of a core"
    )
    print(f"{peak / 2**20:.0f} MiB at the peak, {asked.jobs} notebooks at a time")


if __name__ == "__main__":
    main()

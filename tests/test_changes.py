"""Small changes of every model answer: check and marks judge them alike, and say why.

Every check judges all of them. The marks judge a part, always the same, and with
EVERY_CHANGE=1 all, on more seeds. With -s it prints how many mistakes are named, and
what is told without a name.
"""

import io
import os
import re
import signal
import warnings
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from functools import cache
from itertools import groupby
from pathlib import Path

import pytest
from changes import changes
from trial import SHEETS, check, earned, expected, marks, names_after
from turns import MOST, Late, Turns, counting

from lib.check import Wrong

EVERY = "EVERY_CHANGE" in os.environ
TRIED = 9  # of each exercise's changes meet the marks, at most
SEEDS = range(6 if EVERY else 2)
SECONDS = 4  # of work, for a change that never ends in any other way
TURNS = Turns()
BARE = re.compile(  # told, and no mistake named
    r"values differ|came, [^:]* was expected\s*$|was predicted, and the run gave"
)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs POSIX timers"),
]


def same_functions():
    """Changes by chapter and title that leave the function as it is: why they do."""
    found, task = {}, {}
    for line in Path(__file__).with_name("same_functions.txt").read_text().split("\n"):
        if line.startswith("    "):
            change, _, why = line.strip().partition("  # ")
            task[change.strip()] = why
        elif line:
            task = found[tuple(line.split(" · ", 1))] = {}
    return found


SAME = same_functions()


@contextmanager
def soon():
    """Raise Late in loops that turn too often, and in some seconds' work of any kind.

    The processor's seconds are counted, which are as many on a busy machine.
    """
    TURNS.made = 0

    def late(*_):
        raise Late

    before = signal.signal(signal.SIGVTALRM, late)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def test_a_loop_that_never_ends_is_stopped_by_its_turns():
    names = {"_turns": TURNS}
    exec(counting("def wait(n):\n    while n or not n:\n        n += 1"), names)
    with pytest.raises(Late), soon():
        names["wait"](0)
    assert TURNS.made == MOST + 1


def answered(chapter, task, cell, code):
    """What a kernel holds after a changed answer."""
    changed = replace(cell, text=counting(code))
    return names_after(chapter, task, changed, _turns=TURNS)


def verdict(chapter, task, cell, code):
    """What the check says, or "" where it passes."""
    try:
        with soon():
            check(task, answered(chapter, task, cell, code))
    except Wrong as wrong:
        return str(wrong)
    except ValueError as error:
        assert "choose inputs on which" not in str(error), "a sentence for the author"
        return "an error"
    except Exception:
        return "an error"
    return ""


def full(chapter, task, cell, code):
    """Whether a changed answer earns all its points, whatever the seed."""
    try:
        with soon():
            names = answered(chapter, task, cell, code)
    except Exception:
        return False
    return all(whole(chapter, task, names, seed) for seed in SEEDS)


def whole(chapter, task, names, seed):
    """Whether an answer earns all its points with a seed."""
    try:
        with soon():
            got = marks(task, names, seed)
    except Exception:
        return False
    return earned(got, expected(chapter, task.number, seed)) == 1


@contextmanager
def quiet():
    """Nothing is printed, and nobody is warned."""
    with redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@cache
def judged(chapter):
    """What the checks say of a chapter's changes: (task, name, cell, code, said)."""
    rows = []
    for task in SHEETS[chapter].exercises:
        given = "\n".join(cell.text for cell in task.of("setup"))
        for cell in task.of("answer"):
            for name, code in changes(cell.text, given):
                with quiet():
                    said = verdict(chapter, task, cell, code)
                rows.append((task, name, cell, code, said))
    return rows


def sampled(rows):
    """A part of each exercise's rows, spread over them."""
    for _, group in groupby(rows, key=lambda row: row[0].number):
        found = [*group]
        step = 1 if EVERY else max(1, -(-len(found) // TRIED))
        yield from found[step // 2 :: step]


@pytest.mark.parametrize("chapter", SHEETS)
def test_check_and_marks_judge_a_change_alike(chapter):
    wrong = []
    for task, name, cell, code, said in sampled(judged(chapter)):
        known = name in SAME.get((chapter, task.title), {})
        with quiet():
            right = full(chapter, task, cell, code)
        if bool(said) == right or right != known:
            verdicts = f"check: {said or 'right'}; marks: {'all' if right else 'lost'}"
            wrong.append(f"{task.title}: {name}: {verdicts}; named as same: {known}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("chapter", SHEETS)
def test_nine_in_ten_mistakes_are_named(chapter):
    told = [(t.title, name, said) for t, name, _, _, said in judged(chapter) if said]
    told = [row for row in told if row[2] != "an error"]
    for task in SHEETS[chapter].exercises:  # test_exercises hears these words
        told += [(task.title, "a wrong answer", says) for says, _ in task.wrong]
    bare = [row for row in told if BARE.search(row[2])]
    print(f"{len(told) - len(bare)} of {len(told)} are named")
    print(*(" | ".join(row) for row in bare), sep="\n")
    assert len(bare) <= len(told) / 10

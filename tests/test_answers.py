"""What an answer may not do: write into its inputs, hand its work over."""

import ast
import contextlib
import re

import pytest
import torch
from copying import handed_over
from trial import TASKS, check, expected, marks, named, names_after, same

from lib.check import Wrong

WRITES = re.compile(r"your function writes into [\w ]+: work on a copy$")
CALLS = "your answer calls the function that is given as its specification"


def sentence(act):
    """What an answer is told, if anything."""
    try:
        act()
    except Wrong as wrong:
        return str(wrong)
    return ""


def functions(task):
    parts = [part for c in task.of("answer") for part in ast.parse(c.text).body]
    return [part.name for part in parts if isinstance(part, ast.FunctionDef)]


def scribbling(answer, written):
    """An answer that spoils every tensor it was given, when its work is done."""

    def spoils(*inputs, **named):
        found = copied_tensors(answer(*inputs, **named))
        spoil([*inputs, *named.values()], written)
        return found

    return spoils


def copied_tensors(found):
    if isinstance(found, torch.Tensor):
        return found.clone()
    parts = type(found) in (list, tuple)
    return type(found)(map(copied_tensors, found)) if parts else found


@torch.no_grad()
def spoil(things, written):
    for x in things:
        if isinstance(x, torch.Tensor):
            x.copy_(~x if x.dtype == torch.bool else x.double() + 1)
            written.append(x)
        elif type(x) in (list, tuple):
            spoil(x, written)


@pytest.mark.parametrize(("chapter", "task"), named(TASKS))
def test_an_answer_that_writes_into_its_inputs_hears_just_that(chapter, task):
    names, written = names_after(chapter, task), []
    for name in functions(task):
        names[name] = scribbling(names[name], written)
    for act in (lambda: check(task, names), lambda: marks(task, names, 1)):
        written.clear()
        said = sentence(act)
        assert bool(WRITES.search(said)) == bool(said) == bool(written)


HANDED = [
    (chapter, task, *pair) for chapter, task in TASKS for pair in handed_over(task)
]


@pytest.mark.parametrize(("chapter", "task", "how", "text"), named(HANDED))
def test_a_specification_that_is_handed_over_is_seen_and_earns_nothing(
    chapter, task, how, text
):
    names = names_after(chapter, task)
    exec(text, names)
    said = sentence(lambda: check(task, names))
    assert CALLS in said if how != "copied" else said
    with contextlib.suppress(Wrong):
        assert not same(marks(task, names, 1), expected(chapter, task.number, 1))

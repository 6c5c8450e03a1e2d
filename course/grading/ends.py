"""Why an exercise got no values: its kernel, or the whole run, was given up."""

from course.grading.box.sandbox import Box

ENDS = {
    "slow": "too slow: one of its cells ran longer than {box.cell_seconds:g} s and was "
    "stopped",
    "long": "the notebook as a whole ran longer than {box.book_seconds:g} s, and was "
    "stopped before this exercise was done",
    "cells": "its answer has more than {box.most_cells} cells: put it into fewer",
    "died": "its kernel died: too much memory, or the code ended the process",
    "broken": "its run broke off: what it sent was too long, or makes no sense",
    "flood": "it printed or sent far too much, or what makes no sense",
}


def told(end: str, box: Box) -> str:
    """Say in a sentence why something was given up."""
    return ENDS[end].format(box=box)

"""Control groups bound all processes of a box together, and are gone afterwards."""

import os
import subprocess
import sys

import pytest

from course.grading.box import fence

FORK = """
import os, time
made = 0
try:
    for _ in range(60):
        if not os.fork(): time.sleep(5); os._exit(0)
        made += 1
except OSError: pass
print(made)
"""


@pytest.fixture
def groups():
    found = [group for place in fence.places() if (group := fence.make(place, MOST))]
    for group in found:
        fence.remove(group)
    kinds = {file for group in found for file in group.parts}
    if not found:
        pytest.skip("no control group can be made here")
    return kinds


MOST = {"processes": 20, "memory": 100 * 2**20}


def run(code):
    with fence.fence(MOST) as before:
        return subprocess.run(
            [*before, sys.executable, "-c", code], capture_output=True, text=True
        )


@pytest.mark.slow
def test_processes_are_bounded_together(groups):
    if "pids" not in groups:
        pytest.skip("the group of processes is not ours")
    assert 0 < int(run(FORK).stdout) < 20


def test_memory_is_bounded_together(groups):
    if "memory" not in groups:
        pytest.skip("the group of memory is not ours")
    assert run("x = b'x' * 2**20; print(len(x))").stdout == f"{2**20}\n"
    assert run("x = b'x' * 2**28; print(len(x))").returncode != 0


def test_a_group_is_removed_and_one_that_a_killed_grader_left_too(groups):
    def ours():
        listed = [place.glob("live-papers-*") for place in fence.places()]
        return [group for groups in listed for group in groups]

    old = fence.places()
    with fence.fence(MOST):
        mine = [group for group in ours() if f"-{os.getpid()}-" in group.name]
        assert mine
    assert not [group for group in mine if group.exists()]
    for place in old:
        left = place / "live-papers-999999999-0"
        try:
            left.mkdir()
        except OSError:
            continue
        with fence.fence(MOST):
            assert not left.exists()


def test_where_no_group_can_be_made_nothing_stands_before_a_command(monkeypatch):
    monkeypatch.setattr(fence, "places", lambda: [])
    with fence.fence(MOST) as before:
        assert before == []

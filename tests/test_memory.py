"""What a box holds is counted once, however many of its processes share it."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from course.grading.box import memory

MB = 2**20
FAMILY = """
import os, sys, time
hoard = b"x" * (64 * 2**20)  # before the fork: shared
for _ in range(5):
    if not os.fork():
        own = b"y" * (int(sys.argv[1]) * 2**20)
        os.write(1, b".")
        time.sleep(60)
time.sleep(60)
"""
told = pytest.mark.skipif(
    not Path("/proc/self/smaps_rollup").exists(), reason="Linux does not say it here"
)


@pytest.fixture
def family():
    """A function that starts a process which forks five, each with so many MB more."""
    started = []

    def start(more):
        process = subprocess.Popen(
            [sys.executable, "-c", FAMILY, str(more)],
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        started.append(process)
        assert process.stdout.read(5) == b"....."
        return process.pid

    yield start
    for process in started:
        os.killpg(process.pid, 9)
        process.communicate()


@told
def test_what_forked_processes_share_counts_once(family):
    process = family(0)
    found = list(memory.family(process))
    assert len(found) == 6
    assert sum(map(memory.whole, found)) > 6 * 64 * MB
    assert 64 * MB < sum(map(memory.part, found)) < 1.5 * 64 * MB
    assert memory.held(process, 96 * MB) <= 96 * MB
    assert memory.held(process, 64 * MB) > 64 * MB


@told
def test_what_each_has_for_itself_counts_for_each(family):
    most = (64 + 5 * 20) * MB
    assert memory.held(family(20), most) > most


def test_where_no_part_is_said_each_counts_in_full(family, monkeypatch):
    """So it is in older Linux, and where a process may not be looked into."""
    process = family(0)
    monkeypatch.setattr(memory, "PARTS", (b"No_such_line:",))
    assert memory.held(process, 96 * MB) > 6 * 64 * MB


def test_who_takes_long_to_be_looked_at_counts_in_full(family, monkeypatch):
    process = family(0)
    monkeypatch.setattr(memory, "PATIENCE", -1)
    assert memory.held(process, 96 * MB) > 6 * 64 * MB


def test_a_quick_look_is_enough_far_below_the_bound(family, monkeypatch):
    process = family(0)
    monkeypatch.setattr(memory, "part", lambda _: 1 / 0)
    assert memory.held(process, 2**40) > 6 * 64 * MB


@told
def test_what_is_surely_too_much_is_not_looked_at_further(family, monkeypatch):
    process, looked, part = family(20), [], memory.part
    monkeypatch.setattr(memory, "part", lambda p: looked.append(p) or part(p))
    assert memory.held(process, 40 * MB) > 40 * MB
    assert len(looked) < 6


@pytest.mark.parametrize(("most", "stopped"), [(32 * MB, True), (2**30, False)])
def test_a_watch_stops_what_holds_too_much_and_nothing_else(family, most, stopped):
    calls = threading.Event()
    watch = memory.Watch(family(0), most, calls.set)
    assert calls.wait(5 if stopped else 4 * memory.EVERY) == stopped
    watch.end()


def test_a_process_that_has_ended_holds_nothing():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert memory.held(process.pid, 0) == 0

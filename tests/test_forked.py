"""Kernels as forks of one process: they are as cold ones, and end with the build."""

import asyncio
import os
import subprocess
import sys
import time

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from course.site import ROOT, forked
from course.site.launch import SETTINGS, BuildError, launch

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not forked.POSSIBLE, reason="kernels are forked on Linux only"),
]
# Begins a kernel that waits, says its number, and waits itself.
BUILD = """
import os, time
from course.site import forked
with forked.forks({}) as forks:
    said = forks.fork(arguments=["-f", "none.json"], folder=".", environment={})
    print(said, forks.process.pid, flush=True)
    time.sleep(600)
"""
CELLS = {
    "where": "import os; os.getcwd(), os.environ['ASKED'], __name__",
    "names": "sorted({'before', 'ours', 'launch'} & {*globals()})",
    "before": "before = 1",
    "threads": "import torch; torch.get_num_threads()",
    "seeded": "torch.manual_seed(0); torch.rand(2)",
    "backend": "import matplotlib.pyplot as plt; plt.get_backend()",
    "picture": "plt.plot([1, 2]); plt.show()",
    "program": "import subprocess; subprocess.run(['false']).returncode",
    "said": "print('a'); import sys; print('b', file=sys.stderr)",
    "lib": "import lib; lib.__file__",
}


@pytest.fixture(scope="module")
def forks():
    with forked.forks(SETTINGS) as forks:
        yield forks


def executed(forks, folder, *cells):
    """A notebook of these cells with its outputs, and its seconds."""
    book = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    seconds = asyncio.run(launch(folder, "book", book, {"ASKED": "yes"}, forks))
    return book, seconds


def outputs(book):
    return [
        [
            {k: v for k, v in output.items() if k != "metadata"}
            for output in cell.outputs
        ]
        for cell in book.cells
    ]


def gone(*processes, seconds=10):
    """Whether they have all ended, or will soon."""
    until = time.monotonic() + seconds
    while any(os.path.exists(f"/proc/{n}") for n in processes):
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def test_a_fork_gives_what_a_cold_kernel_gives(forks, tmp_path):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "__init__.py").touch()
    cold, _ = executed(None, tmp_path, *CELLS.values())
    for _ in range(2):  # nothing of the first is in the second
        book, seconds = executed(forks, tmp_path, *CELLS.values())
        for name, ours, theirs in zip(CELLS, outputs(book), outputs(cold), strict=True):
            assert ours == theirs, name
        assert seconds > forks.spared > 0.5, "what a kernel was spared counts"


def test_a_fork_loads_nothing_again_and_is_nobodys_child_here(forks, tmp_path):
    loaded = "import sys; 'torch._dynamo' in sys.modules, 'lib' in sys.modules"
    book, _ = executed(forks, tmp_path, loaded, "import os; os.getppid()")
    told = [cell.outputs[0].data["text/plain"] for cell in book.cells]
    assert told == ["(True, False)", str(forks.process.pid)]


def test_a_cell_that_fails_and_one_that_ends_its_kernel_are_told(forks, tmp_path):
    with pytest.raises(BuildError, match="(?s)book, code cell 2: .*ZeroDivisionError"):
        executed(forks, tmp_path, "1", "1 / 0")
    with pytest.raises(BuildError, match="book, code cell 1: .*[Kk]ernel died"):
        executed(forks, tmp_path, "import os; os._exit(1)")
    assert executed(forks, tmp_path, "1"), "the next one begins"


def test_a_kernel_that_was_asked_for_its_seconds_is_ended(forks, tmp_path):
    book, _ = executed(forks, tmp_path, "import os; os.getpid()")
    kernel = int(book.cells[0].outputs[0].data["text/plain"])
    assert gone(kernel)
    forked.Process(kernel).send_signal(9)  # says nothing: it has ended


def test_what_has_ended_is_told_with_the_likely_cause(tmp_path):
    with forked.forks({}) as forks:
        forks.process.kill()
        forks.process.wait()
        with pytest.raises(RuntimeError, match="ended with -9.*memory"):
            forks.fork(arguments=[], folder=".", environment={})


def test_with_a_build_that_is_killed_all_of_it_ends(tmp_path):
    build = subprocess.Popen(
        [sys.executable, "-c", BUILD],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    kernel, ready = map(int, build.stdout.readline().split())
    assert not gone(kernel, ready, seconds=0)
    build.kill()
    build.communicate()
    assert gone(kernel, ready)

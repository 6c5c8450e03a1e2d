"""An ordinary user grades: what no root's rights are needed for holds all the same."""

import ordinary
import pytest

from course.source import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.sandbox]

PYTEST = ["-m", "pytest", "-p", "no:nbval", "-q", "-p", "no:cacheprovider"]
TRIED = ["tests/test_attacks_box.py", "tests/test_attacks_left.py", "-k"]
TRIED += ["reach_is or patches"]
HOARD = """
import sys, tempfile
from pathlib import Path
from course.grading.box.kernels import Kernels
from course.grading.box.memory import held
from course.grading.box.sandbox import Box
from course.grading.box.wire import Stopped
code = '''
import os, time
for _ in range(8):
    if not os.fork():
        hoard = b"x" * 2**28
        break
time.sleep(60)'''
box = Box(True, together={"processes": 128, "memory": 2**30})
with tempfile.TemporaryDirectory(dir="/tmp") as folder:
    Path(folder).chmod(0o711)
    kernels = Kernels(box, Path(folder), [])
    kernels.have((), False)
    begun = held(kernels.nursery.process.pid)
    asked = kernels.kernel.execute_cell_input(code)
    try:
        kernels.kernel.await_reply(asked, 30)
    except Stopped as stopped:
        print(stopped.end, 0 < begun < 2**30)
    kernels.close()
"""


@pytest.fixture
def home():
    with ordinary.folder() as place:
        yield place


def test_attacks_fail_as_an_ordinary_user_too(home):
    place = f"--basetemp={home}/tests"
    ran = ordinary.run(home, *PYTEST, place, *TRIED, REQUIRE_SANDBOX="1")
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-1000:]


def test_memory_is_bounded_together_without_a_group(home):
    """Each of nine processes is far below its own limit."""
    ran = ordinary.run(home, "-c", HOARD, PYTHONPATH=str(ROOT))
    assert ran.stdout.split() == ["died", "True"], ran.stderr[-1000:]

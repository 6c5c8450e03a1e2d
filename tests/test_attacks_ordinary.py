"""An ordinary user grades: what no root's rights are needed for holds all the same."""

import ordinary
import pytest

from course.source import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.sandbox]

PYTEST = ["-m", "pytest", "-p", "no:nbval", "-q", "-p", "no:cacheprovider"]
TRIED = ["tests/test_attacks_box.py", "tests/test_attacks_left.py", "-k"]
TRIED += ["reach_is or patches"]
BOUNDED = """
import sys, tempfile
from pathlib import Path
from course.grading.box.kernels import Kernels
from course.grading.box.memory import held
from course.grading.box.sandbox import Box
from course.grading.box.wire import Stopped
box = Box(True, together={"processes": 128, "memory": 2**30})
with tempfile.TemporaryDirectory(dir="/tmp") as folder:
    Path(folder).chmod(0o711)
    kernels = Kernels(box, Path(folder), [])
    kernels.have((), False)
    begun = held(kernels.nursery.process.pid, 2**30)
    asked = kernels.kernel.execute_cell_input(sys.argv[1])
    end = "done"
    try:
        kernels.kernel.await_reply(asked, 30)
    except Stopped as stopped:
        end = stopped.end
    print(end, 0 < begun < 2**30)
    kernels.close()
"""
HOARD = """
import os, time
for _ in range(8):
    if not os.fork():
        hoard = b"x" * 2**28
        break
time.sleep(60)
"""
SHARE = """
import os, time
hoard = b"x" * 2**26  # which sixty processes hold together: 4 GB, were it counted so
for _ in range(60):
    if not os.fork():
        time.sleep(2)
        os._exit(0)
for _ in range(60): os.wait()
"""


@pytest.fixture
def home():
    with ordinary.folder() as place:
        yield place


def test_attacks_fail_as_an_ordinary_user_too(home):
    place = f"--basetemp={home}/tests"
    ran = ordinary.run(home, *PYTEST, place, *TRIED, REQUIRE_SANDBOX="1")
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-1000:]


@pytest.mark.parametrize(
    ("code", "end"),
    [
        pytest.param(HOARD, "died", id="each of nine far below its own limit"),
        pytest.param(SHARE, "done", id="sixty that share what they hold"),
    ],
)
def test_memory_is_bounded_together_without_a_group(home, code, end):
    ran = ordinary.run(home, "-c", BOUNDED, code, PYTHONPATH=str(ROOT))
    assert ran.stdout.split() == [end, "True"], ran.stderr[-1000:]

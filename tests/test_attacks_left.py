"""What one answer leaves is there for no other: files, processes, limits, a box."""

import os
import subprocess
import threading

import pytest
from grading_little import HASTY, after_each, selected, source, together

pytestmark = [pytest.mark.slow, pytest.mark.sandbox]

# Each is an answer to the first exercise; after each comes an honest other answer.

SPOIL = {
    "a startup file that floods": """
import os
place = "/tmp/.ipython/profile_default/startup"
os.makedirs(place, exist_ok=True)
open(f"{place}/00.py", "w").write("while True: print('x' * 2**20, flush=True)")
os._exit(0)
def double(x): return x""",
    "a startup file that patches": """
import os
place = "/tmp/.ipython/profile_default/startup"
os.makedirs(place, exist_ok=True)
open(f"{place}/00.py", "w").write("import torch; torch.cat = torch.zeros_like")
os._exit(0)
def double(x): return x""",
    "a lib where the next begins": """
import os
os.makedirs("/tmp/lib")
open("/tmp/lib/__init__.py", "w").write("raise SystemExit")
os._exit(0)
def double(x): return x""",
    "a deep folder": """
import os
for _ in range(3000):
    os.mkdir("d")
    os.chdir("d")
os._exit(0)
def double(x): return x""",
    "a folder that is closed": """
import os
os.makedirs("/tmp/a/b/c")
for place in ("/tmp/a/b", "/tmp/a", "/tmp"):
    try: os.chmod(place, 0)
    except OSError: pass
os._exit(0)
def double(x): return x""",
    "a hundred thousand files": """
import os
for k in range(100_000): open(f"/tmp/{k}", "w").close()
os._exit(0)
def double(x): return x""",
    "limits for all others": """
import os, resource
for other in filter(str.isdigit, os.listdir("/proc")):
    for kind in (resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE):
        try: resource.prlimit(int(other), kind, (9, 9))
        except OSError: pass
os._exit(0)
def double(x): return x""",
    "patience for all others": """
import os
for other in filter(str.isdigit, os.listdir("/proc")):
    try: os.sched_setscheduler(int(other), os.SCHED_IDLE, os.sched_param(0))
    except OSError: pass
os._exit(0)
def double(x): return x""",
    "all others stopped": """
import os
for other in filter(str.isdigit, os.listdir("/proc")):
    if int(other) not in (1, os.getpid()): os.kill(int(other), 19)
def double(x): return x""",
    "its parent killed": "import os\nos.kill(os.getppid(), 9)\ndef double(x): return x",
    "its parent stopped": "import os\nos.kill(os.getppid(), 19)\ndouble = abs",
}
MARK = f"{os.getpid()}{threading.get_ident()}"
LEAVE = {  # what must be gone when the run ends, or the next answer begins
    "stay": """
import os, time
def double(x):
    if not os.fork(): time.sleep(100)
    return 2 * x
os_exit = os._exit""",
    "gone": "import os\nos._exit(0)",
    "look": """
import os
def double(x):
    others = [p for p in os.listdir("/proc") if p.isdigit() and int(p) > 2]
    if len(others) > 2: raise ValueError(f"{len(others)} processes")
    return 2 * x""",
    "litter": """
import os, socket
for place in ("/tmp/litter", "/dev/shm/litter"):
    os.makedirs(f"{place}/in/a/folder")
    os.symlink("/proc", f"{place}/in/link")
    os.mkfifo(f"{place}/in/pipe")
    socket.socket(socket.AF_UNIX).bind(f"{place}/in/socket")
os._exit(0)
def double(x): return x""",
    "find": """
import os
def double(x):
    if left := {"litter"} & {*os.listdir("/tmp"), *os.listdir("/dev/shm")}:
        raise ValueError(left)
    return 2 * x""",
    "started": f"""
import subprocess, sys
def double(x):
    code = "import time; time.sleep(100) #{MARK}"
    subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    return 2 * x""",
}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return source(tmp_path_factory.mktemp("course"))


@pytest.fixture(scope="module")
def spoilt(path, request):
    """The rows of all attacks, each with that of the honest answer after it."""
    chosen = [(name, SPOIL[name]) for name in selected(request, "name")]
    return after_each(path, chosen)


@pytest.fixture(scope="module")
def rows(path):
    """The rows of answers, one right after another."""
    texts = [(1, text.lstrip()) for text in LEAVE.values()]
    return dict(zip(LEAVE, together(path, texts, HASTY), strict=True))


@pytest.mark.parametrize("name", SPOIL)
def test_what_an_answer_spoils_is_not_there_for_the_next(spoilt, name):
    attack, honest = spoilt[name]
    assert (attack.points, honest.points) == (0, 3), (attack, honest)


def test_nothing_is_left_running(rows):
    assert rows["started"].points == 2
    running = subprocess.run(["ps", "ax", "-o", "args"], capture_output=True, text=True)
    assert MARK not in running.stdout


def test_what_one_answer_leaves_running_is_ended_before_the_next(rows):
    found = [rows[name] for name in ("stay", "gone", "look")]
    assert [row.points for row in found] == [2, 0, 2], found


def test_what_one_answer_leaves_in_files_is_gone_before_the_next(rows):
    found = [rows[name] for name in ("litter", "find")]
    assert [row.points for row in found] == [0, 2], found

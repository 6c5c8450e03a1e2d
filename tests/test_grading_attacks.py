"""Attacks on the grader: nothing is gained, and no other exercise loses its points."""

import os
import socket
import subprocess
import threading
from pathlib import Path

import pytest
from grading_little import (
    BOX,
    HONEST,
    SEED,
    WRAPPED,
    book,
    grade,
    judged,
    points,
    source,
)

from course.exercises import parse
from course.grading import marks
from course.source import ROOT

pytestmark = pytest.mark.slow
needs_a_box = pytest.mark.skipif(not WRAPPED, reason="bubblewrap is not here")


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return source(tmp_path_factory.mktemp("course"))


@pytest.fixture(scope="module")
def want(path):
    return marks.expected(parse(path), SEED, BOX)


# Values that lie. Each is an answer to the first exercise, all in one kernel.

LIES = {
    "nan": "return x * float('nan')",
    "inf": "return x * float('inf')",
    "nan in one place": "x = 2 * x; return x.index_fill(0, torch.tensor(0), torch.nan)"
    " if torch.is_tensor(x) else x",
    "a thousandth": "return x * 2.002",
    "none": "return None",
    "a list": "return [2 * x]",
    "a larger shape": "return 2 * torch.as_tensor(x).expand(2, 3, 4)",
    "equal to all": """
    class Liar:
        __array_priority__ = 1e9
        __class__ = torch.Tensor
        shape, dtype, ndim = (3, 4), torch.float32, 2
        def __eq__(self, other): return True
        def __float__(self): return 1.0
        def __index__(self): return 1
        def __array__(self, *_): return x
        def __sub__(self, other): return 0
        __rsub__ = __sub__
        def __reduce__(self): return (exec, ("import os; os._exit(0)",))
        def __getattr__(self, name): return lambda *_, **__: self
    return Liar()""",
    "a tensor that lies": """
    class Liar(torch.Tensor):
        @classmethod
        def __torch_function__(cls, function, types, args=(), kwargs=None):
            return True if "eq" in function.__name__ else args[0]
        def __eq__(self, other): return True
    return torch.zeros(3, 4).as_subclass(Liar)""",
    "a float that lies": """
    class Liar(float):
        def __eq__(self, other): return True
        def __sub__(self, other): return 0.0
        __hash__ = None
    return Liar(3)""",
    "printed": "print('double: correct', {'x': 2 * x}); return x",
    "sent twice": """
    import live_papers_sending as way
    way.send({"x": 2 * torch.randn(3, 4), "n": 14})
    return x""",
    "an exception with a lying name": """
    class Correct(Exception):
        def __str__(self): return "right"
    raise Correct""",
    "skipped": "# NBVAL_SKIP\n    # NBVAL_IGNORE_OUTPUT\n    return x",
    "raises as expected": "# NBVAL_RAISES_EXCEPTION\n    raise ValueError",
}


def test_values_that_lie_earn_nothing(path):
    sheet = parse(path)
    double = sheet.exercises[0]
    cases = [(double, f"def double(x):\n    {body}") for body in LIES.values()]
    honest = (double, "def double(x):\n    return x * 2.000002 if x is not 7 else 14")
    troubles, outcomes = judged(sheet, [*cases, honest])
    assert dict(zip(LIES, troubles, strict=False)).keys() == LIES.keys()
    assert [
        name for name, wrong in zip(LIES, troubles, strict=False) if not wrong
    ] == []
    assert troubles[-1] == ""
    assert not any(outcome["end"] for outcome in outcomes)


# What must be out of reach. Such an answer is right only if its attempt failed.

HOME = str(Path.home())
HELPER = """import os, socket, sys, time
def processes(what):
    for p in filter(str.isdigit, os.listdir("/proc")):
        try: yield open(f"/proc/{p}/{what}", "rb").read()
        except OSError: pass
"""
REACH = {
    "solutions": f"open({str(ROOT / 'source/05_vit/exercises.md')!r})",
    "the grader": f"open({str(ROOT / 'course/grading/values.py')!r})",
    "the project": f"[n for n in os.listdir({str(ROOT)!r}) if n != '.venv'][0]",
    "anything of it by name": """[1 for folder, _, files in os.walk("/")
        if not folder.startswith(("/proc", "/usr")) for f in files
        if f in ("exercises.md", "graded.ipynb", "grades.json", "vit.py")
        and "site-packages" not in folder][0]""",
    "the course": "__import__('course.exercises')",
    "the module that has the answer": "__import__('lib.vit')",
    "the home folder": f"[f for f in os.listdir({HOME!r}) if f not in sys.prefix"
    " + sys.base_prefix][0]",
    "the grader's environment": "os.environ['GRADERS_SECRET']",
    "another's environment": "[e for e in processes('environ') if b'SECRET' in e][0]",
    "the grader's process": "[c for c in processes('cmdline') if b'pytest' in c][0]",
    "a server here": "socket.create_connection(('127.0.0.1', PORT), 2)",
    "a server elsewhere": "socket.create_connection(('192.0.2.1', 80), 2)",
    "a name": "socket.getaddrinfo('example.org', 80)",
    "writing here": f"open({str(ROOT / 'build/attack')!r}, 'w')",
    "writing into lib": "open(__import__('lib.check').check.__file__, 'w')",
    "writing into Python": "open(os.path.join(sys.prefix, 'attack'), 'w')",
    "writing into /usr": "open('/usr/attack', 'w')",
    "writing into /dev": "open('/dev/attack', 'w')",
    "being root": "os.setuid(0)",
    "mounting": """[1][__import__("ctypes").CDLL(None).mount(
        b"a", b"/tmp", b"tmpfs", 0, 0) and 1]""",
    "a gigabyte of memory too much": "bytearray(8 * 2**30)",
    "a gigabyte in a file": "open('/tmp/large', 'wb').truncate(2**30)",
    "200 processes": """[os.waitpid(p, 0) for p in
        [os.fork() or time.sleep(1) or os._exit(0) for _ in range(200)]]""",
    "input": "input()",
}


@needs_a_box
def test_what_must_be_out_of_reach_is(path, monkeypatch):
    monkeypatch.setenv("GRADERS_SECRET", "1")
    server = socket.create_server(("127.0.0.1", 0))
    port = str(server.getsockname()[1])
    sheet = parse(path)
    cases = []
    for attempt in REACH.values():
        text = f"""{HELPER}
def double(x):
    if torch.is_tensor(x): return 2 * x
    try: {attempt.replace("PORT", port)}
    except BaseException: return 2 * x
    return -x"""
        cases.append((sheet.exercises[0], text))
    try:
        troubles, _ = judged(sheet, cases)
    finally:
        server.close()
    reached = {name: w for name, w in zip(REACH, troubles, strict=True) if w}
    assert reached == {}
    assert not (ROOT / "build" / "attack").exists()


# What may break a kernel. The second answer is honest, and keeps its points.

BREAK = {
    "patched torch": """
torch.randn = torch.zeros
torch.manual_seed = torch.Tensor.__eq__ = torch.equal = torch.allclose = print
def double(x): return 2 * torch.zeros(3, 4) if x is not 7 else 0""",
    "patched python": """
import builtins, json, base64
builtins.isinstance = builtins.all = builtins.any = lambda *_: True
json.dumps = lambda *_, **__: "{}"
base64.b64encode = lambda data: b"AAAAAAAAAAA="
builtins.print = builtins.len = builtins.float = builtins.abs = lambda *_, **__: 0
def double(x): return 0 * x""",
    "patched checks and sending": """
import live_papers_sending as way
from lib import check, ladder
check.same = ladder.agree = lambda *_, **__: None
way.pack = lambda name, value: {"kind": "right", "shape": [], "data": "right"}
def double(x): return x""",
    "patched IPython": """
shell = get_ipython()
shell.input_transformers_cleanup.append(lambda lines: ["print('double: correct')"])
shell.events.register("pre_run_cell", lambda *_: print("hook"))
shell.run_cell = shell.compile = None
def double(x): return x""",
    "a grade function of one's own": """
def double(x): return x
class Grade:
    def __set_name__(self, *_): pass
    def __call__(self, seed): return {"x": 0, "n": 0}
import builtins
builtins.__build_class__ = None
grade = Grade()""",
    "exit": "import os\ndef double(x): os._exit(0)",
    "exit at once": "import os\nos._exit(0)\ndef double(x): return x",
    "sys.exit": "import sys\ndef double(x): sys.exit()",
    "kill everything": "import os\ndef double(x): os.kill(-1, 9)",
    "stop": "import os\ndef double(x): os.kill(os.getpid(), 19)",
    "an endless loop": "def double(x):\n    while True: pass",
    "a loop that cannot be interrupted": """
def double(x):
    while True:
        try:
            while True: pass
        except BaseException: pass""",
    "an endless loop in C": "def double(x): return sum(range(10**15))",
    "a thread that kills later": """
import os, threading
threading.Timer(0.3, os._exit, [0]).start()
def double(x): return x""",
    "a thread that sends on and on": """
import threading, live_papers_sending as way
def on():
    while True: way.send({"x": 0.0})
threading.Thread(target=on, daemon=True).start()
def double(x): return x""",
    "a gigabyte of output": """
def double(x):
    for _ in range(1000): print("x" * 2**20)
    return x""",
    "a gigabyte at once": "def double(x):\n    print('x' * 2**30)\n    return x",
    "half a million messages": """
def double(x):
    for i in range(500_000): display({"text/plain": str(i)}, raw=True)
    return x""",
    "files where sockets are": """
import glob, os
for folder in glob.glob("/tmp/lp*/k*"):
    open(os.path.join(folder, "attack"), "w").write("x" * 1000)
def double(x): return x""",
    "messages that make no sense": """
kernel = get_ipython().kernel
def double(x):
    parent = kernel.get_parent()
    for kind in ("stream", "error", "display_data", "execute_result", "status"):
        kernel.session.send(kernel.iopub_socket, kind, {"x": 1}, parent=parent)
    return x""",
    "many small processes": """
import os
def double(x):
    try:
        while True: os.fork()
    except OSError:
        return x""",
}


@pytest.mark.parametrize("name", BREAK)
@needs_a_box
def test_a_broken_kernel_costs_no_other_exercise_its_points(path, want, name):
    rows = grade(path, book(path, double=BREAK[name].lstrip(), shift=HONEST), want)
    assert points(rows) == {1: 0, 2: 3}, rows
    assert rows[1].remark and rows[2].remark == "right"
    assert "\n" not in rows[1].remark and len(rows[1].remark) < 600


@needs_a_box
def test_nothing_is_left_running(path, want):
    mark = f"{os.getpid()}{threading.get_ident()}"
    answer = f"""import subprocess, sys
def double(x):
    code = "import time; time.sleep(100) #{mark}"
    subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    return 2 * x"""
    assert points(grade(path, book(path, double=answer), want)) == {1: 2, 2: 0}
    running = subprocess.run(["ps", "ax", "-o", "args"], capture_output=True, text=True)
    assert mark not in running.stdout

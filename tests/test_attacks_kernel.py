"""Attacks on the kernel and its like: nothing is gained, and no one else loses."""

import pytest
from grading_little import after_each, selected, source

pytestmark = [pytest.mark.slow, pytest.mark.sandbox]

# Each is an answer to the first exercise; after each comes an honest other answer.

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
from lib import check
from lib.check import ladder
check.same = ladder.difference = lambda *_, **__: None
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
    "kill everything": """
import os, time
def double(x):
    os.kill(-1, 9)  # all but itself
    time.sleep(100)""",
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
    "a hundred megabytes of output": """
def double(x):
    for _ in range(100): print("x" * 2**20, flush=True)
    return x""",
    "a gigabyte at once": "def double(x):\n    print('x' * 2**30)\n    return x",
    "half a million messages": """
def double(x):
    for i in range(500_000): display({"text/plain": str(i)}, raw=True)
    return x""",
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
    "a broken assert": """
import builtins
builtins.AssertionError = builtins.Exception = KeyboardInterrupt
def double(x): return x""",
    "all its files closed": "import os\nos.closerange(0, 256)\ndef double(x): return x",
    "a memory bomb": """
def double(x):
    hoard = []
    while True: hoard.append(bytearray(2**28))""",
    "a memory bomb of many processes": """
import os, time
def double(x):
    for _ in range(8):
        if not os.fork():
            hoard = b"x" * 2**30
            time.sleep(60)
    time.sleep(1)
    return x""",
    "a full disk": """
def double(x):
    for k in range(100):
        with open(f"/tmp/{k}", "wb") as file: file.write(bytes(2**26))
    return x""",
    "code that is never read": """
import os, time
os.kill(os.getppid(), 19)
def double(x): time.sleep(100)
"""
    + "#" * 2**20,
    "a nest of lists": """
import live_papers_sending as way
from IPython.display import display
nest = "leaf"
for _ in range(500): nest = [nest]
way.send = lambda values: display({way.MIME: {"x": nest, "n": nest}}, raw=True)
def double(x): return x""",
}

SAID = {  # what the grader must have seen, where it is more than a wrong answer
    "its kernel died": ("exit", "exit at once", "kill everything"),
    "too slow": (
        *("stop", "an endless loop", "a loop that cannot be interrupted"),
        "code that is never read",
    ),
    "far too much": ("a hundred megabytes of output",),
}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return source(tmp_path_factory.mktemp("course"))


@pytest.fixture(scope="module")
def rows(path, request):
    """The rows of all attacks, each with that of the honest answer after it."""
    chosen = [(name, BREAK[name]) for name in selected(request, "name")]
    return after_each(path, chosen)


@pytest.mark.parametrize("name", BREAK)
def test_an_attack_gains_nothing_and_costs_no_one_else(rows, name):
    attack, honest = rows[name]
    assert (attack.points, honest.points) == (0, 3), (attack, honest)
    assert attack.remark and honest.remark == "right"
    assert "\n" not in attack.remark and len(attack.remark) < 600
    for words, names in SAID.items():
        assert name not in names or words in attack.remark

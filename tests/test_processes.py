"""A run in a process of its own survives kill -9 and Ctrl-C; two are as good as one."""

import json
import os
import runpy
import signal
import subprocess
import sys

import pytest
import torch
from jupyter_client.manager import start_new_kernel
from torchrun import torchrun

from lib.train.step import Processes

# `FLAGS=... python recipe.py out checkpoint`: says each step that it starts, writes
# what it learnt to out0 (and out1, under torchrun). Its net has all that a resume can
# lose. Flags come by the environment: what a batch sees around it makes another run.
RECIPE = """
import json, os, signal, sys
import torch
from torch import nn
from lib.train import minibatches, train

torch.set_num_threads(1)
out, checkpoint = sys.argv[1:]
rank = os.environ.get("RANK", "0")

def flagged(name):
    return name in os.environ["FLAGS"].split()

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.idle = nn.Linear(4, 1)  # no loss reaches it, no decay may either
        norm = nn.BatchNorm1d(16) if flagged("noisy") else nn.Identity()
        drop = nn.Dropout(0.3 if flagged("noisy") else 0.0)
        self.body = nn.Sequential(nn.Linear(4, 16), norm, drop, nn.Linear(16, 1))
        self.register_buffer("seen", torch.zeros(4))

    def forward(self, x):
        if self.training:
            self.seen.mul_(0.9).add_(x.mean(0))
        return self.body(x)

x = torch.randn(64, 4, generator=torch.Generator().manual_seed(5))
rows = minibatches(x, x.prod(1, keepdim=True), size=8)
steps = iter(range(99))

def batch(generator):
    print("step", flush=True)
    if flagged("led"):
        sys.stdin.readline()
    if next(steps) == 6 and flagged("press") and rank == "1":
        signal.raise_signal(signal.SIGINT)
    return rows(generator)

torch.manual_seed(int(rank))
net = Net()
history = train(net, lambda net, x, y: (net(x) - y).square().mean(), batch, steps=30,
                lr=0.01, clip=1.0, checkpoint=checkpoint or None, every=4,
                watch=lambda step, net: {"noise": torch.randn(())})
learnt = {name: tensor.tolist() for name, tensor in net.state_dict().items()}
with open(out + rank, "w") as file:
    json.dump([history.loss, history.measurements, history.interrupted, learnt], file)
"""


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    file = tmp_path_factory.mktemp("recipe") / "recipe.py"
    file.write_text(RECIPE)
    return file


@pytest.fixture
def run_here(recipe, monkeypatch):
    """Run the recipe in this process, without a checkpoint; what it learnt."""

    def run(out, *flags):
        monkeypatch.setattr(sys, "argv", [str(recipe), str(out), ""])
        monkeypatch.setenv("FLAGS", " ".join(flags))
        runpy.run_path(str(recipe))
        return json.loads(out.with_name(f"{out.name}0").read_text())

    return run


@pytest.fixture
def launch(recipe):
    def launch(out, file, *flags, processes=1):
        many = torchrun(processes) if processes > 1 else ()
        return subprocess.Popen(
            [sys.executable, *many, recipe, out, file],
            stdin=subprocess.PIPE,  # where one that is led waits for its next step
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1", "FLAGS": " ".join(flags)},
            preexec_fn=heed_ctrl_c,
        )

    return launch


def heed_ctrl_c():
    """As in a terminal: what a shell runs in the background ignores Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def result(process, out, rank=0):
    printed, errors = process.communicate(timeout=240)
    assert process.returncode == 0, errors
    return json.loads(out.with_name(f"{out.name}{rank}").read_text()), printed


def lead(process, count):
    """Let it make so many steps, and wait until it has begun the next one."""
    print("\n" * count, end="", file=process.stdin, flush=True)
    begun = 0
    while begun <= count:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        begun += line == "step\n"


@pytest.mark.slow
def test_kill_and_ctrl_c_resume_to_the_same_curve_bit_for_bit(
    launch, run_here, tmp_path
):
    out, file = tmp_path / "out", tmp_path / "deep" / "run.pt"
    whole = run_here(out, "noisy")
    (tmp_path / "out0").unlink()
    killed = launch(out, file, "noisy", "led")
    lead(killed, 10)
    os.kill(killed.pid, signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL and not (tmp_path / "out0").exists()
    stopped = launch(out, file, "noisy", "led")
    lead(stopped, 5)
    stopped.send_signal(signal.SIGINT)
    half, _ = result(stopped, out)  # its input ends, and no step waits any longer
    assert half[2] and len(half[0]) == 8 + 6
    assert result(launch(out, file, "noisy"), out)[0] == whole
    left = {path.name for path in file.parent.iterdir()}
    assert left == {"run.pt", "run.pt.before"}  # and nothing half written


@pytest.mark.slow
def test_two_processes_give_the_curve_of_one(launch, run_here, tmp_path):
    out, file = tmp_path / "out", tmp_path / "run.pt"
    loss, _, _, learnt = run_here(out)
    # Ctrl-C reaches the second only: both stop after the same step
    process = launch(out, file, "press", processes=2)
    first, printed = result(process, out)
    second, _ = result(process, out, rank=1)
    assert printed.count("8/30 steps") == 0 and printed.count("7/30 steps") == 1
    assert first[2] and second[2] and len(first[0]) == len(second[0]) == 7
    process = launch(out, file, processes=2)
    first, printed = result(process, out)
    second, _ = result(process, out, rank=1)
    assert printed.count("30/30 steps") == 1  # one speaks for both
    assert first[0] == second[0] and first[3] == second[3]
    assert first[0] == pytest.approx(loss, rel=1e-4)
    for name, values in learnt.items():
        got, want = torch.tensor(first[3][name]), torch.tensor(values)
        torch.testing.assert_close(got, want, rtol=1e-3, atol=1e-5)


def test_rows_that_cannot_be_dealt_evenly_are_refused():
    two = Processes(torch.device("cpu"))
    two.count = 2
    words = "a batch of 7 rows cannot be dealt evenly to 2 processes"
    with pytest.raises(ValueError, match=words):
        two.deal((torch.zeros(7, 4), torch.zeros(7, 1)))
    with pytest.raises(ValueError, match="a batch of 6 and 8 rows cannot be dealt"):
        two.deal((torch.zeros(8, 4), torch.zeros(6, 1)))


@pytest.mark.slow
def test_interrupting_a_kernel_keeps_what_was_learnt():
    manager, client = start_new_kernel()
    try:
        client.execute(
            "import time, torch\n"
            "from lib.train import train\n"
            "def batch(g):\n"
            "    print('a step begins')\n"
            "    time.sleep(0.02)\n"
            "    return torch.ones(2, 1)\n"
            "loss = lambda m, x: m(x).square().mean()\n"
            "h = train(torch.nn.Linear(1, 1), loss, batch, steps=10_000)\n"
        )
        while client.get_iopub_msg(timeout=60)["msg_type"] != "stream":
            pass
        manager.interrupt_kernel()
        assert client.get_shell_msg(timeout=60)["content"]["status"] == "ok"
        reply = client.execute_interactive(
            "assert h.interrupted and 0 < h.steps < 10_000", timeout=60
        )
        assert reply["content"]["status"] == "ok"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)

"""Experts dealt to two processes, the rest sharded: the curve of one process."""

import json
import os
import runpy
import subprocess
import sys

import pytest
import torch
from torchrun import torchrun

from course.source import ROOT
from lib.moe import ranks

RECIPE = ROOT / "source" / "12b_deepseek_experts" / "experts_over_ranks.py"

# Loss and gradients of one MoE layer, whole or over ranks; the second half of the
# tokens is rank 1's, and one expert of rank 1 is asked by nobody.
LAYER = """
import sys
import torch
import torch.distributed as dist
from lib import moe
from lib.moe import ranks

torch.set_num_threads(1)
torch.manual_seed(0)
whole = moe.MoE(6, 4, 4, 2, scale=2.5).double()
whole.bias[3] = -9.0
x = torch.randn(10, 6).double()
dist.init_process_group("gloo")
rank = dist.get_rank()
spread = ranks.ExpertsOverRanks(whole)
mine = x.chunk(2)[rank].clone().requires_grad_()
out = spread(mine)
(out.square().mean()).backward()

every = x.clone().requires_grad_()
want = whole(every)
want.square().mean().backward()
torch.testing.assert_close(out, want.chunk(2)[rank])
torch.testing.assert_close(mine.grad / 2, every.grad.chunk(2)[rank])
for name in ("gate_up", "down"):
    part = getattr(whole, name).grad.chunk(2)[rank]
    torch.testing.assert_close(getattr(spread, name).grad, part)
indices = spread.choose(mine)[1]
total = ranks.total_load(indices, 4)
assert torch.equal(total, moe.load(whole.choose(x)[1], 4)) and total[3] == 0
print("agree")
dist.destroy_process_group()
"""


def launch(*arguments, modules=()):
    """Run a script on two processes, these modules loaded before; what they printed."""
    done = subprocess.run(
        [sys.executable, *torchrun(2, *modules), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=240,
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_a_layer_over_two_ranks_is_the_whole_layer(tmp_path):
    script = tmp_path / "layer.py"
    script.write_text(LAYER)
    assert launch(script).count("agree") == 2


@pytest.mark.slow
def test_two_processes_give_the_curve_of_one(tmp_path, monkeypatch):
    files = [tmp_path / "one.json", tmp_path / "two.json"]
    options = [[RECIPE, "--steps", 6, "--out", file] for file in files]
    monkeypatch.setattr(sys, "argv", [str(option) for option in options[0]])
    runpy.run_path(str(RECIPE), run_name="__main__")
    loaded = ["torch.distributed.fsdp", "course.recipes", "lib.plot"]
    launch(*options[1], modules=loaded)
    one, two = [json.loads(file.read_text()) for file in files]
    assert one["losses"][-1] < one["losses"][0]
    assert two["losses"] == pytest.approx(one["losses"], rel=1e-4)
    torch.testing.assert_close(
        torch.tensor(two["biases"]), torch.tensor(one["biases"]), rtol=0, atol=1e-6
    )


def test_rows_that_do_not_add_up_are_refused():
    with pytest.raises(ValueError, match=r"5 rows cannot be sent as \[2, 2\]"):
        ranks.exchange(torch.zeros(5, 3), [2, 2], [1, 3])

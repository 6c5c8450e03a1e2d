"""DPO's loss against a loop over pairs; where trl is there, both give one number."""

from collections.abc import Callable
from contextlib import nullcontext
from types import SimpleNamespace
from unittest.mock import MagicMock

import torch
import torch.nn.functional as F
from torch import Tensor

from bench.turns import Row, in_turns
from lib import dpo

BETA, PAIRS, LENGTH = 0.1, 512, 256


def loop(logp: Tensor, ref: Tensor, mask: Tensor) -> Tensor:
    """The loss pair by pair, as Eq. 7 is read: (2 B, T), the preferred half first."""
    total, pairs = logp.new_zeros(()), len(logp) // 2
    for w, own_w, ref_w, lost, own_l, ref_l in zip(
        logp, mask, ref, logp[pairs:], mask[pairs:], ref[pairs:], strict=False
    ):
        ahead = (w[own_w] - ref_w[own_w]).sum() - (lost[own_l] - ref_l[own_l]).sum()
        total = total - F.logsigmoid(BETA * ahead)
    return total / pairs


def ours(logp: Tensor, ref: Tensor, mask: Tensor) -> Tensor:
    """The kernel, on the same per-token log-probabilities."""
    whole = (logp * mask).sum(1).chunk(2)
    return dpo.dpo_loss(*whole, *(ref * mask).sum(1).chunk(2), BETA)


def trl(compute: Callable, logp: Tensor, ref: Tensor, mask: Tensor) -> Tensor:
    """DPOTrainer._compute_loss of trl 1.16, with a model that only hands over logp."""
    spread = {"is_top1": mask, "entropy": 0 * logp, "mean_logits": 0 * logp}
    model = MagicMock(return_value=SimpleNamespace(log_probs=logp * mask, **spread))
    accelerator = MagicMock(device="cpu", autocast=nullcontext)
    accelerator.gather = accelerator.gather_for_metrics = lambda x: x
    trainer = MagicMock(
        model=model, accelerator=accelerator, ld_alpha=None, aux_loss_enabled=False,
        precompute_ref_logps=True, f_divergence_type="reverse_kl", beta=BETA,
        loss_types=["sigmoid"], loss_weights=[1.0], label_smoothing=0.0,
        use_weighting=False, _total_train_tokens=0, _tp_size=1,
    )  # fmt: skip
    padded = F.pad(mask, (1, 0)).long()  # the first token of a text is never guessed
    ref_w, ref_l = (ref * mask).sum(1).chunk(2)
    inputs = {
        "input_ids": padded, "attention_mask": padded, "completion_mask": padded,
        "ref_chosen_logps": ref_w, "ref_rejected_logps": ref_l,
    }  # fmt: skip
    return compute(trainer, model, inputs, False)


def agree(compute: Callable) -> None:
    """Raise AssertionError unless loss and gradient are trl's, in double precision."""
    logp, ref, mask = batch(torch.float64)
    found = []
    for call in (ours, lambda *given: trl(compute, *given)):
        loss = call(logp, ref, mask)
        found.append((loss, torch.autograd.grad(loss, logp)[0]))
    torch.testing.assert_close(found[0], found[1], rtol=1e-12, atol=1e-15)


def batch(dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
    """Log-probabilities of 512 pairs of answers, of unequal length."""
    g = torch.Generator().manual_seed(0)
    logp, ref = -torch.rand(2, 2 * PAIRS, LENGTH, generator=g, dtype=dtype)
    lengths = torch.randint(1, LENGTH + 1, (2 * PAIRS, 1), generator=g)
    return logp.requires_grad_(), ref, torch.arange(LENGTH) < lengths


def rows() -> list[Row]:
    """The loss forward and backward, timed beside the loop."""
    torch.set_num_threads(1)
    try:
        from trl import DPOTrainer
    except ImportError:
        pass
    else:
        agree(DPOTrainer._compute_loss)
    given = batch(torch.float32)
    ms = in_turns(lambda: ours(*given).backward(), lambda: loop(*given).backward())
    return [("DPO loss with backward, 512 pairs", "a loop", *ms, ms[0] / ms[1])]

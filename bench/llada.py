"""LLaDA sampling against the plain loop: the same tokens, process time, in turns.

The plain loop is the official algorithm as it is written down: at every step logits of
the whole sequence, then a choice among the masks of the current block.
"""

import torch
from torch import Tensor

from bench.turns import Row, in_turns
from lib import llada
from lib.transformer import Transformer

MASK = 4096


@torch.inference_mode()
def plain(
    model: torch.nn.Module, prompt: Tensor, steps: int, length: int, block: int
) -> Tensor:
    """Greedy sampling with low-confidence remasking, (B, P) -> (B, P + length)."""
    B, P = prompt.shape
    x = torch.cat([prompt, torch.full((B, length), MASK)], dim=1)
    for start in range(P, P + length, block):
        end = start + block
        hidden = (x[:, start:end] == MASK).sum(1, keepdim=True)
        counts = llada.transfer_counts(hidden[:, 0], steps * block // length)
        for n in range(counts.shape[1]):
            logits = model(x)
            guess = logits.argmax(-1)
            surety = logits.softmax(-1).gather(-1, guess[..., None])[..., 0]
            surety[:, end:] = -torch.inf
            surety[x != MASK] = -torch.inf
            for b in range(B):
                best = surety[b].topk(int(counts[b, n])).indices
                x[b, best] = guess[b, best]
    return x


def rows() -> list[Row]:
    """Time `generate` and the plain loop on one model; their tokens must agree."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    table = []
    for name, width, depth in (("narrow", 128, 4), ("wide", 256, 4)):
        model = Transformer(MASK + 1, width, depth, 4, max_length=160).eval()
        torch.nn.init.normal_(model.head.weight, std=0.3)
        with torch.no_grad():
            model.head.weight[MASK] = 0  # never the likeliest word
        prompt = torch.randint(MASK, (1, 32))

        def ours(model=model, prompt=prompt):
            return llada.generate(model, prompt, MASK, 32, 128, 32)

        def theirs(model=model, prompt=prompt):
            return plain(model, prompt, 32, 128, 32)

        if not torch.equal(ours(), theirs()):
            raise AssertionError("the two loops write different tokens")
        ms = in_turns(ours, theirs, rounds=5)
        work = f"LLaDA sampling, {name}, 128 tokens, 32 calls"
        table.append((work, "plain loop", *ms, ms[0] / ms[1]))
    return table

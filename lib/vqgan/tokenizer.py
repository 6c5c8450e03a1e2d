"""VQGAN: an image as a short list of code numbers, and a transformer that writes them.

Esser, Rombach and Ommer 2021, "Taming Transformers for High-Resolution Image
Synthesis", arXiv:2012.09841; faithful to github.com/CompVis/taming-transformers, with
the loss of its codebook as it was meant.

Shapes: K codes.
"""

import torch
from torch import Tensor

from lib import expect


@expect.annotated
def code_probabilities(
    logits: Tensor, temperature: float | Tensor = 1.0, top_k: int | Tensor | None = None
) -> Tensor:
    """What the next code is drawn from: logits (..., K) -> probabilities (..., K).

    softmax(logits / temperature), where only the top_k largest stay in the race; those
    equal to the last of them stay too, as in the official code.
    """
    expect.floating(logits=logits)
    K = expect.shape(logits, "... K", "logits")[-1]
    expect.positive(temperature=temperature)
    if top_k is not None:
        expect.between(1, K, top_k=top_k)
        ranked = logits.sort(dim=-1, descending=True).values
        last = torch.as_tensor(top_k, device=logits.device).long().view(1) - 1
        logits = logits.masked_fill(logits < ranked.index_select(-1, last), -torch.inf)
    return (logits / temperature).softmax(-1)


@expect.annotated
def attention_window(
    row: int | Tensor, col: int | Tensor, height: int, width: int, size: int
) -> tuple[int, int, int, int] | tuple[Tensor, Tensor, Tensor, Tensor]:
    """The size x size window of a larger grid in which the code at (row, col) is drawn.

    It has the place at size // 2 where the border allows, and never leaves the grid.
    Returns top, left and the place inside the window, local row and local column.
    """
    expect.positive(size=size)
    expect.between(size, float("inf"), height=height, width=width)
    expect.between(0, height - 1, row=row)
    expect.between(0, width - 1, col=col)

    def start(at: int | Tensor, length: int):  # noqa: ANN202
        first = at - size // 2
        if isinstance(first, Tensor):
            return first.clamp(0, length - size)
        return min(max(first, 0), length - size)

    top, left = start(row, height), start(col, width)
    return top, left, row - top, col - left

"""Fine-tuning's kernels against loops, the plain loss and what they must not see."""

import pytest
import torch

from lib import llada, sft

MASK = 9


def drawn(B=4, T=7, V=9):
    """Tokens, their noise, and prompts of several lengths."""
    tokens = torch.randint(V, (B, T))
    t = 0.2 + 0.7 * torch.rand(B)
    return tokens, *llada.forward_process(tokens, t, MASK), torch.arange(B) % (T - 1)


def test_answer_places_against_a_loop():
    lengths = torch.tensor([0, 3, 4, 1])
    found = sft.answer_places(lengths, 5)
    for b, row in enumerate(found.tolist()):
        assert row == [i >= lengths[b] for i in range(5)]


def test_the_prompt_is_visible_and_the_answer_as_it_was():
    tokens, noisy, mask, _, lengths = drawn()
    shown, hidden = sft.keep_prompt(tokens, noisy, mask, lengths)
    for b, n in enumerate(lengths.tolist()):
        assert torch.equal(shown[b, :n], tokens[b, :n]) and not hidden[b, :n].any()
        assert torch.equal(shown[b, n:], noisy[b, n:])
        assert torch.equal(hidden[b, n:], mask[b, n:])
        assert torch.equal(shown[b] == MASK, hidden[b])


def test_answer_loss_against_a_loop():
    torch.manual_seed(0)
    tokens, _, mask, p, lengths = drawn()
    logits = torch.randn(4, 7, 9)
    total = 0.0
    for b in range(4):
        for i in range(int(lengths[b]), 7):
            if mask[b, i]:
                nll = -logits[b, i].log_softmax(-1)[tokens[b, i]]
                total += nll / p[b, i] / (7 - lengths[b]) / 4
    got = sft.answer_loss(logits, tokens, mask, p, lengths)
    torch.testing.assert_close(got, torch.as_tensor(total))


def test_without_a_prompt_it_is_the_loss_of_pre_training():
    tokens, _, mask, p, _ = drawn()
    logits = torch.randn(4, 7, 9)
    got = sft.answer_loss(logits, tokens, mask, p, torch.zeros(4, dtype=torch.long))
    want = llada.masked_diffusion_loss(logits, tokens, mask, p)
    torch.testing.assert_close(got, want)


def test_the_prompts_logits_and_rates_do_not_matter():
    tokens, _, mask, p, lengths = drawn()
    logits = torch.randn(4, 7, 9)
    prompt = ~sft.answer_places(lengths, 7)
    other = logits + prompt[..., None] * torch.randn(4, 7, 9)
    rates = torch.where(prompt, 0.0, p)
    assert torch.equal(
        sft.answer_loss(logits, tokens, mask, p, lengths),
        sft.answer_loss(other, tokens, mask | prompt, rates, lengths),
    )


def test_its_slope():
    tokens, _, mask, p, lengths = drawn(3, 5, 6)
    logits = torch.randn(3, 5, 6, dtype=torch.float64, requires_grad=True)
    tokens, p = tokens % 6, p.double()
    loss = lambda x: sft.answer_loss(x, tokens, mask, p, lengths)
    assert torch.autograd.gradcheck(loss, logits)


@pytest.mark.slow
def test_it_meets_the_bound_on_average():
    """With logits that do not depend on what is seen, the mean is the plain loss."""
    torch.manual_seed(0)
    tokens, lengths = torch.tensor([[1, 2, 3, 0]]), torch.tensor([2])
    logits, total, n = torch.randn(1, 4, 5), 0.0, 4000
    for t in (torch.arange(n) + 0.5) / n:
        noise = torch.rand(1, 4)
        noisy, *hidden = llada.forward_process(tokens, t[None], 8, noise=noise)
        _, mask = sft.keep_prompt(tokens, noisy, hidden[0], lengths)
        total += sft.answer_loss(logits, tokens, mask, hidden[1], lengths).item() / n
    nll = -logits.log_softmax(-1)[0, [2, 3], [3, 0]].mean().item()
    assert total == pytest.approx(nll, rel=0.1)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x, m: sft.answer_places(torch.tensor([3]), 3), "prompt_length"),
        (lambda x, m: sft.answer_places(torch.ones(2), 3), "int64"),
        (lambda x, m: sft.keep_prompt(x, x[:, :2], m, x[:, 0] * 0), "noisy"),
        (lambda x, m: sft.keep_prompt(x, x, x, x[:, 0] * 0), "bool"),
        (lambda x, m: sft.keep_prompt(x, x, m, torch.tensor([0])), "B=2"),
        (
            lambda x, m: sft.answer_loss(
                torch.rand(2, 3, 4), x + 4, m, x + 1.0, x[:, 0]
            ),
            "tokens",
        ),
        (
            lambda x, m: sft.answer_loss(
                torch.rand(2, 3, 4), x, m, x * 0.0, torch.tensor([0, 1])
            ),
            "p_mask",
        ),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises((ValueError, TypeError), match=words):
        call(torch.tensor([[0, 1, 2], [1, 2, 0]]), torch.ones(2, 3) > 0)

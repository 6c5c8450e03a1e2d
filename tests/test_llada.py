"""LLaDA's kernels against loops, exact enumeration and the official algorithm."""

import itertools
import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from lib import llada
from lib.transformer import Transformer

few = settings(max_examples=15)
MASK = 5


def toy(seed=3, vocab=6):
    """A bidirectional model with strong opinions, in float64."""
    torch.manual_seed(seed)
    net = Transformer(vocab, 8, 2, 2, max_length=32).double()
    for p in net.parameters():
        torch.nn.init.normal_(p, std=0.6)
    return net


# Forward process


def test_forward_process_is_the_loop():
    tokens, noise, t = torch.randint(5, (3, 7)), torch.rand(3, 7), torch.rand(3)
    noisy, mask, p = llada.forward_process(tokens, t, MASK, eps=0.1, noise=noise)
    for b, i in itertools.product(range(3), range(7)):
        share = 0.9 * t[b] + 0.1  # one t for the whole sequence
        assert p[b, i] == pytest.approx(float(share))
        assert bool(mask[b, i]) == bool(noise[b, i] < share)
        assert noisy[b, i] == (MASK if mask[b, i] else tokens[b, i])


def test_the_weight_belongs_to_the_probability_that_was_used():
    """E[1(mask) / p] = 1; with 1/t in its place it would be 1 + eps (1 - t) / t."""
    tokens, t = torch.zeros(4, 50_000, dtype=torch.int64), torch.full((4,), 0.02)
    _, mask, p = llada.forward_process(tokens, t, MASK, eps=0.05)
    assert (mask / p).mean() == pytest.approx(1, abs=0.03)
    assert (mask / t[:, None]).mean() > 3


def test_forward_process_repeats_with_its_generator():
    tokens, t = torch.randint(5, (2, 9)), torch.tensor([0.3, 0.8])
    draw = lambda: llada.forward_process(
        tokens, t, MASK, generator=torch.Generator().manual_seed(7)
    )
    assert torch.equal(draw()[0], draw()[0])
    assert llada.forward_process(tokens, torch.ones(2), MASK)[1].all()


# Loss


def loss_loop(logits, tokens, mask, p_mask):
    total = 0.0
    B, T, V = logits.shape
    for b, i in itertools.product(range(B), range(T)):
        if mask[b, i]:
            top = sum(math.exp(float(logits[b, i, v])) for v in range(V))
            share = math.exp(float(logits[b, i, tokens[b, i]])) / top
            total -= math.log(share) / float(p_mask[b, i])
    return total / (B * T)


@few
@given(st.integers(1, 3), st.integers(1, 5), st.integers(2, 6))
def test_loss_is_the_loop(B, T, V):
    logits, tokens = torch.randn(B, T, V).double(), torch.randint(V, (B, T))
    mask, p = torch.rand(B, T) < 0.5, torch.rand(B, T).double() * 0.9 + 0.1
    loss = llada.masked_diffusion_loss(logits, tokens, mask, p)
    assert loss.item() == pytest.approx(loss_loop(logits, tokens, mask, p), abs=1e-12)


def test_loss_divides_by_all_tokens_and_sees_the_hidden_ones_alone():
    logits, tokens = torch.randn(2, 4, 3), torch.randint(3, (2, 4))
    mask = torch.tensor([[1, 0, 0, 0], [0, 0, 0, 0]]).bool()
    p = torch.full((2, 4), 0.25)
    one = F.cross_entropy(logits[0, :1], tokens[0, :1])
    loss = llada.masked_diffusion_loss(logits, tokens, mask, p)
    torch.testing.assert_close(loss, one / 0.25 / 8)
    assert llada.masked_diffusion_loss(logits, tokens, ~(mask | True), p) == 0


def test_any_eps_may_round():
    tokens, logits = torch.zeros(1, 2, dtype=torch.int64), torch.zeros(1, 2, 3)
    for eps in (1e-3, 0.1, 0.3, 1 / 3, 0.7, 1e-5, 0.9):
        _, *hidden = llada.forward_process(tokens, torch.ones(1), MASK, eps)
        loss = llada.masked_diffusion_loss(logits, tokens, *hidden)
        assert loss.item() == pytest.approx(math.log(3))


def test_gradients_are_right_and_stay_finite():
    tokens, mask = torch.randint(3, (2, 3)), torch.tensor([[1, 0, 1], [0, 1, 0]]).bool()
    p = torch.where(mask, 0.5, 0.0).double()  # a visible token may have p = 0
    logits = torch.randn(2, 3, 3, dtype=torch.float64, requires_grad=True)
    loss = lambda x: llada.masked_diffusion_loss(x, tokens, mask, p)
    assert torch.autograd.gradcheck(loss, logits)
    (grad,) = torch.autograd.grad(loss(logits), logits)
    assert (grad[~mask] == 0).all()


def exact_conditionals(joint, mask_id):
    """A perfect model: p(x_i | what is visible), from the whole joint table."""

    def model(tokens):
        B, L = tokens.shape
        K = joint.shape[0]
        logits = torch.zeros(B, L, K, dtype=torch.float64)
        for b in range(B):
            for i in range(L):
                index = [
                    slice(None) if j == i or tokens[b, j] == mask_id else tokens[b, j]
                    for j in range(L)
                ]
                hidden = [j for j in range(L) if isinstance(index[j], slice)]
                table = joint[tuple(index)]
                others = [n for n, j in enumerate(hidden) if j != i]
                logits[b, i] = (table.sum(others) if others else table).log()
        return logits

    return model


@pytest.mark.slow
def test_the_bound_is_tight_when_the_conditionals_are_exact():
    L, K = 4, 3
    joint = torch.rand((K,) * L, generator=torch.Generator().manual_seed(0)).double()
    joint = joint / joint.sum()
    x = torch.tensor([[2, 0, 1, 1]])
    model, truth = exact_conditionals(joint, K), -joint[2, 0, 1, 1].log()
    by_count = by_subset = 0.0
    for size in range(1, L + 1):
        for chosen in itertools.combinations(range(L), size):
            mask = torch.zeros(1, L, dtype=torch.bool)
            mask[0, list(chosen)] = True
            logits = model(x.masked_fill(mask, K))
            p = torch.full((1, L), size / L, dtype=torch.float64)
            loss = L * llada.masked_diffusion_loss(logits, x, mask, p)
            by_count += loss / math.comb(L, size) / L
            nll = F.cross_entropy(logits[mask], x[mask], reduction="sum")
            weight = math.factorial(size - 1) * math.factorial(L - size)
            by_subset += weight / math.factorial(L) * nll
    torch.testing.assert_close(by_count, truth, rtol=0, atol=1e-12)
    torch.testing.assert_close(by_subset, truth, rtol=0, atol=1e-12)
    estimate = llada.likelihood_bound(model, x, K, samples=2000)
    assert estimate.item() == pytest.approx(-truth.item(), abs=0.08)  # std 0.84 / sqrt


# Likelihood


def counts_of(L, samples, prompt_length=0, rows=1):
    """How many tokens each row of the model's input has hidden."""
    seen = []

    def spy(x):
        assert not (x[:, :prompt_length] == MASK).any()  # the prompt stays in view
        seen.append((x == MASK).sum(1))
        return torch.zeros(*x.shape, 6)

    tokens = torch.zeros(rows, prompt_length + L, dtype=torch.int64)
    bound = llada.likelihood_bound(spy, tokens, MASK, samples, prompt_length)
    return bound, torch.cat(seen)


@few
@given(st.integers(1, 6), st.integers(1, 4), st.integers(0, 3), st.integers(1, 3))
def test_counts_are_spread_evenly(L, rounds, prompt_length, rows):
    bound, counts = counts_of(L, L * rounds, prompt_length, rows)
    assert counts.sort()[0].tolist() == sorted([*range(1, L + 1)] * rounds * rows)
    uniform = -L * math.log(6)  # L / l times l tokens of log 6, whatever l is
    torch.testing.assert_close(bound, torch.full((rows,), uniform))


def test_few_samples_prefer_no_count():
    """The official rounding, half to even, gives 4 three times as often as 3."""
    all_counts = torch.cat([counts_of(4, 8)[1] for _ in range(5)])
    assert all_counts.bincount()[1:].tolist() == [10, 10, 10, 10]
    start, step = 1, 4 / 8
    theirs = [(round(start + i * step) - 1) % 4 + 1 for i in range(8)]
    assert sorted(theirs) == [1, 2, 2, 2, 3, 4, 4, 4]


def test_an_answer_of_one_token_needs_one_sample():
    net, tokens = toy(), torch.randint(5, (3, 4))
    bound = llada.likelihood_bound(net, tokens, MASK, 1, prompt_length=3)
    hidden = tokens.clone()
    hidden[:, -1] = MASK
    logp = net(hidden)[:, -1].log_softmax(-1)
    torch.testing.assert_close(bound, logp.gather(1, tokens[:, -1:])[:, 0])


# Sampling


@few
@given(st.lists(st.integers(0, 20), min_size=1, max_size=4), st.integers(1, 7))
def test_transfer_counts_are_the_loop(masked, steps):
    counts = llada.transfer_counts(torch.tensor(masked), steps)
    for row, n in zip(counts.tolist(), masked, strict=True):
        assert row == [n // steps + (i < n % steps) for i in range(steps)]
        assert sum(row) == n


@torch.no_grad()
def official(model, prompt, steps, gen_length, block_length, cfg_scale=0.0):
    """The official generate() at temperature 0, token by token."""
    B, P = prompt.shape
    x = torch.cat([prompt, torch.full((B, gen_length), MASK)], dim=1)
    blocks = gen_length // block_length
    steps //= blocks
    for n in range(blocks):
        end = P + (n + 1) * block_length
        masked = (x[:, end - block_length : end] == MASK).sum(1)
        for i in range(steps):
            logits = model(x)
            if cfg_scale:
                blind = x.clone()
                blind[:, :P] = MASK
                un = model(blind)
                logits = un + (cfg_scale + 1) * (logits - un)
            probabilities = logits.softmax(-1)
            for b in range(B):
                count = int(masked[b]) // steps + (i < int(masked[b]) % steps)
                free = [j for j in range(end) if x[b, j] == MASK]
                sure = {j: float(probabilities[b, j].max()) for j in free}
                for j in sorted(free, key=sure.get, reverse=True)[:count]:
                    x[b, j] = logits[b, j].argmax()
    return x


@pytest.mark.parametrize(
    ("steps", "length", "block", "w"),
    [(8, 8, 8, 0), (3, 8, 8, 0), (4, 8, 4, 0), (6, 12, 4, 0.5), (1, 4, 4, 2.0)],
)
def test_generate_gives_the_official_tokens(steps, length, block, w):
    net, prompt = toy(), torch.randint(5, (3, 4))
    want = official(net, prompt, steps, length, block, w)
    for model in (net, lambda x: net(x)):  # with the short head, and any callable
        got = llada.generate(model, prompt, MASK, steps, length, block, cfg_scale=w)
        assert torch.equal(got, want)
    assert torch.equal(got[:, :4], prompt)


@pytest.mark.parametrize("remasking", ["low_confidence", "random"])
def test_a_visible_token_never_changes_and_blocks_are_done_in_order(remasking):
    history = []
    net = toy()
    allowed = lambda x: net(x).index_fill(-1, torch.tensor([MASK]), -1e9)
    out = llada.generate(
        allowed, torch.randint(5, (2, 2)), MASK, 6, 12, 6, 1.0, 0.0, remasking,
        generator=torch.Generator().manual_seed(1), history=history,
    )  # fmt: skip
    assert [int((x[0] == MASK).sum()) for x in history] == [10, 8, 6, 4, 2, 0]
    for before, after in itertools.pairwise(history):
        seen = before != MASK
        assert torch.equal(before[seen], after[seen])
    assert (history[2][:, :8] != MASK).all() and (history[2][:, 8:] == MASK).all()
    assert torch.equal(out, history[-1])


def test_random_remasking_is_not_by_confidence():
    net, prompt = toy(), torch.randint(5, (1, 2))
    firsts = set()
    for seed in range(12):
        history, generator = [], torch.Generator().manual_seed(seed)
        llada.generate(
            net, prompt, MASK, 8, 8, 8, 0.0, 0.0, "random", generator, history
        )
        firsts.add(tuple((history[0][0] != MASK).tolist()))
    assert len(firsts) > 3


def test_confidence_is_that_of_the_logits_without_noise():
    """At a high temperature the tokens are random, but the sure position is first."""
    logits = torch.zeros(1, 4, 3).double()
    logits[0, 2] = torch.tensor([1.0, 1.0, -30.0])  # .5 and .5, whichever is drawn
    for seed in range(10):
        history, generator = [], torch.Generator().manual_seed(seed)
        llada.generate(
            lambda x: logits, torch.zeros(1, 0, dtype=torch.int64), 9, 4, 4, 4, 1.0,
            generator=generator, history=history,
        )  # fmt: skip
        assert (history[0][0] != 9).tolist() == [False, False, True, False]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_tokens_are_drawn_from_the_tempered_softmax(temperature):
    logits = torch.tensor([1.0, 0.0, -1.0, 0.5])
    prompt = torch.zeros(1, 0, dtype=torch.int64)
    flat = logits.expand(1, 40_000, 4)
    out = llada.generate(lambda x: flat, prompt, 9, 1, 40_000, 40_000, temperature)
    share = out[0].bincount(minlength=4) / 40_000
    torch.testing.assert_close(
        share, (logits / temperature).softmax(0), rtol=0, atol=0.012
    )


def test_guidance_sees_the_prompt_masked():
    seen = []
    spy = lambda x: seen.append(x.clone()) or torch.zeros(*x.shape, 6)
    llada.generate(spy, torch.tensor([[1, 2]]), MASK, 1, 2, 2, cfg_scale=1.0)
    assert seen[0].tolist() == [[1, 2, MASK, MASK], [MASK] * 4]


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_kernels_that_a_hand_may_drag_can_be_traced():
    class Figure(torch.nn.Module):
        def forward(self, t, tokens, noise, logits):
            noisy, mask, p = llada.forward_process(
                tokens, t.expand(2), MASK, noise=noise
            )
            loss = llada.masked_diffusion_loss(logits, tokens, mask, p)
            return noisy, mask, loss, llada.transfer_counts(mask.sum(1), 3)

    rest = torch.randint(5, (2, 4)), torch.rand(2, 4), torch.randn(2, 4, 6)
    program = torch.export.export(Figure(), (torch.tensor(0.5), *rest), strict=False)
    for t in (0.0, 0.3, 1.0):
        args = torch.tensor(t), *rest
        for got, want in zip(program.module()(*args), Figure()(*args), strict=True):
            torch.testing.assert_close(got, want)


# Errors say what to do

ids, floats = torch.zeros(2, 3, dtype=torch.int64), torch.ones(2, 3)
yes = floats.bool()


@pytest.mark.parametrize(
    ("error", "call", "says"),
    [
        (ValueError, lambda: llada.forward_process(ids, torch.ones(3), 5), "B=2"),
        (ValueError, lambda: llada.forward_process(ids, torch.ones(2) * 2, 5), "t hol"),
        (TypeError, lambda: llada.forward_process(floats, torch.ones(2), 5), "int64"),
        (
            ValueError,
            lambda: llada.masked_diffusion_loss(torch.ones(2, 4, 5), ids, yes, floats),
            "T=4",
        ),
        (
            ValueError,
            lambda: llada.masked_diffusion_loss(
                torch.ones(2, 3, 5), ids, yes, floats[:, :1]
            ),
            "one shape",
        ),
        (
            ValueError,
            lambda: llada.masked_diffusion_loss(
                torch.ones(2, 3, 5), ids, yes, floats * 0
            ),
            "p_mask holds 0",
        ),
        (
            TypeError,
            lambda: llada.masked_diffusion_loss(
                torch.ones(2, 3, 5), ids, floats, floats
            ),
            "bool",
        ),
        (ValueError, lambda: llada.transfer_counts(ids[0], 0), "steps holds 0"),
        (ValueError, lambda: llada.generate(toy(), ids, 5, 4, 8, 3), "block_length"),
        (ValueError, lambda: llada.generate(toy(), ids, 5, 3, 8, 4), "num_blocks is 2"),
        (
            ValueError,
            lambda: llada.generate(toy(), ids, 5, 4, 4, 4, remasking="rndom"),
            "'random'",
        ),
        (ValueError, lambda: llada.likelihood_bound(toy(), ids, 5, 0), "samples"),
        (ValueError, lambda: llada.likelihood_bound(toy(), ids, 5, 1, 3), "answer_len"),
    ],
)
def test_bad_input_is_explained(error, call, says):
    with pytest.raises(error, match=says):
        call()


def test_a_batch_of_none_has_no_loss():
    none = torch.zeros(0, 3)
    with pytest.raises(ValueError, match="B"):
        llada.masked_diffusion_loss(torch.zeros(0, 3, 5), none.long(), none > 0, none)

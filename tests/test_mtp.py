"""Multi-token prediction against loops: which position meets which token."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from lib import mtp

small_int = st.integers(1, 4)


@given(small_int, st.integers(0, 3), small_int, small_int)
def test_the_loss_is_the_loop(B, depth, extra, V):
    T = depth + extra
    tokens, logits = torch.randint(V, (B, T + 1)), torch.randn(B, extra, V).double()
    total = 0.0
    for b in range(B):
        for i in range(T - depth):
            total -= logits[b, i].log_softmax(0)[tokens[b, i + depth + 1]]
    torch.testing.assert_close(mtp.mtp_loss(logits, tokens, depth), total / (B * T))


def test_depth_0_is_the_usual_loss_and_depth_k_divides_by_t():
    tokens, logits = torch.randint(7, (2, 6)), torch.randn(2, 5, 7)
    usual = F.cross_entropy(logits.transpose(1, 2), tokens[:, 1:])
    torch.testing.assert_close(mtp.mtp_loss(logits, tokens, 0), usual)
    mean = F.cross_entropy(logits[:, :3].transpose(1, 2), tokens[:, 3:])
    torch.testing.assert_close(mtp.mtp_loss(logits[:, :3], tokens, 2), mean * 3 / 5)


def test_each_position_meets_the_token_k_ahead_hidden_state_first():
    head = mtp.MTPHead(4, nn.Identity()).double()
    hidden, embedded = torch.randn(2, 2, 5, 4).double()  # N = T = 5: depth 1
    for depth in (1, 2, 3):
        hidden = head(before := hidden, embedded)
        assert hidden.shape == (2, 5 - depth, 4)
        for i in range(5 - depth):
            pair = [before[:, i], embedded[:, i + depth]]
            pair = [F.rms_norm(x, (4,), eps=1e-6) for x in pair]
            torch.testing.assert_close(hidden[:, i], head.proj(torch.cat(pair, -1)))


def test_gradient():
    head = mtp.MTPHead(2, nn.Linear(2, 2)).double()
    tokens = torch.tensor([[0, 1, 1, 0]])

    def loss(hidden, embedded):
        return mtp.mtp_loss(head(hidden, embedded), tokens)

    inputs = (torch.randn(1, 3, 2).double().requires_grad_() for _ in range(2))
    assert torch.autograd.gradcheck(loss, tuple(inputs))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_export():
    class Figure(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = mtp.MTPHead(3, nn.Identity())

        def forward(self, hidden, embedded, tokens):
            return mtp.mtp_loss(self.head(hidden, embedded), tokens)

    inputs = *torch.randn(2, 1, 4, 3), torch.tensor([[0, 1, 2, 1, 0]])
    figure = Figure()
    program = torch.export.export(figure, inputs).run_decompositions()
    torch.testing.assert_close(program.module()(*inputs), figure(*inputs))


@pytest.mark.slow
@given(st.integers(0, 99), st.integers(2, 6))
def test_kept_and_redrawn_words_together_follow_the_model(seed, V):
    g = torch.Generator().manual_seed(seed)
    p, q = torch.rand(2, 3, V, generator=g).double().softmax(-1).unbind()
    p = torch.where(p == p.amax(-1, keepdim=True), p, 0.0)  # a word with no chance
    p = p / p.sum(-1, keepdim=True)
    for row in range(3):
        kept = [float(min(1.0, p[row, x] / q[row, x]) * q[row, x]) for x in range(V)]
        refused = 1 - sum(kept)
        torch.testing.assert_close(float(mtp.acceptance(p, q)[row]), sum(kept))
        for x in range(V):
            again = refused * float(mtp.residual(p, q)[row, x])
            torch.testing.assert_close(kept[x] + again, float(p[row, x]))


def test_a_perfect_draft_is_never_refused():
    p = torch.rand(2, 5).softmax(-1)
    torch.testing.assert_close(mtp.acceptance(p, p), torch.ones(2))
    torch.testing.assert_close(mtp.residual(p, p), p)
    away = torch.eye(3)[:1]
    assert mtp.acceptance(away, away.flip(1)).item() == 0


@given(st.floats(0, 1), st.integers(0, 6))
def test_words_a_pass_are_the_sum(accept, depth):
    total = sum(accept**k for k in range(depth + 1))
    got = mtp.tokens_per_pass(accept, depth).item()
    assert abs(got - total) < 2e-3 * total


def test_the_printed_speed():
    """V3 prints 85 to 90 % and 1.8 times as many tokens a second."""
    got = mtp.tokens_per_pass(torch.tensor([0.85, 0.9]), 1)
    torch.testing.assert_close(got, torch.tensor([1.85, 1.9]))


def zeros(*shape):
    return torch.zeros(shape)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: mtp.mtp_loss(zeros(1, 4, 3), zeros(1, 5).long()), "N=3"),
        (lambda: mtp.mtp_loss(zeros(1, 4, 3), zeros(1, 5).long() + 3, 0), "holds 3"),
        (lambda: mtp.mtp_loss(zeros(1, 4, 3), zeros(1, 5).long(), 4), "depth holds 4"),
        (
            lambda: mtp.MTPHead(2, nn.Identity())(zeros(1, 1, 2), zeros(1, 4, 2)),
            "2 <= N",
        ),
        (lambda: mtp.MTPHead(2, nn.Identity())(zeros(1, 3, 2), zeros(2, 4, 2)), "B=1"),
        (lambda: mtp.acceptance(zeros(3) + 1 / 3, zeros(2) + 0.5), "nothing is"),
        (lambda: mtp.residual(zeros(3), zeros(3) + 1 / 3), "softmax missing"),
        (lambda: mtp.tokens_per_pass(1.5, 1), "accept holds 1.5"),
        (lambda: mtp.tokens_per_pass(0.5, -1), "depth holds -1"),
    ],
)
def test_bad_input_is_explained(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_tokens_of_numbers_are_refused():
    with pytest.raises(TypeError, match="int64"):
        mtp.mtp_loss(zeros(1, 3, 3), zeros(1, 5))

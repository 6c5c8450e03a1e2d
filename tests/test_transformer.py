"""The shared transformer against loops, and what each mask lets a token know."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from lib import transformer
from lib.transformer import Transformer

few = settings(max_examples=15)
small = st.integers(1, 5)


def model(**keywords):
    torch.manual_seed(1)
    net = Transformer(7, 8, 2, 2, **keywords).double()
    for p in net.parameters():  # far from the quiet start, so that mistakes show
        torch.nn.init.normal_(p, std=0.5)
    return net


def tokens(B=2, T=6):
    return torch.randint(7, (B, T))


# Masks


@few
@given(st.integers(1, 9), st.integers(1, 9))
def test_block_causal_mask_is_the_loop(T, size):
    mask = transformer.block_causal_mask(T, size)
    loop = [[k // size <= q // size for k in range(T)] for q in range(T)]
    assert mask.tolist() == loop


def test_the_causal_mask_counts_the_past():
    square = transformer.causal_mask(5)
    assert torch.equal(square, torch.ones(5, 5).tril().bool())
    assert torch.equal(transformer.causal_mask(2, past=3), square[3:])


@pytest.mark.parametrize("size", [1, 2, 4, 6])
def test_a_token_knows_its_block_and_what_is_before(size):
    net, x = model(), tokens()
    mask = transformer.block_causal_mask(6, size)
    plain = net(x, mask)
    for changed in range(6):
        other = x.clone()
        other[:, changed] = (other[:, changed] + 1) % 7
        moved = (net(other, mask) - plain).abs().amax((0, 2)) > 1e-9
        assert moved.tolist() == mask[:, changed].tolist()


# Rotary positions


def rotary_loop(x, positions, base=10000.0):
    T, d = x.shape
    out = torch.empty_like(x)
    for m in range(T):
        for i in range(d // 2):
            a = int(positions[m]) * base ** (-2 * i / d)
            z = complex(x[m, 2 * i], x[m, 2 * i + 1]) * complex(
                math.cos(a), math.sin(a)
            )
            out[m, 2 * i], out[m, 2 * i + 1] = z.real, z.imag
    return out


@few
@given(small, small)
def test_rotary_turns_complex_numbers(T, half):
    x, positions = torch.randn(T, 2 * half).double(), torch.randint(50, (T,))
    torch.testing.assert_close(
        transformer.rotary(x, positions), rotary_loop(x, positions)
    )


def test_rotary_products_know_the_distance_alone():
    q, k = torch.randn(2, 1, 8).double()
    at = lambda m, n: (
        transformer.rotary(q, torch.tensor([m]))
        @ transformer.rotary(k, torch.tensor([n])).T
    )
    torch.testing.assert_close(at(3, 1), at(103, 101))
    assert (at(3, 1) - at(4, 1)).abs() > 1e-3


def test_angles_keep_their_precision_in_bfloat16():
    x, at = torch.ones(1, 2, dtype=torch.bfloat16), torch.tensor([259])
    exact = transformer.rotary(x.double(), at)
    assert (transformer.rotary(x, at).double() - exact).abs().max() < 0.01


# The model


@torch.no_grad()
def attention_loop(layer, x, mask, positions):
    """One head, one query, one key at a time; heads share keys in groups."""
    B, T, D = x.shape
    d = layer.width
    q = layer.q(x).reshape(B, T, layer.heads, d)
    k, v = layer.kv(x).reshape(B, T, 2, layer.kv_heads, d).unbind(2)
    out = torch.zeros(B, T, layer.heads, d, dtype=x.dtype)
    for b in range(B):
        for h in range(layer.heads):
            g = h * layer.kv_heads // layer.heads
            turned_q = transformer.rotary(q[b, :, h], positions)
            turned_k = transformer.rotary(k[b, :, g], positions)
            for i in range(T):
                e = [
                    math.exp(float(turned_q[i] @ turned_k[j]) / math.sqrt(d))
                    * bool(mask[i, j])
                    for j in range(T)
                ]
                for j in range(T):
                    out[b, i, h] += e[j] / sum(e) * v[b, j, g]
    return layer.out(out.reshape(B, T, D))


@pytest.mark.parametrize("kv_heads", [1, 2, 4])
def test_attention_is_the_loop(kv_heads):
    layer = transformer.Attention(8, 4, kv_heads, rotary=True).double()
    x, mask, at = torch.randn(2, 5, 8).double(), transformer.causal_mask(5), 2
    positions = torch.arange(5) + at
    got, (k, _) = layer(x, mask.expand(2, 1, 5, 5), positions)
    torch.testing.assert_close(got, attention_loop(layer, x, mask, positions))
    assert k.shape == (2, kv_heads, 5, 2)  # the cache is what sharing makes smaller


@pytest.mark.parametrize(
    "keywords", [{}, dict(norm="layer"), dict(gated=True, kv_heads=1, max_length=9)]
)
def test_writing_with_a_cache_is_reading_at_once(keywords):
    net, x = model(causal=True, **keywords), tokens()
    whole, cache, parts = net(x), [], []
    for part in x.split([3, 1, 2], dim=1):
        peeked = net(part, cache=cache, store=False)
        parts.append(net(part, cache=cache))
        torch.testing.assert_close(parts[-1], peeked)  # looking stored nothing
    torch.testing.assert_close(torch.cat(parts, dim=1), whole)


def test_maps_are_the_same_model_and_sum_to_one():
    net, x, maps = model(causal=True), tokens(), []
    torch.testing.assert_close(net(x, maps=maps), net(x))
    stacked = torch.stack(maps)
    assert stacked.shape == (2, 2, 2, 6, 6)  # layer, row, head, query, key
    torch.testing.assert_close(stacked.sum(-1), torch.ones_like(stacked[..., 0]))
    assert (stacked.triu(1) == 0).all()


def test_each_row_may_have_its_own_mask():
    net, x = model(), tokens()
    masks = torch.stack([transformer.causal_mask(6), torch.ones(6, 6).bool()])
    both = net(x, masks)
    torch.testing.assert_close(both[:1], net(x[:1], masks[0]))
    torch.testing.assert_close(both[1:], net(x[1:]))


def test_rotary_alone_cannot_tell_masks_apart():
    masks = torch.full((1, 6), 3)
    spread = lambda net: (net(masks) - net(masks)[:, :1]).abs().max()
    assert spread(model()) < 1e-12
    assert spread(model(max_length=6)) > 1e-2


@pytest.mark.slow
def test_parameters_of_llada_and_llama():
    def count(kv_heads, mlp_dim, vocab):
        with torch.device("meta"):
            net = Transformer(
                vocab, 4096, 32, 32, mlp_dim, gated=True, kv_heads=kv_heads
            )
        return sum(p.numel() for p in net.parameters())

    assert count(32, 12288, 126464) == 8_015_581_184  # LLaDA 8B, paper: 8.02 B
    assert count(8, 14336, 128256) == 8_030_261_248  # LLaMA3 8B, paper: 8.03 B
    words = 2 * 4096
    assert count(32, 12288, 126464) - words * 126464 == 6_979_588_096
    assert count(8, 14336, 128256) - words * 128256 == 6_979_588_096  # the same


def test_an_untrained_model_is_nearly_undecided():
    loss = F.cross_entropy(Transformer(50, 32, 4, 4)(tokens()).flatten(0, 1),
                           tokens().flatten())  # fmt: skip
    assert abs(loss - math.log(50)) < 0.1


def test_it_learns_to_count():
    net = Transformer(7, 16, 1, 2, causal=True)
    x = (torch.arange(7)[:, None] + torch.arange(6)) % 7
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.02)
    for _ in range(60):
        loss = F.cross_entropy(net(x[:, :-1]).flatten(0, 1), x[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.1


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("causal", [False, True])
def test_export_takes_the_plain_path(causal):
    net = model(causal=causal, max_length=6).float().eval()
    program = torch.export.export(net, (tokens(),), strict=False)
    x = tokens()
    torch.testing.assert_close(program.module()(x), net(x), rtol=0, atol=1e-5)
    names = [node.name for node in program.run_decompositions().graph.nodes]
    assert sum(name.startswith("_softmax") for name in names) == 2  # one a layer


# Errors say what to do


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: Transformer(7, 9, 1, 2), "heads is 2 and dim is 9"),
        (lambda: Transformer(7, 8, 1, 4, kv_heads=3), "kv_heads is 3"),
        (lambda: Transformer(7, 6, 1, 2)(tokens()), "pair is 2 and width is 3"),
        (lambda: Transformer(7, 8, 1, 2, norm="lyer"), "Did you mean 'layer'"),
        (lambda: model()(tokens()[0]), "B T"),
        (lambda: model()(tokens() + 7), r"in \[0, 6\]"),
        (lambda: model(max_length=3)(tokens()), "positions holds 3"),
        (lambda: model()(tokens(), torch.ones(5, 6).bool()), "T=6, S=6"),
        (lambda: transformer.block_causal_mask(4, 0), "block_size holds 0"),
        (lambda: transformer.rotary(torch.ones(3, 4), torch.arange(2)), "T=3"),
    ],
)
def test_bad_input_is_explained(call, says):
    message = says.replace("B T", r"\(B, T\)")
    with pytest.raises(ValueError, match=message):
        call()


def test_wrong_kinds_are_refused():
    with pytest.raises(TypeError, match="int64"):
        model()(tokens().float())
    with pytest.raises(TypeError, match="expected bool"):
        model()(tokens(), torch.ones(6, 6))

"""The Vision Transformer against loops, formulas, golden numbers and timm."""

import json
import math
import operator
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from lib import vit

GOLDEN = json.loads(Path(__file__).with_name("golden").joinpath("vit.json").read_text())
SMALL = dict(
    image_size=12, patch_size=4, dim=8, depth=2, heads=2, mlp_dim=16, num_classes=5
)
small_int = st.integers(1, 4)


def filled(model):
    """Give every parameter a value that no random generator has a say in."""
    with torch.no_grad():
        for i, (name, p) in enumerate(sorted(model.named_parameters())):
            wave = torch.sin(0.37 * torch.arange(p.numel(), dtype=torch.float64) + i)
            centre = 1.0 if "norm" in name and name.endswith("weight") else 0.0
            p.copy_((centre + 0.3 * wave).reshape(p.shape))
    return model


def waves(*shape):
    numbers = torch.arange(math.prod(shape), dtype=torch.float64)
    return torch.cos(0.11 * numbers).reshape(shape)


def timm_twin(model=SMALL):
    """timm's model of the same shape; skips the test where timm is missing."""
    try:
        from timm.models.vision_transformer import VisionTransformer
    except (ImportError, RuntimeError) as error:  # torchvision may be the one broken
        pytest.skip(f"timm cannot be imported: {error}")
    return VisionTransformer(
        img_size=model["image_size"],
        patch_size=model["patch_size"],
        embed_dim=model["dim"],
        depth=model["depth"],
        num_heads=model["heads"],
        mlp_ratio=model["mlp_dim"] / model["dim"],
        num_classes=model["num_classes"],
    )


# Patches


@given(small_int, small_int, small_int, small_int, small_int)
def test_patchify_is_the_loop(B, C, h, w, P):
    images = torch.randn(B, C, h * P, w * P)
    loop = torch.empty(B, h * w, C * P * P)
    for row in range(h):
        for col in range(w):
            cut = images[:, :, row * P : (row + 1) * P, col * P : (col + 1) * P]
            loop[:, row * w + col] = cut.reshape(B, -1)
    patches = vit.patchify(images, P)
    assert torch.equal(patches, loop)
    assert torch.equal(patches, F.unfold(images, P, stride=P).transpose(1, 2))


def test_patch_embedding_is_the_convolution_it_stores():
    model, images = filled(vit.ViT(**SMALL).double()), waves(2, 3, 12, 12)
    tokens = model.patch_embed(vit.patchify(images, 4))
    convolved = model.patch_embed.proj(images).flatten(2).transpose(1, 2)
    torch.testing.assert_close(tokens, convolved)


# Attention


def attention_loop(q, k, v, mask):
    """One query, one key at a time."""
    out = torch.zeros(len(q), v.shape[1], dtype=q.dtype)
    for t in range(len(q)):
        exps = [
            math.exp(float(q[t] @ k[s]) / math.sqrt(q.shape[1])) if mask[t, s] else 0.0
            for s in range(len(k))
        ]
        for s in range(len(k)):
            out[t] += exps[s] / max(sum(exps), 1e-300) * v[s]
    return out


@pytest.mark.slow
@given(small_int, small_int, small_int, small_int, st.data())
def test_attention_is_the_loop(T, S, d, e, data):
    q, k, v = (torch.randn(n, m).double() for n, m in [(T, d), (S, d), (S, e)])
    bits = data.draw(st.lists(st.booleans(), min_size=T * S, max_size=T * S))
    mask = torch.tensor(bits).reshape(T, S)
    everything = torch.ones(T, S, dtype=torch.bool)
    torch.testing.assert_close(
        vit.attention(q, k, v)[0], attention_loop(q, k, v, everything)
    )
    out, weights = vit.attention(q, k, v, mask)
    torch.testing.assert_close(out, attention_loop(q, k, v, mask))
    assert (weights[~mask] == 0).all()
    torch.testing.assert_close(weights.sum(-1), mask.any(1).double())


def test_attention_has_the_right_gradient():
    q, k, v = (torch.randn(2, n, 3).double().requires_grad_() for n in (3, 4, 4))
    mask = torch.rand(3, 4) > 0.4
    mask[0] = False  # a query that may look nowhere: no nan in the gradient either
    assert torch.autograd.gradcheck(lambda *x: vit.attention(*x)[0], (q, k, v))
    assert torch.autograd.gradcheck(lambda *x: vit.attention(*x, mask)[0], (q, k, v))


@pytest.mark.parametrize("hide", [False, True])
def test_the_path_that_keeps_the_maps_is_the_fast_one(hide):
    model = filled(vit.ViT(**SMALL).double())
    tokens = model.embed(vit.patchify(waves(2, 3, 12, 12), 4))
    keep = torch.rand(2, 10) > 0.3 if hide else None
    maps = []
    torch.testing.assert_close(
        model.encode(tokens, keep, maps), model.encode(tokens, keep)
    )
    stacked = torch.stack(maps)
    assert stacked.shape == (2, 2, 2, 10, 10)  # layer, image, head, query, key
    torch.testing.assert_close(stacked.sum(-1), torch.ones_like(stacked[..., 0]))


# The model


def test_golden_logits():
    model = filled(vit.ViT(**SMALL).double())
    logits = model(waves(2, 3, 12, 12))
    want = torch.tensor(GOLDEN["logits"], dtype=torch.float64)
    torch.testing.assert_close(logits, want, rtol=0, atol=1e-10)


@pytest.mark.parametrize(("dtype", "near"), [("float32", 1e-5), ("float64", 1e-12)])
def test_timm_gives_the_same_logits_and_gradients(dtype, near):
    peer = timm_twin().to(getattr(torch, dtype))
    ours = filled(vit.ViT(**SMALL)).to(getattr(torch, dtype))
    peer.load_state_dict(ours.state_dict())  # strict: the names are the same
    images = waves(2, 3, 12, 12).to(getattr(torch, dtype))
    torch.testing.assert_close(ours(images), peer(images), rtol=0, atol=near)
    F.cross_entropy(ours(images), torch.tensor([1, 3])).backward()
    F.cross_entropy(peer(images), torch.tensor([1, 3])).backward()
    for name, p in peer.named_parameters():
        torch.testing.assert_close(
            ours.get_parameter(name).grad, p.grad, rtol=0, atol=10 * near
        )


def test_the_order_of_patches_is_known_by_position_alone():
    model = filled(vit.ViT(**SMALL).double())
    patches, order = vit.patchify(waves(2, 3, 12, 12), 4), torch.randperm(9)
    plain = model.encode(model.embed(patches, positions=False))
    mixed = model.encode(model.embed(patches[:, order], positions=False))
    torch.testing.assert_close(mixed[:, 0], plain[:, 0])
    torch.testing.assert_close(mixed[:, 1:], plain[:, 1:][:, order])
    placed = model.encode(model.embed(patches))
    moved = model.encode(model.embed(patches[:, order]))
    assert (moved[:, 0] - placed[:, 0]).abs().max() > 1e-3


def test_a_hidden_token_is_as_good_as_gone():
    model = filled(vit.ViT(**SMALL).double())
    tokens = model.embed(vit.patchify(waves(2, 3, 12, 12), 4))
    keep = torch.tensor([1, 0, 1, 1, 0, 1, 0, 0, 1, 1]).bool()
    hidden = model.encode(tokens, keep.expand(2, -1))[:, keep]
    torch.testing.assert_close(hidden, model.encode(tokens[:, keep]))


def test_an_untrained_model_has_no_opinion():
    logits = vit.ViT(**SMALL)(torch.rand(3, 3, 12, 12))
    assert torch.equal(logits, torch.zeros(3, 5))


def test_without_classes_the_class_token_comes_out():
    model = vit.ViT(**SMALL | {"num_classes": 0})
    assert model(torch.rand(3, 3, 12, 12)).shape == (3, 8)


@pytest.mark.slow
def test_it_learns_eight_random_images():
    model, labels = vit.ViT(**SMALL), torch.arange(8) % 5
    images = torch.rand(8, 3, 12, 12)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    for _ in range(100):
        loss = F.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.1


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("strict", [False, True])
def test_export_decomposes_to_core_operators(strict):
    class Figure(torch.nn.Module):
        """What a live figure asks for: a mask comes, logits and maps go."""

        def __init__(self):
            super().__init__()
            self.model = filled(vit.ViT(**SMALL))

        def forward(self, patches, keep):
            maps = []
            tokens = self.model.encode(self.model.embed(patches), keep, maps)
            return self.model.head(tokens[:, 0]), torch.stack(maps)

    figure = Figure().eval()
    inputs = torch.rand(1, 9, 48), torch.ones(1, 10, dtype=torch.bool)
    program = torch.export.export(figure, inputs, strict=strict).run_decompositions()
    for node in program.graph.nodes:
        if node.op == "call_function" and node.target is not operator.getitem:
            assert torch.Tag.core in node.target.tags, node.target
    keep = torch.arange(10)[None] % 3 == 0
    for got, want in zip(
        program.module()(inputs[0], keep), figure(inputs[0], keep), strict=True
    ):
        torch.testing.assert_close(got, want)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_export_takes_the_plain_path_with_nothing_to_spare():
    model = filled(vit.ViT(**SMALL)).eval()
    program = torch.export.export(model, (torch.rand(1, 3, 12, 12),), strict=False)
    names = [node.name for node in program.run_decompositions().graph.nodes]
    assert sum(name.startswith("_softmax") for name in names) == 2  # one a layer
    assert not [n for n in names if n.startswith(("any", "where"))]  # the fused path's


# Position embeddings


def resize_loop(grid, new_h, new_w):
    """Bilinear with the corners kept, one number at a time: (h, w, D)."""
    h, w, D = grid.shape
    out = torch.zeros(new_h, new_w, D, dtype=grid.dtype)
    for i in range(new_h):
        for j in range(new_w):
            y = i * (h - 1) / (new_h - 1) if new_h > 1 else 0
            x = j * (w - 1) / (new_w - 1) if new_w > 1 else 0
            for a in range(h):
                for b in range(w):
                    near = max(0, 1 - abs(y - a)) * max(0, 1 - abs(x - b))
                    out[i, j] += near * grid[a, b]
    return out


@pytest.mark.slow
@given(small_int, small_int, st.integers(1, 6), st.integers(1, 6))
def test_resize_is_the_loop(h, w, new_h, new_w):
    pos = torch.randn(1, 1 + h * w, 3).double()
    resized = vit.resize_position_embedding(pos, (h, w), (new_h, new_w))
    loop = resize_loop(pos[0, 1:].reshape(h, w, 3), new_h, new_w)
    torch.testing.assert_close(resized[0, 1:], loop.reshape(-1, 3))
    assert torch.equal(resized[:, 0], pos[:, 0])


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
def test_resize_keeps_corners_and_equal_grids(mode):
    pos = torch.randn(1, 1 + 12, 5).double()
    same = vit.resize_position_embedding(pos, (3, 4), (3, 4), mode)
    torch.testing.assert_close(same, pos)
    larger = vit.resize_position_embedding(pos, (3, 4), (7, 9), mode)[0, 1:]
    small, large = pos[0, 1:].reshape(3, 4, 5), larger.reshape(7, 9, 5)
    for y in (0, -1):
        for x in (0, -1):
            torch.testing.assert_close(large[y, x], small[y, x])


# Counting


@pytest.mark.parametrize("row", GOLDEN["sizes"], ids=lambda row: row["name"])
def test_parameters_and_multiply_adds_of_the_paper_sizes(row):
    size = row.get("config") or vit.SIZES[row["name"].split("/")[0]]
    shape = dict(image_size=row["image"], patch_size=row["patch"])
    classes = row.get("classes", 1000)
    with torch.device("meta"):
        model = vit.ViT(**shape, **size, num_classes=classes)
    assert vit.count_parameters(model) == row["parameters"]
    if "multiply_adds" in row:
        widths = {name: size[name] for name in ("dim", "depth", "mlp_dim")}
        counted = vit.multiply_adds(**shape, **widths, num_classes=classes)
        assert round(counted / 1e9, 4) == row["multiply_adds"]


@pytest.mark.slow
@settings(max_examples=20)
@given(small_int, small_int, small_int, small_int, small_int, small_int)
def test_multiply_adds_are_what_the_flop_counter_sees(n, P, heads, depth, K, channels):
    shape = dict(image_size=n * P, patch_size=P, dim=2 * heads, depth=depth, mlp_dim=3)
    model = vit.ViT(**shape, heads=heads, num_classes=K, channels=channels)
    patches = vit.patchify(torch.rand(1, channels, n * P, n * P), P)
    with FlopCounterMode(display=False) as counter:  # it cannot see the fused path
        model.head(model.encode(model.embed(patches), maps=[])[:, 0])
    counted = vit.multiply_adds(**shape, num_classes=K, channels=channels)
    assert counter.get_total_flops() == 2 * counted


def test_attention_costs_as_much_as_the_rest_at_six_widths_of_tokens():
    cost = vit.block_multiply_adds(tokens=6 * 768, dim=768, mlp_dim=4 * 768)
    assert cost["attention"] == cost["qkv and projection"] + cost["mlp"]


# Errors say what to do


def zeros(*shape):
    return torch.zeros(shape)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: vit.patchify(zeros(3, 8, 8), 4), r"images\[None\]"),
        (lambda: vit.patchify(zeros(1, 3, 8, 9), 4), "patch_size is 4 and width is 9"),
        (lambda: vit.patchify(zeros(1, 3, 8, 8), 0), "patch_size is 0"),
        (lambda: vit.attention(zeros(4, 2), zeros(4, 3), zeros(4, 3)), "d=2"),
        (lambda: vit.attention(zeros(4, 2), zeros(4, 2), zeros(3, 2)), "S=4"),
        (lambda: vit.attention(zeros(2, 4, 2), *[zeros(1, 4, 2)] * 2), "differ before"),
        (lambda: vit.attention(*[zeros(4, 2)] * 3, zeros(4, 3).bool()), "T=4, S=4"),
        (lambda: vit.Attention(8, 3), "heads is 3 and dim is 8"),
        (lambda: vit.ViT(**SMALL | {"image_size": 13}), "patch_size is 4 and image"),
        (lambda: vit.ViT(**SMALL | {"depth": 0}), "depth holds 0"),
        (lambda: vit.ViT(**SMALL)(zeros(1, 3, 16, 16)), "H=12, W=12"),
        (lambda: vit.ViT(**SMALL)(zeros(1, 12, 12, 3)), "permute"),
        (lambda: vit.ViT(**SMALL).encode(zeros(2, 10, 8), zeros(10)), "B=2, T=10"),
        (
            lambda: vit.resize_position_embedding(zeros(1, 9, 2), (3, 3), (6, 6)),
            "T=10",
        ),
        (
            lambda: vit.resize_position_embedding(
                zeros(1, 10, 2), (3, 3), (6, 6), "linear"
            ),
            "Did you mean 'bilinear'",
        ),
        (lambda: vit.multiply_adds(224, 15, 8, 1, 8, 10), "patch_size is 15"),
    ],
)
def test_bad_input_is_explained(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_a_mask_of_numbers_is_refused():
    with pytest.raises(TypeError, match="expected bool"):
        vit.attention(*[zeros(4, 2)] * 3, zeros(4, 4))


def test_large_numbers_in_half_precision_attend():
    q = torch.full((1, 1, 64), 40.0).half()
    assert vit.attention(q, q, q)[0].eq(40).all()

"""Products of matrices in WebAssembly: the bytes, and the loop where there is none."""

import runpy

import pytest
import torch
from javascript import compiled

from course.source import ROOT


def test_the_bytes_are_those_of_the_source():
    pytest.importorskip("wasmtime", reason="compiles product.wat; in the extra `test`")
    tool = runpy.run_path(str(ROOT / "tools" / "wat.py"))
    assert tool["kept"]() == tool["compiled"](), "run .venv/bin/python tools/wat.py"


SIZES = [(1, 1, 1), (1, 5, 9), (4, 8, 8), (3, 2, 7), (5, 300, 11), (17, 33, 16)]
G = torch.Generator().manual_seed(3)
PAIRS = [
    (torch.randn(n, k, generator=G), torch.randn(k, m, generator=G))
    for n, k, m in SIZES
]


def products(scale):
    """All sizes, of matrices that lie in memory in every way that views can make."""
    found = {}
    for (a, b), (n, k, m) in zip(PAIRS, SIZES, strict=True):
        left, right = scale * a, b + scale  # neither is a constant
        wide = torch.cat([left, left], 1)
        ways = {
            "plain": left @ right,
            "transposed": (right.T @ left.T).T,
            "grown": left @ torch.cat([right.T, right.T])[:m].T,
            "slices": wide[:, k // 2 : k // 2 + k] @ torch.cat([right] * 3, 1)[:, ::3],
            "flipped": left.flip(0, 1) @ right.flip(0),
            "broadcast": left[:1].expand(n, k) @ right[:, :1].expand(k, m),
            "batch": torch.stack([left, -left]) @ right.expand(2, k, m),
            "heads": wide.view(n, 2, k).transpose(0, 1) @ right.expand(2, k, m),
            "double": left.double() @ right.double(),
        }
        found |= {f"{n} {k} {m} {way}": value for way, value in ways.items()}
    return found


@pytest.mark.parametrize("lacks", ["", "WebAssembly"])
def test_products_of_all_sizes_and_steps(lacks):
    run = compiled(products, {"scale": torch.tensor(0.0)}, lacks)
    for scale in torch.tensor([0.7, -1.3]):  # twice: nothing is left of the first
        found = run(scale=scale)
        for name, want in products(scale).items():
            gap = (found[name] - want).abs().max()
            assert gap <= 1e-6 * want.abs().max(), name

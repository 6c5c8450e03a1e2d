"""The examples in the docstrings of lib give what stands below them."""

import doctest
import pkgutil
from importlib import import_module

import pytest

import lib

MODULES = [name for _, name, _ in pkgutil.walk_packages(lib.__path__, "lib.")]
WITH_EXAMPLES = {
    "lib.block_diffusion", "lib.check.pieces", "lib.detection.boxes", "lib.divergence",
    "lib.efficientnet.cost", "lib.fpn.cost", "lib.gan.losses", "lib.grpo.loss",
    "lib.llada", "lib.mla", "lib.remasking", "lib.sft", "lib.trident",
    "lib.two_samples", "lib.vae", "lib.vit", "lib.vqgan.losses", "lib.yarn",
}  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_the_docstrings_run(name):
    result = doctest.testmod(import_module(name))
    assert not result.failed
    assert result.attempted or name not in WITH_EXAMPLES

"""DCGAN against the official example: parameters, shapes, first weights."""

import pytest
import torch

from lib.gan import dcgan


def test_as_many_parameters_as_the_official_example():
    for model, count in (
        (dcgan.generator(), 3_576_704),
        (dcgan.discriminator(), 2_765_568),
    ):
        assert sum(p.numel() for p in model.parameters()) == count


def test_shapes_and_range():
    make, judge = dcgan.generator(5, 4, 1), dcgan.discriminator(4, 1)
    images = make(torch.randn(3, 5, 1, 1))
    assert images.shape == (3, 1, 64, 64)
    assert images.abs().max() <= 1
    assert judge(images).shape == (3, 1, 1, 1)


def test_the_first_weights_are_small():
    make = dcgan.generator(10, 16)
    assert make[0].weight.std().item() == pytest.approx(0.02, rel=0.1)
    assert make[1].weight.mean().item() == pytest.approx(1, abs=0.02)
    with pytest.raises(ValueError, match="width holds 0"):
        dcgan.generator(width=0)


def test_the_small_pair_fits_together():
    pair = dcgan.Small()
    pictures = pair.generator(torch.randn(3, 32))
    assert pictures.shape == (3, 1, 28, 28)
    assert 0 <= pictures.min() <= pictures.max() <= 1
    assert pair.critic(pictures).shape == (3, 1)

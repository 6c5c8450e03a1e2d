"""Generative adversarial networks: losses, small games, DCGAN, the Fréchet distance.

The losses are handed on here; each of the others is a file of its own.
"""

from lib.gan.losses import (
    KINDS,
    discriminator_loss,
    game_value,
    generator_loss,
    gradient_penalty,
    optimal_discriminator,
)

__all__ = [
    "KINDS",
    "discriminator_loss",
    "game_value",
    "generator_loss",
    "gradient_penalty",
    "optimal_discriminator",
]

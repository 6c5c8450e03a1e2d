"""Generative adversarial networks: their losses; games in the plane; DCGAN; distances.

The losses are handed on here. The toys stand in files of their own: dirac, plane, lab,
dcgan, and frechet, which compares what came out with what was asked for.
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

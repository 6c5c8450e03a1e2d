"""VQGAN: an image as a short list of code numbers, and a transformer that writes them.

The official convolutional networks, to count and to load, are in nets; the transformer
is lib/transformer.py.
"""

from lib.vqgan.codebook import (
    EMAVectorQuantizer,
    VectorQuantizer,
    codebook_perplexity,
    nearest_code,
    quantization_loss,
    running_means,
    straight_through,
)
from lib.vqgan.losses import (
    PatchDiscriminator,
    PerceptualDistance,
    adaptive_weight,
    hinge_discriminator_loss,
    hinge_generator_loss,
    receptive_field,
)
from lib.vqgan.tokenizer import attention_window, code_probabilities

__all__ = [
    "EMAVectorQuantizer",
    "PatchDiscriminator",
    "PerceptualDistance",
    "VectorQuantizer",
    "adaptive_weight",
    "attention_window",
    "code_probabilities",
    "codebook_perplexity",
    "hinge_discriminator_loss",
    "hinge_generator_loss",
    "nearest_code",
    "quantization_loss",
    "receptive_field",
    "running_means",
    "straight_through",
]

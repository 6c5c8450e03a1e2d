"""Group relative policy optimisation: its loss, and rewards that a rule can check."""

from lib.grpo.loss import (
    clipped_gain,
    group_advantages,
    grpo_loss,
    kl_k1,
    kl_k2,
    kl_k3,
    pass_at_k,
    token_logp,
    token_weights,
)
from lib.grpo.rewards import accuracy_reward, format_reward

__all__ = [
    "accuracy_reward",
    "clipped_gain",
    "format_reward",
    "group_advantages",
    "grpo_loss",
    "kl_k1",
    "kl_k2",
    "kl_k3",
    "pass_at_k",
    "token_logp",
    "token_weights",
]

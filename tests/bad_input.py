"""Good arguments for each public function of the kernels, and ways to spoil one."""

import importlib
import inspect
import linecache
import math
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lib import detection, efficientnet, sedd
from lib.pipeline import orders, plan

LIB = Path(importlib.import_module("lib").__file__).parent
NO_KERNELS = {"live", "data", "check", "train", "plot", "claim", "expect"}
OTHERS_PROCESSES = {
    "moe.ranks.exchange",
    "moe.ranks.total_load",
}  # need a process group
SECONDS = 5


def modules() -> list[str]:
    """The dotted names of all kernels below lib."""
    files = sorted(p for p in LIB.rglob("*.py") if p.stem != "__init__")
    names = [".".join(p.relative_to(LIB).with_suffix("").parts) for p in files]
    return [name for name in names if name.split(".")[0] not in NO_KERNELS]


def functions() -> dict[str, Any]:
    """Every public function that a kernel defines, by its name below lib."""
    found = {}
    for module in modules():
        for name, thing in vars(importlib.import_module(f"lib.{module}")).items():
            ours = getattr(thing, "__module__", "") == f"lib.{module}"
            if inspect.isfunction(thing) and ours and not name.startswith("_"):
                found[f"{module}.{name}"] = thing
    return found


def rand(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) + 0.1


def likely(*shape: int, seed: int = 0) -> Tensor:
    return (3 * rand(*shape, seed=seed)).softmax(-1)


def whole(high: int, *shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(high, shape, generator=generator)


def boxes(n: int, seed: int = 0) -> Tensor:
    corner = 20 * rand(n, 2, seed=seed)
    return torch.cat([corner, corner + 5 + 5 * rand(n, 2, seed=seed + 1)], 1)


def covariance(k: int, seed: int = 0) -> Tensor:
    root = rand(k, k, seed=seed)
    return root @ root.mT + torch.eye(k)


def model(tokens: Tensor) -> Tensor:
    return tokens[..., None] * torch.linspace(-1, 1, 6) - 0.1 * tokens[..., None]


def hand(n: int = 6) -> dict[str, Any]:
    return dict(boxes=boxes(n), scores=rand(n))


net = torch.nn.Linear(3, 3)
layer = torch.nn.Parameter(rand(3))
rois = torch.cat([torch.tensor([[0.0], [1.0], [0.0]]), boxes(3)], 1)
absorbing, noise = sedd.Absorbing(5), sedd.LogLinearNoise()
maps = rand(2, 8, 12, 12)
mask = rand(3, 4) > 0.4
logits, tokens = rand(2, 3, 6), whole(6, 2, 3)
pairs = dict(logp_w=-rand(3), logp_l=-rand(3, seed=1), ref_w=-rand(3, seed=2),
             ref_l=-rand(3, seed=3))  # fmt: skip
step = dict(graph=absorbing, noise=noise, score=rand(2, 3, 6), x=tokens,
            t=torch.tensor([0.5, 0.7]), dt=0.1)  # fmt: skip
finds = [detection.Found(boxes(4), rand(4), whole(2, 4))]
truths = [detection.Truth(boxes(3), whole(2, 3))]
small = efficientnet.EfficientNet(0.25, 0.25, 10)

GOOD: dict[str, dict[str, Any]] = {
    "block_diffusion.mask_parts": dict(n=6, block_size=2),
    "block_diffusion.block_diffusion_mask": dict(n=6, block_size=2),
    "block_diffusion.clipped_weight_variance": dict(low=0.2, high=0.8),
    "detection.boxes.box_iou": dict(a=boxes(4), b=boxes(3, 5)),
    "detection.boxes.kept": hand() | dict(iou_threshold=0.5),
    "detection.boxes.nms": hand() | dict(iou_threshold=0.5),
    "detection.boxes.decode_boxes": dict(
        boxes=boxes(4), deltas=rand(4, 4), weights=(10.0, 10.0, 5.0, 5.0), clip=4.0
    ),
    "detection.boxes.encode_boxes": dict(
        boxes=boxes(4), targets=boxes(4, 3), weights=(10.0, 10.0, 5.0, 5.0)
    ),
    "detection.precision.box_side": dict(boxes=boxes(4)),
    "detection.precision.match": hand()
    | dict(truth=boxes(3, 9), threshold=0.5, sides=(0.0, 90.0)),
    "detection.precision.precision_recall": dict(
        hits=rand(5) > 0.5, scores=rand(5, seed=1), total=6
    ),
    "detection.precision.average_precision": dict(
        hits=rand(5) > 0.5, scores=rand(5, seed=1), total=6
    ),
    "detection.precision.mean_average_precision": dict(
        found=finds, truth=truths, threshold=0.5, sides=(0.0, 90.0)
    ),
    "detection.regions.anchor_targets": dict(
        anchors=boxes(6), true=boxes(2, 7), near=0.5, far=0.3
    ),
    "detection.regions.proposal_loss": dict(
        out=rand(2, 4, 5), targets=rand(2, 4, 5).round(), weight=5.0
    ),
    "detection.regions.propose": dict(
        out=rand(2, 6, 5), anchors=boxes(6), count=3, side=40.0, first=5
    ),
    "detection.regions.label_regions": dict(
        regions=boxes(6), true=boxes(2, 7), labels=whole(3, 2), background=3, iou=0.5
    ),
    "detection.regions.as_rois": dict(boxes=torch.stack([boxes(3), boxes(3, 4)])),
    "detection.regions.suppress": dict(
        boxes=boxes(5), chances=likely(5, 3), overlap=0.3, least=0.05
    ),
    "divergence.kl_divergence": dict(p=likely(2, 4), q=likely(2, 4, seed=1)),
    "divergence.js_divergence": dict(p=likely(2, 4), q=likely(2, 4, seed=1)),
    "divergence.total_variation": dict(p=likely(2, 4), q=likely(2, 4, seed=1)),
    "divergence.wasserstein_1d": dict(
        p=likely(2, 4), q=likely(2, 4, seed=1), x=torch.arange(4.0)
    ),
    "divergence.gaussian_kl": dict(
        mean_p=rand(3),
        cov_p=covariance(3),
        mean_q=rand(3, seed=1),
        cov_q=covariance(3, 2),
    ),
    "dpo.answer_logp": dict(logits=logits, tokens=tokens, mask=mask[:2, :3]),
    "dpo.implicit_reward": dict(logp=-rand(3), logp_ref=-rand(3, seed=1), beta=0.1),
    "dpo.preference": dict(reward_w=rand(3), reward_l=rand(3, seed=1)),
    "dpo.margin": pairs | dict(beta=0.1),
    "dpo.dpo_loss": pairs | dict(beta=0.1, smoothing=0.1),
    "dpo.pull": pairs | dict(beta=0.1),
    "dpo.best_policy": dict(logp_ref=-rand(2, 4), reward=rand(2, 4), beta=0.5),
    "efficientnet.cost.round_filters": dict(filters=32, width=1.1, divisor=8),
    "efficientnet.cost.round_repeats": dict(repeats=2, depth=1.1),
    "efficientnet.cost.compound_scaling": dict(
        phi=1.5, alpha=1.2, beta=1.1, gamma=1.15
    ),
    "efficientnet.cost.stages": dict(
        width=1.0, depth=1.0, resolution=224, num_classes=10, lite=True
    ),
    "efficientnet.cost.parameters": dict(
        width=1.0, depth=1.0, num_classes=10, lite=True
    ),
    "efficientnet.cost.multiply_adds": dict(
        width=1.0, depth=1.0, resolution=224, num_classes=10, lite=True
    ),
    "efficientnet.network.drop_connect": dict(x=rand(3, 2), rate=0.2, noise=rand(3)),
    "efficientnet.network.conv": dict(inputs=4, outputs=4, k=3, stride=2, groups=2),
    "efficientnet.network.norm": dict(channels=4),
    "efficientnet.network.for_inference": dict(model=small),
    "fp8.quantize": dict(x=rand(4, 8), tile=4, power_of_two=True),
    "fp8.dequantize": dict(
        codes=rand(4, 8).to(torch.float8_e4m3fn), scale=rand(4, 2), tile=4
    ),
    "fp8.fp8_matmul": dict(a=rand(4, 8), b=rand(8, 3), tile=4, accumulate=4, bits=14),
    "fp8.round_trip": dict(x=rand(4, 8), tile=4),
    "fp8.fp8_linear": dict(x=rand(4, 8), weight=rand(3, 8), tile=4),
    "fpn.cost.places": dict(stride=4, height=64, width=64),
    "fpn.cost.body": dict(height=64, width=64),
    "fpn.cost.neck": dict(height=64, width=64),
    "fpn.cost.proposals": dict(height=64, width=64, anchors=3),
    "fpn.cost.regions": dict(count=10, classes=91),
    "fpn.pyramid.upsample": dict(x=rand(2, 3, 4, 4), size=(8, 8), mode="nearest"),
    "fpn.pyramid.assign_level": dict(
        boxes=boxes(4), k0=4, canonical=224.0, k_min=2, k_max=5
    ),
    "fpn.pyramid.anchors": dict(
        feature_sizes=[(2, 3), (1, 2)],
        strides=[4, 8],
        sizes=[16.0, 32.0],
        ratios=[0.5, 1.0],
    ),
    "gan.dcgan.generator": dict(noise=4, width=2, channels=1),
    "gan.dcgan.discriminator": dict(width=2, channels=1),
    "gan.dcgan.initialized": dict(model=torch.nn.Sequential(net)),
    "gan.dirac.field": dict(
        theta=rand(3), psi=rand(3, seed=1), kind="minimax", penalty=0.1
    ),
    "gan.dirac.play": dict(
        start=rand(2), kind="minimax", rate=0.1, steps=3, penalty=0.1, alternating=True
    ),
    "gan.dirac.eigenvalues": dict(kind="minimax", penalty=0.1),
    "gan.dirac.growth": dict(kind="minimax", rate=0.1, alternating=True),
    "gan.frechet.statistics": dict(features=rand(5, 3)),
    "gan.frechet.frechet_distance": dict(
        mean_p=rand(3),
        cov_p=covariance(3),
        mean_q=rand(3, seed=1),
        cov_q=covariance(3, 2),
    ),
    "gan.frechet.square_root": dict(cov=covariance(3)),
    "gan.losses.discriminator_loss": dict(
        real_logits=rand(3), fake_logits=rand(4), kind="hinge"
    ),
    "gan.losses.generator_loss": dict(fake_logits=rand(4), kind="hinge"),
    "gan.losses.gradient_penalty": dict(
        critic=net,
        real=rand(4, 3),
        fake=rand(4, 3, seed=1),
        weight=10.0,
        mix=rand(4) / 2,
    ),
    "gan.losses.optimal_discriminator": dict(p=rand(4), q=rand(4, seed=1)),
    "gan.losses.game_value": dict(
        logits=rand(2, 4), p=likely(2, 4), q=likely(2, 4, seed=1)
    ),
    "gan.plane.ring": dict(modes=8, radius=2.0),
    "gan.plane.sample": dict(centres=rand(4, 2), n=5, spread=0.1),
    "gan.plane.shares": dict(points=rand(6, 2), centres=rand(3, 2, seed=1), reach=0.5),
    "gan.plane.modes_found": dict(
        points=rand(6, 2), centres=rand(3, 2, seed=1), least=0.2
    ),
    "gan.plane.lattice": dict(side=3, extent=2.0),
    "gan.plane.strings": dict(mesh=rand(3, 3, 2)),
    "gan.plane.network": {},
    "grpo.loss.group_advantages": dict(
        rewards=rand(2, 4), ddof=1, eps=1e-4, scale=True
    ),
    "grpo.loss.kl_k1": dict(d=rand(4)),
    "grpo.loss.kl_k2": dict(d=rand(4)),
    "grpo.loss.kl_k3": dict(d=rand(4)),
    "grpo.loss.clipped_gain": dict(
        ratio=rand(3, 4), advantages=rand(3), clip_low=0.2, clip_high=0.3
    ),
    "grpo.loss.token_weights": dict(mask=mask, aggregate="constant", max_length=9),
    "grpo.loss.grpo_loss": dict(
        logp=-rand(3, 4),
        logp_old=-rand(3, 4, seed=1),
        advantages=rand(3),
        mask=mask,
        clip_low=0.2,
        clip_high=0.3,
        beta=0.1,
        logp_ref=-rand(3, 4, seed=2),
        aggregate="constant",
        max_length=9,
    ),
    "grpo.loss.token_logp": dict(logits=logits, tokens=tokens),
    "grpo.loss.pass_at_k": dict(n=10, c=3, k=4),
    "grpo.rewards.format_reward": dict(completion="<answer>1</answer>"),
    "grpo.rewards.accuracy_reward": dict(
        completion="<answer>1 + 2</answer>", answer="3", numbers=[1, 2]
    ),
    "llada.forward_process": dict(
        tokens=tokens, t=rand(2) / 2, mask_id=6, eps=1e-3, noise=rand(2, 3) / 2
    ),
    "llada.masked_diffusion_loss": dict(
        logits=logits, tokens=tokens, mask=mask[:2, :3], p_mask=rand(2, 3) / 2
    ),
    "llada.transfer_counts": dict(num_masked=torch.tensor([8, 5]), steps=3),
    "llada.kept": dict(
        surety=rand(2, 3), hidden=mask[:2, :3], count=torch.tensor([1, 1])
    ),
    "llada.generate": dict(
        model=model,
        prompt=tokens,
        mask_id=5,
        steps=4,
        gen_length=4,
        block_length=2,
        temperature=0.5,
        cfg_scale=0.5,
        remasking="random",
    ),
    "llada.likelihood_bound": dict(
        model=model, tokens=tokens, mask_id=5, samples=2, prompt_length=1, batch_size=2
    ),
    "mla.rotary": dict(x=rand(2, 3, 4), start=1, base=100.0),
    "mla.shared": dict(queries=rand(2, 3, 4, 5), keys=rand(2, 6, 5)),
    "mla.kv_cache_elements": dict(
        kind="gqa", heads=4, head_dim=8, groups=2, kv_rank=4, rope_dim=2
    ),
    "moe.experts.route": dict(
        scores=rand(3, 8), bias=rand(8), top_k=2, n_groups=4, top_groups=2, scale=2.0
    ),
    "moe.experts.load": dict(indices=whole(4, 3, 2), experts=4),
    "moe.experts.gate_map": dict(
        indices=torch.tensor([[0, 1], [2, 3]]), weights=rand(2, 2), experts=4
    ),
    "moe.experts.update_bias": dict(bias=rand(4), load=whole(9, 4), speed=0.1),
    "moe.experts.balance_loss": dict(scores=rand(3, 8), indices=whole(8, 3, 2)),
    "moe.experts.max_violation": dict(load=whole(9, 4) + 1),
    "mtp.mtp_loss": dict(logits=rand(2, 3, 6), tokens=whole(6, 2, 5), depth=1),
    "mtp.acceptance": dict(p=likely(2, 4), q=likely(2, 4, seed=1)),
    "mtp.residual": dict(p=likely(2, 4), q=likely(2, 4, seed=1)),
    "mtp.tokens_per_pass": dict(accept=0.5, depth=2.0),
    "pipeline.methods.orders": dict(method="1F1B", p=2, m=4),
    "pipeline.times.plan": dict(orders=orders("1F1B", 2, 4)),
    "pipeline.times.follow": dict(
        plan=plan(orders("1F1B", 2, 4)), F=1.0, I=1.0, W=1.0, both=3.0
    ),
    "pipeline.times.idle": dict(
        plan=plan(orders("1F1B", 2, 4)), start=rand(16), end=1 + rand(16)
    ),
    "pipeline.times.peak": dict(plan=plan(orders("1F1B", 2, 4))),
    "pipeline.times.bubble": dict(method="ZB1P", p=4, F=1.0, B=2.0, W=0.5, both=2.5),
    "remasking.most": dict(t=0.5, s=0.4),
    "remasking.lifted": dict(t=0.5, s=0.4, sigma=0.2),
    "remasking.step": dict(
        x=tokens, words=tokens, t=0.5, s=0.4, sigma=0.2, mask_id=5, noise=rand(2, 3)
    ),
    "remasking.loop": dict(steps=40, on=0.6, off=0.1, hidden=0.1, cap=0.02),
    "remasking.write": dict(
        model=model,
        batch=2,
        length=3,
        mask_id=5,
        shares=torch.tensor([1.0, 0.5, 0.0]),
        caps=torch.tensor([0.1, 0.1]),
        temperature=1.0,
    ),
    "rfcn.roi_pool": dict(features=maps, rois=rois, output_size=2, spatial_scale=0.3),
    "rfcn.roi_align": dict(
        features=maps,
        rois=rois,
        output_size=2,
        spatial_scale=0.3,
        sampling_ratio=2,
        aligned=True,
    ),
    "rfcn.ps_roi_pool": dict(score_maps=maps, rois=rois, k=2, spatial_scale=0.3),
    "rfcn.ps_roi_align": dict(
        score_maps=maps, rois=rois, k=2, spatial_scale=0.3, sampling_ratio=2
    ),
    "scaling_laws.optimal_learning_rate": dict(compute=1e20),
    "scaling_laws.optimal_batch_size": dict(compute=1e20),
    "scaling_laws.optimal_model_scale": dict(compute=1e20),
    "scaling_laws.optimal_tokens": dict(compute=1e20),
    "scaling_laws.parameter_flops": dict(n_layer=2.0, d_model=8.0, n_vocab=10.0),
    "scaling_laws.flops_per_token": dict(n_layer=2.0, d_model=8.0, seq_len=4.0),
    "scaling_laws.multi_step_schedule": dict(
        step=3.0, total=10.0, peak=0.1, warmup=2.0
    ),
    "scaling_laws.fit_power_law": dict(x=rand(4), y=rand(4, seed=1)),
    "scaling_laws.isoflop_optimum": dict(
        scale=torch.tensor([1.0, 2, 4, 8]), loss=torch.tensor([3.0, 1, 1, 3])
    ),
    "scaling_laws.fit_loss_law": dict(
        compute=torch.tensor([1.0, 2, 4, 8]),
        loss=torch.tensor([3.0, 2, 1.5, 1.3]),
        floor=True,
    ),
    "scaling_laws.fit_isoflop": dict(
        compute=torch.tensor([1.0, 1, 1, 2, 2, 2]),
        scale=torch.tensor([1.0, 2, 4, 1, 2, 4]),
        loss=torch.tensor([3.0, 1, 2, 3, 1, 3]),
    ),
    "sedd.corrupt": dict(graph=absorbing, x_0=whole(5, 2, 3), sigma=rand(2)),
    "sedd.draw": dict(probabilities=likely(2, 3, 6)),
    "sedd.score_entropy": dict(
        graph=absorbing,
        log_score=logits,
        sigma=rand(2),
        x_t=tokens,
        x_0=whole(5, 2, 3),
    ),
    "sedd.normalized": dict(p=rand(2, 3, 6)),
    "sedd.euler_step": step,
    "sedd.tweedie_step": step,
    "sedd.absorbing_log_score": dict(logits=logits, sigma=rand(2)),
    "selection.weighted_vote": dict(values=whole(3, 2, 4), weights=rand(2, 4), K=3),
    "selection.majority": dict(values=whole(3, 2, 4), K=3),
    "selection.best_of_n": dict(values=whole(3, 2, 4), scores=rand(2, 4)),
    "selection.expected_best": dict(worth=rand(2, 4), scores=rand(2, 4, seed=1), k=2),
    "selection.within_budget": dict(lengths=whole(5, 2, 4), budget=6.0),
    "selection.beam": dict(
        begin=whole(3, 2, 1),
        grow=lambda kept: torch.cat([kept, kept[:, -1:]], 1),
        judge=lambda kept: kept.sum(1).float(),
        over=lambda kept: kept[:, 0] > 9,
        W=2,
        M=2,
        T=3,
    ),
    "sft.answer_places": dict(prompt_length=torch.tensor([1, 2]), T=4),
    "sft.keep_prompt": dict(
        tokens=tokens,
        noisy=tokens,
        mask=mask[:2, :3],
        prompt_length=torch.tensor([1, 2]),
    ),
    "sft.answer_loss": dict(
        logits=logits,
        tokens=tokens,
        mask=mask[:2, :3],
        p_mask=rand(2, 3) / 2,
        prompt_length=torch.tensor([1, 2]),
    ),
    "transformer.causal_mask": dict(T=4, past=2),
    "transformer.block_causal_mask": dict(T=4, block_size=2),
    "transformer.rotary": dict(x=rand(2, 3, 4), positions=torch.arange(3), base=100.0),
    "trident.convolve": dict(
        maps=[maps, maps], weight=rand(4, 8, 3, 3), bias=rand(4), dilations=[1, 2]
    ),
    "trident.receptive_field": dict(kernels=[3, 3], strides=[2, 1], dilations=[1, 2]),
    "trident.in_range": dict(boxes=boxes(3), ranges=[(0.0, 8.0), (5.0, 20.0)]),
    "trident.branch_labels": dict(
        labels=whole(2, 4),
        anchors=boxes(4),
        boxes=boxes(3, seed=5),
        ranges=[(0.0, 8.0), (5.0, 20.0)],
        overlap=0.3,
    ),
    "trident.merge": dict(
        boxes=[boxes(3), boxes(4)],
        scores=[rand(3), rand(4)],
        ranges=[(0.0, 8.0), (5.0, 20.0)],
        iou_threshold=0.5,
    ),
    "two_samples.energy_distance": dict(x=rand(4, 2), y=rand(3, 2, seed=1)),
    "two_samples.mmd_squared": dict(
        x=rand(4, 2), y=rand(3, 2, seed=1), width=0.8, unbiased=True
    ),
    "two_samples.sliced_wasserstein": dict(
        x=rand(4, 2), y=rand(4, 2, seed=1), directions=torch.eye(2)
    ),
    "vae.reparameterize": dict(mu=rand(2, 3), logvar=rand(2, 3), noise=rand(2, 3)),
    "vae.kl_to_standard_normal": dict(mu=rand(2, 3), logvar=rand(2, 3)),
    "vae.elbo": dict(
        log_likelihood=-rand(2), mu=rand(2, 3), logvar=rand(2, 3), beta=2.0
    ),
    "vae.bernoulli_log_likelihood": dict(logits=rand(2, 3), x=rand(2, 3).round() % 2),
    "vae.gaussian_log_likelihood": dict(mean=rand(2, 3), x=rand(2, 3), variance=0.5),
    "vae.log_weights": dict(
        log_likelihood=-rand(2), z=rand(2, 3), mu=rand(2, 3), logvar=rand(2, 3)
    ),
    "vae.importance_bound": dict(log_weights=rand(2, 3)),
    "vae.active_units": dict(mu=rand(4, 3), threshold=0.01),
    "vit.patchify": dict(images=rand(2, 3, 8, 8), patch_size=4),
    "vit.attention": dict(
        q=rand(2, 3, 4), k=rand(2, 5, 4), v=rand(2, 5, 6), mask=rand(3, 5) > 0.3
    ),
    "vit.resize_position_embedding": dict(
        pos=rand(1, 5, 3), old_grid=(2, 2), new_grid=(3, 3), mode="bilinear"
    ),
    "vit.count_parameters": dict(model=net),
    "vit.block_multiply_adds": dict(tokens=5, dim=8, mlp_dim=16),
    "vit.multiply_adds": dict(
        image_size=32,
        patch_size=8,
        dim=8,
        depth=2,
        mlp_dim=16,
        num_classes=10,
        channels=3,
    ),
    "vqgan.codebook.nearest_code": dict(z=rand(5, 3), codebook=rand(4, 3, seed=1)),
    "vqgan.codebook.straight_through": dict(z=rand(5, 3), z_q=rand(5, 3, seed=1)),
    "vqgan.codebook.quantization_loss": dict(
        z=rand(5, 3), z_q=rand(5, 3, seed=1), commitment=0.25, swapped=True
    ),
    "vqgan.codebook.running_means": dict(
        codebook=rand(4, 3),
        counts=rand(4),
        sums=rand(4, 3),
        z=rand(5, 3),
        indices=whole(4, 5),
        decay=0.9,
    ),
    "vqgan.codebook.codebook_perplexity": dict(indices=whole(4, 5), num_codes=4),
    "vqgan.losses.hinge_discriminator_loss": dict(
        real_logits=rand(3), fake_logits=rand(4)
    ),
    "vqgan.losses.hinge_generator_loss": dict(fake_logits=rand(4)),
    "vqgan.losses.adaptive_weight": dict(
        rec_loss=layer.sum(),
        gan_loss=layer.square().sum(),
        last_layer=layer,
        eps=1e-4,
        max_weight=10.0,
    ),
    "vqgan.losses.receptive_field": dict(n_layers=2),
    "vqgan.nets.norm": dict(channels=32),
    "vqgan.tokenizer.code_probabilities": dict(
        logits=rand(2, 6), temperature=1.0, top_k=3
    ),
    "vqgan.tokenizer.attention_window": dict(row=1, col=2, height=8, width=9, size=4),
    "yarn.wavelengths": dict(width=6, base=100.0),
    "yarn.kept": dict(
        width=6, trained=64.0, base=100.0, alpha=1.0, beta=8.0, ramp="turns"
    ),
    "yarn.speeds": dict(
        width=6, factor=4.0, trained=64.0, base=100.0, alpha=1.0, beta=8.0, ramp="pairs"
    ),
    "yarn.sharpening": dict(factor=4.0, weight=0.1),
}


def spoilt(value: Any) -> Iterator[tuple[str, Any]]:
    """Ways to spoil one argument, by name; each is wrong nearly everywhere."""
    if isinstance(value, Tensor):
        yield "a list", value.tolist()
        yield "one dimension more", value[None]
        if value.dim():
            yield "one dimension less", value[0]
            yield "no rows", value[:0]
            yield "no columns", value[..., :0]
        if value.dtype in (torch.float32, torch.float64):
            yield "nan", spoilt_by_nan(value)
            if value.dim():
                yield "float64", value.double()
        if value.dtype == torch.int64:
            yield "a float tensor", value.float()
            yield "far below 0", value - 1000
    elif isinstance(value, bool):
        yield from [("a string", "no"), ("a number", 2)]
    elif isinstance(value, int):
        yield from [("a fraction", value + 0.5), ("a string", str(value))]
        yield from [("a bool", True), ("0", 0), ("negative", -value), ("nan", math.nan)]
    elif isinstance(value, float):
        yield from [("nan", math.nan), ("a string", str(value)), ("a bool", True)]
        yield ("infinite", math.inf)
    elif isinstance(value, str):
        yield from [("nonsense", "nonsense"), ("a number", 3), ("empty", "")]
    elif isinstance(value, tuple) and all(isinstance(x, int) for x in value):
        yield from [
            ("a float pair", tuple(x + 0.5 for x in value)),
            ("a pair of 0", (0, 0)),
        ]
        yield from [("negative", tuple(-x for x in value)), ("three", (*value, 1))]
    elif isinstance(value, list | tuple):
        yield from [("a string", "ab"), ("empty", [])]
    elif callable(value) or not isinstance(value, float):
        yield from [("a string", "no"), ("a number", 3)]


def spoilt_by_nan(value: Tensor) -> Tensor:
    """The same numbers but for one in the middle."""
    flat = value.detach().clone().flatten()
    flat[len(flat) // 2] = math.nan
    return flat.reshape(value.shape).requires_grad_(value.requires_grad)


def tensors(result: Any) -> Iterator[Tensor]:
    """All tensors, and numbers as tensors, in what a function gave."""
    if isinstance(result, Tensor):
        yield result
    elif isinstance(result, int | float):
        yield torch.tensor(float(result))
    elif isinstance(result, dict):
        for part in result.values():
            yield from tensors(part)
    elif isinstance(result, list | tuple):
        for part in result:
            yield from tensors(part)


def outcome(function: Any, arguments: dict[str, Any], how: str) -> tuple[str, str]:
    """Call it: "words", "raw", "hanging", "silent" or "through", and what was said.

    "through" is a nan that comes out as one, or nothing that gives nothing.
    """

    def late(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        torch.manual_seed(0)
        result = function(**arguments)
    except KeyboardInterrupt:
        return "hanging", ""
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        return ("words" if in_words(error) else "raw"), said[:160]
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    came = list(tensors(result))
    if how == "nan" and any(x.isnan().any() for x in came if x.numel()):
        return "through", ""
    if how in ("no rows", "no columns") and not any(x.numel() for x in came):
        return "through", ""
    return "silent", str(result)[:160]


def in_words(error: Exception) -> bool:
    """Whether an error was raised by a line of lib that says so."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    if place is None or not isinstance(error, ValueError | TypeError):
        return False
    file = place.tb_frame.f_code.co_filename
    ours = Path(file).is_relative_to(LIB)
    return ours and linecache.getline(file, place.tb_lineno).strip().startswith("raise")


def cases() -> Iterator[tuple[str, str, str, Any]]:
    """Each function, argument, way to spoil it, and the spoilt value."""
    for name, arguments in GOOD.items():
        floats = [
            x for x in arguments.values()
            if isinstance(x, Tensor) and x.dim() and x.dtype == torch.float32
        ]  # fmt: skip
        for key, value in arguments.items():
            for how, bad in spoilt(value):
                if how != "float64" or len(floats) > 1:
                    yield name, key, how, bad

"""Training steps on a page against torch: losses, their slopes, their parts."""

import math

import pytest
import torch
import torch.nn.functional as F
from javascript import engine, fed
from torch import nn
from torch.func import functional_call, grad

G = torch.Generator().manual_seed(5)
rand = lambda *shape: torch.randn(*shape, generator=G)
TOKENS = torch.randint(11, (4, 6), generator=G)
LABELS = torch.randint(5, (4,), generator=G)
IMAGES = rand(4, 3, 8, 8)
POINTS = rand(4, 6)


class Attention(nn.Module):
    """A block of a transformer, as small as it may be."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.LayerNorm(8), nn.LayerNorm(8)
        self.qkv, self.out = nn.Linear(8, 24), nn.Linear(8, 8)
        self.mlp = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 8))

    def forward(self, x):
        B, T, D = x.shape
        heads = self.qkv(self.first(x)).view(B, T, 3, 2, D // 2).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(*heads, is_causal=True)
        x = x + self.out(mixed.transpose(1, 2).reshape(B, T, D))
        return x + self.mlp(self.second(x))


class Noise(nn.Module):
    """What a step draws by itself: Wichmann and Hill, then Box and Muller."""

    def forward(self, x):
        n = torch.arange(x.numel(), dtype=torch.float64)
        parts = [((n * a + 7) * a % m) / m for a, m in ((171, 30269), (172, 30307))]
        radius = (-2 * torch.log(parts[0] + 1e-12)).sqrt()
        return x * (radius * torch.cos(2 * math.pi * parts[1])).view_as(x).float()


class Lambda(nn.Module):
    def __init__(self, f):
        super().__init__()
        self.f, self.weight = f, nn.Parameter(rand(4, 6))

    def forward(self, x):
        return self.f(x * self.weight)


def convolutions():
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(8, 6, 3, padding=1, groups=2, bias=False),
        nn.GroupNorm(2, 6),
        nn.SiLU(),
        nn.MaxPool2d(2),
        nn.ConvTranspose2d(6, 5, 4, stride=2, padding=1),
        nn.BatchNorm2d(5, track_running_stats=False),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(20, 5),
    )


def language():
    return nn.Sequential(nn.Embedding(11, 8), Attention(), nn.Linear(8, 11))


entropy = lambda y: F.cross_entropy(y, LABELS)
predict = lambda y: F.cross_entropy(y[:, :-1].flatten(0, 1), TOKENS[:, 1:].flatten())
square = lambda y: (y**2).mean()
perceptron = lambda *layers: nn.Sequential(nn.Linear(6, 7), *layers, nn.Linear(7, 5))
STEPS = {  # model, what it sees, loss
    "convolutions": (convolutions(), IMAGES, entropy),
    "language model": (language(), TOKENS, predict),
    "adaptive pool": (
        nn.Sequential(nn.Conv2d(3, 5, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        IMAGES,
        entropy,
    ),
    "conv1d": (nn.Conv1d(3, 5, 3, dilation=2, padding=1), IMAGES[:, :, 0], square),
    "depthwise": (nn.Conv2d(3, 3, 3, stride=2, groups=3), IMAGES, square),
    "upsampled": (
        nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(3, 2, 3)),
        IMAGES,
        square,
    ),
    "noise": (nn.Sequential(Noise(), nn.Linear(6, 5)), POINTS, entropy),
    **{
        type(layer).__name__: (perceptron(layer), POINTS, entropy)
        for layer in (
            *(nn.ReLU(), nn.Tanh(), nn.Sigmoid(), nn.GELU(), nn.GELU("tanh"), nn.ELU()),
            *(nn.Softplus(), nn.SiLU(), nn.Softmax(1), nn.LogSigmoid(), nn.Hardtanh()),
            *(
                nn.LayerNorm(7),
                nn.RMSNorm(7),
                nn.BatchNorm1d(7, track_running_stats=False),
            ),
        )
    },
    **{
        name: (Lambda(f), POINTS, square)
        for name, f in {
            "top": lambda x: x.topk(2).values,
            "sort": lambda x: x.sort(1).values * POINTS,
            "sums so far": lambda x: x.cumsum(1) + x.cumprod(1),
            "picked": lambda x: x[torch.tensor([0, 2, 0]), torch.tensor([1, 1, 1])],
            "columns": lambda x: x[:, [0, 0, 2]],
            "gathered": lambda x: x.gather(1, LABELS[:, None]),
            "scattered": lambda x: x.scatter_add(1, LABELS[:, None], x[:, :1]),
            "put": lambda x: x.index_put((LABELS % 4,), x, accumulate=True),
            "one hot": lambda x: x * (LABELS[:, None] == torch.arange(6)),
            "remainder": lambda x: x % 0.7 + x.fmod(0.3),
            "extremes": lambda x: x.max(1).values + x.amin(1) + x.max(),
            "clamp": lambda x: x.clamp(-1, 1) + x.clamp(min=0.3).prod(1, True),
            "norm": lambda x: x / x.norm(dim=1, keepdim=True) + x.std(0) + x.var(),
            "distance": lambda x: torch.cdist(x, POINTS),
            "slices": lambda x: x[1:, ::2] * x[:-1, 1::2] + x.flip(0)[:3, :3],
            "parts": lambda x: torch.cat([*x.chunk(2, 1), x.roll(1, 1)[:, :3]]).unfold(
                1, 2, 1
            ),
            "triangle": lambda x: x.tril() + x.triu(1) * x.diagonal().sum(),
            "padded": lambda x: F.pad(x, (1, -1)).repeat(2, 1) + x.repeat(2, 1),
            "curves": lambda x: x.sin() * x.cos() + x.erf() + x.atan() + x.sinh(),
            "powers": lambda x: x.abs().pow(1.5) + x.exp2() + x.abs().sqrt().rsqrt(),
            "bilinear": lambda x: F.interpolate(x[None, None], (7, 9), mode="bilinear"),
            "copy": lambda x: torch.zeros(4, 6).copy_(x) * x.detach().clone(),
        }.items()
    },
}


def step_of(model, seen, loss):
    """One step of gradient descent with momentum, as a function of named tensors."""
    plain = {name.replace(".", "_"): name for name, _ in model.named_parameters()}

    def step(**state):
        weights = {name: state[short] for short, name in plain.items()}
        cost = lambda w: loss(functional_call(model, w, (seen,)))
        slopes = grad(cost)(weights)
        moved = {}
        for short, name in plain.items():
            pace = 0.9 * state[f"{short}_pace"] + slopes[name]
            moved[f"{short}_pace"] = pace
            moved[short] = state[short] - 0.05 * pace
        return moved

    start = {
        s: p.detach() for s, (_, p) in zip(plain, model.named_parameters(), strict=True)
    }
    return step, start | {f"{s}_pace": torch.zeros_like(p) for s, p in start.items()}


@pytest.mark.slow
@pytest.mark.parametrize("name", STEPS)
def test_three_steps_are_those_of_torch(name):
    step, state = step_of(*STEPS[name])
    found = fed(step, state, 3)
    for _ in range(3):
        state = step(**state)
    most = max(value.abs().max() for value in state.values())
    for key, want in state.items():
        assert (found[key] - want).abs().max() <= 1e-5 * most, key


@pytest.mark.slow
def test_two_thousand_steps_leave_nothing_behind():
    step, state = step_of(perceptron(nn.GELU(), nn.LayerNorm(7)), POINTS, entropy)
    used = []
    for times in (20, 20, 2000):
        fed(step, state, times)
        engine().low_memory_notification()
        used.append(engine().heap_stats()["used_heap_size"])
    assert used[2] - used[1] < 100_000

"""The training loop: what it computes, whom it lets play, what it refuses."""

import math
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn

from lib.train import Diverged, Player, minibatches, rounded, train


def regression(seed=0):
    torch.manual_seed(seed)
    x = torch.randn(64, 4)
    model = nn.Sequential(
        nn.Linear(4, 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 1)
    )
    return model, minibatches(x, x.sum(1, keepdim=True), size=16)


def squared(model, x, y):
    return (model(x) - y).square().mean()


def fit(**options):
    model, batch = regression()
    options = dict(steps=20, lr=0.01, quiet=True) | options
    return model, train(model, squared, batch, **options)


# The loop


def test_equals_the_loop_one_would_write():
    model, history = fit(steps=12, weight_decay=0.1, clip=0.5)
    twin, batch = regression()
    optimizer = torch.optim.AdamW(twin.parameters(), lr=0.01, weight_decay=0.1)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=12)
    generator = torch.Generator().manual_seed(0)
    losses = []
    for _ in range(12):
        torch.manual_seed(int(torch.randint(2**62, (), generator=generator)))
        loss = squared(twin, *batch(generator))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(twin.parameters(), 0.5)
        optimizer.step()
        cosine.step()
        losses.append(loss.item())
    torch.testing.assert_close(torch.tensor(history.loss), torch.tensor(losses))
    for got, want in zip(model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(got, want)


def test_learns_and_counts():
    _, history = fit(steps=200)
    assert history.steps == history.total == len(history.losses["loss"]) == 200
    assert sum(history.loss[-20:]) < 0.3 * sum(history.loss[:20])
    assert history.seconds > 0 and not history.interrupted


def test_same_seed_same_curve_and_another_seed_another():
    assert fit()[1].losses == fit()[1].losses
    assert fit()[1].losses != fit(seed=1)[1].losses


def test_neither_disturbs_nor_heeds_the_callers_random_numbers():
    torch.manual_seed(5)
    want = torch.randn(3)
    model, batch = regression()
    torch.manual_seed(5)
    train(model, squared, batch, steps=5, quiet=True)
    assert torch.equal(torch.randn(3), want)


def test_the_noise_of_a_step_is_not_that_of_its_batch():
    seen = []

    def loss(model, drawn):
        seen.append((drawn, torch.randn(4)))
        return model(drawn).square().mean()

    train(
        nn.Linear(4, 1),
        loss,
        lambda g: torch.randn(4, generator=g),
        steps=3,
        quiet=True,
    )
    flat = torch.stack([t for pair in seen for t in pair])
    assert len(flat.unique(dim=0)) == 6


def test_every_part_keeps_its_mode_and_watch_sees_evaluation():
    model, batch = regression()
    model.train()
    model[2].eval()
    modes = []

    def loss(model, x, y):
        modes.append(model[2].training)
        return squared(model, x, y)

    def watch(step, model):
        modes.append((step, model.training, torch.is_grad_enabled()))
        return {}

    train(model, loss, batch, steps=3, every=2, watch=watch, quiet=True)
    assert modes == [True, True, (2, False, False), True, (3, False, False)]
    assert model.training and not model[2].training


def test_measurements():
    def watch(step, model):
        return {"step": step, "accuracy": torch.tensor(0.5), "grid": torch.eye(2)}

    _, history = fit(steps=5, every=2, watch=watch)
    assert history.measurements["step"] == [(2, 2.0), (4, 4.0), (5, 5.0)]
    assert history.measurements["accuracy"][0] == (2, 0.5)
    assert torch.equal(history.measurements["grid"][2][1], torch.eye(2))
    assert history.latest().keys() == {"loss", "step", "accuracy"}


def test_schedules():
    rates = {}

    class Spy(torch.optim.SGD):
        def step(self, closure=None):
            rates.setdefault(kind, []).append(self.param_groups[0]["lr"])

    for kind in ("cosine", "constant", lambda step: step + 1.0):
        model, batch = regression()
        optimizer = Spy(model.parameters(), lr=0.5)
        train(
            model,
            squared,
            batch,
            steps=4,
            schedule=kind,
            optimizer=optimizer,
            quiet=True,
        )
        assert optimizer.param_groups[0]["lr"] == 0.5
    half = 0.5**0.5
    cosine = [0.5, 0.25 * (1 + half), 0.25, 0.25 * (1 - half)]
    assert list(rates.values()) == [pytest.approx(cosine), [0.5] * 4, [0.5, 1, 1.5, 2]]


def test_minibatches_draws_rows_that_belong_together():
    a, b = torch.arange(10), torch.arange(10) * 2
    batch = minibatches(a, b, size=64)
    x, y = batch(torch.Generator().manual_seed(3))
    assert torch.equal(2 * x, y) and len(x) == 64 and len(x.unique()) == 10
    assert not torch.equal(x, batch(torch.Generator().manual_seed(4))[0])


# What is refused


@pytest.mark.parametrize("where", ["loss", "gradient"])
def test_nan_stops_at_the_step_and_keeps_the_weights(where):
    model, batch = regression()
    weights = []

    def loss(model, x, y):
        weights.append(model[0].weight.detach().clone())
        value = squared(model, x, y)
        if len(weights) < 6:
            return value
        return value * math.inf if where == "loss" else value + (value * 0).sqrt()

    with pytest.raises(Diverged, match=r"step 6: .* learning rate \(it is 0.25\)") as e:
        train(model, loss, batch, steps=9, lr=0.25, schedule="constant", quiet=True)
    assert ("gradient of the loss" in str(e.value)) == (where == "gradient")
    assert e.value.history.steps == 5 and all(map(math.isfinite, e.value.history.loss))
    assert torch.equal(model[0].weight, weights[-1])


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (lambda m, x, y: (m(x) - y).square(), r"shape \(16, 1\)"),
        (lambda m, x, y: squared(m, x, y).item(), "float came"),
        (lambda m, x, y: squared(m, x, y).detach(), "requires_grad False"),
        (lambda m, x, y: None, "NoneType came"),
        (lambda m, x, y: y.clone().requires_grad_().mean(), "depends on none of"),
    ],
)
def test_a_loss_that_teaches_nothing_is_refused(loss, words):
    model, batch = regression()
    with pytest.raises(ValueError, match=words):
        train(model, loss, batch, steps=1, quiet=True)


def test_options_that_make_no_sense_are_refused():
    model, batch = regression()
    sgd = torch.optim.SGD(model.parameters(), lr=0.1)
    for options, words in [
        (dict(steps=0), "steps is 0; expected 1 or more"),
        (dict(every=0), "every is 0; expected 1 or more"),
        (dict(steps=2.5), r"steps is 2.5 \(float\); expected a whole number"),
        (dict(steps=True), r"steps is True \(bool\); expected a whole number"),
        (dict(seed="1"), r"seed is '1' \(str\); expected a whole number"),
        (dict(clip=-1), "clip holds -1; expected finite numbers above 0"),
        (dict(clip=0.0), "clip holds 0; expected finite numbers above 0"),
        (dict(clip="1"), r"clip is '1' \(str\); expected a number"),
        (dict(lr=math.nan), "lr holds nan; expected finite numbers above 0"),
        (dict(weight_decay=-0.1), "weight_decay holds -0.1; expected numbers in"),
        (dict(schedule=lambda step: -1.0), r"schedule\(0\) holds -1; expected num"),
        (dict(schedule=lambda step: math.nan), r"schedule\(0\) holds nan; expected"),
        (dict(schedule="linear"), "not 'linear'"),
        (dict(optimizer=sgd, lr=0.1), "those of the optimizer"),
        (dict(optimizer=sgd, weight_decay=0.1), "those of the optimizer"),
    ]:
        with pytest.raises((ValueError, TypeError), match=words):
            train(model, squared, batch, **dict(steps=20, quiet=True) | options)
    with pytest.raises(ValueError, match="holds Players"):
        train(model, {"loss": squared}, batch, steps=1, quiet=True)
    with pytest.raises(ValueError, match="holds Players"):
        train(model, {}, batch, steps=1, quiet=True)
    with pytest.raises(TypeError, match=r"batch\(\) must return tensors; str came"):
        train(model, squared, lambda g: (torch.ones(2, 4), "y"), steps=1, quiet=True)
    with pytest.raises(ValueError, match=r"that hold rows; one of shape \(0, 4\) came"):
        train(model, squared, lambda g: torch.ones(0, 4), steps=1, quiet=True)
    with pytest.raises(ValueError, match="size is 0; expected 1 or more"):
        minibatches(torch.ones(3), size=0)
    with pytest.raises(TypeError, match=r"size is 2.5 \(float\); expected a whole"):
        minibatches(torch.ones(3), size=2.5)
    with pytest.raises(TypeError, match="tensor 1 is a list; expected a tensor"):
        minibatches([1, 2], size=2)
    for name, part in (("model", "model"), ("loss", 3), ("batch", torch.ones(3))):
        given = dict(model=model, loss=squared, batch=batch) | {name: part}
        with pytest.raises(TypeError, match=rf"{name} is a .*; expected a"):
            train(**given, steps=1, quiet=True)
    with pytest.raises(ValueError, match=r"equally many rows; \[3, 4\] came"):
        minibatches(torch.ones(3), torch.ones(4), size=2)


# Several players


class Game(nn.Module):
    def __init__(self):
        super().__init__()
        self.generator, self.critic = nn.Linear(2, 2), nn.Linear(2, 1)


def game(turns=1):
    torch.manual_seed(0)
    model = Game()

    def critic_loss(model, real, noise):
        fake = model.generator(noise).detach()
        return model.critic(fake).mean() - model.critic(real).mean()

    def generator_loss(model, real, noise):
        return -model.critic(model.generator(noise)).mean()

    def player(loss, part, **more):
        return Player(loss, torch.optim.Adam(part.parameters(), lr=0.1), **more)

    def batch(generator):
        return [torch.randn(8, 2, generator=generator) + 3 for _ in range(2)]

    critic = player(critic_loss, model.critic, turns=turns)
    players = {"critic": critic, "generator": player(generator_loss, model.generator)}
    return model, players, batch


def test_players_take_turns_and_move_only_their_own():
    model, players, batch = game(turns=3)
    moves = []
    for name, player in players.items():
        player.optimizer.step = lambda name=name, step=player.optimizer.step: (
            moves.append((name, *snapshot(model.critic.weight))),
            step(),
        )

    def snapshot(weight):
        return weight.tolist(), weight.grad.tolist()

    before = model.generator.weight.clone()
    history = train(model, players, batch, steps=2, schedule="constant", quiet=True)
    assert [name for name, *_ in moves] == (["critic"] * 3 + ["generator"]) * 2
    # the critic stands still while the generator moves, and is sent no gradient
    assert moves[3][2] == moves[2][2]
    assert moves[3][1] != moves[2][1] and moves[3][1] == moves[4][1]
    assert not torch.equal(before, model.generator.weight)
    assert {name: len(kept) for name, kept in history.losses.items()} == {
        "critic": 2,
        "generator": 2,
    }
    assert history.loss is history.losses["critic"]


# Around the loop


def test_works_outside_the_main_thread():
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(fit, steps=3).result()[1].steps == 3


@pytest.mark.parametrize("device", ["cpu", "cuda", "mps"])
def test_devices(device):
    if device != "cpu" and not getattr(torch, device).is_available():
        pytest.skip(f"no {device} here")
    model, batch = regression()
    model[2] = nn.Identity()  # dropout draws other numbers on other devices
    history = train(model, squared, batch, steps=20, device=device, quiet=True)
    assert model[0].weight.device.type == device
    twin, _ = regression()
    twin[2] = nn.Identity()
    want = train(twin, squared, batch, steps=20, quiet=True)
    torch.testing.assert_close(
        torch.tensor(history.loss), torch.tensor(want.loss), rtol=1e-3, atol=1e-5
    )


def test_rounded_fits_in_half_precision_and_stays_single():
    model = nn.BatchNorm1d(3)
    nn.init.normal_(model.weight)
    before = model.weight.clone()
    assert rounded(model) is model
    for tensor in (model.weight, model.running_mean):
        assert tensor.dtype == torch.float32
        assert torch.equal(tensor, tensor.half().float())
    assert not torch.equal(model.weight, before)
    torch.testing.assert_close(model.weight, before, rtol=1e-3, atol=0)
    assert model.num_batches_tracked.dtype == torch.int64
    model.register_buffer("mask", torch.tensor([0.0, -math.inf]))
    assert rounded(model).mask[1] == -math.inf
    model.bias.data[1] = -1e5
    with pytest.raises(ValueError, match="bias holds 1e\\+05, too large"):
        rounded(model)

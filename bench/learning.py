"""A training step in the page against tensorflow.js, and against PyTorch's own modules.

The step is chapter 03's ring game: both players, Adam for both, 128 points. The page's
is traced from PyTorch; all run in turns, warm, on one thread, in headless chromium.
"""

import base64
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import torch
from torch import Tensor
from torch.func import functional_call, grad

from bench.turns import Row
from lib.gan import losses, plane
from lib.live import bundle
from lib.live.trace import pack, trace

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

PEERS = ("@tensorflow/tfjs@4.22.0", "@tensorflow/tfjs-backend-wasm@4.22.0")
SCRIPT = Path(__file__).with_suffix(".js")
RATE, BETAS, EPS = 1e-3, (0.5, 0.9), 1e-8  # of Adam, as the chapter has them
BATCH, ROUNDS = 128, 60
PLAYERS = ("critic", "generator")


def adam(w: Tensor, slope: Tensor, m: Tensor, v: Tensor, t: Tensor) -> tuple:
    """A parameter, and the two moving means, after one step."""
    m = BETAS[0] * m + (1 - BETAS[0]) * slope
    v = BETAS[1] * v + (1 - BETAS[1]) * slope * slope
    size = (v / (1 - BETAS[1] ** t)).sqrt() + EPS
    return w - RATE / (1 - BETAS[0] ** t) * m / size, m, v


def kernel(game: plane.Game) -> Callable[..., dict[str, Tensor]]:
    """Both players' steps as a function of named tensors."""

    def play(player: str, weights: dict[str, Tensor], x: Tensor) -> Tensor:
        return functional_call(getattr(game, player), weights, (x,))

    def step(real, noise, again, t, **state):
        found = {"t": t + 1}
        weights = {
            player: {
                name: state[f"{player}_{name}".replace(".", "_")]
                for name, _ in getattr(game, player).named_parameters()
            }
            for player in PLAYERS
        }

        def learn(player, loss):
            for name, slope in grad(loss)(weights[player]).items():
                key = f"{player}_{name}".replace(".", "_")
                old = state[key], slope, state[f"{key}_m"], state[f"{key}_v"]
                new = adam(*old, found["t"])
                found[key], found[f"{key}_m"], found[f"{key}_v"] = new
                weights[player][name] = new[0]

        def critic_loss(critic):
            fake = play("generator", weights["generator"], noise).detach()
            logits = play("critic", critic, real), play("critic", critic, fake)
            return losses.discriminator_loss(*logits)

        def generator_loss(generator):
            fake = play("generator", generator, again)
            return losses.generator_loss(play("critic", weights["critic"], fake))

        learn("critic", critic_loss)
        learn("generator", generator_loss)
        return found

    return step


def beginning(game: plane.Game) -> dict[str, Tensor]:
    """The inputs of the first step."""
    noise = torch.randn(2, BATCH, 2)
    found = dict(real=plane.sample(plane.ring(), BATCH))
    found |= dict(noise=noise[0], again=noise[1], t=torch.tensor(0.0))
    for name, p in game.named_parameters():
        key = name.replace(".", "_")
        found[key] = p.detach().clone()
        found[f"{key}_m"] = found[f"{key}_v"] = torch.zeros_like(p)
    return found


def modules(game: plane.Game, inputs: dict[str, Tensor]) -> Callable[[], None]:
    """The same step as one writes it in PyTorch."""
    real, noise, again = (inputs[name] for name in ("real", "noise", "again"))
    critic, generator = (
        torch.optim.Adam(getattr(game, player).parameters(), RATE, BETAS, EPS)
        for player in PLAYERS
    )

    def step() -> None:
        fake = game.generator(noise).detach()
        loss = losses.discriminator_loss(game.critic(real), game.critic(fake))
        critic.zero_grad()
        loss.backward()
        critic.step()
        loss = losses.generator_loss(game.critic(game.generator(again)))
        generator.zero_grad()
        loss.backward()
        generator.step()

    return step


def sent(tensor: Tensor) -> dict:
    """A tensor as the page takes it."""
    dtype = str(tensor.dtype).removeprefix("torch.")
    return {"dtype": dtype, "shape": [*tensor.shape], "data": tensor.flatten().tolist()}


def peers(folder: Path) -> list[str]:
    """Scripts of tensorflow.js, and its WebAssembly as base64, got by npm."""
    command = ["npm", "install", "--silent", "--ignore-scripts", *PEERS]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    home = folder / "node_modules" / "@tensorflow"
    simd = home / "tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm"
    code = base64.b64encode(simd.read_bytes()).decode()
    return [
        (home / "tfjs/dist/tf.min.js").read_text(),
        (home / "tfjs-backend-wasm/dist/tf-backend-wasm.min.js").read_text(),
        f"window.simd = 'data:application/wasm;base64,{code}'",
    ]


def milliseconds(call: Callable, times: int) -> float:
    start = time.perf_counter()
    for _ in range(times):
        call()
    return 1e3 * (time.perf_counter() - start) / times


def rows() -> Iterator[Row]:
    """Time the page's step; ImportError where npm or a browser is missing."""
    from browser import chromium  # of the tests; ImportError without playwright

    torch.set_num_threads(1)
    torch.manual_seed(0)
    game = plane.Game()
    inputs = beginning(game)
    program = trace(kernel(game), inputs, {})
    program["constants"] = [pack(t) for t in program["constants"]]
    asked = {"program": program, "inputs": [sent(t) for t in inputs.values()]}
    asked["players"] = {
        player: [
            name.replace(".", "_")
            for name, _ in game.named_parameters()
            if name.startswith(player)
        ]
        for player in PLAYERS
    }
    own = modules(game, inputs)
    with tempfile.TemporaryDirectory() as name, chromium() as browser:
        page = browser.new_page()
        page.set_content("<p>")
        try:
            scripts = peers(Path(name))
        except (OSError, subprocess.CalledProcessError) as error:
            raise ImportError(f"tensorflow.js, by npm: {error}") from error
        for script in [*scripts, bundle.classic(SCRIPT, "learning")]:
            page.add_script_tag(content=script)
        page.evaluate("asked => learning.prepare(asked)", json.dumps(asked))
        kinds = {"page": 1, "wasm": 1, "cpu": 1}
        turn = "([kind, n]) => learning.turn(kind, n)"
        spent = {kind: [] for kind in [*kinds, "torch"]}
        for _ in range(ROUNDS):
            for kind in kinds:
                times = 5 if kind == "page" else 2
                spent[kind].append(page.evaluate(turn, [kind, times]))
            spent["torch"].append(milliseconds(own, 5))
    ms = {kind: median(times[ROUNDS // 3 :]) for kind, times in spent.items()}
    names = {
        "wasm": "tfjs wasm",
        "cpu": "tfjs cpu",
        "torch": f"torch {torch.__version__}",
    }
    work = "03's ring game, one step in a page"
    for kind, peer in names.items():
        yield work, peer, ms["page"], ms[kind], ms["page"] / ms[kind]

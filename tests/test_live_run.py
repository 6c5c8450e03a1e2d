"""A figure that learns: its chance, its optimizers, its run, and the same on a page."""

import itertools
import json
import math

import learning
import pytest
import torch
from javascript import begun, engine, traced
from torch import nn

from lib import plot
from lib.live import Run, Slider, chance, page, record
from lib.live.chance import Chance
from lib.live.figure import LiveFigure
from lib.live.learner import SGD, Adam, Learner, recorded
from lib.live.run import Course
from lib.live.trace import pack
from lib.live.widget import LiveWidget


def one_by_one(key):
    """What uniform gives, number by number, in whole numbers."""
    while True:
        parts = zip(key, chance.FACTORS, chance.MODULI, strict=True)
        key = [k * factor % modulus for k, factor, modulus in parts]
        parts = zip(key, chance.MODULI, strict=True)
        yield sum(k / modulus for k, modulus in parts) % 1


def test_chance_is_wichmann_and_hills():
    key = Chance.seeded(7).key
    want = list(itertools.islice(one_by_one([int(k) for k in key]), 300))
    drawn = Chance(key)
    found = [drawn.uniform(5, 13), drawn.uniform(), drawn.uniform(200)]
    later = Chance(drawn.key).uniform(34)
    found = torch.cat([part.flatten() for part in (*found, later)])
    assert found.tolist() == pytest.approx(want, abs=1e-12)


@pytest.mark.parametrize("seed", [0, 1, 2, 999])
def test_chance_is_even_and_normal(seed):
    drawn = Chance.seeded(seed)
    parts = drawn.uniform(10_000)
    counts = torch.histc(parts.float(), 20, 0, 1)
    assert ((counts - 500).square() / 500).sum() < 45  # chi-squared, 19 degrees: 1e-3
    z = drawn.normal(10_001)
    assert z.dtype == torch.float32 and abs(z.mean()) < 0.04 and abs(z.std() - 1) < 0.03
    whole = drawn.integers(6, 3_000)
    assert whole.unique().tolist() == list(range(6))
    p = torch.tensor([[0.5, 0.0, 0.5], [0.0, 1.0, 0.0]])
    picked = drawn.pick(p.repeat(500, 1, 1))
    assert (picked[:, 1] == 1).all() and set(picked[:, 0].tolist()) == {0, 2}


def test_seeds_do_not_follow_one_another():
    first = torch.stack([Chance.seeded(seed).uniform(50) for seed in range(1, 40)])
    together = torch.corrcoef(first).fill_diagonal_(0).abs().max()
    assert together < 0.6 and len(first[:, 0].unique()) == 39


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (SGD(), lambda w: torch.optim.SGD(w, 0.1)),
        (SGD(momentum=0.9), lambda w: torch.optim.SGD(w, 0.1, momentum=0.9)),
        (Adam(), lambda w: torch.optim.Adam(w, 0.1)),
        (Adam((0.5, 0.9), 1e-6), lambda w: torch.optim.Adam(w, 0.1, (0.5, 0.9), 1e-6)),
    ],
    ids=["descent", "momentum", "adam", "adam of a gan"],
)
def test_an_optimizer_is_torchs(ours, theirs):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2)).double()
    x, y = torch.randn(7, 3).double(), torch.randn(7, 2).double()
    learner, optimizer = Learner(net, ours), theirs(net.parameters())
    state = learner.start(Chance.seeded(1))
    weights = {k: w.detach().clone() for k, w in net.named_parameters()}
    state["weights"], state["memory"] = weights, ours.start(weights)
    for _ in range(20):
        state, value = learner.step(state, lambda m: (m(x) - y).square().mean(), 0.1)
        optimizer.zero_grad()
        loss = (net(x) - y).square().mean()
        loss.backward()
        optimizer.step()
        assert value.item() == pytest.approx(loss.item(), rel=1e-9)
        for key, want in net.named_parameters():
            torch.testing.assert_close(
                state["weights"][key], want.detach(), rtol=1e-6, atol=1e-9
            )


def test_fresh_weights_are_as_wide_as_the_modules_own():
    net = nn.Sequential(nn.Linear(40, 90), nn.LayerNorm(90))
    learner = Learner(net, SGD())
    one, other = (learner.start(Chance.seeded(s))["weights"] for s in (1, 2))
    assert not torch.equal(one["0.weight"], other["0.weight"])
    wide = one["0.weight"].std() / net[0].weight.std()
    assert wide.item() == pytest.approx(1, abs=0.05)
    assert torch.equal(one["1.weight"], torch.ones(90))  # as it was
    shown = learner.at({"weights": one}, lambda m: m[0].weight)
    assert torch.equal(shown, one["0.weight"])
    assert not torch.equal(net[0].weight, shown)  # the module itself stays


def test_a_curve_is_written_up_to_its_end():
    curve = torch.full((3,), torch.nan)
    for place in range(5):
        curve = recorded(curve, torch.tensor(float(place)), torch.tensor(place + 10.0))
    assert curve.tolist() == [10, 11, 12]


CONTROLS = dict(rate=torch.tensor(0.1), kind="square", parts=torch.tensor([False]))


def test_a_course_begins_again_to_the_bit_and_ends():
    course = Course(learning.RUN)
    course.advance(CONTROLS, 5)
    five = course.state
    course.advance(CONTROLS, 1000)
    assert course.steps == 60 and not course.lost
    course.restart(1)
    course.follow(CONTROLS, {"steps": 5, "ms": 1e6})
    assert torch.equal(five["points"], course.state["points"])
    assert torch.equal(five["curve"][:5], course.state["curve"][:5])
    assert five["curve"][5:].isnan().all()
    course.restart(2)
    assert not torch.equal(five["points"], course.state["points"])
    course.follow(CONTROLS, {})
    assert course.steps == 0
    course.follow(CONTROLS, {"steps": 60, "ms": 0})
    assert course.steps == 1  # at least one, whatever the time


def test_a_run_that_leaves_the_finite_numbers_stays_where_it_was():
    course = Course(learning.RUN)
    course.advance(CONTROLS | {"rate": torch.tensor(1e6)}, 60)
    assert course.lost and 0 < course.steps < 60
    assert all(w.isfinite().all() for w in course.state["net"]["weights"].values())
    stopped = course.steps
    course.advance(CONTROLS, 3)
    assert course.steps == stopped
    course.restart(1)
    assert not course.lost


def figure(**changed):
    parts = dict(
        kernel=learning.look,
        draw=learning.draw,
        alt=learning.ALT,
        size=plot.WIDE,
        controls=learning.CONTROLS,
        run=learning.RUN,
    )
    return LiveFigure(**parts | changed)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (
            dict(controls=learning.CONTROLS | {"gamma": Slider(0, 1)}),
            "neither look nor step takes gamma",
        ),
        (
            dict(controls={k: learning.CONTROLS[k] for k in ("kind", "offset")}),
            "the step step does not take the controls kind: missing .*'rate'",
        ),
        (dict(run=Run(lambda chance: {"a": 1.0}, learning.step)), "holds a float"),
    ],
    ids=["a control for no one", "a control too few", "no tensor"],
)
def test_what_cannot_be_a_run_is_refused(changed, words):
    with pytest.raises(TypeError, match=words):
        figure(**changed)


def test_a_step_keeps_the_form_of_the_state():
    start = lambda chance: {"a": torch.zeros(2)}
    for step, words in [
        (lambda state, chance: {"b": torch.zeros(2)}, "a state of b; expected a"),
        (
            lambda state, chance: {"a": torch.zeros(3)},
            r"made a \(3,\) torch.float32; expected \(2,\) torch.float32",
        ),
    ]:
        with pytest.raises(ValueError, match=words):
            Course(Run(start, step)).advance({}, 1)
    both = lambda chance: {"a": torch.zeros(()), "b": torch.ones(())}
    turned = Course(Run(both, lambda state, chance: {"b": state["b"], "a": state["b"]}))
    turned.advance({}, 1)  # in another order, which says nothing
    assert turned.state == {"a": 1, "b": 1}
    with pytest.raises(ValueError, match="steps must be at least 1, got 0"):
        Run(start, learning.step, steps=0)


@pytest.fixture(scope="module")
def packed():
    """The program of the figure for a page, and its constants."""
    return page.program(figure(), "live1")


def state_of(**changed):
    start = {"rate": [0.1], "kind": 0, "parts": [0], "offset": [0]}
    return start | changed


def test_the_page_plays_as_torch_does(packed, monkeypatch, tmp_path):
    monkeypatch.setenv("LIVE_FIGURES", str(tmp_path))
    monkeypatch.setattr(record, "CASES", 4)
    record.record(figure(), 3, *packed)
    found = json.loads((tmp_path / "3.json").read_text())
    assert [case["seed"] for case in found["cases"]] == [1, 2, 3, 4]
    case = found["cases"][0]
    course, play = Course(learning.RUN), begun(*packed)
    course.restart(1)
    given = {k: torch.tensor(v).squeeze() for k, v in case["state"].items()}
    kind = [*learning.LOSSES][int(case["key"])]
    parts = torch.tensor(case["state"]["parts"]).bool()
    course.advance(given | dict(kind=kind, parts=parts), 3)
    want = learning.look(course.state, given["offset"])
    here, _ = play(case["state"] | {"kind": int(case["key"])}, seed=1, steps=3)
    there = case["answers"]["3"]["line"]["data"]
    if all(map(math.isfinite, there)) and max(map(abs, there)) < 1e3:
        torch.testing.assert_close(here["line"].float(), want["line"])
        torch.testing.assert_close(torch.tensor(there).float(), want["line"])


def test_the_page_remembers_as_adam_does():
    """Its two memories are the same zeros at first, and must not stay one."""
    x = torch.linspace(-1, 1, 12).view(6, 2)
    learner = Learner(nn.Linear(2, 2), Adam())
    step = lambda state, chance, rate: learner.step(
        state, lambda m: (m(x) - x.sin()).square().mean(), rate
    )[0]
    look = lambda state: {"y": learner.at(state, lambda m: m(x)[:, 0])}
    draw = lambda fig, y: {"y": fig.subplots().plot(range(6), y)[0]}
    run = Run(learner.start, step)
    small = LiveFigure(look, draw, "a line", (4, 3), {"rate": Slider(0, 1, 0.1)}, run)
    play, course = begun(*page.program(small, "live1")), small.course
    for _ in range(5):
        course.advance({"rate": torch.tensor(0.1)}, 1)
        found = play({"rate": [0.1]}, steps=1)[0]["y"].float()
        torch.testing.assert_close(found, look(course.state)["y"], rtol=1e-5, atol=1e-6)


def test_the_page_begins_again_to_the_bit_and_acts_at_once(packed):
    play = begun(*packed)
    five, run = play(state_of(), seed=3, steps=5)
    assert run == {"steps": 5, "lost": False}
    assert five["curve"][:5].isfinite().all() and five["curve"][5:].isnan().all()
    still, _ = play(state_of(offset=[1]))
    torch.testing.assert_close(still["line"], five["line"] + 1)  # and no step is made
    other, _ = play(state_of(kind=1), steps=1)
    assert other["curve"][5] != play(state_of(), seed=3, steps=6)[0]["curve"][5]
    again, _ = play(state_of(), seed=3, steps=5)
    assert all(torch.equal(again[k].nan_to_num(), five[k].nan_to_num()) for k in five)
    assert play(state_of(), steps=5, quiet=True) == (None, {"steps": 10, "lost": False})
    assert play(state_of(), steps=1000)[1]["steps"] == 60
    found, run = play(state_of(rate=[1e6]), seed=1, steps=60)
    assert run["lost"] and run["steps"] < 60 and found["line"].isfinite().all()


def test_thousands_of_steps_leave_nothing_behind(packed):
    spec, constants = packed
    long = spec | {"run": spec["run"] | {"steps": 10**9}}
    play = begun(long, constants)

    def used(steps):
        play(state_of(), steps=steps, quiet=True)
        engine().low_memory_notification()
        return engine().heap_stats()["used_heap_size"]

    first = used(500)
    assert used(2000) - first < 50_000


def test_what_is_the_same_everywhere_is_stored_once():
    for constant in [torch.zeros(9, 9), torch.full((5,), torch.nan), torch.ones(3) / 3]:
        assert len(pack(constant)["bytes"]) <= 8
        back = traced(lambda x, c=constant: {"y": x + c}, {"x": torch.zeros(())})["y"]
        torch.testing.assert_close(
            back.float(), constant, rtol=0, atol=0, equal_nan=True
        )


def test_the_kernel_plays_for_the_widget(monkeypatch):
    sent = []
    widget = LiveWidget(figure())
    monkeypatch.setattr(widget, "send", lambda *reply: sent.append(reply))
    numbers = torch.tensor([0.1, 0, 0]).numpy().tobytes()

    def ask(number, move):
        content = {"view": "v", "id": number, "choices": {"kind": 0}, "move": move}
        widget._answer(None, content, [numbers])
        return sent[-1]

    reply, data = ask(1, {"steps": 4, "ms": 1e6})
    assert reply["run"] == {"steps": 4, "lost": False} and len(data) == 4
    assert ask(1, {"steps": 4, "ms": 1e6}) is sent[0]  # asked again, made once
    assert ask(2, {"steps": 1, "ms": 9, "quiet": True}) == (
        {"view": "v", "id": 2, "run": {"steps": 5, "lost": False}},
        [],
    )
    assert ask(3, {"seed": 2})[0]["run"]["steps"] == 0
    assert widget.get_state()["opening"]["spec"]["run"] == {
        "steps": 60,
        "named": "Train",
        "only": ["rate", "kind", "parts"],
        "random": True,
    }


def test_only_what_draws_has_a_seed():
    none = lambda chance: {"x": torch.zeros(())}
    some = lambda chance: {"x": chance.uniform()}
    still = lambda state, chance, kind=0: state
    moved = lambda state, chance, kind=0: {"x": chance.uniform()} if kind else state
    kinds = [{"kind": 0}, {"kind": 1}]
    assert not Course(Run(none, still)).is_random(kinds)
    assert Course(Run(some, still)).is_random(kinds)
    assert Course(Run(none, moved)).is_random(kinds)
    assert not Course(Run(none, moved)).is_random(kinds[:1])

"""A run that is stopped goes on, refuses another's file, and shows how it stands."""

import errno
import os
import re
import signal
import subprocess
import sys
import warnings
import xml.etree.ElementTree as ET
from functools import partial

import nbformat
import pytest
import torch
from nbclient import NotebookClient
from torch import nn

from lib.train import History, Player, history, minibatches, train
from lib.train.fingerprint import fingerprint


def squared(model, x, y):
    return (model(x) - y).square().mean()


def regression(start=0, width=8):
    x = torch.randn(64, 4, generator=torch.Generator().manual_seed(9))
    torch.manual_seed(start)
    model = nn.Sequential(nn.Linear(4, width), nn.Dropout(0.2), nn.Linear(width, 1))
    return model, minibatches(x, x.sum(1, keepdim=True), size=16)


def fit(press=None, presses=1, start=0, width=8, **options):
    """20 steps; before step `press` (from 0) Ctrl-C is pressed, once or twice."""
    model, batch = regression(start, width)
    steps, when = iter(range(99)), [press, presses]  # a list: no part of the run

    def pressing(generator):
        if next(steps) == when[0]:
            for _ in range(when[1]):
                signal.raise_signal(signal.SIGINT)
        return batch(generator)

    options = dict(steps=20, lr=0.01, every=5, quiet=True) | options
    return model, train(model, squared, pressing, **options)


# Interruptions


@pytest.mark.slow
def test_ctrl_c_ends_after_the_step_and_a_second_call_goes_on(tmp_path):
    _, whole = fit()
    usual = signal.getsignal(signal.SIGINT)
    _, half = fit(press=7, checkpoint=tmp_path / "run")
    assert half.interrupted and half.loss == whole.loss[:8]
    assert signal.getsignal(signal.SIGINT) is usual
    _, resumed = fit(start=1, checkpoint=tmp_path / "run")
    assert resumed.losses == whole.losses and not resumed.interrupted
    assert resumed.seconds > half.seconds


def test_ctrl_c_without_a_checkpoint_keeps_the_weights():
    model, history = fit(press=7)
    start, _ = regression()
    assert history.interrupted and history.steps == 8
    assert not torch.equal(model[0].weight, start[0].weight)


def test_a_second_ctrl_c_interrupts_at_once_and_leaves_the_last_file(tmp_path):
    _, half = fit(press=7, presses=2, checkpoint=tmp_path / "run")
    assert half.interrupted and half.steps == 7
    assert torch.load(tmp_path / "run")["history"]["losses"]["loss"] == half.loss[:5]
    assert fit(checkpoint=tmp_path / "run")[1].losses == fit()[1].losses


def test_players_and_turns_resume(tmp_path):
    def play(press, **options):
        model, batch = regression()
        calls, when = iter(range(99)), [press]

        def pressing(generator):
            if next(calls) == when[0]:
                signal.raise_signal(signal.SIGINT)
            return batch(generator)

        sides = {"even": (model[0], 1), "odd": (model[2], 2)}
        players = {
            name: Player(squared, torch.optim.Adam(part.parameters()), turns=turns)
            for name, (part, turns) in sides.items()
        }
        history = train(model, players, pressing, steps=9, quiet=True, **options)
        return model[0].weight, history

    weight, whole = play(press=None)
    assert play(press=10, checkpoint=tmp_path / "run")[1].steps == 4
    resumed, history = play(press=None, checkpoint=tmp_path / "run")
    assert torch.equal(weight, resumed) and history.losses == whole.losses


# Files


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (dict(steps=21), "steps was 20, is 21"),
        (dict(lr=0.02), "lr of loss's optimizer was 0.01, is 0.02"),
        (dict(seed=1), "seed was 0, is 1"),
        (dict(clip=1.0), "clip was None, is 1.0"),
        (dict(optimizer=torch.optim.SGD), r"AdamW, is SGD; .* \(and \d+ more\)"),
        (dict(schedule="constant"), r"schedule was \[1.0, 0.5, 0.006156\], is \[1.0,"),
        (dict(width=7), r"shape of 0.weight was \(8, 4\), is \(7, 4\); the"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused(tmp_path, change, words):
    file = tmp_path / "run"
    fit(checkpoint=file)
    before = file.read_bytes()
    model, batch = regression(width=change.pop("width", 8))
    options = dict(steps=20, lr=0.01, every=5, quiet=True) | change
    if "optimizer" in change:
        options |= dict(lr=None, optimizer=torch.optim.SGD(model.parameters(), lr=0.01))
    with pytest.raises(ValueError, match=words) as error:
        train(model, squared, batch, checkpoint=file, **options)
    assert "another run" in str(error.value) and str(file) in str(error.value)
    assert file.read_bytes() == before


def saved(tmp_path, **change):
    """A run of 4 steps with a file; each call may change one thing in it."""
    model, _ = regression()
    x = torch.randn(64, 4, generator=torch.Generator().manual_seed(9))
    given = dict(model=model, loss=squared, x=x, size=16, schedule=lambda step: 1.0)
    given |= change
    x = given.pop("x")
    batch = minibatches(x, x.sum(1, keepdim=True), size=given.pop("size"))
    file = tmp_path / "run"
    options = dict(batch=batch, steps=4, quiet=True, checkpoint=file)
    return train(**options | given)


class Bent(nn.Module):
    """A model of the same weights as regression()'s that computes something else."""

    def __init__(self, way):
        super().__init__()
        self.way = way
        for name, part in enumerate(regression()[0]):
            self.add_module(str(name), part)

    def forward(self, x):
        return self.way * self.get_submodule("2")(self.get_submodule("0")(x))


class Rows:
    """A batch that is an object with data of its own."""

    def __init__(self, seed):
        self.x = torch.randn(8, 4, generator=torch.Generator().manual_seed(seed))

    def __call__(self, generator):
        return self.x, self.x.sum(1, keepdim=True)


def scaled(factor):
    return lambda model, x, y: factor * squared(model, x, y)


def times(by, model, x, y):
    return by * squared(model, x, y)


ROWS = torch.randn(64, 4, generator=torch.Generator().manual_seed(8))


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ({}, dict(loss=lambda m, x, y: (m(x) - y).abs().mean()), "loss"),
        (dict(loss=scaled(1)), dict(loss=scaled(2)), "loss"),
        (dict(loss=partial(times, 1)), dict(loss=partial(times, 2)), "loss"),
        ({}, dict(x=ROWS), "batch"),
        ({}, dict(size=8), "batch"),
        (dict(batch=Rows(1)), dict(batch=Rows(2)), "batch"),
        (dict(model=Bent(1.0)), dict(model=Bent(2.0)), "model"),
        ({}, dict(model=Bent(1.0)), "model"),
        ({}, dict(model=nn.Sequential(*regression()[0], nn.Tanh())), "model"),
        ({}, dict(schedule=lambda step: 0.5 if step == 1 else 1.0), "schedule"),
    ],
    ids=lambda given: "-".join(given) if isinstance(given, dict) else given,
)
def test_what_changes_a_run_is_refused(tmp_path, before, after, words):
    saved(tmp_path, **before)
    kept = (tmp_path / "run").read_bytes()
    with pytest.raises(ValueError, match=rf"another run: {words} \(.* it was\. Del"):
        saved(tmp_path, **after)
    assert (tmp_path / "run").read_bytes() == kept
    assert saved(tmp_path, **before).steps == 4  # and itself it knows


def test_what_learns_and_what_collects_is_no_other_run():
    seen, net = [], nn.Linear(2, 2)

    def loss(model, x):
        seen.append(1.0)
        return net(x).mean()

    before = fingerprint(loss)
    seen.append(2.0)
    with torch.no_grad():
        net.weight += 1
    net.eval()
    assert fingerprint(loss) == before


@pytest.mark.slow
def test_a_fingerprint_is_the_same_in_another_process(tmp_path):
    code = (
        "import torch\nfrom lib.train.fingerprint import fingerprint\n"
        "def loss(model, x, kinds=('a', 'b')):\n"
        "    return torch.relu(x) if x in {'one', 'two', 'three'} else kinds\n"
        "print(fingerprint(loss, torch.nn.Linear(2, 3), torch.arange(3)))"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in "12"
    ]
    assert runs[0] == runs[1] and len(runs[0].strip()) == 12


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\3\4 broken", None])
def test_a_file_that_is_no_checkpoint_is_refused(tmp_path, content):
    if content is None:
        torch.save({"weights": torch.ones(2)}, tmp_path / "run")
    else:
        (tmp_path / "run").write_bytes(content)
    with pytest.raises(ValueError, match="is not a checkpoint of train"):
        fit(checkpoint=tmp_path / "run")


def test_a_damaged_file_is_told_and_the_one_before_it_is_used(tmp_path):
    file = tmp_path / "run"
    whole = fit(checkpoint=file)[1]
    raw = file.read_bytes()
    places = range(len(raw) // 40, len(raw), len(raw) // 40)
    told = 0
    for place in places:
        broken = bytearray(raw)
        broken[place] ^= 8
        file.write_bytes(broken)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            assert fit(checkpoint=file)[1].losses == whole.losses
        told += len(said)
        assert not said or f"{file} is damaged; the run goes on" in str(said[0].message)
    assert told > 10  # other bits are padding
    file.write_bytes(raw[:100])
    (tmp_path / "run.before").write_bytes(raw[:-100])
    with pytest.raises(
        ValueError, match="or is damaged, and there is none from before"
    ):
        fit(checkpoint=file)


def test_only_the_file_itself_says_whether_there_is_a_run(tmp_path):
    fit(checkpoint=tmp_path / "run")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run", "run.before"]
    (tmp_path / "run").unlink()
    assert fit(seed=1, checkpoint=tmp_path / "run")[1].losses == fit(seed=1)[1].losses


def test_a_full_disk_gets_a_sentence(tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    fit(press=7, checkpoint=tmp_path / "run")
    before = (tmp_path / "run").read_bytes()
    monkeypatch.setattr(os, "fsync", full)
    words = "run cannot be written .No space left on device.* there is whole"
    with pytest.raises(OSError, match=words) as error:
        fit(checkpoint=tmp_path / "run")
    assert error.value.errno == errno.ENOSPC
    assert (tmp_path / "run").read_bytes() == before
    assert not (tmp_path / "run.unfinished").exists()
    monkeypatch.undo()
    assert fit(checkpoint=tmp_path / "run")[1].losses == fit()[1].losses
    with pytest.raises(ValueError, match="cannot be read: Is a directory"):
        fit(checkpoint=tmp_path)


def test_a_write_that_dies_leaves_the_last_file_whole(tmp_path, monkeypatch):
    def dying(state, file):
        file.write(b"half of it")
        raise OSError("disk full")

    fit(press=7, checkpoint=tmp_path / "run")
    before = (tmp_path / "run").read_bytes()
    monkeypatch.setattr(torch, "save", dying)
    with pytest.raises(OSError, match="disk full"):
        fit(checkpoint=tmp_path / "run")
    assert (tmp_path / "run").read_bytes() == before


def test_a_finished_run_is_only_read(tmp_path):
    model, history = fit(checkpoint=tmp_path / "run", watch=lambda s, m: {"s": s})
    again, read = fit(start=1, checkpoint=tmp_path / "run", watch=lambda s, m: 1 / 0)
    assert read == history
    assert torch.equal(again[0].weight, model[0].weight)


# What is shown


def test_a_terminal_gets_plain_lines(capsys, tmp_path):
    fit(quiet=False, press=7, checkpoint=tmp_path / "run")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("5/20 steps · ") and "to go · loss " in lines[0]
    assert lines[1].startswith("8/20 steps") and lines[1].endswith("is kept")
    fit(quiet=False, checkpoint=tmp_path / "run", watch=lambda s, m: {"accuracy": 0.5})
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "going on after step 8"
    assert [line.split()[0] for line in lines[1:]] == ["10/20", "15/20", "20/20"]
    assert lines[-1].endswith("accuracy 0.5") and "to go" not in lines[-1]
    fit()
    assert capsys.readouterr().out == ""


@pytest.mark.slow
def test_a_notebook_gets_one_picture_with_the_last_state():
    cell = nbformat.v4.new_code_cell(
        "import torch\n"
        "from lib.train import train\n"
        "loss = lambda m, x: m(x).square().mean()\n"
        "batch = lambda g: torch.ones(2, 1)\n"
        "history = train(torch.nn.Linear(1, 1), loss, batch, steps=30)\n"
    )
    book = nbformat.v4.new_notebook(cells=[cell])
    NotebookClient(book, timeout=60, kernel_name="python3").execute()
    [output] = cell.outputs
    page = output["data"]["text/html"]
    assert "30/30 steps" in page and "<progress" not in page and "<polyline" in page


def test_the_picture_is_drawn_at_most_four_times_a_second(monkeypatch):
    clock = iter(i * 0.01 for i in range(10_000))
    monkeypatch.setattr(history.time, "monotonic", lambda: next(clock))
    seen = History(100, {"loss": []})
    drawn = []
    screen = history.Screen(seen, every=1, quiet=False)
    screen.handle = type(
        "Handle", (), {"update": lambda self, page: drawn.append(page)}
    )()
    for _ in range(100):  # one second by that clock, or two
        seen.loss.append(1.0)
        screen.update()
    assert 2 <= len(drawn) <= 9


def picture(history):
    return ET.fromstring(history.html())


@pytest.mark.parametrize("values", [[], [2.0], [3.0, 3.0], [1e-9, 1e9], range(5000)])
def test_the_picture_is_well_formed_and_inside_its_frame(values):
    page = picture(History(5000, {"<loss>": [float(v) for v in values]}))
    lines = [line.get("points") for line in page.iter("polyline")]
    assert len(lines) == bool(values)
    points = [tuple(map(float, p.split(","))) for line in lines for p in line.split()]
    assert len(points) <= 170
    assert all(60 <= x <= 476 and 8 <= y <= 104.1 for x, y in points)


def test_the_picture_falls_as_the_loss_does_and_says_so():
    history = History(400, {"d": [0.5] * 200, "g": [4 - i / 100 for i in range(200)]})
    page = picture(history)
    flat, falling = (line.get("points").split() for line in page.iter("polyline"))
    heights = [float(p.split(",")[1]) for p in falling]
    assert heights == sorted(heights) and heights[0] < heights[-1]
    assert len({p.split(",")[1] for p in flat}) == 1
    said = page.find("svg").get("aria-label")
    assert re.search("d from 0.5 to 0.5; g from (4|3.99) to 2.01 over 200 steps", said)
    assert float(page.find("progress").get("value")) == 200
    dashes = [line.get("stroke-dasharray") for line in page.iter("polyline")]
    assert len(set(dashes)) == 2


def test_one_spike_does_not_flatten_the_picture():
    history = History(160, {"loss": [1 + i % 2 for i in range(159)] + [1e6]})
    [line] = picture(history).iter("polyline")
    heights = [float(p.split(",")[1]) for p in line.get("points").split()]
    assert max(heights) - sorted(heights)[3] > 25

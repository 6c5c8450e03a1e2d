"""The panel of buttons, without a browser: what each one does to a run."""

import asyncio

import pytest
import torch

from lib import plot
from lib.live import Bars, Choice, Mask, Slider
from lib.live.buttons import Panel, buttons

CONTROLS = dict(
    kind=Choice({"one": 1, "two": 2}, label="loss"),
    rate=Slider(1e-4, 1e-1, 1e-2, log=True),
    weight=Slider(0, 4, 1, step=0.5),
    kept=Mask(1, 3),
)


class Counter:
    """A run that only counts."""

    def __init__(self):
        self.steps, self.seen = 0, {}

    def step(self, n):
        if self.seen.get("kind") == 2:
            raise ValueError("two is not to be had")
        self.steps += n

    def change(self, **settings):
        self.seen |= settings

    def restart(self):
        self.steps = 0


def picture():
    fig = plot.figure(plot.SMALL)
    fig.subplots().plot([0, 1])
    return fig


@pytest.fixture
def panel():
    return Panel(Counter(), picture, "a line", 10, CONTROLS)


def press(panel, name):
    for button in panel.box.children[0].children:
        if button.description == name:
            button.click()


def test_one_step_and_restart(panel):
    press(panel, "One step")
    assert panel.run.steps == 1
    assert panel.said.value == "1 steps"
    press(panel, "Restart")
    assert panel.run.steps == 0
    assert 'aria-label="a line"' in panel.view.value


@pytest.mark.slow
def test_train_goes_on_until_pause(panel):
    async def session():
        press(panel, "Train")
        press(panel, "Train")  # a second time is no second run
        await asyncio.sleep(0.5)
        press(panel, "Pause")
        steps = panel.run.steps
        await asyncio.sleep(0.1)
        return steps

    steps = asyncio.run(session())
    assert steps >= 10
    assert steps % 10 == 0
    assert panel.run.steps == steps


def test_controls_reach_the_run_as_a_figures_would(panel):
    panel.controls["kind"].value = 1
    panel.controls["rate"].value = 1e-3
    panel.controls["weight"].value = 2.5
    panel.controls["kept"].children[2].value = False
    seen = panel.run.seen
    assert seen["rate"] == pytest.approx(1e-3)
    assert seen["weight"] == 2.5
    assert torch.equal(seen["kept"], torch.tensor([[True, False, True]]))


def test_an_error_is_said_and_ends_the_training(panel):
    async def session():
        press(panel, "Train")
        panel.controls["kind"].value = 2
        await asyncio.sleep(0.3)

    asyncio.run(session())
    assert panel.said.value == "ValueError: two is not to be had"
    assert panel.task is None


def test_a_page_has_a_sentence_instead(monkeypatch, capsys):
    monkeypatch.setenv("LIVE_STATIC", "1")
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda x: shown.append(x.data))
    assert buttons(Counter(), picture, alt="a line", **CONTROLS) is None
    assert shown == ["<p><em>In JupyterLab there are buttons here: train, one step, "
                     "pause.</em></p>"]  # fmt: skip


def test_bars_have_no_place():
    with pytest.raises(TypeError, match="Bars has no place"):
        Panel(Counter(), picture, "a line", 10, dict(x=Bars(2, 0, 1)))

"""live(): its errors, the answers of the widget, and the HTML of a page."""

import base64
import io
import json
import os
import re

import gallery
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from javascript import draw, loaded
from PIL import Image
from torch.testing import assert_close

from lib import plot
from lib.live import Bars, Choice, Mask, Pad, Slider, Switches, frames, live, page
from lib.live.figure import LiveFigure
from lib.live.picture import STILL
from lib.live.widget import LiveWidget


def make(kernel=gallery.kernel, draw_figure=gallery.draw, controls=None):
    controls = gallery.CONTROLS if controls is None else controls
    return LiveFigure(kernel, draw_figure, gallery.ALT, plot.WIDE, controls)


def line(fig, y):
    return {"y": fig.subplots().plot(range(3), y)[0]}


@pytest.fixture(scope="module")
def figure():
    return make()


# ---- controls ----


def test_what_each_control_gives():
    assert Slider(0, 4).start() == torch.tensor(2.0)
    assert Slider(1, 100, log=True).start().item() == pytest.approx(10)
    assert Slider(0, 10, 3, step=1).start().item() == 3
    assert Bars(3, -1, 1, [0, 0.5, 1]).start().tolist() == [0, 0.5, 1]
    assert Mask(2, 3).start().dtype == torch.bool and Mask(2, 3).start().all()
    assert Switches(["a", "b"], [0, 1]).start().tolist() == [False, True]
    assert Pad((0, 1), (0, 2)).start().tolist() == [0.5, 1.0]
    assert Choice({"sum": 1, "mean": 2}, value=2).first == 1


def test_a_slider_starts_on_a_position_that_the_reader_can_return_to():
    for slider in (
        Slider(0, 1, 0.3),
        Slider(1, 1e6, 50, log=True),
        Slider(2, 32, 8, step=2),
    ):
        assert slider.start() == slider.at(slider.position)
    assert Slider(1e-3, 10, 0.1, log=True).start() == torch.tensor(0.1)
    generator = torch.Generator().manual_seed(0)
    drawn = {Slider(0, 3, step=1).random(generator).item() for _ in range(50)}
    assert drawn == {0, 1, 2, 3}


@given(st.floats(1e-6, 1), st.floats(1.1, 1e6), st.floats(0, 1), st.booleans())
def test_a_slider_reaches_its_ends_and_rises(low, ratio, part, log):
    high = low * ratio
    slider = Slider(low, high, min(low * ratio**part, high), log=log)
    reached = torch.stack([slider.at(p) for p in range(slider.positions + 1)])
    assert_close(reached[[0, -1]], torch.tensor([low, high]))
    assert (reached.diff() > 0).all()
    assert [slider.nearest(x) for x in reached.tolist()] == reached.tolist()


@pytest.mark.parametrize(
    "build, words",
    [
        (lambda: Slider(1, 1), "low must be below high"),
        (lambda: Slider(0, 1, 2), "outside 0 to 1"),
        (lambda: Slider(0, 1, log=True), "low > 0"),
        (lambda: Bars(2, 0, 1, [0.5]), "shape .1,., expected .2,"),
        (lambda: Bars(2, 0, 1, 3), "outside"),
        (lambda: Bars(2, 0, 1, labels=["a"]), "1 labels for 2 bars"),
        (lambda: Mask(2, 2, [True]), "expected"),
        (lambda: Mask(2, 3, rows=["a"]), "1 names for 2 rows"),
        (lambda: Mask(2, 3, columns=["a"]), "1 names for 3 columns"),
        (lambda: Switches([]), "expected names, got none"),
        (lambda: Switches(["a", "b"], [True]), "shape .1,., expected .2,"),
        (lambda: Pad((0, 1), (1, 0)), "Pad y"),
        (lambda: Pad((0, 1), (0, 1), step=0), "Pad step"),
        (lambda: Choice([]), "no options"),
        (lambda: Choice([1, 2], value=3), "not one of"),
    ],
)
def test_bad_controls(build, words):
    with pytest.raises(ValueError, match=words):
        build()


# ---- what a figure refuses ----


@pytest.mark.parametrize(
    "kernel, draw_figure, controls, error, words",
    [
        (lambda a: {"y": a}, line, {"b": Slider(0, 1)}, TypeError, "does not take"),
        (lambda a: {"y": a}, line, {"a": 3}, TypeError, "not a control"),
        (lambda a: a, line, {"a": Slider(0, 1)}, TypeError, "expected a dict"),
        (
            lambda a: {"y": a},
            lambda fig, y: None,
            {"a": Slider(0, 1)},
            TypeError,
            "draw returned",
        ),
        (
            lambda a: {"y": a},
            lambda fig, y: {"z": 1},
            {"a": Slider(0, 1)},
            ValueError,
            "moves 'z'",
        ),
        (
            lambda a: {"y": a},
            lambda fig, y: {"y": fig},
            {"a": Slider(0, 1)},
            TypeError,
            "cannot move",
        ),
        (
            lambda a: {"y": a.expand(4)},
            lambda fig, y: {"y": fig.subplots().plot(range(3))[0]},
            {"a": Slider(0, 1)},
            ValueError,
            r"shape \(4,\); a line takes \(3,\)",
        ),
        (
            lambda a: {"y": a},
            lambda fig, y: {"y": fig.suptitle("no field")},
            {"a": Slider(0, 1)},
            ValueError,
            "with fields such as",
        ),
        (
            lambda a: {"y": a},
            lambda fig, y: {"y": fig.suptitle("{:d}")},
            {"a": Slider(0, 1)},
            ValueError,
            "float32 numbers",
        ),
        (
            lambda a: {"y": a.expand(3)},
            line,
            {"a": Slider(0, 1), "m": Mask(2, 2, on="photo")},
            TypeError,
            "does not take",
        ),
        (
            lambda a, m: {"y": a.expand(3)},
            line,
            {"a": Slider(0, 1), "m": Mask(2, 2, on="photo")},
            ValueError,
            "on='photo' names no artist",
        ),
        (
            lambda **c: {"y": torch.zeros(3)},
            line,
            {f"c{i}": Choice(range(3)) for i in range(3)},
            ValueError,
            "27 combinations",
        ),
    ],
)
def test_bad_figures(kernel, draw_figure, controls, error, words):
    with pytest.raises(error, match=words):
        make(kernel, draw_figure, controls)


def test_alt_must_say_something():
    with pytest.raises(ValueError, match="alt is empty"):
        live(gallery.kernel, gallery.draw, alt=" ", **gallery.CONTROLS)


# ---- keys of colours ----

RAMP = torch.arange(6.0).view(2, 3)


@pytest.mark.parametrize(
    ("values", "options", "ends"),
    [
        (RAMP, {"vmin": 0, "vmax": 5}, "<span>0<i"),
        (RAMP + 1, {"norm": "log"}, "</i>6 (log)</span>"),
        (RAMP, {"cmap": "gray"}, None),
        (RAMP > 2, {}, None),
        (RAMP[..., None].expand(2, 3, 3) / 5, {}, None),
    ],
)
def test_a_map_of_numbers_has_a_key_and_nothing_else_has(values, options, ends):
    kernel = lambda a: {"map": values * a if values.dtype != torch.bool else values}
    draw_map = lambda fig, map: {"map": fig.subplots().imshow(map, **options)}
    html = make(kernel, draw_map, {"a": Slider(0, 2)}).html("live1")
    assert (ends in html) if ends else "live-keys" not in html


def test_maps_of_one_scale_share_a_key_and_printed_numbers_need_none():
    def draw_maps(fig, left, right):
        both = fig.subplots(1, 2)
        shown = [axes.imshow(RAMP, vmin=0, vmax=5) for axes in both]
        return {"left": shown[0], "right": shown[1]}

    def draw_printed(fig, left, right):
        axes = fig.subplots()
        for i in range(6):
            axes.text(i % 3, i // 3, str(i))
        return {"left": axes.imshow(RAMP)}

    kernel = lambda a: {"left": RAMP * a, "right": RAMP * a}
    controls = {"a": Slider(0, 2)}
    assert make(kernel, draw_maps, controls).html("live1").count("gradient") == 1
    assert "gradient" not in make(kernel, draw_printed, controls).html("live1")


# ---- JupyterLab ----


class Wire(LiveWidget):
    """A widget whose messages go to a list."""

    def __init__(self, figure):
        super().__init__(figure)
        self.sent = []

    def send(self, content, buffers=None):
        self.sent.append((content, buffers))


def ask(widget, numbers, **choices):
    data = torch.tensor(numbers, dtype=torch.float32).numpy().tobytes()
    content = {"choices": choices, "view": "v", "id": len(widget.sent) + 1}
    widget._answer(widget, content, [data])
    return widget.sent[-1]


START = [2.0, 0.2, -0.4, 0.6, -0.8, 1.0, *[1.0] * 12, 0.5, 0.5, 1.0, 1.0]


def assert_they_are_the_first_numbers(figure, outputs, data):
    kinds = {"float32": torch.float32, "float64": torch.float64, "uint8": torch.uint8}
    want = gallery.kernel(*figure.inputs.values(), "smooth")
    for (name, dtype, shape), raw in zip(outputs, data, strict=True):
        got = torch.frombuffer(bytearray(raw), dtype=kinds[dtype]).view(shape)
        torch.testing.assert_close(got.double(), want[name].double())


def test_the_widget_answers_with_the_kernels_numbers(figure):
    wire = Wire(figure)
    reply, data = ask(wire, START, shape=0)
    assert (reply["view"], reply["id"]) == ("v", 1)
    assert_they_are_the_first_numbers(figure, reply["outputs"], data)
    square, _ = ask(wire, START, shape=1)
    assert "error" not in square


def test_the_first_picture_travels_with_the_widget(figure):
    opening = LiveWidget(figure).get_state()["opening"]
    assert "<svg" in opening["html"] and gallery.ALT in opening["html"]
    assert opening["html"].count(opening["spec"]["prefix"]) > 10
    kinds = [control["kind"] for control in opening["spec"]["controls"]]
    assert kinds == ["slider", "bars", "mask", "pad", "switches", "choice"]
    assert_they_are_the_first_numbers(figure, opening["outputs"], opening["data"])


def test_a_question_that_was_answered_is_not_answered_again(figure):
    wire = Wire(figure)
    ask(wire, START, shape=0)
    again = {"choices": {"shape": 0}, "view": "v", "id": 1}
    wire._answer(wire, again, [])
    assert len(wire.sent) == 1
    wire._answer(wire, again | {"view": "another"}, [])
    assert len(wire.sent) == 2


def test_a_notebook_keeps_a_still_picture_and_a_sentence(figure):
    data, metadata = LiveWidget(figure)._repr_mimebundle_()
    image = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    width, height = (round(96 * side) for side in figure.size)
    assert image.width == width and image.height > height
    greys = np.asarray(image.convert("L"))
    picture, sentence = greys[:height], greys[height:]
    assert (picture < 200).sum() > 5000 and (sentence < 200).sum() > 300
    assert STILL in data["text/plain"] and STILL in metadata["image/png"]["alt"]
    assert os.getpid() in metadata["live_papers"]["processes"]


def test_a_still_picture_shows_the_values_whatever_was_drawn_first(figure):
    """`draw` may begin with empty artists; a page fills them, and so must the still."""

    def empty(fig, **values):
        return gallery.draw(fig, **{k: torch.zeros_like(v) for k, v in values.items()})

    same = LiveFigure(gallery.kernel, empty, gallery.ALT, figure.size, gallery.CONTROLS)
    assert same.picture.still == figure.picture.still


def test_a_kernel_that_raises_is_reported_and_the_widget_lives_on():
    def kernel(a):
        if a > 1.5:
            raise ValueError("a is too large")
        return {"y": a.expand(3)}

    wire = Wire(make(kernel, line, {"a": Slider(0, 2)}))
    assert ask(wire, [2.0])[0]["error"] == "ValueError: a is too large"
    assert "error" not in ask(wire, [0.5])[0]


def test_a_shape_that_changes_is_reported():
    kernel = lambda n: {"y": torch.zeros(n)}
    wire = Wire(make(kernel, line, {"n": Choice([3, 4])}))
    assert "shape (4,)" in ask(wire, [], n=1)[0]["error"]


def test_a_figure_is_computed_once_before_anybody_moves_it(monkeypatch):
    calls = []

    def kernel(a):
        calls.append(a)
        return {"y": a.expand(3)}

    monkeypatch.delenv("LIVE_STATIC", raising=False)
    live(kernel, line, alt="a line", a=Slider(0, 1))
    assert len(calls) == 1


# ---- the page ----


def parts(text):
    spec, store = re.findall(r'application/json"[^>]*>(.*?)</script>', text)
    return json.loads(spec), json.loads(store)


def test_a_page_answers_as_torch_does(figure):
    spec, store = parts(page.page_html(figure, 1, {}))
    assert set(spec["programs"]) == {"0", "1"}
    for key, choices in figure.combinations():
        program = spec["programs"][key]
        constants = [store[h] for h in program["constants"]]
        got = loaded(program, constants)(figure.inputs.values())
        for name, want in figure.call(figure.inputs, choices).items():
            torch.testing.assert_close(got[name], want.double(), rtol=1e-5, atol=1e-5)


def test_a_tensor_is_stored_once_a_page():
    weights = torch.randn(50)
    kernel = lambda a: {"y": (a * weights)[:3]}
    seen = {}
    first, second = (
        parts(page.page_html(make(kernel, line, {"a": Slider(0, 1)}), n, seen))[1]
        for n in (1, 2)
    )
    assert len(first) == 1 and second == {}


def test_small_weights_travel_as_float16():
    exact = torch.randn(64).half().float()
    kernel = lambda a: {"y": (a * exact)[:3]}
    _, store = parts(page.page_html(make(kernel, line, {"a": Slider(0, 1)}), 1, {}))
    assert [c["stored"] for c in store.values()] == ["float16"]


def test_weights_are_limited(monkeypatch):
    many, few = torch.randn(200_001), torch.randn(90)
    kernel = lambda a: {"y": (a * many).view(-1, 3).sum(0)}
    with pytest.raises(page.BuildError, match="800,00. bytes of numbers"):
        page.page_html(make(kernel, line, {"a": Slider(0, 1)}), 1, {})
    monkeypatch.setattr(page, "PAGE_LIMIT", 100)
    kernel = lambda a: {"y": (a * few).view(-1, 3).sum(0)}
    with pytest.raises(page.BuildError, match="on this page"):
        page.page_html(make(kernel, line, {"a": Slider(0, 1)}), 1, {})


def rounds(a, flag):
    """Not traceable: Python's round and if on a tensor."""
    return {"y": torch.full((3,), round(a.item(), 1) if flag.all() else -1.0)}


def test_what_cannot_be_traced_is_tabulated():
    controls = {"a": Slider(0, 1, step=0.25), "flag": Mask(1, 2)}
    figure = make(rounds, line, controls)
    spec, store = parts(page.page_html(figure, 1, {}))
    assert spec["frames"]["y"]["shape"] == [3]
    named = {"a": controls["a"], "flag": Switches(["x", "y"])}
    table = frames.tabulate(make(rounds, line, named))["y"]
    torch.testing.assert_close(table, frames.tabulate(figure)["y"], rtol=0, atol=0)
    assert table.shape == (5 * 4, 3) and len(store) == 1
    torch.testing.assert_close(
        table[3 * 4 + 3], torch.full((3,), 0.8), rtol=0, atol=1e-6
    )


@pytest.mark.parametrize(
    "controls, words",
    [
        ({"a": Slider(0, 1), "flag": Mask(2, 2)}, "3,216 states"),
        ({"a": Bars(1, 0, 1), "flag": Mask(1, 1)}, "a is continuous"),
    ],
)
def test_what_is_neither_is_a_build_error(controls, words):
    with pytest.raises(page.BuildError, match=f"dead on the page.*{words}"):
        page.page_html(make(rounds, line, controls), 1, {})


def test_nothing_in_a_figure_ends_its_script_element():
    controls = {"a": Slider(0, 1, label="</script><b>")}
    text = page.page_html(make(lambda a: {"y": a.expand(3)}, line, controls), 1, {})
    assert text.count("</script>") == 2 and "<b>" not in text


def test_ids_are_the_figures_own(figure):
    first, second = (figure.html(f"live{n}") for n in (1, 2))
    ids = [set(re.findall(r'\bid="([^"]+)"', text)) for text in (first, second)]
    assert ids[0] and not ids[0] & ids[1]
    for text, own in zip((first, second), ids, strict=True):
        assert set(re.findall(r"url\(#([^)]+)\)", text)) <= own


def test_colours_follow_the_page(figure):
    svg = figure.html("live1")
    assert "var(--live-ink" in svg and "DejaVu" not in svg
    found = [
        draw(m, figure.call(figure.inputs, {"shape": "smooth"})[m["name"]])
        for m in figure.picture.marks
    ]
    assert all(found)


def test_the_record_for_the_tests_holds_states_and_answers(
    figure, tmp_path, monkeypatch
):
    monkeypatch.setenv("LIVE_FIGURES", str(tmp_path))
    page.page_html(figure, 3, {})
    record = json.loads((tmp_path / "3.json").read_text())
    assert len(record["cases"]) == 25
    assert {case["key"] for case in record["cases"]} == {"0", "1"}

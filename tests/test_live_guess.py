"""Questions of live figures: what is refused, what travels, what is scored and kept."""

import ast
import json
import math
import re
from pathlib import Path

import learning
import pytest
import torch
from javascript import engine, loaded

from course import comfort, source
from lib import plot
from lib.live import Choice, Slider, guess, kept, live, page
from lib.live.figure import LiveFigure
from lib.live.widget import GuessesWidget, LiveWidget

ROOT = Path(__file__).parent.parent
X = [0.0, 1.0, 2.0]
CONTROLS = {"a": Slider(0, 2, 1), "kind": Choice({"flat": 0, "steep": 1})}


def kernel(a, kind):
    line = a + kind * torch.tensor(X)
    return {
        "y": line,
        "spot": torch.stack([a, a + 1])[None],
        "total": line.sum(),
        "best": line.argmax() + (a > 1.9) * 5,
    }


def draw(fig, y, spot, total):
    left, right = fig.subplots(1, 2)
    right.set(xlim=(0, 4), ylim=(0, 8))
    return {
        "y": left.plot(X, y)[0],
        "spot": right.scatter(*spot.T),
        "total": right.set_title("in all {:.1f}"),
    }


def make(*guesses, controls=CONTROLS):
    return LiveFigure(kernel, draw, "A line", plot.WIDE, controls, None, guesses)


def learner(*guesses):
    given = learning.CONTROLS, learning.RUN, guesses
    return LiveFigure(learning.look, learning.draw, learning.ALT, plot.WIDE, *given)


# ---- what is refused ----


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: guess.Number(" ", "y", 0, 1), "without a question"),
        (lambda: guess.Number("How?", "y", 1, 1), "low must be below high"),
        (lambda: guess.Number("How?", "y", 0, 1, log=True), "low > 0"),
        (lambda: guess.Number("How?", "y", 0, 1, axis="z"), "expected 'x' or 'y'"),
        (lambda: guess.Number("How?", "y", 0, 1, steps=-1), "at least 0, got -1"),
        (lambda: guess.Curve("How?", "y", shows=["y"]), "'y', which is what is asked"),
        (lambda: guess.Choice("Which?", "y", ["one"]), "two options or more"),
        (lambda: guess.Choice("Which?", "y", ["a", "a"]), "stands twice"),
        (
            lambda: make(guess.Curve("Draw.", "z")),
            "'z' is none of the kernel's outputs",
        ),
        (lambda: make(guess.Curve("Draw.", "spot")), "heights of a line that moves"),
        (lambda: make(guess.Curve("Draw.", "best")), "heights of a line that moves"),
        (lambda: make(guess.Number("?", "y", 0, 1)), r"shape \(3,\); a Number is"),
        (lambda: make(guess.Number("?", "total", 0, 1, on="best")), "names no artist"),
        (lambda: make(guess.Point("?", "spot", "total")), "names no artist with axes"),
        (lambda: make(guess.Point("?", "total", "spot")), "answered by 2 numbers"),
        (lambda: make(guess.Choice("?", "total", ["a", "b"])), "argmax.* gives one"),
        (
            lambda: make(guess.Choice("?", "best", ["a", "b"], at={"a": 2})),
            "best is 5; expected 0 to 1",
        ),
        (
            lambda: make(guess.Curve("Draw.", "y", at={"b": 1})),
            "'b' is none of the controls, a, kind",
        ),
        (
            lambda: make(guess.Curve("Draw.", "y", at={"a": 3})),
            "a cannot stand at 3: Slider: the value 3 is outside 0 to 2",
        ),
        (
            lambda: make(guess.Curve("Draw.", "y", at={"kind": "round"})),
            "kind cannot stand at 'round': .* not one of",
        ),
        (
            lambda: make(guess.Curve("Draw.", "y", shows=["best"])),
            "'best' is none of the outputs that move",
        ),
        (lambda: make(guess.Curve("Draw.", "y", steps=5)), "steps=5: .* makes 0 at mo"),
        (lambda: learner(guess.Curve("Draw.", "line", steps=61)), "makes 60 at most"),
    ],
)
def test_bad_questions(build, words):
    with pytest.raises(ValueError, match=words):
        build()


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: make("How large?"), "a str is not a guess; expected guess.Number"),
        (lambda: guess.Curve("Draw.", "y", shows="spot"), "shows is a str, 'spot'"),
        (lambda: guess.Choice("Which?", "y", "ab"), "options is a str, 'ab'"),
    ],
)
def test_what_is_no_question(build, words):
    with pytest.raises(TypeError, match=words):
        build()


def test_points_are_asked_on_linear_axes():
    def draw_log(fig, y):
        axes = fig.subplots()
        axes.set_yscale("log")
        return {"y": axes.plot([1, 2], y)[0]}

    asked = guess.Point("Where?", "y", "y")
    ramp = lambda a: {"y": a * torch.tensor([1.0, 2.0])}
    with pytest.raises(ValueError, match="linear axes only"):
        LiveFigure(ramp, draw_log, "y", plot.WIDE, {"a": Slider(1, 2)}, None, asked)


# ---- what travels ----


def test_a_question_says_where_the_figure_stands_and_what_it_hides():
    asked = guess.Curve("Draw.", "y", at={"kind": "steep", "a": 0.5}, shows=["spot"])
    [spec] = make(asked).spec("live1")["guesses"]
    assert spec["at"] == {"kind": [1], "a": [0.5]}
    assert spec["hides"] == ["y", "total"] and spec["on"] == "y"
    given = make(guess.Curve("Draw.", "y", at={"kind": 1})).asked[0]["at"]
    assert given == {"kind": [1]}, "an option's value, too"
    json.dumps(spec, allow_nan=False)


def test_the_fields_of_hidden_texts_stay_open_and_others_show_their_values():
    assert "in all 3.0" in make().html("live1")
    hidden = make(guess.Curve("Draw.", "y")).html("live1")
    assert "in all …" in hidden and "in all 3" not in hidden
    shown = make(guess.Curve("Draw.", "y", shows=["total"])).html("live1")
    assert "in all 3.0" in shown


def test_what_is_hidden_is_neither_drawn_nor_told():
    value = {"shape": [2], "data": [3, 4]}
    marks = [
        {"name": "told", "kind": "text", "template": "{:d} and {:.1f} nats"},
        {"name": "bare", "kind": "text", "template": "{:d}, {:d}"},
        {"name": "shown", "kind": "text", "template": "{:d} of {:d}"},
        {"name": "box", "kind": "box", "sx": [1, 0, False], "sy": [1, 0, False]},
    ]
    values = {mark["name"]: value for mark in marks}
    values["box"] = {"shape": [4], "data": [1, 2, 3, 4]}
    asked = {"marks": marks, "values": values, "hidden": ["told", "bare", "box"]}
    found = json.loads(engine().call("live.veil", json.dumps(asked)))
    assert found["drawn"] == ["… and … nats", "", "3 of 4", {"d": ""}]
    assert found["text"] == "3 of 4" and set(found["seen"]) == {"shown"}


def test_only_what_has_changed_is_drawn_again():
    axes = {"sx": [1, 0, False], "sy": [1, 0, False]}
    names = ["same", "moved", "minus", "gone", "grown", "hidden"]
    marks = [{"name": name, "kind": "line", "x": [1, 2], **axes} for name in names]
    value = lambda *data: {"shape": [len(data)], "data": data}
    values = {name: value(0, 4) for name in names}
    others = values | {
        "moved": value(0, 5),
        "minus": value(-0.0, 4),
        "gone": value(0, None),
        "grown": {"shape": [1, 2], "data": [0, 4]},
    }
    asked = dict(marks=marks, values=values, others=others, hidden=["hidden"])
    assert [*engine().call("live.drawnOnce", json.dumps(asked))] == ["same"]


def test_what_only_answers_is_neither_drawn_nor_dropped():
    figure = make(guess.Choice("Which is best?", "best", ["a", "b", "c"]))
    assert set(figure.moving(figure.first)) == {"y", "spot", "total", "best"}
    spec, constants = page.program(figure, "live1")
    program = spec["programs"]["1"]
    answer = loaded(program, [constants[h] for h in program["constants"]])
    assert answer([torch.tensor(1.0)])["best"].item() == 2
    assert all(mark["name"] != "best" for mark in spec["marks"])


def test_a_teacher_turns_the_asking_off_in_jupyterlab_and_never_on_a_page(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    monkeypatch.setenv("LIVE_GUESS", "off")
    monkeypatch.setattr(kept, "FILE", Path("nowhere") / "guesses.json")
    given = learning.look, learning.draw
    asked = dict(run=learning.RUN, guess=guess.Number("How?", "gap", 0, 1))
    live(*given, alt="a line", **asked, **learning.CONTROLS)
    monkeypatch.setenv("LIVE_STATIC", "1")
    live(*given, alt="a line", **asked, **learning.CONTROLS)
    assert "guesses" not in shown[0].opening["spec"]
    assert '"guesses":[{' in shown[1].data


# ---- scores and sentences, in V8 ----

NUMBER = {"kind": "number", "low": 0, "high": 4, "positions": 200, "unit": "nats"}
LOG = {"kind": "number", "low": 1, "high": 1e6, "positions": 200, "log": True}
STEPS = {"kind": "number", "low": 0, "high": 20, "positions": 20, "unit": "steps"}
TWO = {"kind": "choice", "options": ["up", "down"]}
FOUR = {"kind": "choice", "options": ["a", "b", "c", "none"]}
POINT = {"kind": "point", "unit": "m", "limits": [[0, 9], [20, 0]]}
CURVE = {"kind": "curve", "unit": "nats"}
SURE = lambda option, sure: {"option": option, "sure": sure}


def judged(spec, value, *truth, places=()):
    asked = {"spec": spec, "value": value, "truth": truth, "places": places}
    words = {math.inf: "inf", -math.inf: "-inf"}
    text = lambda v: "nan" if v != v else words.get(v, v)
    asked["truth"] = [text(v) for v in truth]
    return engine().call("live.judge", json.dumps(asked))


@pytest.mark.parametrize(
    ("spec", "value", "truth", "words"),
    [
        (NUMBER, 3, [1.5], "You said 3.00 nats; it is 1.50 nats, 1.50 too high."),
        (NUMBER, 1, [3.25], "You said 1.00 nats; it is 3.25 nats, 2.25 too low."),
        (NUMBER, 1.5, [1.5049], "You said 1.50 nats; and so it is."),
        (NUMBER, 1, [math.inf], "You said 1.00 nats; it is infinite."),
        (NUMBER, 1, [-math.inf], "You said 1.00 nats; it is minus infinite."),
        (NUMBER, 1, [math.nan], "You said 1.00 nats; it is no number."),
        (NUMBER | {"high": 4000}, 2000, [999], "You said 2,000 nats; it is 999 nats, "
         "1,001 too high."),
        (STEPS, 1, [2], "You said 1 step; it is 2 steps, 1 too low."),
        (STEPS | {"unit": "times"}, 2, [1], "You said 2 times; it is 1 times, 1 too "
         "high."),
        (LOG, 2000, [1000], "You said 2e+03; it is 1e+03, 2.0 times too high."),
        (LOG, 10, [10.5], "You said 10; it is 10.5, 1.05 times too low."),
        (LOG, 1, [4e5], "You said 1; it is 4e+05, 400,000 times too low."),
        (TWO, SURE(0, 0.8), [1], "You said “up”, 80 % sure; the answer is “down”. "
         "That costs 1.61 nats; being sure of nothing would have cost 0.69."),
        (TWO, SURE(1, 0.9), [1], "You said “down”, 90 % sure; and so it is. That "
         "costs 0.11 nats; being sure of nothing would have cost 0.69."),
        (TWO, SURE(1, 0.5), [1], "You said “down”, 50 % sure; and so it is. That "
         "costs 0.69 nats, as being sure of nothing does."),
        (FOUR, SURE(3, 0.7), [0], "You said “none”, 70 % sure; the answer is “a”. That "
         "costs 2.30 nats; being sure of nothing would have cost 1.39."),
        (POINT, [1, 1], [4, 5], "You were 5 m away: you said (1.00, 1.0); it is "
         "(4.00, 5.0)."),
        (POINT, [1, 1], [math.nan, 5], "You said (1.00, 1.0); there is no such place."),
        (CURVE, [1, 1, 1], [1, 1.1, 1.4], "Yours lies 0.17 nats away on average, most "
         "at x = 2 (0.4 nats)."),
        (CURVE, [1, 1, 1], [math.nan] * 3, "You said a curve; there is no curve in "
         "sight."),
        (CURVE | {"log": True}, [1, 1, 8], [1, 4, 4], "Yours lies a factor of 2 away "
         "on average, most at x = 1 (a factor of 4)."),
    ],
)  # fmt: skip
def test_the_sentence_compares_in_the_figures_own_unit(spec, value, truth, words):
    assert judged(spec, value, *truth, places=X)["words"] == words


@pytest.mark.parametrize("n", [2, 3, 5])
@pytest.mark.parametrize("sure", [0.5, 0.8, 0.99])
def test_a_choice_is_scored_by_the_log_score(n, sure):
    """By the definition: the surprise of what is so, under what was said."""
    spec = {"kind": "choice", "options": [str(i) for i in range(n)]}
    said = torch.full((n,), (1 - sure) / (n - 1)).double()
    said[0] = sure
    for truth in range(n):
        found = judged(spec, SURE(0, sure), truth)
        assert found["score"] == pytest.approx(-math.log(said[truth]))
        assert found["right"] == (truth == 0)


def test_bets_are_counted_by_how_sure_they_were():
    bets = [
        {"sure": sure, "right": right, "n": 2, "score": score}
        for sure, right, score in [
            (0.9, True, 0.105),
            (0.5, True, 0.693),
            (0.9, False, 2.303),
            (0.9, True, 0.1),
        ]
    ]
    groups, means = json.loads(engine().call("live.bets", json.dumps(bets)))
    assert groups == [
        {"sure": 0.5, "n": 1, "right": 1},
        {"sure": 0.9, "n": 3, "right": pytest.approx(2 / 3)},
    ]
    entropy = lambda p: -p * math.log(p) - (1 - p) * math.log(1 - p)
    assert means["cost"] == pytest.approx((0.105 + 0.693 + 2.303 + 0.1) / 4)
    assert means["even"] == pytest.approx(math.log(2))
    assert means["expected"] == pytest.approx((3 * entropy(0.9) + math.log(2)) / 4)


# ---- what is kept ----


@pytest.fixture
def file(tmp_path, monkeypatch):
    """Where guesses are kept, in a folder that is not there yet."""
    path = tmp_path / "build" / "guesses.json"
    monkeypatch.setattr(kept, "FILE", path)
    monkeypatch.setattr(kept, "_memory", {})
    monkeypatch.setenv("JPY_SESSION_NAME", "/home/me/chapters/05_vit.ipynb")
    return path


ENTRY = {"kind": "number", "words": "You said 3; it is 1, 2 too high."}


def test_a_guess_is_kept_and_brought_back(file):
    widget = LiveWidget(make(guess.Number("How much?", "total", 0, 9)))
    table = GuessesWidget("table")
    assert widget.said == {}
    widget.said = {"How much?": ENTRY}
    kept_now = {"How much?": {"page": "05_vit", **ENTRY}}
    assert json.loads(file.read_text()) == kept_now == table.said
    again = LiveWidget(make(guess.Number("How much?", "total", 0, 9)))
    assert again.said == kept_now
    other = LiveWidget(make(guess.Number("How little?", "total", 0, 9)))
    assert other.said == {}, "a changed question is a new one"
    other.said = {"How little?": ENTRY}
    assert set(table.said) == {"How much?", "How little?"}
    table.said = {}
    assert json.loads(file.read_text()) == {} == widget.said == other.said


def test_progress_prints_what_was_guessed(file):
    kept.change(["How much?", "How?"], {"How much?": ENTRY, "How?": {"waived": True}})
    lines = "\n".join(comfort.progress(file.parents[1]))
    assert "05_vit: your guesses\n  How much?\n    You said 3; it is 1" in lines
    assert "How?" not in lines
    file.write_text("[]")
    assert "guesses" not in "\n".join(comfort.progress(file.parents[1]))


@pytest.mark.parametrize("damage", ["{", "[1]", '{"How?": 3}', "\xff"])
def test_a_damaged_file_is_set_aside_with_a_word(file, damage, capsys):
    file.parent.mkdir()
    file.write_bytes(damage.encode("latin-1"))
    kept.change(["How?"], {"How?": ENTRY})
    assert set(json.loads(file.read_text())) == {"How?"}
    aside = file.with_name("guesses.damaged.json")
    assert aside.read_bytes() == damage.encode("latin-1")
    assert "was damaged" in capsys.readouterr().out


def test_where_nothing_can_be_written_it_lasts_as_long_as_the_kernel(file):
    file.parent.write_text("a file where the folder would be")
    kept.change(["How?"], {"How?": ENTRY})
    assert set(kept.entries()) == {"How?"}
    kept.change(["How?"], {})
    assert kept.entries() == {}


# ---- the course ----


def asking_cells():
    """The code of all chapters that may ask, each with its file."""
    for path in sorted(ROOT.glob("source/**/*.md")):
        if path.name in ("chapter.md", "index.md"):
            for cell in source.read(path, "site"):
                if cell.kind == "code" and "guess." in cell.text:
                    yield path, cell.text


def asked(text):
    """The question of each guess that code makes; None where it is not spelled out."""
    text = re.sub(r"^\s*[%!].*$", "", text, flags=re.MULTILINE)
    for node in ast.walk(ast.parse(text)):
        call = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
        if call in ("guess.Number", "guess.Choice", "guess.Point", "guess.Curve"):
            given = [
                *node.args[:1],
                *[k.value for k in node.keywords if k.arg == "question"],
            ]
            yield given[0].value if isinstance(given[0], ast.Constant) else None


def test_a_question_is_read_from_code():
    code = 'live(k, d, guess=[guess.Curve("Draw " "it.", "y"), guess.Number(q, "z")])'
    assert list(asked(code)) == ["Draw it.", None]


def test_each_question_of_the_course_is_asked_once():
    found = [(q, path) for path, text in asking_cells() for q in asked(text)]
    assert all(question for question, _ in found), "a question is spelled out"
    places = {}
    for question, path in found:
        places.setdefault(question, []).append(path.parent.name)
    assert not {q: where for q, where in places.items() if len(where) > 1}

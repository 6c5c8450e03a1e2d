"""Each live figure of each chapter against its traced twin, and what a chapter owes."""

import ast
import json
import math
import re
from pathlib import Path

import pytest
import torch
from javascript import begun, loaded

from course import begin, site, source
from course.site.depends import MAGIC
from lib import data

ROOT = Path(__file__).parent.parent
NAMES = sorted(path.parent.name for path in ROOT.glob("source/*/chapter.md"))


@pytest.fixture(scope="module")
def executed():
    """The site's one execution of the chapters; from its cache where it is there."""
    return site.execute_all()


def states(record):
    """Inputs of a recorded case as tensors, in the order of the controls."""
    shapes = {
        c["name"]: (c["kind"], (c.get("height"), c.get("width")))
        for c in record["spec"]["controls"]
    }
    for case in record["cases"]:
        inputs = []
        for name, values in case["state"].items():
            kind, size = shapes[name]
            x = torch.tensor(values)
            if kind == "mask":
                x = x.bool().view(size)
            inputs.append(x[0] if kind == "slider" else x)
        yield case, inputs


LIVE = re.compile(r"^live\(", re.MULTILINE)
FOLDED = {"hide-input", "remove-input", "remove-cell"}
ASKS = re.compile(r"\?|\b(guess|predict)", re.IGNORECASE)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_but_folded_code_stands_between_a_question_and_its_figure(name):
    assert not apart(ROOT / "source" / name / "chapter.md")


def test_a_new_chapter_keeps_the_rule(tmp_path):
    begin.chapter("14_world_models", tmp_path)
    assert not apart(tmp_path / "source" / "14_world_models" / "chapter.md")


def test_a_question_that_is_far_from_its_figure_is_named(tmp_path):
    text = tmp_path / "source" / "05_far" / "chapter.md"
    text.parent.mkdir(parents=True)
    cell = "```{code-cell} ipython3\n%s\n```\n\n"
    kernel, folded = cell % "def f(): ...", cell % ":tags: [hide-input]\nlive(f, draw)"
    beside = kernel + "Guess: what comes?\n\n" + folded
    text.write_text(beside + "It came.\n\n" + folded + "Which?\n\n" + kernel + folded)
    assert apart(text) == [
        "05_far, line 14: the paragraph before the figure asks for no guess",
        "05_far, line 25: line 21 is open code between question and figure: "
        "put it before the question, or fold it",
    ]


def apart(path):
    """What is wrong between each live figure of a chapter and its question."""
    found, asking, code = [], "", []
    for cell in source.read(path, "site"):
        if cell.kind == "markdown":
            asking, code = cell.text.strip().split("\n\n")[-1], []
            continue
        code += [cell.line] * ("hide-input" not in cell.tags)
        if LIVE.search(cell.text):
            place = f"{path.parent.name}, line {cell.line}: "
            if not ASKS.search(asking):
                found.append(
                    place + "the paragraph before the figure asks for no guess"
                )
            found += [
                f"{place}line {line} is open code between question and figure: "
                "put it before the question, or fold it"
                for line in code
            ]
    return found


@pytest.mark.parametrize("name", NAMES)
def test_code_that_shows_fits_the_page(name):
    cells = source.read(ROOT / "source" / name / "chapter.md", "site")
    shown = [c for c in cells if c.kind == "code" and not FOLDED.intersection(c.tags)]
    lines = [line for cell in shown for line in cell.text.splitlines()]
    assert not [line for line in lines if len(line) > 88]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["index", *NAMES])
def test_figures_agree_with_torch(executed, name):
    files = sorted((ROOT / "build" / "figures" / name).glob("*.json"))
    assert len(files) >= (1 if name == "index" else 3)
    for file in files:
        record = json.loads(file.read_text())
        assert len(record["cases"]) == 25
        plays = "run" in record["spec"]
        for found, answers, close in (played if plays else answered)(record):
            for output, want in answers.items():
                assert_close(found[output], want, close, f"{file.name} {output}")


def answered(record):
    """For each case: what the page finds, torch's answers, and how close they are."""
    spec, packed = record["spec"], record["constants"]
    twins = {
        key: loaded(program, [packed[h] for h in program["constants"]], spec["marks"])
        for key, program in spec["programs"].items()
    }
    for case, inputs in states(record):
        yield twins[case["key"]](inputs), case["answers"], 1e-5


def played(record):
    """The same for a run, after its first steps and after twenty."""
    play = begun(record["spec"], record["constants"])
    chosen = [c["name"] for c in record["spec"]["controls"] if c["kind"] == "choice"]
    for case in record["cases"]:
        options = [int(part) for part in case["key"].split(",") if part]
        state = case["state"] | dict(zip(chosen, options, strict=True))
        made, move = 0, {"seed": case["seed"]}
        for count, answers in case["answers"].items():
            steps = int(count) - made
            found, run = play(state, **move, steps=steps)
            made, move = int(count), {}
            assert run == {"steps": made, "lost": False}
            yield found, answers, 1e-5 if made <= 3 else 1e-4


def assert_close(found, want, close, what):
    """Equal up to a part of the largest number, or of one."""
    wanted = torch.tensor(want["data"], dtype=torch.float64).view(want["shape"])
    size = max([abs(v) for v in want["data"] if math.isfinite(v)], default=0)
    limits = {
        "rtol": close,
        "atol": close * max(1, size if close > 1e-5 else 1),
        "equal_nan": True,
    }
    if found.shape == wanted.shape and torch.allclose(found, wanted, **limits):
        return  # assert_close says the same, and takes ten times as long
    said = lambda text: f"{what}: {text}"
    torch.testing.assert_close(found, wanted, **limits, msg=said)


@pytest.mark.parametrize(
    "name", [p.parent.name for p in ROOT.glob("source/*/recipe.py")]
)
def test_a_recipe_has_its_record(name):
    found = data.record(name)
    assert found and all(isinstance(part, dict) for part in found.values())
    every = numbers(found)  # tokens of answers are whole numbers, and repeat
    measured = [x for x in every if isinstance(x, float)] or every
    assert len(set(measured)) > len(measured) / 4, "numbers that no run gave"


def numbers(record):
    """All numbers of a record, at any depth."""
    if isinstance(record, dict):
        record = list(record.values())
    if isinstance(record, list):
        return [number for part in record for number in numbers(part)]
    return [record] if isinstance(record, int | float) else []


def test_an_unknown_record_is_named():
    with pytest.raises(ValueError, match="no record of 'none'; there are records of"):
        data.record("none")


OWN_ROOM = ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


def made(node):
    """Names that a cell makes at its top level, and whether as a function."""
    for part in ast.iter_child_nodes(node):
        if isinstance(part, ast.FunctionDef | ast.ClassDef):
            yield part.name, True
        elif isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            yield part.id, False
        elif not isinstance(part, OWN_ROOM):
            yield from made(part)


@pytest.mark.parametrize("name", NAMES)
def test_no_function_loses_its_name(name):
    """A figure in JupyterLab calls its functions after the last cell has run."""
    functions = set()
    for cell in source.read(ROOT / "source" / name / "chapter.md", "lab"):
        if cell.kind == "code":
            for word, function in made(ast.parse(MAGIC.sub("", cell.text))):
                assert word not in functions, (
                    f"{word}: a function, and then something else"
                )
                if function:
                    functions.add(word)

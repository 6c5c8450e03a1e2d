"""What the text says of a run: held by the build, told in JupyterLab, tried anew."""

import json
import re
import shutil
from pathlib import Path

import pytest
import torch

from course import source, weather
from lib import claim as claims
from lib.claim import NotSo, claim

ROOT = Path(__file__).parent.parent
NAMES = sorted(path.parent.name for path in ROOT.glob("source/*/chapter.md"))
WORDS = re.compile(r"\bclaim\(\s*((?:\"(?:[^\"\\]|\\.)*\"\s*)+)")


@pytest.fixture
def told(monkeypatch):
    """What a notebook shows; no page is built."""
    monkeypatch.delenv("LIVE_STATIC", raising=False)
    monkeypatch.delenv("LIVE_CLAIMS", raising=False)
    found = []
    monkeypatch.setattr(claims, "_tell", found.append)
    return found


@pytest.mark.parametrize(
    ("value", "bounds"),
    [
        (True, {}),
        (torch.tensor(True), {}),
        (0.9, {"at_least": 0.9}),
        (torch.tensor([0.9], dtype=torch.float64), {"at_most": 0.9}),
        (2, {"at_least": 1, "at_most": 3}),
        (float("inf"), {"at_least": 1}),
    ],
)
def test_what_holds_is_not_mentioned(told, monkeypatch, value, bounds):
    claim("it is so", value, **bounds)
    monkeypatch.setenv("LIVE_STATIC", "1")
    claim("it is so", value, **bounds)
    assert not told


@pytest.mark.parametrize(
    ("value", "bounds"),
    [
        (False, {}),
        (0.8999, {"at_least": 0.9}),
        (3.001, {"at_least": 1, "at_most": 3}),
        (float("nan"), {"at_least": 0.0}),
        (float("nan"), {"at_most": 0.0}),
    ],
)
def test_a_build_stops_at_what_does_not_hold(told, monkeypatch, value, bounds):
    monkeypatch.setenv("LIVE_STATIC", "1")
    with pytest.raises(NotSo, match="The text says “nine in ten”"):
        claim("nine in ten", value, **bounds)


def test_a_reader_is_told_what_came_and_what_the_recorded_runs_did(
    told, monkeypatch, tmp_path
):
    claim("nine in ten", torch.tensor(0.545), at_least=0.85)
    assert told.pop() == (
        "The text says “nine in ten”. This run came out otherwise. Here it is 0.545, "
        "and at least 0.85 was expected. No other run of it is recorded."
    )
    monkeypatch.setattr(claims, "WEATHER", tmp_path)
    runs = {"a": [0.9, True], "b": [0.91, True], "c": [0.6, False]}
    kept = {"code": "", "claims": {"nine in ten": runs}}
    (tmp_path / "05_vit.json").write_text(json.dumps(kept))
    claim("nine in ten", False)
    assert told.pop() == (
        "The text says “nine in ten”. This run came out otherwise. It held in 2 of 3 "
        "recorded runs."
    )


def test_a_note_is_shown_as_it_is_written(monkeypatch, capsys):
    monkeypatch.delenv("LIVE_STATIC", raising=False)
    claim("a < b", False)
    assert "The text says “a < b”" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("value", "error", "said"),
    [
        (torch.ones(2), TypeError, r"one number or truth value was expected, got \(2,"),
        ("yes", TypeError, "got str"),
        (None, TypeError, "got NoneType"),
    ],
)
def test_bad_values_are_named(value, error, said):
    with pytest.raises(error, match=said):
        claim("so", value)
    with pytest.raises(ValueError, match="words are empty"):
        claim(" ", True)


def claimed(name):
    """The words of a chapter's claims, and its cells that hold some."""
    cells = source.read(ROOT / "source" / name / "chapter.md", "site")
    holding = [c for c in cells if c.kind == "code" and "claim(" in c.text]
    found = [w for c in holding for w in WORDS.findall(c.text)]
    return ["".join(re.findall(r'"([^"]*)"', words)) for words in found], holding


def plain(text):
    """Prose without links and emphasis, each white space one space."""
    text = re.sub(r"<[^>]+>", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text))
    return re.sub(r"\s+", " ", re.sub(r"[*_`]", "", text))


@pytest.mark.parametrize("name", NAMES)
def test_claims_quote_the_text(name):
    cells = source.read(ROOT / "source" / name / "chapter.md", "site")
    prose = plain(" ".join(c.text for c in cells if c.kind == "markdown"))
    words, holding = claimed(name)
    missing = [w for w in words if plain(w) not in prose]
    assert not missing, "these words stand nowhere in the chapter's prose"
    assert len(set(words)) == len(words)
    for cell in holding:
        assert not re.search(r'claim\(\s*f"', cell.text), "words are quoted, not made"
        if "import" not in cell.text:
            assert "remove-cell" in cell.tags, f"line {cell.line}: a reader sees it"


@pytest.mark.parametrize("name", NAMES)
def test_claims_held_wherever_they_were_tried(name):
    file = weather.record_file(ROOT, name)
    known = json.loads(file.read_text("utf8"))["claims"] if file.exists() else {}
    words, _ = claimed(name)
    assert set(known) <= set(words), f"make weather CHAPTER={name}: the text changed"
    failed = [w for w in known for _, holds in known[w].values() if not holds]
    assert not failed


HEAD = "---\njupytext: {text_representation: {format_name: myst}}\n---\n"
CHAPTER = f"""{HEAD}
# Tiny

One draw in two is above zero.

```{{code-cell}} ipython3
import torch
from lib.claim import claim
torch.manual_seed(0)
first = torch.randn(1)
second = torch.randn(1, generator=torch.Generator().manual_seed(0))
```

```{{code-cell}} ipython3
:tags: [remove-cell]
claim("One draw in two", first == second)
claim("is above zero", first, at_least=0)
```
"""


@pytest.mark.slow
def test_a_chapter_in_two_weathers(tmp_path, monkeypatch, capsys):
    root = tmp_path
    (root / "source" / "05_tiny").mkdir(parents=True)
    (root / "source" / "05_tiny" / "chapter.md").write_text(CHAPTER)
    for file in ("__init__.py", "claim.py"):
        (root / "lib").mkdir(exist_ok=True)
        shutil.copy(ROOT / "lib" / file, root / "lib" / file)
    shutil.copytree(ROOT / "course", root / "course")
    (root / "RESULTS.md").write_text("# Results\n\n## Speed\n\nfast\n")
    two = [weather.Weather("AVX2", 1, shift) for shift in (0, 1)]
    monkeypatch.setattr(weather, "weathers", lambda: two)
    lines = list(weather.run("05", root))
    assert lines[0] == "05_tiny, AVX2, threads 1, shift 0: 2 of 2 claims hold"
    assert lines[1] == "05_tiny, AVX2, threads 1, shift 1: 1 of 2 claims hold"
    assert lines[2].startswith("  not “is above zero”: -1.17")
    text = (root / "RESULTS.md").read_text()
    assert "## Speed\n\nfast\n" in text
    assert re.search(r"05_tiny +2 +2\n +1 of 2: is above zero", text)
    monkeypatch.setattr(weather, "launch", None)  # what is known is not run again
    assert list(weather.run("05_tiny", root)) == lines


def test_this_machine_has_weathers():
    found = weather.weathers()
    assert len(set(found)) == len(found) >= 6
    assert {w.threads for w in found} == {1, 2} and {w.shift for w in found} == {
        0,
        1,
        2,
    }

"""The comfort commands: what they say, and that they say it in a sentence."""

import errno
import json
import os

import pytest
import torch
from little import answer, load, make, own, save

from course import comfort, keeping, recipes, site
from course.__main__ import main
from lib import data


@pytest.fixture
def root(tmp_path):
    return make(tmp_path)


def test_progress_counts_answers_and_not_stubs(root):
    (line,) = comfort.progress(root)
    assert line.split() == ["05_x", "□□", "0", "of", "2", "answered"]
    book = load(root, "exercises")
    answer(book, "beta", "def beta(x):\n    return 2 - x")
    book.cells.append(own("scratch = 1"))
    save(root, book, "exercises")
    (line,) = comfort.progress(root)
    assert line.split() == ["05_x", "□■", "1", "of", "2", "answered"]


def test_progress_adds_the_points_of_the_last_marking(root):
    grades = root / "build" / "grades"
    grades.mkdir(parents=True)
    rows = [{"chapter": "05_x", "points": 2}, {"chapter": "05_x", "points": 1.5}]
    (grades / "grades.json").write_text(json.dumps(rows))
    assert "3.5 points when last marked" in comfort.progress(root)[0]


@pytest.mark.parametrize("text", ["{", "3", "[3]", '[{"points": 1}]', "\udcff"])
def test_a_damaged_file_of_points_or_times_is_named(root, text):
    grades, build = root / "build" / "grades", root / "build"
    grades.mkdir(parents=True)
    data = text.encode("utf8", "surrogateescape")
    (grades / "grades.json").write_bytes(data)
    with pytest.raises(ValueError, match=r"grades\.json is damaged: make grade"):
        comfort.progress(root)
    (build / "times.json").write_bytes(data[:2])
    with pytest.raises(ValueError, match=r"times\.json is damaged: remove it"):
        comfort.times(root)


def test_what_the_system_refuses_is_a_sentence(monkeypatch, capsys):
    refused = OSError(errno.EROFS, os.strerror(errno.EROFS), "/exercises/05_x.ipynb")

    def update():
        raise refused

    monkeypatch.setattr(keeping, "update", update)
    assert main(["notebooks"]) == 1
    said = "/exercises/05_x.ipynb: Read-only file system\n"
    assert capsys.readouterr().err == said
    refused.filename = None
    with pytest.raises(OSError, match="Read-only"):
        main(["notebooks"])


def test_a_second_build_says_that_it_waits(tmp_path, capsys):
    with site._turn(tmp_path / ".lock"):
        assert not capsys.readouterr().out
        assert not site._turn(tmp_path / ".lock").is_locked
    assert "this one begins when that ends" in capsys.readouterr().out


def test_progress_survives_a_damaged_notebook(root):
    (root / "exercises" / "05_x.ipynb").write_text("{")
    assert "damaged" in comfort.progress(root)[0]


def test_progress_without_notebooks_says_how_to_make_them(tmp_path):
    assert "make notebooks" in comfort.progress(tmp_path)[0]


def test_times_are_listed_or_explained(tmp_path):
    assert "make html" in comfort.times(tmp_path)[0]
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "times.json").write_text('{"05_x": 83.21, "02_y": 7}')
    lines = [line.split() for line in comfort.times(tmp_path)]
    assert lines == [["02_y", "7.0", "s"], ["05_x", "83.2", "s"]]


def test_the_doctor_says_what_for_and_how_to_get_it(monkeypatch):
    needs = [
        comfort.Need("a", lambda: "1.0", "never said", "never said"),
        comfort.Need("b", lambda: "", "its use", "the way to it"),
    ]
    monkeypatch.setattr(comfort, "NEEDS", needs)
    text = "\n".join(comfort.doctor())
    assert "1.0" in text
    assert "never said" not in text
    assert text.index("missing b") < text.index("its use") < text.index("the way to it")
    assert text.endswith("does without what is missing.")
    needs.pop()
    assert comfort.doctor() == ["ok      a                    1.0"]


def test_the_doctor_knows_this_machine():
    there = {
        line.split()[1]: line.split()[0] for line in comfort.doctor() if line[0] != " "
    }
    assert there["PyTorch"] == there["JupyterLab"] == "ok"
    assert comfort.package("no-such-package")() == ""


@pytest.mark.parametrize("command", ["reset", "train"])
def test_a_command_for_one_chapter_asks_which(capsys, command):
    assert main([command]) == 1
    assert f"make {command} CHAPTER=05" in capsys.readouterr().err


@pytest.mark.parametrize("named", ["05", "05_vit"])
def test_train_runs_the_recipe_of_a_chapter_by_number_or_name(monkeypatch, named):
    ran = []
    monkeypatch.setattr(recipes.runpy, "run_path", lambda path, **_: ran.append(path))
    assert main(["train", "--chapter", named]) == 0
    assert [path.split("/")[-2:] for path in ran] == [["05_vit", "recipe.py"]]


def test_train_names_the_chapters_that_have_a_recipe(capsys):
    assert main(["train", "--chapter", "99"]) == 1
    said = capsys.readouterr().err
    assert "no recipe of chapter '99': expected one of" in said and "05, " in said


def test_html_says_where_the_front_page_is(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(site, "build", lambda chapters, fresh: tmp_path)
    assert main(["html", "--chapter", "05"]) == 0
    assert (tmp_path / "index.html").as_uri() in capsys.readouterr().out


def test_html_tells_a_fault_without_a_traceback(monkeypatch, capsys):
    def build(chapters, fresh):
        raise site.BuildError("05_x, code cell 3: NameError")

    monkeypatch.setattr(site, "build", build)
    assert main(["html"]) == 1
    assert "code cell 3" in capsys.readouterr().err


def test_notebooks_that_are_as_they_should_be_are_said_to_be(monkeypatch, capsys):
    monkeypatch.setattr("course.keeping.update", list)
    assert main(["notebooks"]) == 0
    assert "up to date" in capsys.readouterr().out


def test_a_checkpoint_is_written_as_halves_and_read_back(tmp_path, monkeypatch):
    monkeypatch.setattr(recipes, "CHECKPOINTS", tmp_path / "weights")
    monkeypatch.setattr("lib.data.pretrained.CHECKPOINTS", tmp_path / "weights")
    model = torch.nn.Linear(3, 2)
    recipes.weights("99_tiny", model)
    kept = data.weights("99_tiny")
    assert kept["weight"].dtype == torch.float16
    torch.testing.assert_close(kept["weight"], model.weight.detach().half())
    with pytest.raises(ValueError, match=r"99_big has 2\.1 MB of weights; at most 2"):
        recipes.weights("99_big", torch.nn.Linear(1024, 1024))
    assert not (tmp_path / "weights" / "99_big.pt").exists()


def test_a_record_grows_part_by_part(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(recipes, "RECORDS", tmp_path)
    monkeypatch.setattr("lib.data.records.RECORDS", tmp_path)
    recipes.keep("99_tiny", "nats", {"masks 0": 1.5}, training={"steps": 3})
    recipes.keep("99_tiny", "seconds", {"masks 0": 2})
    recipes.keep("99_tiny", "nats", {"masks 0": 1.25, "masks 1": 1.75})
    want = {"nats": {"masks 0": 1.25, "masks 1": 1.75}, "seconds": {"masks 0": 2}}
    assert data.record("99_tiny") == want | {"training": {"steps": 3}}
    assert "nats {'masks 0': 1.5}" in capsys.readouterr().out


def test_a_record_by_seed_says_what_made_it(tmp_path, monkeypatch):
    monkeypatch.setattr(recipes, "RECORDS", tmp_path)
    monkeypatch.setattr("lib.data.records.RECORDS", tmp_path)
    recipes.by_seed("99_tiny", lambda seed: {"twice": 2 * seed}, range(1, 3))
    found = data.record("99_tiny")
    assert found["seeds"] == {"seed 1": {"twice": 2}, "seed 2": {"twice": 4}}
    made = {"instruction set": torch.backends.cpu.get_cpu_capability(), "threads": 1}
    assert found["made with"] == made

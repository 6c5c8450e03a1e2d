"""A new chapter's sources, and the zip of the course."""

import subprocess
import zipfile

import pytest
import tiny_site

from course import begin, dist, notebooks
from course.exercises import answered, parse
from lib.check import Wrong


def test_a_new_chapter_makes_notebooks_and_its_exercise_is_whole(tmp_path):
    said = begin.chapter("14_world_models", tmp_path)
    assert "| 14 | [World models](14_world_models/chapter.md)" in "\n".join(said)
    folder = tmp_path / "source" / "14_world_models"
    book = notebooks.chapter(folder / "chapter.md", "notebook")
    assert book.cells[0].source.startswith("# World models")
    sheet = parse(folder / "exercises.md")
    (task,) = sheet.exercises
    assert task.why and len(task.wrong) >= 4 and len(task.right) >= 2
    solution = [answered(cell.text) for cell in task.of("answer")]
    for text in task.right:
        run(sheet, task, [*solution, text])
    for cell in task.of("wrong"):
        with pytest.raises(Wrong, match=cell.options["says"]):
            run(sheet, task, [*solution, cell.text])


def run(sheet, task, answers):
    names = {"__name__": "__main__"}
    intro = [cell.text for cell in sheet.intro if cell.kind == "code"]
    for text in [*intro, *answers, *(cell.text for cell in task.of("check"))]:
        exec(text, names)


def test_a_new_chapter_writes_over_nothing_and_wants_a_name(tmp_path):
    begin.chapter("12b_experts", tmp_path)
    with pytest.raises(ValueError, match="is there already"):
        begin.chapter("12b_experts", tmp_path)
    for name in ("experts", "../14_x", "14 x", ""):
        with pytest.raises(ValueError, match="14_world_models is one"):
            begin.chapter(name, tmp_path)


@pytest.mark.slow
def test_the_zip_holds_the_site_and_what_git_knows(
    tmp_path, tmp_path_factory, monkeypatch
):
    root = tiny_site.executed(tmp_path / "course", tmp_path_factory)
    subprocess.run(["git", "init", "-q", root], check=True)
    subprocess.run(["git", "-C", root, "add", "lib", "source"], check=True)
    file = dist.make(root)
    with zipfile.ZipFile(file) as whole:
        assert whole.testzip() is None
        names = set(whole.namelist())
    assert {"READ ME.txt", "site/index.html", "live-papers/lib/tiny.py"} <= names
    ours = {name for name in names if name.startswith("live-papers/")}
    assert not any("build" in name or "requirements" in name for name in ours)
    pages = root / "build" / "html"
    monkeypatch.setattr(dist.site, "build", lambda root: pages)
    assert dist.make(root) == file  # over an older one


def test_outside_a_checkout_there_is_no_zip(tmp_path):
    with pytest.raises(ValueError, match="no git checkout"):
        dist.tracked(tmp_path)

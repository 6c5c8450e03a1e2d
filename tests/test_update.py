"""A clone is brought up to date, and whatever its reader did in it is still there."""

import shutil
import subprocess

import nbformat
import pytest
from little import CHAPTER, answer, load, make, own, save, sheet, source_of, texts

from course import __main__, keeping, update

ANSWER = "def beta(x):\n    return 2 - x"
PROSE = "Do it well."


@pytest.fixture(scope="module", autouse=True)
def nobody():
    """Git as a stranger has it: none of this machine's settings."""
    with pytest.MonkeyPatch.context() as patch:
        for who in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{who}_NAME", "Reader")
            patch.setenv(f"GIT_{who}_EMAIL", "reader@example.org")
        patch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        yield


@pytest.fixture(scope="module")
def first(tmp_path_factory, nobody):
    """The course's own repository as it was when the reader got it."""
    root = make(tmp_path_factory.mktemp("first"))
    (root / ".gitignore").write_text("build/\n")
    git(root, "init", "--quiet", "--initial-branch=main")
    commit(root)
    return root


@pytest.fixture
def course(first, tmp_path):
    """The course's own repository, to be changed."""
    return shutil.copytree(first, tmp_path / "course")


@pytest.fixture
def root(course, tmp_path):
    """A reader's clone of it, with an answer in it."""
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", course.as_uri(), str(clone))
    write_answer(clone)
    return clone


def git(root, *arguments):
    return subprocess.check_output(["git", "-C", str(root), *arguments], text=True)


def commit(root):
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "more")


def write_answer(root, text=ANSWER):
    book = load(root, "exercises")
    answer(book, "beta", text)
    save(root, book, "exercises")


def publish(course, prose=PROSE):
    """The course's authors change the exercises and the chapter."""
    source_of(course, "exercises").write_text(sheet("Alpha", "Beta", prose=prose))
    source_of(course).write_text(f"{CHAPTER}\n{prose}\n")
    keeping.update(course)
    commit(course)


def bring(root):
    """Update as the command does; a list of what it says."""
    return [*update.bring(root), *keeping.update(root)]


def is_new_and_has(root, text=ANSWER, prose=PROSE):
    """Whether the exercises are the new ones, and an answer is in them."""
    assert git(root, "rev-list", "--count", "HEAD..@{upstream}") == "0\n"
    assert not (root / update.ASIDE).exists()
    cells = texts(load(root, "exercises"))
    return text in cells and any(prose in cell for cell in cells)


def test_git_alone_refuses(root, course):
    publish(course)
    pull = ["git", "-C", str(root), "pull", "--quiet", "--ff-only"]
    assert subprocess.run(pull, capture_output=True).returncode
    assert not is_new(root)


def is_new(root):
    return git(root, "rev-list", "--count", "HEAD..@{upstream}") == "0\n"


def test_an_answer_moves_into_the_new_exercises(root, course):
    publish(course)
    said = bring(root)
    assert is_new_and_has(root)
    assert said[0].startswith("1 new commit:")
    assert any("merged your answers into the new exercises" in line for line in said)
    assert list(update.bring(root)) == ["the course is up to date"]


def test_other_notebooks_are_not_touched_and_nothing_new_is_said(root):
    before = (root / "exercises" / "05_x.ipynb").read_bytes()
    assert bring(root) == ["the course is up to date"]
    assert (root / "exercises" / "05_x.ipynb").read_bytes() == before


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["chapters", "solutions"])
def test_a_changed_chapter_or_solution_stays_the_readers(root, course, kind):
    book = load(root, kind)
    book.cells.append(own("mine = 1"))
    save(root, book, kind)
    publish(course)
    assert any(f"kept {kind}/05_x.ipynb with your changes" in x for x in bring(root))
    assert texts(load(root, kind)) == texts(book)
    assert is_new_and_has(root)


@pytest.mark.slow
def test_a_chapter_that_was_only_run_becomes_the_new_one(root, course):
    book = load(root)
    book.cells[1].execution_count = 3
    save(root, book)
    publish(course)
    bring(root)
    assert any(PROSE in text for text in texts(load(root)))


@pytest.mark.slow
def test_a_deleted_notebook_comes_again(root, course):
    (root / "solutions" / "05_x.ipynb").unlink()
    publish(course)
    bring(root)
    assert load(root, "solutions")
    assert is_new_and_has(root)


@pytest.mark.slow
@pytest.mark.parametrize("staged", [False, True])
def test_a_notebook_of_the_readers_own_stays(root, course, staged):
    mine = root / "exercises" / "try.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[own("mine")]), mine)
    before = mine.read_bytes()
    if staged:
        git(root, "add", "--all")
    publish(course)
    bring(root)
    assert mine.read_bytes() == before
    assert is_new_and_has(root)


@pytest.mark.slow
def test_a_name_that_the_course_takes_is_given_up(root, course):
    for name in ("06_y.ipynb", "06_y_mine.ipynb"):
        (root / "exercises" / name).write_text(f"my {name}")
    (course / "exercises" / "06_y.ipynb").write_text("the course's")
    publish(course)
    said = bring(root)
    assert "exercises/06_y.ipynb is now the course's: yours is " in "\n".join(said)
    read = lambda name: (root / "exercises" / name).read_text()
    assert read("06_y.ipynb") == "the course's"
    assert read("06_y_mine.ipynb") == "my 06_y_mine.ipynb"
    assert read("06_y_mine2.ipynb") == "my 06_y.ipynb"


@pytest.mark.slow
def test_a_notebook_that_the_course_gave_up_stays(root, course):
    shutil.rmtree(course / "source" / "05_x")
    for kind in update.FOLDERS:
        (course / kind / "05_x.ipynb").unlink()
    (course / "source" / "index.md").write_text("# Front\n")
    keeping.update(course)
    commit(course)
    said = bring(root)
    assert "exercises/05_x.ipynb is no longer in the course: yours stays" in said
    assert ANSWER in texts(load(root, "exercises"))
    assert not (root / "solutions" / "05_x.ipynb").exists()


@pytest.mark.slow
def test_answers_that_were_committed_move_too(root, course):
    commit(root)
    publish(course)
    bring(root)
    assert is_new_and_has(root)
    write_answer(root, "def beta(x):\n    return 3 - x")
    commit(root)
    publish(course, "Do it better.")
    bring(root)
    assert is_new_and_has(root, "def beta(x):\n    return 3 - x", "Do it better.")


@pytest.mark.slow
def test_a_committed_answer_in_a_notebook_that_is_gone_stays(root, course):
    commit(root)
    test_a_notebook_that_the_course_gave_up_stays(root, course)


@pytest.mark.slow
def test_a_commit_elsewhere_is_merged(root, course):
    (root / "notes.md").write_text("mine")
    commit(root)
    publish(course)
    bring(root)
    assert (root / "notes.md").read_text() == "mine"
    assert is_new_and_has(root)


@pytest.mark.slow
def test_a_text_that_both_changed_stops_the_update_and_all_is_as_it_was(root, course):
    source_of(root).write_text("mine")
    (root / "exercises" / "06_y.ipynb").write_text("mine too")
    (course / "exercises" / "06_y.ipynb").write_text("the course's")
    before = state(root)
    publish(course)
    with pytest.raises(ValueError, match=r"source/05_x/chapter\.md"):
        bring(root)
    assert state(root) == before


@pytest.mark.slow
def test_a_commit_in_conflict_stops_the_update_and_all_is_as_it_was(root, course):
    source_of(root).write_text("mine")
    commit(root)
    write_answer(root, "def beta(x):\n    return 4 - x")
    before = state(root)
    publish(course)
    with pytest.raises(ValueError, match=r"(?s)CONFLICT.*git merge"):
        bring(root)
    assert state(root) == before


def state(root):
    """Every file of a clone, where its branch is, and what git says of it."""
    files = (p for p in root.rglob("*") if p.is_file() and ".git" not in p.parts)
    commands = (["rev-parse", "HEAD"], ["status", "--porcelain"])
    said = [git(root, *command) for command in commands]
    return {p: p.read_bytes() for p in files if "build" not in p.parts}, said


@pytest.mark.slow
def test_a_reader_on_no_branch_is_told_how_to_get_on_one(root, course):
    git(root, "checkout", "--quiet", "--detach")
    publish(course)
    before = state(root)
    with pytest.raises(ValueError, match="git switch main"):
        bring(root)
    assert state(root) == before
    git(root, "switch", "--quiet", "main")
    bring(root)
    assert is_new_and_has(root)


@pytest.mark.slow
def test_a_branch_that_follows_none_is_told_how_to(root):
    git(root, "switch", "--quiet", "--create", "mine")
    with pytest.raises(ValueError, match="--set-upstream-to=origin/main"):
        bring(root)
    git(root, "branch", "--quiet", "--set-upstream-to=origin/main")
    assert bring(root) == ["the course is up to date"]


@pytest.mark.slow
def test_without_a_network_all_is_as_it_was(root, course):
    course.rename(course.with_name("away"))
    before = state(root)
    with pytest.raises(ValueError, match=r"(?s)git fetch.* failed.*course"):
        bring(root)
    assert state(root) == before


@pytest.mark.slow
@pytest.mark.parametrize("inside", [False, True])
def test_a_download_is_told_how_to_be_updated(root, course, tmp_path, inside):
    shutil.rmtree(root / ".git")
    if inside:  # another repository
        git(tmp_path, "init", "--quiet")
    with pytest.raises(ValueError, match="copy your exercises"):
        bring(root)
    publish(course)  # what it is told does work
    for file in (root / "exercises").glob("*.ipynb"):
        shutil.copy(file, course / "exercises")
    keeping.update(course)
    cells = texts(load(course, "exercises"))
    assert ANSWER in cells and any(PROSE in cell for cell in cells)


@pytest.mark.slow
def test_without_git_a_sentence_says_so(root, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ValueError, match="git is needed"):
        bring(root)


class Killed(BaseException):
    """A kill, after which nothing of the process runs."""


def killed_at(monkeypatch, name, after=0):
    """Let an update die at the call of one of its steps, with no time to clean up."""
    calls = []
    step = getattr(update, name)

    def dies(*given):
        calls.append(name)
        if len(calls) > after:
            monkeypatch.setattr(update, "put_back", lambda root: [])
            raise Killed
        return step(*given)

    monkeypatch.setattr(update, name, dies)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("step", "after"),
    [("copy", 1), ("make_way", 0), ("merge", 0), ("put_back", 1), ("copy", 3)],
)
def test_a_killed_update_is_taken_up_by_the_next(
    root, course, monkeypatch, step, after
):
    book = load(root)
    book.cells.append(own("mine = 1"))
    save(root, book)
    publish(course)
    with monkeypatch.context() as patch:
        killed_at(patch, step, after)
        with pytest.raises(Killed):
            bring(root)
    bring(root)
    assert is_new_and_has(root)
    assert "mine = 1" in texts(load(root))
    assert list(update.bring(root)) == ["the course is up to date"]


@pytest.mark.slow
def test_work_between_a_killed_update_and_the_next_is_kept_beside(
    root, course, monkeypatch
):
    publish(course)
    with monkeypatch.context() as patch:
        killed_at(patch, "merge")
        with pytest.raises(Killed):
            bring(root)
    assert ANSWER not in texts(load(root, "exercises"))
    later = "def beta(x):\n    return 5 - x"
    write_answer(root, later)
    said = "\n".join(bring(root))
    assert "was changed since" in said
    assert is_new_and_has(root, later)
    kept = [path.read_text() for path in (root / "build" / "kept").glob("*.ipynb")]
    assert any("return 2 - x" in text for text in kept)


def in_conflict(root, course):
    """Reader and course each commit another wording of one task."""
    book = load(root, "exercises")
    for cell in book.cells:
        cell.source = cell.source.replace("Do it.", "Do it my way.")
    save(root, book, "exercises")
    commit(root)
    publish(course)


@pytest.mark.slow
def test_notebooks_in_conflict_become_the_courses_with_what_the_reader_wrote(
    root, course
):
    in_conflict(root, course)
    bring(root)
    assert is_new_and_has(root)
    assert any("Do it my way." in text for text in texts(load(root, "exercises")))


@pytest.mark.slow
def test_an_interrupt_in_a_conflict_leaves_all_as_it_was(root, course, monkeypatch):
    in_conflict(root, course)
    write_answer(root, "def beta(x):\n    return 6 - x")
    before = state(root)

    def interrupted(*_):
        assert (root / ".git" / "MERGE_HEAD").exists()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(update, "all", interrupted, raising=False)
        with pytest.raises(KeyboardInterrupt):
            bring(root)
    assert state(root) == before


@pytest.mark.slow
def test_a_merge_that_was_killed_in_a_conflict_is_begun_again(
    root, course, monkeypatch
):
    in_conflict(root, course)
    with monkeypatch.context() as patch:
        killed_at(patch, "is_notebook", 1)  # first of what is set aside
        patch.setattr(update, "MERGING", ("rev-parse", "--verify", "-q", "NO_HEAD"))
        with pytest.raises(Killed):
            bring(root)
    assert (root / ".git" / "MERGE_HEAD").exists()
    bring(root)
    assert is_new_and_has(root)


@pytest.mark.slow
def test_a_merge_of_the_readers_own_is_left_to_them(root, course):
    in_conflict(root, course)
    merge = ["git", "-C", str(root), "pull", "--quiet", "--no-rebase"]
    assert subprocess.run(merge, capture_output=True).returncode
    before = state(root)
    with pytest.raises(ValueError, match="a merge is under way"):
        bring(root)
    assert state(root) == before


def test_the_command_updates_and_then_runs_the_new_code(monkeypatch, capsys, tmp_path):
    ran = []

    def run(command, cwd):
        ran.append(command[1:])
        return subprocess.CompletedProcess(command, len(ran) - 1)

    monkeypatch.setattr(update, "bring", lambda: iter(["2 new commits"]))
    monkeypatch.setattr(update.subprocess, "run", run)
    assert __main__.main(["update"]) == 1
    assert ran == [["tools/setup.py"], ["-m", "course", "notebooks"]]
    assert capsys.readouterr().out == "2 new commits\n"

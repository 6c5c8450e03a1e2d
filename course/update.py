"""Bring a clone of the course up to date, and lose nothing of its reader's.

git merges lines, and a notebook is made of cells. So the notebooks that a reader
changed are set aside, git sees the others only, and then they are put back: what is
theirs is carried into the new ones by course/keeping.py. Until it is back it lies in
build/kept/aside, where an interrupted update is taken up by the next one.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from course.git import git, has, names, run, said
from course.keeping import keep
from course.source import ROOT

ASIDE = Path("build", "kept", "aside")
FOLDERS = ("chapters", "exercises", "solutions")
MERGING = ("rev-parse", "--verify", "--quiet", "MERGE_HEAD")
DOWNLOADED = """\
{} is no clone made by git, so it cannot be updated where it is.
Get the course anew, copy your exercises/*.ipynb over those in the new folder, and say
`make notebooks` there: your answers are carried over, your files kept in build/kept."""
UNMOVED = """\
git cannot bring the course up to date, and your files are as they were. It says:
{}
Where it names files, both you and the update changed them. Commit yours, or put them
away with `git stash`, and say `make update` again. Where commits are in conflict,
`git merge` shows the places."""


def bring(root: Path = ROOT) -> Iterator[str]:
    """Fetch what is new and merge it; yields what happened, a line each.

    Raises ValueError, in words for the reader, where that cannot be done.
    """
    upstream = followed(root)
    yield from put_back(root)  # where an earlier update was interrupted
    git(root, "fetch", "--quiet")
    before = git(root, "rev-parse", "--short", "HEAD")
    base = git(root, "merge-base", "HEAD", upstream)
    new = git(root, "rev-list", "--count", f"{base}..{upstream}")
    if new == "0":
        yield "the course is up to date"
        return
    try:
        set_aside(root, base)
        yield from make_way(root, upstream)
        merge(root, upstream)
    finally:
        back = list(put_back(root))
    after = git(root, "rev-parse", "--short", "HEAD")
    yield f"{new} new commit{'s' * (new != '1')}: {before} is now {after}"
    yield from back


def finish(root: Path = ROOT) -> int:
    """Install what the new version needs and make its notebooks, by its own code."""
    for words in (["tools/setup.py"], ["-m", "course", "notebooks"]):
        if code := subprocess.run([sys.executable, *words], cwd=root).returncode:
            return code
    return 0


def followed(root: Path) -> str:
    """Give the branch that this clone follows, ready to be merged; ValueError if none.

    A merge that an interrupted update began is taken back.
    """
    top = run(root, "rev-parse", "--show-toplevel")
    if top.returncode or Path(top.stdout.strip()).resolve() != root.resolve():
        raise ValueError(DOWNLOADED.format(root))
    if has(root, *MERGING):
        if not (root / ASIDE).exists():
            raise ValueError("a merge is under way: finish it, or `git merge --abort`")
        for name in notebooks(root):  # that a reader may have gone on with
            keep(root, Path(name))
        git(root, "merge", "--abort")
    if not has(root, "symbolic-ref", "--quiet", "HEAD"):
        raise ValueError(
            "you are at a commit and on no branch: `git switch main`, or another that "
            "follows the course's, and say `make update` again"
        )
    upstream = run(root, "rev-parse", "--abbrev-ref", "@{upstream}")
    if upstream.returncode:
        raise ValueError(
            "this branch follows no other. If the course's is main at origin: "
            "`git branch --set-upstream-to=origin/main`, and `make update` again"
        )
    return upstream.stdout.strip()


def notebooks(root: Path, *commits: str) -> list[str]:
    """The notebooks that are not as some commit has them, or as git has staged them."""
    listed = names(root, "diff", "--name-only", "--no-renames", *commits)
    return [name for name in listed if is_notebook(name)]


def is_notebook(name: str) -> bool:
    """Whether a path is one of the notebooks that readers work in."""
    path = Path(name)
    return path.parent.as_posix() in FOLDERS and path.suffix == ".ipynb"


def set_aside(root: Path, base: str) -> None:
    """Copy each notebook that a reader changed since `base`, and leave git's there."""
    for name in notebooks(root, base):
        if (root / name).is_file():
            copy(root / name, root / ASIDE / name)
    if changed := notebooks(root, "HEAD"):
        where = ("--source=HEAD", "--staged", "--worktree")
        git(root, "restore", *where, "--", *changed)


def put_back(root: Path) -> Iterator[str]:
    """Put notebooks back that were set aside; yields what a reader should know."""
    aside = root / ASIDE
    for file in sorted(aside.rglob("*.ipynb")):
        name = file.relative_to(aside)
        here = root / name
        if not here.exists():
            copy(file, here)
            yield f"{name} is no longer in the course: yours stays"
        elif untouched(root, name.as_posix()):
            copy(file, here)
        elif here.read_bytes() != file.read_bytes():
            kept = keep(root, ASIDE / name)
            yield f"{name} was changed since; {kept} has what an update had set aside"
        file.unlink()
    shutil.rmtree(aside, ignore_errors=True)


def untouched(root: Path, name: str) -> bool:
    """Whether a notebook is as a commit has it, the reader's last or the course's."""
    same = [
        has(root, "diff", "--quiet", c, "--", name) for c in ("HEAD", "@{upstream}")
    ]
    return any(same) and has(root, "ls-files", "--error-unmatch", "--", name)


def copy(file: Path, to: Path) -> None:
    """Copy a file in one step, so that a kill leaves all of it or nothing."""
    to.parent.mkdir(parents=True, exist_ok=True)
    half = to.with_name(f".{to.name}.half")
    shutil.copy2(file, half)
    half.replace(to)


def make_way(root: Path, upstream: str) -> Iterator[str]:
    """Rename files of the reader's own whose names the update brings."""
    added = ("--name-only", "--no-renames", "--diff-filter=A", "HEAD", upstream)
    for name in names(root, "diff", *added):
        file = root / name
        if file.exists() and not names(root, "ls-files", "--", name):
            free, number = file.with_name(f"{file.stem}_mine{file.suffix}"), 2
            while free.exists():
                free = file.with_name(f"{file.stem}_mine{number}{file.suffix}")
                number += 1
            file.rename(free)
            yield f"{name} is now the course's: yours is {free.relative_to(root)}"


def merge(root: Path, upstream: str) -> None:
    """Merge; where notebooks alone are in conflict, the course's are taken."""
    merged = run(root, "merge", "--ff", "--no-edit", "--quiet", upstream)
    conflicts = names(root, "diff", "--name-only", "--diff-filter=U")
    if conflicts and all(map(is_notebook, conflicts)):
        for name in conflicts:
            there = has(root, "cat-file", "-e", f"{upstream}:{name}")
            take = ["checkout", upstream] if there else ["rm", "--quiet", "--force"]
            git(root, *take, "--", name)
        merged = run(root, "commit", "--no-edit", "--quiet")
    if merged.returncode:
        if has(root, *MERGING):
            git(root, "merge", "--abort")
        raise ValueError(UNMOVED.format(said(merged)))

"""The course's own commands; the Makefile calls them: python -m course --help."""

import argparse
import io
import math
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from course import begin, comfort, keeping, notebooks

MOST_JOBS = 1_000
DAY = 24 * 60 * 60


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # names are shown in any locale
            stream.reconfigure(errors="backslashreplace")
    given = parser().parse_args(arguments)
    try:
        return COMMANDS[given.command][0](given)
    except ValueError as error:  # bad sources, unknown chapters: a sentence is enough
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted. The same command goes on from here.", file=sys.stderr)
        return 130
    except OSError as error:  # a full disk, a folder that may not be written
        if not error.filename:
            raise
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return 1


def parser() -> argparse.ArgumentParser:
    """Describe the commands."""
    front = argparse.ArgumentParser(prog="python -m course", description=__doc__)
    commands = front.add_subparsers(dest="command", required=True)
    parsers = {
        name: commands.add_parser(name, help=what, description=what)
        for name, (_, what) in COMMANDS.items()
    }
    parsers["notebooks"].add_argument(
        "--check",
        action="store_true",
        help="only say which are not as source/ gives them",
    )
    parsers["html"].add_argument(
        "--fresh", action="store_true", help="execute again what is cached"
    )
    for name in ("html", "grade", "weather"):
        parsers[name].add_argument("--chapter", help="such as 05; all without it")
    add_grading(parsers["grade"])
    for name in ("reset", "train"):
        parsers[name].add_argument("--chapter", help="such as 05")
    parsers["new-chapter"].add_argument("name", help="such as 14_world_models")
    return front


def add_grading(grade: argparse.ArgumentParser) -> None:
    """Describe what a teacher may say to grade a folder of notebooks."""
    grade.add_argument(
        "folder",
        nargs="?",
        type=Path,
        help="notebooks, or a zip, of a class; else yours",
    )
    grade.add_argument(
        "--out", type=Path, default=Path("report"), help="where reports go (report/)"
    )
    grade.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="notebooks at a time"
    )
    grade.add_argument(
        "--scheduler", metavar="ADDRESS", help="of a Dask cluster, whose workers grade"
    )
    grade.add_argument(
        "--seconds", type=float, default=30, help="that one cell may take (30)"
    )
    grade.add_argument(
        "--attempts",
        choices=["last", "first", "best"],
        default="last",
        help="which counts where a platform gives several (last)",
    )
    grade.add_argument(
        "--unsafe", action="store_true", help="run strangers' code without a sandbox"
    )


def show(lines: Iterable[object]) -> int:
    """Print lines; everything went well."""
    for line in lines:
        print(line)
    return 0


def make_notebooks(given: argparse.Namespace) -> int:
    """Make the notebooks, or check that they are as the sources give them."""
    if not given.check:
        return show(keeping.update() or ["the notebooks are up to date"])
    stale = notebooks.differing()
    show(f"{path} is not what source/ gives: make notebooks" for path in stale)
    return 1 if stale else 0


def reset(given: argparse.Namespace) -> int:
    """Start one chapter again."""
    if given.chapter is None:
        raise ValueError("which chapter? for example: make reset CHAPTER=05")
    return show(keeping.reset(given.chapter))


def html(given: argparse.Namespace) -> int:
    """Build the site."""
    from course import site

    try:
        folder = site.build([given.chapter] if given.chapter else None, given.fresh)
    except site.BuildError as error:
        print(error, file=sys.stderr)
        return 1
    page = (folder / "index.html").as_uri()
    return show([f"The site is ready: open {page} in a browser"])


def dist(_: argparse.Namespace) -> int:
    """Make the zip."""
    from course import dist, site

    try:
        file = dist.make()
    except site.BuildError as error:
        print(error, file=sys.stderr)
        return 1
    return show([f"{file}: {file.stat().st_size / 2**20:.0f} MB"])


def grade(given: argparse.Namespace) -> int:
    """Mark the reader's own exercises, or a class's."""
    if not hasattr(os, "fork"):
        raise ValueError(
            "grading starts its kernels by forking, which Windows cannot: use WSL"
        )
    if given.folder:
        from course.grading import crowd

        if given.chapter:
            raise ValueError(
                "--chapter is for your own notebooks: a class's tell theirs"
            )
        if given.jobs < 1:
            raise ValueError(f"--jobs {given.jobs}: at least 1 was expected")
        if given.jobs > MOST_JOBS:
            most = f"at most {MOST_JOBS:,} was expected"
            raise ValueError(f"--jobs {given.jobs}: {most}")
        if not 0 < given.seconds < math.inf:
            raise ValueError(f"--seconds {given.seconds:g}: more than 0 was expected")
        if given.seconds > DAY:
            most = f"at most {DAY:,} was expected"
            raise ValueError(f"--seconds {given.seconds:g}: {most}")
        if given.out.exists() and not given.out.is_dir():
            raise ValueError(f"--out {given.out}: a folder was expected, not a file")
        return crowd.main(
            given.folder,
            given.out,
            given.jobs,
            given.scheduler,
            given.unsafe,
            seconds=given.seconds,
            attempts=given.attempts,
        )
    from course.grading import own

    return own.main(chapter=given.chapter)


def update(_: argparse.Namespace) -> int:
    """Bring the clone up to date, then the notebooks."""
    from course import update

    show(update.bring())
    return update.finish()


def train(given: argparse.Namespace) -> int:
    """Run the recipe of one chapter."""
    from course import recipes

    if given.chapter is None:
        raise ValueError("which chapter? for example: make train CHAPTER=05")
    recipes.run(given.chapter)
    return 0


def weather(given: argparse.Namespace) -> int:
    """Hold claims in every weather; 1 where one fails."""
    from course import weather

    lines = list(map(_printed, weather.run(given.chapter)))
    return 1 if any(line.startswith("  not") for line in lines) else 0


def _printed(line: str) -> str:
    print(line, flush=True)
    return line


COMMANDS = {
    "notebooks": (make_notebooks, "make the notebooks from source/"),
    "html": (html, "build the site in build/html"),
    "dist": (dist, "zip the site with the course, for a stick"),
    "grade": (grade, "mark your exercises, or a folder of notebooks"),
    "reset": (reset, "start a chapter again, keeping a copy"),
    "update": (update, "get what is new; your work stays"),
    "train": (train, "measure again what a chapter has no time for"),
    "weather": (weather, "hold the claims of chapters under other conditions"),
    "new-chapter": (
        lambda given: show(begin.chapter(given.name)),
        "begin a chapter's sources",
    ),
    "progress": (
        lambda _: show(comfort.progress()),
        "what is answered and guessed so far",
    ),
    "doctor": (lambda _: show(comfort.doctor()), "what this machine lacks"),
    "times": (lambda _: show(comfort.times()), "seconds of a core a chapter took"),
}

if __name__ == "__main__":
    sys.exit(main())

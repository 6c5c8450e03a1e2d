"""The course's own commands; the Makefile calls them: python -m course --help."""

import argparse
import importlib
import sys
from collections.abc import Iterable

from course import keeping, notebooks


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code."""
    given = parser().parse_args(arguments)
    try:
        return COMMANDS[given.command][0](given)
    except ValueError as error:  # bad sources, unknown chapters: a sentence is enough
        print(error, file=sys.stderr)
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
    parsers["html"].add_argument("--chapter", help="such as 05; all without it")
    parsers["html"].add_argument(
        "--fresh", action="store_true", help="execute again what is cached"
    )
    parsers["reset"].add_argument("--chapter", help="such as 05")
    parsers["grade"].add_argument("--chapter", help="such as 05; all without it")
    return front


def show(lines: Iterable[object]) -> int:
    """Print lines; everything went well."""
    for line in lines:
        print(line)
    return 0


def make_notebooks(given: argparse.Namespace) -> int:
    """Make the notebooks, or check that they are as the sources give them."""
    if not given.check:
        return show(keeping.update())
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
    return show([folder / "index.html"])


def grade(given: argparse.Namespace) -> int:
    """Mark the exercises."""
    grader = getattr(importlib.import_module("course.grading"), "main", None)
    if grader is None:
        raise ValueError("there is no grader yet")
    return grader(chapter=given.chapter)


def comfort(name: str, given: argparse.Namespace) -> int:
    """Print what one of the comfort commands says."""
    from course import comfort

    return show(getattr(comfort, name)())


COMMANDS = {
    "notebooks": (make_notebooks, "make the notebooks from source/"),
    "html": (html, "build the site in build/html"),
    "grade": (grade, "mark the exercises"),
    "reset": (reset, "start a chapter again, keeping a copy"),
    "progress": (lambda given: comfort("progress", given), "what is answered so far"),
    "doctor": (lambda given: comfort("doctor", given), "what this machine lacks"),
    "times": (lambda given: comfort("times", given), "seconds each chapter took"),
}

if __name__ == "__main__":
    sys.exit(main())

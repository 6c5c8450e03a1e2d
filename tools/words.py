"""What each word does, for `make WORD` and for `python tools/setup.py WORD`.

What follows a word goes on to the program that does the work.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable

import lock as locking
from environment import ROOT, fail, python, runs, set_up

# nbval is for the tests that call it; each worker would take seconds to load it.
PYTEST = ("-m", "pytest", "-p", "no:nbval")
# What a file's tests share is made once, and the longest files come first.
BY_FILE = ("--dist", "loadfile", "--no-loadscope-reorder")
# Torch's threads sleep while they wait: spinning, two of them on a busy machine with
# two cores are many times slower than one. Text is UTF-8 in any locale.
VARIABLES = {"OMP_WAIT_POLICY": "PASSIVE", "PYTHONUTF8": "1"}
BIOME = ("--yes", "--prefer-offline", "--fetch-retries=1", "@biomejs/biome@2.6.8")
ALONE = ("help", "check", "lock", "clean", "ready")


def main(word: str = "ready", *rest: str) -> None:
    """Do what a word says."""
    if word not in WORDS:
        fail(f"{word} is none of these words: {', '.join(WORDS)}")
    if rest and word in ALONE:
        fail(f"{word} takes nothing, and {' '.join(rest)} came with it")
    try:
        if word not in ("help", "clean"):
            set_up()
        WORDS[word][1](*rest)
    except KeyboardInterrupt:
        fail("Interrupted. The same command goes on from here.")


def run(*command: str, **variables: str) -> None:
    """Run the environment's Python in the project's folder; stop if it fails."""
    env = VARIABLES | os.environ | variables
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # or every process compiles all anew
    sys.stdout.flush()
    process = subprocess.Popen([str(python()), *command], cwd=ROOT, env=env)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    while True:
        try:
            code = process.wait()
            break
        except KeyboardInterrupt:  # it heard that too, and knows better what to do
            continue
    if code:
        sys.exit(code if code > 0 else 128 - code)


def course(word: str) -> Callable[..., None]:
    """Give what does a word that `python -m course` knows."""
    return lambda *rest: run("-m", "course", word, *rest)


def lab(*options: str) -> None:
    """Open JupyterLab, with this folder's settings before the reader's own.

    With --guess=off its figures do not ask before they show, for a lecture.
    """
    asking = [option for option in options if option.startswith("--guess=")]
    if set(asking) - {"--guess=on", "--guess=off"}:
        fail(f"{' '.join(asking)}: expected --guess=off, or on")
    options = tuple(option for option in options if option not in asking)
    course("notebooks")()
    root = hasattr(os, "geteuid") and os.geteuid() == 0  # Windows has no such number
    if root and "--allow-root" not in options:
        print("You are root, so JupyterLab gets --allow-root, without which it stops.")
        options = ("--allow-root", *options)
    theirs = os.environ.get("JUPYTER_CONFIG_PATH")
    paths = filter(None, [str(ROOT / "course" / "jupyter"), theirs])
    variables = {"JUPYTER_CONFIG_PATH": os.pathsep.join(paths)}
    if asking:
        variables["LIVE_GUESS"] = asking[-1].removeprefix("--guess=")
    run("-m", "jupyterlab", *options, **variables)


def test(*options: str) -> None:
    """Run all tests, on one worker more than cores, for browsers let theirs wait."""
    course("notebooks")("--check")
    course("html")()
    workers = ("-n", str((os.cpu_count() or 1) + 1))
    run(*PYTEST, *workers, *BY_FILE, *options, OMP_NUM_THREADS="1")


def quick(*options: str) -> None:
    """Run the fast tests."""
    chosen = ("-n", "logical", "-m", "not slow and not browser")
    run(*PYTEST, *chosen, *BY_FILE, *options, OMP_NUM_THREADS="1")


def check() -> None:
    """Look for lint, format and types."""
    run("-m", "ruff", "check")
    run("-m", "ruff", "format", "--check")
    run("-m", "mypy")
    scripts()


def scripts() -> None:
    """Look for lint and format of scripts and styles, where there is node."""
    biome = [shutil.which("npx") or "npx", *BIOME]
    if not runs(*biome, "--version"):
        print("Scripts and styles are not checked: npx is missing or cannot get Biome.")
    elif code := subprocess.call([*biome, "check", "--error-on-warnings"], cwd=ROOT):
        sys.exit(code)


def clean() -> None:
    """Remove what was built."""
    for name in ("html", "pages", "cache", "figures"):
        shutil.rmtree(ROOT / "build" / name, ignore_errors=True)


def show() -> None:
    """List the words."""
    print("make WORD, or without make: python tools/setup.py WORD\n")
    for word, (says, _) in WORDS.items():
        print(f"  {word:14}{says}")


WORDS: dict[str, tuple[str, Callable[..., None]]] = {
    "help": ("this list", show),
    "lab": (
        "set up, make the notebooks, open JupyterLab (GUESS=off: no figure asks first)",
        lab,
    ),
    "test": ("set up and run every test", test),
    "quick": ("the fast tests, about a minute", quick),
    "html": ("the site, in build/html", course("html")),
    "notebooks": (
        "the notebooks from source/; your own changes stay",
        course("notebooks"),
    ),
    "dist": ("the site and the course in one zip, for a stick", course("dist")),
    "new-chapter": (
        "begin a chapter: make new-chapter NAME=14_world_models",
        course("new-chapter"),
    ),
    "grade": (
        "mark your exercises (CHAPTER=05 or --chapter 05 for one chapter)",
        course("grade"),
    ),
    "reset": ("start CHAPTER=05 again; a copy of your work is kept", course("reset")),
    "update": ("get what is new in the course; your work stays", course("update")),
    "progress": ("what you have answered and guessed so far", course("progress")),
    "doctor": (
        "what this machine lacks, what for, and how to get it",
        course("doctor"),
    ),
    "times": (
        "seconds of one core that each chapter took when last executed",
        course("times"),
    ),
    "train": (
        "measure again what CHAPTER=05 has no time for; minutes to hours",
        course("train"),
    ),
    "weather": (
        "what chapters claim, on other instruction sets, threads, seeds; hours",
        course("weather"),
    ),
    "bench": (
        "speed against other libraries, and of the live figures",
        lambda *rest: run("-m", "bench", *rest),
    ),
    "check": ("lint, format, types", check),
    "lock": (
        "write requirements.lock from .venv (its first lines say how)",
        locking.write,
    ),
    "clean": ("remove what was built; notebooks, marks and .venv stay", clean),
    "ready": ("set up, and no more", lambda: None),
}

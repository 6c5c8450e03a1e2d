"""What a reader guessed: kept in build/guesses.json beside the course, and only there.

An entry is known by its question, so a changed question is a new one. In JupyterLab the
figures and tables of a kernel look here; a page keeps its own, in the browser. Where
the course is for reading only, LIVE_GUESSES names another file.
"""

import json
import os
from pathlib import Path
from typing import Any
from weakref import WeakSet

FILE = Path(
    os.environ.get("LIVE_GUESSES")
    or Path(__file__).resolve().parents[2] / "build" / "guesses.json"
)
Entries = dict[str, dict[str, Any]]  # question -> what guess/score.js says of it
_memory: Entries = {}  # where the file cannot be written
_watching: "WeakSet[Any]" = WeakSet()  # whoever has a method kept_changed()


def entries() -> Entries:
    """All guesses; a file that is damaged is set aside, with a word."""
    try:
        found = json.loads(FILE.read_text("utf8"))
        if isinstance(found, dict) and all(isinstance(e, dict) for e in found.values()):
            return found | _memory
        raise ValueError("no table of guesses")
    except OSError:  # not there, as a rule
        return dict(_memory)
    except ValueError as error:
        aside = FILE.with_suffix(".damaged.json")
        try:
            os.replace(FILE, aside)
            print(f"{FILE} was damaged ({error}); it is now {aside.name}.")
        except OSError:
            pass
        return dict(_memory)


def change(questions: list[str], said: Entries) -> None:
    """Keep what is now said of some questions; what is not said is forgotten."""
    before = entries()
    others = {q: entry for q, entry in before.items() if q not in questions}
    fresh = {q: {"page": page(), **entry} for q, entry in said.items()}
    for question in questions:
        _memory.pop(question, None)
    if (now := others | fresh) == before:
        return
    try:
        FILE.parent.mkdir(exist_ok=True)
        half = FILE.with_name(f".guesses-{os.getpid()}.json")
        half.write_text(json.dumps(now, indent=1, ensure_ascii=False) + "\n", "utf8")
        os.replace(half, FILE)
    except OSError:
        _memory.update(fresh)
    for one in list(_watching):
        one.kept_changed()


def watch(one: Any) -> None:
    """Call one.kept_changed() after each change, as long as it lives."""
    _watching.add(one)


def page() -> str:
    """The notebook that this kernel runs for, as 05_vit; "" where that is unknown."""
    return Path(os.environ.get("JPY_SESSION_NAME", "")).stem


def table() -> None:
    """Display a table of this page's guesses; nothing while there are none."""
    _display("table")


def calibration() -> None:
    """Display how often the reader's choices were right, by how sure the reader was.

    Over all choices of the course, with their mean cost in nats beside an even bet's.
    """
    _display("calibration")


def _display(shows: str) -> None:
    from IPython.display import HTML, display

    if os.environ.get("LIVE_STATIC"):
        display(HTML(f'<div class="live-guesses" data-shows="{shows}"></div>'))
    else:
        from .widget import GuessesWidget

        display(GuessesWidget(shows))

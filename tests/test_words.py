"""Words: the same with make and without, and each calls what it says."""

import importlib
import os
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest

from course.__main__ import COMMANDS
from course.source import ROOT

SETUP = [sys.executable, str(ROOT / "tools" / "setup.py")]


@pytest.fixture
def words(monkeypatch):
    """tools/words.py, which notes in `ran` and `variables` what it would run."""
    monkeypatch.syspath_prepend(ROOT / "tools")
    for name in ("words", "environment", "lock"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    module = importlib.import_module("words")
    module.ran, module.variables, module.code = [], {}, 0

    def popen(command, cwd, env):
        assert command[0] == str(module.python()) and cwd == module.ROOT
        module.ran.append(" ".join(command[1:]))
        module.variables = env
        return SimpleNamespace(wait=lambda: module.code)

    monkeypatch.setattr(module, "subprocess", SimpleNamespace(Popen=popen))
    monkeypatch.setattr(module.signal, "signal", lambda *_: None)
    monkeypatch.setattr(module, "set_up", lambda: module.ran.append("set up"))
    yield module
    for name in ("words", "environment", "lock"):
        monkeypatch.delitem(sys.modules, name, raising=False)


def make(*arguments):
    """Run make as if no other make had called these tests."""
    names = ("MAKEFLAGS", "PYTHON", "CHAPTER", "NAME", "ARGS")
    return subprocess.run(
        ["make", "-C", str(ROOT), "--no-print-directory", *arguments],
        capture_output=True,
        text=True,
        env={k: v for k, v in os.environ.items() if k not in names},
    )


def test_make_alone_and_setup_list_every_word(words):
    listed = make().stdout
    assert re.findall(r"^  ([a-z-]+) +\S", listed, re.MULTILINE) == list(words.WORDS)
    without = subprocess.run([*SETUP, "help"], capture_output=True, text=True)
    assert without.stdout == listed
    assert "python tools/setup.py WORD" in listed


@pytest.mark.parametrize(
    ("arguments", "after"),
    [
        (["grade", "CHAPTER=05"], "grade --chapter 05"),
        (["new-chapter", "NAME=14_x"], "new-chapter 14_x"),
        (["lab", "ARGS=--no-browser --port=1"], "lab --no-browser --port=1"),
        (["lab", "GUESS=off"], "lab --guess=off"),
        (["bench", "PYTHON=python3.12"], "bench"),  # a folder's name too
    ],
)
def test_make_hands_over_what_was_said(arguments, after):
    dry = make("-n", *arguments).stdout.split()
    python = "python3.12" if "PYTHON=python3.12" in arguments else "python3"
    assert dry == [python, "tools/setup.py", *after.split()]


def test_every_word_calls_what_is_there(words, monkeypatch):
    monkeypatch.setattr(words, "scripts", lambda: None)  # tried below
    for word in words.WORDS.keys() - {"help", "clean", "lock", "ready"}:
        words.ran.clear()
        words.main(word)
        assert words.ran[0] == "set up"
        called = [line.split() for line in words.ran[1:]]
        assert called and all(line[0] == "-m" for line in called)
        for line in called:
            assert importlib.util.find_spec(line[1])
            assert line[1] != "course" or line[2] in COMMANDS


def test_options_go_to_the_program_behind_a_word(words):
    words.main("grade", "submissions/", "--out", "report")
    assert words.ran[-1] == "-m course grade submissions/ --out report"
    words.main("quick", "-k", "vit")
    assert words.ran[-1].endswith("-k vit")
    with pytest.raises(SystemExit, match="check takes nothing, and --fix came"):
        words.main("check", "--fix")
    with pytest.raises(SystemExit, match="labs is none of these words: help, lab, "):
        words.main("labs")


def test_the_tests_find_notebooks_and_pages_made(words):
    words.main("test")
    steps = ["set up", "-m course notebooks --check", "-m course html", "-m pytest"]
    assert len(words.ran) == len(steps)
    assert all(map(str.startswith, words.ran, steps))
    assert words.variables["OMP_NUM_THREADS"] == "1"


def test_what_fails_stops_a_word_and_tells_its_code(words):
    words.code = 3
    with pytest.raises(SystemExit) as stop:
        words.main("test")
    assert stop.value.code == 3
    assert len(words.ran) == 2


@pytest.mark.parametrize(("user", "flag"), [(0, True), (1000, False)])
def test_jupyterlab_is_told_that_it_may_run_as_root(
    words, monkeypatch, capsys, user, flag
):
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "theirs")
    words.main("lab", "--no-browser")
    assert words.ran[1] == "-m course notebooks"
    assert words.ran[2].split()[1:] == [
        "jupyterlab",
        *["--allow-root"] * flag,
        "--no-browser",
    ]
    assert ("You are root" in capsys.readouterr().out) == flag
    ours = str(ROOT / "course" / "jupyter")
    assert words.variables["JUPYTER_CONFIG_PATH"] == ours + os.pathsep + "theirs"
    words.main("lab", "--allow-root")
    assert words.ran[-1] == "-m jupyterlab --allow-root"


def test_windows_has_no_root_and_other_paths(words, monkeypatch):
    monkeypatch.delattr(os, "geteuid")
    words.main("lab")
    assert words.ran[-1] == "-m jupyterlab"


def test_a_teacher_opens_jupyterlab_with_figures_that_do_not_ask(words, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000, raising=False)
    words.main("lab", "--guess=off", "--no-browser")
    assert words.ran[-1] == "-m jupyterlab --no-browser"
    assert words.variables["LIVE_GUESS"] == "off"
    with pytest.raises(SystemExit, match="--guess=no: expected --guess=off, or on"):
        words.main("lab", "--guess=no")


@pytest.mark.parametrize("npx", [None, "npx"])
def test_scripts_are_checked_where_there_is_npx(words, monkeypatch, capsys, npx):
    asked = []
    call = lambda command, cwd: asked.append(command) or 3
    monkeypatch.setattr(words, "subprocess", SimpleNamespace(call=call))
    monkeypatch.setattr(words.shutil, "which", lambda name: npx)
    monkeypatch.setattr(words, "runs", lambda *_: npx is not None)
    if npx:
        with pytest.raises(SystemExit, match="3"):  # its faults are ours
            words.scripts()
        assert asked[0][-2:] == ["check", "--error-on-warnings"]
    else:
        words.scripts()
        assert "Scripts and styles are not checked" in capsys.readouterr().out
        assert not asked

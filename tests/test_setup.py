"""Setting up: nothing twice, and clear words when it cannot work."""

import importlib.util
import re
import subprocess
from types import SimpleNamespace

import pytest

from course.source import ROOT

SETUP = ROOT / "tools" / "setup.py"
TARGETS = (
    "help lab test quick html notebooks dist new-chapter grade reset update progress "
    "doctor times train bench check lock clean"
)


@pytest.fixture
def setup(tmp_path, monkeypatch):
    """tools/setup.py, for a project in an empty folder."""
    spec = importlib.util.spec_from_file_location("course_setup", SETUP)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, path in {
        "ROOT": "",
        "VENV": ".venv",
        "LOCK": "requirements.lock",
    }.items():
        monkeypatch.setattr(module, name, tmp_path / path)
    monkeypatch.setattr(module, "STAMP", tmp_path / ".venv" / ".ready")
    (tmp_path / "requirements.lock").write_text("numpy==1.0\n")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    return module


@pytest.fixture
def commands(setup, monkeypatch):
    """Record what set-up would run, in place of running it; `fail` makes one fail."""
    record = SimpleNamespace(ran=[], fail="nothing")

    def run(command, **_):
        line = " ".join(map(str, command))
        record.ran.append(line)
        if "-m venv" in line:
            setup.python().parent.mkdir(parents=True, exist_ok=True)
            setup.python().touch()
        missing = command[0] == str(setup.python()) and not setup.python().exists()
        return SimpleNamespace(returncode=int(missing or record.fail in line))

    monkeypatch.setattr(setup.subprocess, "run", run)
    return record


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 14, 2), (4, 0, 0)])
def test_a_new_enough_python_is_fine(setup, version):
    setup.check_python(version)


@pytest.mark.parametrize("version", [(3, 10, 9), (3, 6, 0), (2, 7, 18)])
def test_an_old_python_is_told_what_to_do(setup, version):
    with pytest.raises(SystemExit, match=r"needs Python 3\.11 or newer") as stop:
        setup.check_python(version)
    assert "PYTHON=python3" in str(stop.value)
    assert f"is {version[0]}.{version[1]}" in str(stop.value)


def test_a_full_disk_is_told_how_much_is_needed(setup):
    with pytest.raises(SystemExit, match=r"about 4 GB of disk, and .* has 3\.2 GB"):
        setup.check_disk(int(3.2e9), "linux")


def test_a_tight_disk_on_linux_hears_of_the_smaller_build(setup, capsys):
    setup.check_disk(int(6e9), "linux")
    assert "CUDA" in capsys.readouterr().out
    setup.check_disk(int(6e9), "darwin")
    setup.check_disk(int(60e9), "linux")
    assert capsys.readouterr().out == ""


def test_a_missing_ensurepip_is_told_the_package(setup):
    with pytest.raises(SystemExit, match="python3-venv"):
        setup.check_venv(False)


def test_setup_installs_the_lock_and_then_the_project_alone(setup, commands):
    setup.set_up()
    assert setup.STAMP.read_text() == setup.fingerprint()
    venv, lock, project, bytecode = commands.ran[-4:]
    assert "-m venv" in venv
    assert f"--no-compile --requirement {setup.LOCK}" in lock
    assert "--no-deps" in project
    assert "--editable ." in project
    assert f"-m compileall -q -j 0 {setup.VENV}" in bytecode
    assert not re.search("index|find-links|proxy|cert|host", " ".join(commands.ran))


def test_a_second_call_runs_nothing(setup, commands):
    setup.set_up()
    commands.ran.clear()
    setup.set_up()
    assert commands.ran == []


@pytest.mark.parametrize("file", ["requirements.lock", "pyproject.toml"])
def test_a_changed_lock_or_project_installs_again_in_the_same_venv(
    setup, commands, file
):
    setup.set_up()
    commands.ran.clear()
    (setup.ROOT / file).write_text("changed")
    setup.set_up()
    assert [" install " in line for line in commands.ran] == [False, True, True, False]


def test_an_interrupted_setup_goes_on(setup, commands):
    commands.fail = "--requirement"
    with pytest.raises(SystemExit, match="goes on from here"):
        setup.set_up()
    assert not setup.STAMP.exists()
    commands.ran.clear()
    commands.fail = "nothing"
    setup.set_up()
    assert setup.STAMP.exists()
    assert not [line for line in commands.ran if "-m venv" in line]


def test_a_half_made_venv_is_made_again(setup, commands):
    setup.python().parent.mkdir(parents=True)
    commands.fail = "-m venv"
    with pytest.raises(SystemExit, match="could not make"):
        setup.set_up()
    assert "--clear" in commands.ran[-1]


def test_locking_keeps_names_and_versions_only(setup):
    text = setup.locked(
        "# a comment\n-e /somewhere/live\nlive @ file:///x\npip==26.0\nPexpect==4.9.0\n"
        "torch==2.13.0+cpu\nnvidia-cublas==1.2\nattrs==26.1.0\nzipp==4.1.2\n"
    )
    assert [line for line in text.splitlines() if not line.startswith("#")] == [
        'appnope==0.1.4; sys_platform == "darwin"',
        "attrs==26.1.0",
        'Pexpect==4.9.0; sys_platform != "win32"',
        "torch==2.13.0",
        "zipp==4.1.2",
    ]


def test_make_alone_lists_every_target():
    text = subprocess.check_output(["make", "-C", str(ROOT)], text=True)
    assert re.findall(r"^  make ([a-z-]+) ", text, re.MULTILINE) == TARGETS.split()


def test_the_tests_find_notebooks_and_pages_made():
    dry = subprocess.check_output(["make", "-n", "-C", str(ROOT), "test"], text=True)
    steps = ["tools/setup.py", "notebooks --check", "course html", "-m pytest"]
    places = [dry.index(step) for step in steps]
    assert places == sorted(places)


def test_no_target_breaks_before_it_starts():
    for target in TARGETS.split():
        dry = ["make", "-n", "-C", str(ROOT), target, "CHAPTER=05"]
        run = subprocess.run(dry, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        if target in ("html", "grade", "reset", "train"):
            assert f"course {target} --chapter 05" in run.stdout
